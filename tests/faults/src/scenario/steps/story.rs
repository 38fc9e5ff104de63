//! What happens in a gateway's short life until it crashes: a command of one kind from its beginning to its end, and an
//! announcement.

use crate::{Outcome, stackstorm::LINES, stage::Stage};

/// A kind of command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is cancelled while it runs.
    Cancelled,
    /// Its author has to choose between two.
    Chosen,
    /// It is there already when it is read.
    Plain,
    /// Somebody else gives it again.
    Repeated,
    /// It is several at once, for which StackStorm takes no mark.
    Several,
    /// It runs so long that its author is told how things stand.
    Slow,
    /// Its result is many posts.
    Tell,
}

/// One story.
pub(super) struct Story {
    kind: Kind,
    /// The commands that were given so far.
    given: Vec<u64>,
    /// Those of them that the journal has.
    heard: Vec<u64>,
    is_announced: bool,
    /// Whether its author has done all that there is to do.
    is_told: bool,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::Cancelled, Self::Chosen, Self::Plain, Self::Repeated, Self::Several, Self::Slow, Self::Tell];
}

impl Story {
    /// Somebody gives the command.
    pub(super) fn begin(kind: Kind, stage: &mut Stage) -> Outcome<Self> {
        let number = match kind {
            Kind::Cancelled => stage.give(20.0),
            Kind::Chosen => stage.order(None, "!pick t{n}", &["t{n}"], 0),
            Kind::Plain | Kind::Repeated => stage.give(0.0),
            Kind::Several => stage.order(None, "!t{n}-1 t{n}-2", &["t{n}-1", "t{n}-2"], 0),
            Kind::Slow => stage.give(3.0),
            Kind::Tell => stage.order(None, "!tell t{n} for 0", &["t{n}"], LINES),
        };
        let number = number.ok_or("nobody is there to hear the command")?;
        let is_told = !matches!(kind, Kind::Cancelled | Kind::Chosen | Kind::Repeated);
        Ok(Self { kind, given: vec![number], heard: Vec::new(), is_announced: false, is_told })
    }

    /// Goes on with it, where the journal has something open. Something is announced once the command was heard.
    pub(super) async fn go_on(&mut self, stage: &mut Stage, is_open: bool) -> Outcome<()> {
        let Some(last) = self.given.last().copied() else { return Ok(()) };
        if !self.heard.contains(&last) && (is_open || stage.account.is_answered(last)) {
            self.heard.push(last);
        }
        if !self.heard.is_empty() && !self.is_announced {
            self.is_announced = true;
            stage.announce().await?;
        }
        if !self.is_told && self.is_due(stage, last) {
            self.is_told = true;
            self.tell(stage, last);
        }
        Ok(())
    }

    /// Whether it is time for its author to say more.
    fn is_due(&self, stage: &Stage, number: u64) -> bool {
        match self.kind {
            Kind::Cancelled => stage.account.is_acknowledged(number),
            Kind::Chosen => stage.account.is_asked(number),
            Kind::Repeated => stage.account.result_at(number).is_some(),
            Kind::Plain | Kind::Several | Kind::Slow | Kind::Tell => false,
        }
    }

    fn tell(&mut self, stage: &mut Stage, number: u64) {
        let room = stage.account.room_of(number).map(str::to_owned);
        match self.kind {
            Kind::Cancelled => stage.speak(number, "!cancel"),
            Kind::Chosen => stage.speak(number, "!2"),
            Kind::Repeated => {
                let words = format!("!rerun {}", stage.account.id_of(number).unwrap_or_default());
                self.given.extend(stage.order(room, &words, &[&format!("t{number}")], 0));
            }
            Kind::Plain | Kind::Several | Kind::Slow | Kind::Tell => {}
        }
    }

    /// Whether nothing more comes of it but answers.
    pub(super) fn is_over(&self, stage: &Stage) -> bool {
        let is_heard = self.given.iter().all(|number| self.heard.contains(number));
        is_heard && self.is_told && self.is_announced && !stage.owes()
    }

    /// The commands that must be answered. After `a_write` of this life they are in the journal if they came first.
    pub(super) fn due(&self, a_write: bool) -> Vec<u64> {
        let is_first = a_write && self.kind != Kind::Chosen;
        let first = self.given.first().filter(|number| is_first && !self.heard.contains(*number));
        self.heard.iter().chain(first).copied().collect()
    }

    /// The commands that were given so far.
    pub(super) fn given(&self) -> &[u64] {
        &self.given
    }

    /// The commands of which it may be said that nobody knows.
    pub(super) fn unmarked(&self) -> &[u64] {
        if self.kind == Kind::Several { &self.given } else { &[] }
    }
}
