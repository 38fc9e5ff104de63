//! Which live lines there are, when each is looked at again, and what it says then. Pure.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use fulmar_contract::{RoomId, Undelivered};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    look::Look,
    words::{Seen, Text},
};
use crate::{
    actors::{delivery::Editable, elapsed},
    journal::{CommandId, Run},
    st2::wire::Status,
};

/// The live lines: one for each command with executions that take long.
#[derive(Debug)]
pub(super) struct Board {
    lines: HashMap<CommandId, Line>,
    /// Since when there is this board. What was said before is not known.
    since: Timestamp,
}

#[derive(Debug)]
struct Line {
    /// The first of its executions.
    run: Run,
    executions: Vec<String>,
    running: usize,
    pace: Pace,
    /// When it is looked at again; `None` for not before the end.
    next: Option<Instant>,
    seen: Option<Seen>,
    message: Message,
}

/// The message that is the line.
#[derive(Debug)]
enum Message {
    /// It can be edited.
    At(Box<Editable>),
    /// It cannot be edited any more.
    Gone,
    /// There is none.
    None,
    /// It is not known yet.
    Unknown,
    /// It is being posted, and is to say this then.
    Posting(Option<Text>),
}

/// How often a line changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    edits: bool,
    pause: Duration,
}

/// Something that a line is to say.
#[derive(Debug)]
pub(super) struct Saying {
    /// Of what.
    pub(super) run: Run,
    pub(super) text: Text,
    /// The message that is to say it; none for a new one.
    pub(super) below: Option<Editable>,
}

impl Pace {
    /// Where lines are edited, if they begin after `progress`.
    pub(super) fn editing(progress: Duration) -> Self {
        Self { edits: true, pause: (progress / 2).clamp(SHORTEST, LONGEST) }
    }

    /// Where each change is a message of its own.
    pub(super) const fn posting() -> Self {
        Self { edits: false, pause: Duration::from_secs(60) }
    }

    /// How long a line stays as it is.
    pub(super) const fn pause(self) -> Duration {
        self.pause
    }

    /// As [`Pace::pause`], of a command that was given so long ago; `None` when it is long enough.
    fn after(self, age: Duration) -> Option<Duration> {
        match age {
            _ if age >= ENOUGH => None,
            _ if age >= SLOW => Some(SLOW_PAUSE),
            _ => Some(self.pause),
        }
    }
}

impl Board {
    /// An empty board, at the time `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { lines: HashMap::new(), since: now }
    }

    /// Takes in what runs for long, by command, and says what is to be looked at: what it is time for, a few in each room,
    /// and what has ended, since its line is to say so.
    pub(super) fn due(
        &mut self,
        commands: impl Iterator<Item = Vec<Run>>,
        pace: impl Fn(&str) -> Pace,
        now: Instant,
    ) -> Vec<Look> {
        let mut running = HashSet::new();
        for runs in commands {
            let (count, Some(first)) = (runs.len(), runs.first().cloned()) else { continue };
            running.insert(first.command.id);
            let line = self.lines.entry(first.command.id).or_insert_with(|| Line {
                pace: pace(&first.command.route.chat),
                run: first,
                executions: runs.into_iter().map(|run| run.execution.id).collect(),
                running: count,
                next: Some(now),
                seen: None,
                message: Message::Unknown,
            });
            line.running = count;
        }
        self.lines.retain(|command, line| running.contains(command) || line.pace.edits);
        for (_, line) in self.lines.iter_mut().filter(|(command, _)| !running.contains(command)) {
            (line.running, line.next) = (0, Some(now));
        }
        self.looks(now)
    }

    fn looks(&self, now: Instant) -> Vec<Look> {
        let due = self.lines.values().filter_map(|line| Some((line.next.filter(|next| *next <= now)?, line)));
        let mut due: Vec<(Instant, &Line)> = due.collect();
        due.sort_unstable_by_key(|(next, line)| (*next, line.run.command.id));
        let mut rooms: HashMap<(&str, &RoomId), usize> = HashMap::new();
        due.retain(|(_, line)| {
            let route = &line.run.command.route;
            let count = rooms.entry((&route.chat, &route.room)).or_default();
            *count += 1;
            *count <= AT_ONCE
        });
        due.into_iter().map(|(_, line)| line.look(now)).collect()
    }

    /// Takes in what was seen, and says what the line is to say now.
    pub(super) fn take(&mut self, look: Look, wall: Timestamp) -> Option<Saying> {
        let line = self.lines.get_mut(&look.command)?;
        if matches!(line.message, Message::Unknown) {
            line.message = look.ack.map_or(Message::None, Message::at);
        }
        let age = elapsed::between(line.run.at, wall);
        let pause = line.pace.after(age);
        line.next = pause.map(|pause| look.at + pause);
        let Some(seen) = look.seen else {
            if look.running == 0 {
                self.lines.remove(&look.command);
            }
            return None;
        };
        if let Some(status) = seen.end() {
            return self.finish(look.command, Text::Over(status, age));
        }
        let is_news = match &line.seen {
            // What was said of it before this board was there is not known, and not said again.
            None => line.run.at >= self.since,
            Some(before) => *before != seen || pause.is_none(),
        };
        line.seen = Some(seen.clone());
        if !line.pace.edits && !is_news {
            return None;
        }
        let id = matches!(seen, Seen::One { .. }).then(|| line.run.execution.short().to_owned());
        line.say(Text::Still { seen, after: age, id, last: pause.is_none() })
    }

    /// Takes in what became of something said, and says what is to be said now.
    pub(super) fn said(
        &mut self,
        command: CommandId,
        said: Result<Option<Editable>, Undelivered>,
    ) -> Option<Saying> {
        let line = self.lines.get_mut(&command)?;
        match (&mut line.message, said) {
            (Message::Posting(last), said) => {
                let last = last.take();
                line.message = match said {
                    Ok(posted) => posted.map_or(Message::None, Message::at),
                    Err(_) => {
                        // So that it is said at the next look; the ack may be there by then.
                        line.seen = None;
                        Message::Unknown
                    }
                };
                self.finish(command, last?)
            }
            (message, Err(Undelivered::Refused { .. })) => {
                *message = Message::Gone;
                None
            }
            _ => None,
        }
    }

    /// An execution of `command` is over; says what its line is to say. That of several is found by the next look.
    pub(super) fn over(&mut self, command: CommandId, status: &Status, wall: Timestamp) -> Option<Saying> {
        let line = self.lines.get(&command).filter(|line| line.executions.len() == 1)?;
        let age = elapsed::between(line.run.at, wall);
        self.finish(command, Text::Over(Some(status.clone()), age))
    }

    /// Ends a line with its last words, for which there is no new message.
    fn finish(&mut self, command: CommandId, text: Text) -> Option<Saying> {
        let line = self.lines.get_mut(&command)?;
        if let Message::Posting(last) = &mut line.message
            && line.pace.edits
        {
            *last = Some(text);
            return None;
        }
        let Line { run, message, .. } = self.lines.remove(&command)?;
        match message {
            Message::At(editable) => Some(Saying { run, text, below: Some(*editable) }),
            Message::Gone | Message::None | Message::Posting(_) | Message::Unknown => None,
        }
    }
}

impl Message {
    fn at(editable: Editable) -> Self {
        Self::At(Box::new(editable))
    }
}

impl Line {
    fn look(&self, at: Instant) -> Look {
        Look {
            at,
            command: self.run.command.id,
            executions: self.executions.clone(),
            running: self.running,
            before: self.seen.clone(),
            wants_ack: self.pace.edits && matches!(self.message, Message::Unknown),
            ack: None,
            seen: None,
        }
    }

    fn say(&mut self, text: Text) -> Option<Saying> {
        let below = match &self.message {
            Message::At(editable) => Some((**editable).clone()),
            Message::None => {
                self.message = Message::Posting(None);
                None
            }
            Message::Gone | Message::Posting(_) | Message::Unknown => return None,
        };
        Some(Saying { run: self.run.clone(), text, below })
    }
}

/// How often lines are edited at most and at least.
const SHORTEST: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(15);

/// From what age on a line changes seldom, and how seldom.
const SLOW: Duration = Duration::from_secs(30 * 60);
const SLOW_PAUSE: Duration = Duration::from_secs(5 * 60);

/// From what age on a line changes only at the end.
const ENOUGH: Duration = Duration::from_secs(6 * 60 * 60);

/// How many lines change at once in a room; networks limit that, and so do readers.
const AT_ONCE: usize = 5;

#[cfg(test)]
mod tests;
