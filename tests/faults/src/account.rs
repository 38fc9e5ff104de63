//! The account that is kept of every command: what was given, what StackStorm ran, what the rooms saw. Pure.
//!
//! Each command has a number of its own, and so has the person who gives it: `u7` says `!work t7`. So every line tells what it
//! belongs to, an apology, too; where a line names nobody, its token does. Announcements are numbered apart.

mod verdict;

use std::collections::BTreeMap;

use tokio::time::Instant;

pub(crate) use self::verdict::Verdict;
use crate::network::Line;

/// Everything that was given and what came of it.
#[derive(Default)]
pub(crate) struct Account {
    commands: BTreeMap<u64, Entry>,
    announcements: BTreeMap<u64, Entry>,
    /// By its id.
    executions: BTreeMap<String, Execution>,
}

/// An execution of ours, as StackStorm shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The number of its command.
    pub(crate) number: u64,
    /// What it was given, as `t7`.
    pub(crate) token: String,
    /// When it ended, by StackStorm's clock, if it has.
    pub(crate) end: Option<String>,
}

/// Something to be answered, and what was heard of it.
#[derive(Debug, Default)]
struct Entry {
    room: String,
    /// By token, what is to be said of it.
    parts: BTreeMap<String, Part>,
    /// That it was found to run, when its ack may have been lost on the way.
    found: Heard,
    /// Whether its author was told that it is being looked for.
    is_doubtful: bool,
    /// Whether its author was asked which of several things it means.
    is_asked: bool,
    /// Whatever else its author was told.
    told: Vec<String>,
}

/// What was heard of one execution, or of an announcement.
#[derive(Debug, Default)]
struct Part {
    acks: Heard,
    /// Of an announcement: itself.
    results: Heard,
    /// The further lines of its result.
    lines: Vec<Heard>,
    /// Whether it is no loss if it is never said.
    is_optional: bool,
    /// The execution's id, as the ack has told.
    id: Option<String>,
}

/// Lines of one kind.
#[derive(Clone, Debug, Default)]
struct Heard {
    plain: Vec<Instant>,
    marked: Vec<Instant>,
}

impl Account {
    /// A command is given that runs once for each of these tokens, and whose results have so many lines more than one.
    pub(crate) fn command(&mut self, number: u64, room: &str, tokens: &[String], lines: usize) {
        let part = || Part { lines: vec![Heard::default(); lines], ..Part::default() };
        let parts = tokens.iter().map(|token| (token.clone(), part())).collect();
        self.commands.insert(number, Entry { room: room.to_owned(), parts, ..Entry::default() });
    }

    /// Something is perhaps announced: it is not known yet whether who is to announce it took it.
    pub(crate) fn perhaps(&mut self, number: u64, room: &str) {
        let part = Part { is_optional: true, ..Part::default() };
        let parts = BTreeMap::from([(format!("n{number}"), part)]);
        self.announcements.insert(number, Entry { room: room.to_owned(), parts, ..Entry::default() });
    }

    /// What was perhaps announced is.
    pub(crate) fn is_made(&mut self, number: u64) {
        if let Some(entry) = self.announcements.get_mut(&number) {
            entry.parts.values_mut().for_each(|part| part.is_optional = false);
        }
    }

    /// An execution was seen in StackStorm, perhaps again.
    pub(crate) fn execution(&mut self, id: &str, execution: Execution) {
        self.executions.insert(id.to_owned(), execution);
    }

    /// StackStorm has forgotten all that had not ended.
    pub(crate) fn forgotten(&mut self) {
        for execution in self.executions.values_mut() {
            execution.end.get_or_insert_with(String::new);
        }
    }

    /// A line came into a room.
    pub(crate) fn line(&mut self, line: &Line) {
        let person = number_after(&line.text, "u").map(|(number, _)| number);
        let heard = match Said::of(&line.text) {
            Said::Ack(token, id) => self.part(person, token).map(|part| {
                part.id = id.map(str::to_owned);
                &mut part.acks
            }),
            Said::Result(token) => self.part(person, token).map(|part| &mut part.results),
            Said::Line(place, token) => self.part(person, token).and_then(|part| part.lines.get_mut(place)),
            Said::News(number) => {
                self.announcements.get_mut(&number).and_then(Entry::only).map(|part| &mut part.results)
            }
            Said::Found => person.and_then(|number| Some(&mut self.commands.get_mut(&number)?.found)),
            Said::Other => {
                if let Some(entry) = person.and_then(|number| self.commands.get_mut(&number)) {
                    entry.hear(&line.text);
                }
                None
            }
        };
        if let Some(heard) = heard {
            let is_marked = line.text.contains("(repeated)");
            if is_marked { &mut heard.marked } else { &mut heard.plain }.push(line.at);
        }
    }

    /// The part of a person's command, or of the command that has this token where nobody is named.
    fn part(&mut self, person: Option<u64>, token: &str) -> Option<&mut Part> {
        let number = person.or_else(|| Some(number_after(token, "t")?.0))?;
        self.commands.get_mut(&number)?.parts.get_mut(token)
    }

    /// Whether every execution seen so far has ended.
    pub(crate) fn all_ended(&self) -> bool {
        self.executions.values().all(|execution| execution.end.is_some())
    }

    /// The id of the execution of a command, as its ack has told.
    pub(crate) fn id_of(&self, number: u64) -> Option<&str> {
        self.commands.get(&number)?.parts.values().find_map(|part| part.id.as_deref())
    }

    /// Where a command was given.
    pub(crate) fn room_of(&self, number: u64) -> Option<&str> {
        Some(&self.commands.get(&number)?.room)
    }

    /// When the first line of a result of the command came.
    pub(crate) fn result_at(&self, number: u64) -> Option<Instant> {
        self.commands.get(&number)?.result_at()
    }

    /// As [`Account::result_at`], of all announcements and of all commands.
    pub(crate) fn results(&self) -> impl Iterator<Item = Instant> {
        let all = self.commands.values().chain(self.announcements.values());
        all.filter_map(Entry::result_at)
    }

    /// The other things that the author of a command was told.
    pub(crate) fn told(&self, number: u64) -> &[String] {
        self.commands.get(&number).map_or(&[], |entry| &entry.told)
    }

    /// Whether a command has had its ack.
    pub(crate) fn is_acknowledged(&self, number: u64) -> bool {
        self.commands.get(&number).is_some_and(Entry::is_acknowledged)
    }

    /// Whether the author of a command was told that it is being looked for.
    pub(crate) fn is_doubtful(&self, number: u64) -> bool {
        self.commands.get(&number).is_some_and(|entry| entry.is_doubtful)
    }

    /// Whether the author of a command was asked which of several things it means.
    pub(crate) fn is_asked(&self, number: u64) -> bool {
        self.commands.get(&number).is_some_and(|entry| entry.is_asked)
    }

    /// Whether a command has had any answer that ends the matter.
    pub(crate) fn is_answered(&self, number: u64) -> bool {
        self.commands.get(&number).is_some_and(|entry| entry.result_at().is_some() || !entry.told.is_empty())
    }

    /// The pairs of results of the same room that came in another order than that in which their executions ended. What
    /// could not be said yet when the later one was, as its command was not acknowledged, is in no order.
    pub(crate) fn inversions(&self) -> Vec<(u64, u64)> {
        let mut rooms: BTreeMap<&str, Vec<Ended<'_>>> = BTreeMap::new();
        for execution in self.executions.values() {
            let Some(entry) = self.commands.get(&execution.number) else { continue };
            let Some(part) = entry.parts.get(&execution.token) else { continue };
            if let (Some(end), Some(said)) = (&execution.end, part.results.first()) {
                let known = part.acks.first().or(entry.found.first());
                let number = execution.number;
                rooms.entry(&entry.room).or_default().push(Ended { end, said, known, number });
            }
        }
        let mut inversions = Vec::new();
        for results in rooms.values_mut() {
            results.sort();
            let neighbours = results.iter().zip(results.iter().skip(1));
            let is_inverted = |(a, b): &(&Ended<'_>, &Ended<'_>)| {
                a.end < b.end && a.said > b.said && a.known.is_none_or(|known| known < b.said)
            };
            inversions.extend(neighbours.filter(is_inverted).map(|(a, b)| (a.number, b.number)));
        }
        inversions
    }
}

impl Entry {
    fn hear(&mut self, text: &str) {
        if text.contains("looking whether it runs") {
            self.is_doubtful = true;
        } else if text.contains("could mean several things") {
            self.is_asked = true;
        } else if !PROGRESS.iter().any(|word| text.contains(word)) {
            self.told.push(text.to_owned());
        }
    }

    /// Its part, if it has one only.
    fn only(&mut self) -> Option<&mut Part> {
        self.parts.values_mut().next()
    }

    fn result_at(&self) -> Option<Instant> {
        self.parts.values().filter_map(|part| part.results.first()).min()
    }

    fn is_acknowledged(&self) -> bool {
        self.found.first().is_some() || self.parts.values().any(|part| part.acks.first().is_some())
    }
}

impl Heard {
    fn first(&self) -> Option<Instant> {
        self.plain.iter().chain(&self.marked).min().copied()
    }
}

/// A result, in the order of the ends.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ended<'a> {
    /// When its execution ended, by StackStorm's clock.
    end: &'a str,
    said: Instant,
    /// When its command was acknowledged.
    known: Option<Instant>,
    number: u64,
}

/// What a line says.
enum Said<'a> {
    Ack(&'a str, Option<&'a str>),
    Found,
    Line(usize, &'a str),
    News(u64),
    Other,
    Result(&'a str),
}

impl<'a> Said<'a> {
    fn of(text: &'a str) -> Self {
        let token = |word: &str| token(text.split_once(word)?.1);
        if text.contains("own answer was lost on the way") {
            Self::Found
        } else if let Some(token) = token("Working on ") {
            let id = text.split_once(" as ").and_then(|(_, rest)| rest.split('.').next());
            Self::Ack(token, id)
        } else if let Some(token) = token("Finished ") {
            Self::Result(token)
        } else if let Some((number, _)) = number_after(text, "News n") {
            Self::News(number)
        } else if let Some((place, rest)) = number_after(text, "Line ")
            && let Some(token) = rest.strip_prefix(" of ").and_then(self::token)
        {
            Self::Line(usize::try_from(place).unwrap_or(usize::MAX), token)
        } else {
            Self::Other
        }
    }
}

/// The token at the beginning of a text, as `t7` or `t7-2`.
fn token(text: &str) -> Option<&str> {
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '-').unwrap_or(text.len());
    text.get(..end).filter(|token| number_after(token, "t").is_some())
}

/// The number that follows the first occurrence of `word` at the beginning of a word, and what follows that.
fn number_after<'a>(text: &'a str, word: &str) -> Option<(u64, &'a str)> {
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let starts = rest.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        rest = rest.get(at + word.len()..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = rest.split_at_checked(digits)?;
        if let (true, Ok(number)) = (starts, number.parse()) {
            return Some((number, rest));
        }
    }
    None
}

/// What is said while a command runs.
const PROGRESS: [&str; 2] = ["Still ", " still run after "];

#[cfg(test)]
mod tests;
