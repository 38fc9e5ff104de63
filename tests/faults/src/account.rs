//! The account that is kept of every command: what was given, what StackStorm ran, what the rooms saw. Pure.
//!
//! Each command has a number of its own, and so has the person who gives it: `u7` says `!work t7`. So every line tells what it
//! belongs to, an apology, too. Announcements are numbered apart.

use std::collections::BTreeMap;

use tokio::time::Instant;

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
    /// When it ended, by StackStorm's clock, if it has.
    pub(crate) end: Option<String>,
}

/// Something to be answered, and what was heard of it.
#[derive(Debug, Default)]
struct Entry {
    room: String,
    acks: Heard,
    /// That it was found to run, when its ack may have been lost on the way.
    found: Heard,
    /// Of an announcement: itself.
    results: Heard,
    /// Whether its author was told that it is being looked for.
    is_doubtful: bool,
    /// Whatever else its author was told.
    told: Vec<String>,
}

/// Lines of one kind.
#[derive(Debug, Default)]
struct Heard {
    plain: Vec<Instant>,
    marked: Vec<Instant>,
}

/// What became of it all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How many commands were given where somebody could hear them.
    pub(crate) commands: usize,
    /// How many of them were run.
    pub(crate) run: usize,
    /// Neither run nor answered: whoever was to hear them had died.
    pub(crate) unheard: Vec<u64>,
    /// Not run, and their authors were told why.
    pub(crate) refused: Vec<u64>,
    /// Run or acknowledged, but without a result; or announced and not said.
    pub(crate) lost: Vec<String>,
    /// The same, but their authors were told that it is not known.
    pub(crate) unclear: Vec<u64>,
    /// Run more than once.
    pub(crate) run_twice: Vec<u64>,
    /// Acks, results and announcements that came again without a mark.
    pub(crate) said_twice: Vec<String>,
    /// Lines that were marked as repeated.
    pub(crate) marked: usize,
    /// Results before their acks.
    pub(crate) disordered: Vec<u64>,
    /// How many announcements were made.
    pub(crate) announcements: usize,
}

impl Account {
    /// A command is given.
    pub(crate) fn command(&mut self, number: u64, room: &str) {
        self.commands.insert(number, Entry { room: room.to_owned(), ..Entry::default() });
    }

    /// Something is announced.
    pub(crate) fn announcement(&mut self, number: u64, room: &str) {
        self.announcements.insert(number, Entry { room: room.to_owned(), ..Entry::default() });
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
        let is_marked = line.text.contains("(repeated)");
        let person = number_after(&line.text, "u");
        let heard = if let Some(number) = person.filter(|_| line.text.contains("It runs; ")) {
            self.commands.get_mut(&number).map(|entry| &mut entry.found)
        } else if let Some(number) = number_after(&line.text, "Working on t") {
            self.commands.get_mut(&number).map(|entry| &mut entry.acks)
        } else if let Some(number) = number_after(&line.text, "Finished t") {
            self.commands.get_mut(&number).map(|entry| &mut entry.results)
        } else if let Some(number) = number_after(&line.text, "News n") {
            self.announcements.get_mut(&number).map(|entry| &mut entry.results)
        } else {
            if let Some(entry) = person.and_then(|number| self.commands.get_mut(&number)) {
                if line.text.contains("looking whether it runs") {
                    entry.is_doubtful = true;
                } else {
                    entry.told.push(line.text.clone());
                }
            }
            None
        };
        if let Some(heard) = heard {
            if is_marked { &mut heard.marked } else { &mut heard.plain }.push(line.at);
        }
    }

    /// Whether every execution seen so far has ended.
    pub(crate) fn all_ended(&self) -> bool {
        self.executions.values().all(|execution| execution.end.is_some())
    }

    /// When the first line of the result came, or of the announcement.
    pub(crate) fn result_at(&self, number: u64) -> Option<Instant> {
        self.commands.get(&number)?.results.first()
    }

    /// As [`Account::result_at`], of all announcements and of all commands.
    pub(crate) fn results(&self) -> impl Iterator<Item = Instant> {
        let all = self.commands.values().chain(self.announcements.values());
        all.filter_map(|entry| entry.results.first())
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

    /// Whether a command has had any answer that ends the matter.
    pub(crate) fn is_answered(&self, number: u64) -> bool {
        self.commands.get(&number).is_some_and(|entry| entry.results.first().is_some() || !entry.told.is_empty())
    }

    /// The pairs of results of the same room that came in another order than that in which their executions ended.
    pub(crate) fn inversions(&self) -> Vec<(u64, u64)> {
        let mut rooms: BTreeMap<&str, Vec<(&str, Instant, u64)>> = BTreeMap::new();
        for execution in self.executions.values() {
            let Some(entry) = self.commands.get(&execution.number) else { continue };
            if let (Some(end), Some(said)) = (&execution.end, entry.results.first()) {
                rooms.entry(&entry.room).or_default().push((end, said, execution.number));
            }
        }
        let mut inversions = Vec::new();
        for results in rooms.values_mut() {
            results.sort();
            let neighbours = results.iter().zip(results.iter().skip(1));
            inversions.extend(neighbours.filter(|(a, b)| a.0 < b.0 && a.1 > b.1).map(|(a, b)| (a.2, b.2)));
        }
        inversions
    }

    /// What became of it all.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = Verdict {
            commands: self.commands.len(),
            announcements: self.announcements.len(),
            ..Verdict::default()
        };
        let mut runs: BTreeMap<u64, usize> = BTreeMap::new();
        for execution in self.executions.values() {
            *runs.entry(execution.number).or_default() += 1;
        }
        for (number, entry) in &self.commands {
            verdict.command(*number, entry, runs.get(number).copied().unwrap_or(0));
        }
        for (number, entry) in &self.announcements {
            if entry.results.first().is_none() {
                verdict.lost.push(format!("n{number}"));
            }
            verdict.repeats(&format!("n{number}"), &entry.results);
        }
        verdict
    }
}

impl Verdict {
    fn command(&mut self, number: u64, entry: &Entry, runs: usize) {
        self.run += usize::from(runs > 0);
        if runs > 1 {
            self.run_twice.push(number);
        }
        let is_promised = runs > 0 || entry.is_acknowledged();
        match (is_promised, entry.results.first(), entry.told.is_empty()) {
            (true, None, true) => self.lost.push(format!("t{number}")),
            (true, None, false) => self.unclear.push(number),
            (false, None, true) => self.unheard.push(number),
            (false, None, false) => self.refused.push(number),
            (_, Some(said), _) if entry.acks.first().is_some_and(|ack| ack > said) => self.disordered.push(number),
            (_, Some(_), _) => {}
        }
        self.repeats(&format!("ack of t{number}"), &entry.acks);
        self.repeats(&format!("word that t{number} runs"), &entry.found);
        self.repeats(&format!("t{number}"), &entry.results);
    }

    fn repeats(&mut self, what: &str, heard: &Heard) {
        if heard.plain.len() > 1 {
            self.said_twice.push(what.to_owned());
        }
        self.marked += heard.marked.len();
    }
}

impl Entry {
    fn is_acknowledged(&self) -> bool {
        self.acks.first().or(self.found.first()).is_some()
    }
}

impl Heard {
    fn first(&self) -> Option<Instant> {
        self.plain.iter().chain(&self.marked).min().copied()
    }
}

/// The number that follows the first occurrence of `word` at the beginning of a word.
fn number_after(text: &str, word: &str) -> Option<u64> {
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let starts = rest.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        rest = rest.get(at + word.len()..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let (true, Some(number)) = (starts, rest.get(..digits).and_then(|digits| digits.parse().ok())) {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
