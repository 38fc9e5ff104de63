//! From an announcement to what is said of it.
//!
//! What it is to us, the Journal knows; where it goes, [`super::place`] finds out. One that cannot be told yet from a
//! result, as its command's POST is open or its execution may just have ended, waits with all that follow it for the same
//! command; the stream does not wait for them.

use std::{cell::RefCell, rc::Rc, time::Duration};

use actix::{Handler, Message};
use fulmar_contract::Mention;
use jiff::Timestamp;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};
use tracing::{debug, warn};

use super::{
    Announced, Outcome, Router,
    lines::{Lines, Utterance},
    manner::Mood,
    place, sequence,
};
use crate::{
    actors::{
        journal::{NotKept, Recall, Settled, Weigh, keep},
        listener::ask,
    },
    journal::{self, Asked, Command, CommandId, DeliveryState, Doubt, Entry, Meaning, Route, RunId, Speech},
    markup::Format,
    st2::wire::Announcement,
};

/// An announcement that is to be dealt with.
pub(super) struct News {
    stackstorm: String,
    announcement: Announcement,
    /// When, by StackStorm's clock.
    at: Timestamp,
    /// The id in its mark.
    named: Option<CommandId>,
    /// The command that it answers, if it is known.
    command: Option<Command>,
    flight: Flight,
}

/// Asks for the fingerprints of the announcements of one StackStorm that came and are not journalled yet.
#[derive(Debug, Message)]
#[rtype(result = "Vec<u64>")]
pub struct Announcing(pub String);

/// The announcements that are being dealt with, by StackStorm and fingerprint: they came, and are not journalled yet.
#[derive(Default)]
pub struct InFlight(RefCell<Vec<(String, u64)>>);

/// One of these.
struct Flight {
    lines: Rc<Lines>,
    it: (String, u64),
}

/// Deals with an announcement that came on the stream.
pub(super) async fn announce(lines: Rc<Lines>, Announced { stackstorm, announcement }: Announced) -> Outcome {
    let storm = lines.stackstorms.get(&stackstorm);
    let at = storm.and_then(|storm| storm.client.time()).unwrap_or_else(|| lines.world.now());
    let Some(news) = News::new(&lines, stackstorm, announcement, at).await else { return Outcome::Suppressed };
    let Some(named) = news.named else { return news.tell(&lines, Meaning::Ordinary).await };
    let place = lines.sequence.join(named);
    let Some(mut place) = place else {
        // So many wait that it must do with what is known.
        return match news.weigh(&lines, Asked::Just).await {
            Some(meaning) => news.tell(&lines, meaning).await,
            None => not_journalled(),
        };
    };
    if place.is_first() {
        match news.weigh(&lines, Asked::NotYet).await {
            Some(Meaning::Unclear(_)) => {}
            Some(meaning) => return news.tell(&lines, meaning).await,
            None => return not_journalled(),
        }
    }
    let (tell, told) = oneshot::channel();
    actix::spawn(async move {
        place.turn().await;
        tell.send(news.settle(&lines).await).unwrap_or_default();
    });
    Outcome::Unclear(told)
}

fn not_journalled() -> Outcome {
    Outcome::Unsaid { why: "the journal does not answer".into() }
}

impl InFlight {
    /// The fingerprints of those of one StackStorm.
    pub(super) fn of(&self, stackstorm: &str) -> Vec<u64> {
        let all = self.0.borrow();
        all.iter().filter(|(of, _)| of == stackstorm).map(|(_, fingerprint)| *fingerprint).collect()
    }
}

impl Flight {
    fn new(lines: &Rc<Lines>, stackstorm: &str, announcement: &Announcement) -> Self {
        let it = (stackstorm.to_owned(), announcement.fingerprint());
        lines.in_flight.0.borrow_mut().push(it.clone());
        Self { lines: Rc::clone(lines), it }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut all = self.lines.in_flight.0.borrow_mut();
        if let Some(at) = all.iter().position(|it| *it == self.it) {
            all.swap_remove(at);
        }
    }
}

impl News {
    /// What is known of an announcement; `None` if another gateway is to deal with it.
    pub(super) async fn new(
        lines: &Rc<Lines>,
        stackstorm: String,
        announcement: Announcement,
        at: Timestamp,
    ) -> Option<Self> {
        let flight = Flight::new(lines, &stackstorm, &announcement);
        let mark = announcement.mark();
        if mark.as_ref().is_some_and(|mark| mark.gateway != lines.gateway.name) {
            lines.metrics.announcement("foreign");
            debug!(%stackstorm, "announcement for another gateway");
            return None;
        }
        let mut named = mark.and_then(|mark| mark.command.parse().ok()).map(CommandId);
        let mut command = None;
        if let Some(id) = named {
            command = lines.journal.send_again(Recall(id)).await.ok().flatten();
        }
        let is_answer = |command: &Command| {
            command.stackstorm == stackstorm && place::is_of(lines, command, announcement.channel.as_deref())
        };
        if command.as_ref().is_some_and(|command| !is_answer(command)) {
            (named, command) = (None, None);
        }
        Some(Self { stackstorm, announcement, at, named, command, flight })
    }

    /// Waits until all for the same command that came before are dealt with. What is returned is to be kept until this is.
    pub(super) async fn turn(&self, lines: &Lines) -> Option<sequence::Place> {
        let mut place = lines.sequence.join(self.named?)?;
        place.turn().await;
        Some(place)
    }

    /// What it is; waits until that is clear, or StackStorm has not answered for too long.
    pub(super) async fn meaning(&self, lines: &Lines) -> Option<Meaning> {
        let (mut asked, begin) = (Asked::NotYet, Instant::now());
        loop {
            match self.weigh(lines, asked).await? {
                Meaning::Unclear(Doubt::Running(ids)) => {
                    if self.ask(lines, ids).await || begin.elapsed() > PATIENCE {
                        asked = Asked::Just;
                    } else {
                        sleep(AGAIN).await;
                    }
                }
                // Should the Journal die meanwhile, it is asked again.
                Meaning::Unclear(Doubt::Submitting) => drop(lines.journal.send(Settled(self.named?)).await),
                clear => return Some(clear),
            }
        }
    }

    /// Deals with it once it is clear what it is.
    async fn settle(self, lines: &Lines) -> Outcome {
        match self.meaning(lines).await {
            Some(meaning) => self.tell(lines, meaning).await,
            None => not_journalled(),
        }
    }

    /// Where it goes, if it is not whispered to who gave a command, and whom it names there.
    ///
    /// # Errors
    /// Why there is no such place.
    pub(super) async fn route(&self, lines: &Lines) -> Result<(Route, Option<Mention>), String> {
        match &self.command {
            Some(command) => Ok((command.route.clone(), None)),
            None => place::of(lines, &self.stackstorm, &self.announcement).await,
        }
    }

    /// Says it, if it is to be said; with that it is journalled as dealt with.
    pub(super) async fn tell(self, lines: &Lines, meaning: Meaning) -> Outcome {
        let with = self.dealt_with(&meaning);
        let (speech, execution, outcome) = match meaning {
            Meaning::Repetition => return self.suppress(lines, with).await,
            Meaning::Result(id) => (Speech::Result, self.command.as_ref().map(|it| it.run_id(&id)), "result"),
            Meaning::Further | Meaning::Ordinary | Meaning::Unclear(_) => (Speech::Announcement, None, "said"),
        };
        if let Some(command) = self.command.as_ref().filter(|_| execution.is_some()) {
            lines.react(command, Mood::Over);
        }
        let route = self.route(lines).await;
        let Self { stackstorm, announcement, command, flight: _flight, .. } = self;
        let Announcement { message, extra, channel, user, whisper, .. } = announcement;
        let format = Format::of(&extra);
        let what = |words| Utterance { speech, execution, whisper, format, extra, ..words };
        let (route, what) = match (&command, route) {
            (Some(command), _) => lines.placed(command, what(Utterance::answer(command, message))),
            (None, Ok((route, mention))) => (route, Utterance { mention, ..what(Utterance::notice(message)) }),
            (None, Err(why)) => {
                warn!(%stackstorm, ?channel, ?user, error = %why, "announcement for nowhere");
                let named = channel.or(user).unwrap_or_default();
                let what = what(Utterance::notice(message));
                let route = place::unknown(&named);
                if let Err(error) = bury(lines, route, what, with, format!("for nowhere: {why}")).await {
                    return Outcome::Unsaid { why: error.to_string() };
                }
                lines.metrics.announcement("nowhere");
                return Outcome::Nowhere { why };
            }
        };
        match lines.queue(route, what, with).await {
            Ok(()) => {
                lines.metrics.announcement(outcome);
                Outcome::Said
            }
            Err(why) => Outcome::Unsaid { why },
        }
    }

    /// An announcement, as far as it must be known again.
    pub(super) fn announced(&self) -> journal::Announced {
        let (stackstorm, fingerprint) = self.flight.it.clone();
        journal::Announced { stackstorm, at: self.at, fingerprint }
    }

    /// What is journalled with what becomes of it.
    fn dealt_with(&self, meaning: &Meaning) -> Vec<Entry> {
        let is_result = matches!(meaning, Meaning::Repetition | Meaning::Result(_));
        let result = self.command.as_ref().filter(|_| is_result).map(|command| Entry::ResultAnnounced(command.id));
        [Entry::Announced(self.announced())].into_iter().chain(result).collect()
    }

    async fn suppress(&self, lines: &Lines, with: Vec<Entry>) -> Outcome {
        if let Err(error) = keep(&lines.journal, with).await {
            warn!(stackstorm = %self.stackstorm, %error, "a repeated result is not journalled");
        }
        lines.metrics.announcement("suppressed");
        debug!(stackstorm = %self.stackstorm, "announcement of a result that is given directly");
        Outcome::Suppressed
    }

    async fn weigh(&self, lines: &Lines, asked: Asked) -> Option<Meaning> {
        let Some(named) = self.named else { return Some(Meaning::Ordinary) };
        let weighed = lines.journal.send_again(Weigh { named, asked }).await;
        weighed
            .inspect_err(
                |error| warn!(stackstorm = %self.stackstorm, %error, "announcement not weighed, and so not said"),
            )
            .ok()
    }

    /// Has the Journal know of each of these executions whether it is over. Returns whether StackStorm has answered.
    async fn ask(&self, lines: &Lines, ids: Vec<String>) -> bool {
        let Some(storm) = lines.stackstorms.get(&self.stackstorm) else { return true };
        let mut is_answered = true;
        for id in ids {
            let run = RunId { stackstorm: storm.name.clone(), id };
            is_answered &= ask(&storm.client, &storm.auth, &lines.journal, run).await;
        }
        is_answered
    }
}

impl Handler<Announcing> for Router {
    type Result = Vec<u64>;

    fn handle(&mut self, Announcing(stackstorm): Announcing, _: &mut Self::Context) -> Self::Result {
        self.lines.in_flight.of(&stackstorm)
    }
}

/// Keeps what cannot be said as a delivery that was given up.
///
/// # Errors
/// When it is not kept, which is logged.
pub(super) async fn bury(
    lines: &Lines,
    route: Route,
    what: Utterance,
    mut with: Vec<Entry>,
    why: String,
) -> Result<(), NotKept> {
    let delivery = lines.delivery_of(route, what);
    let id = delivery.id;
    with.extend([Entry::Queued(delivery), Entry::Moved(id, DeliveryState::Dead { why })]);
    let kept = keep(&lines.journal, with).await;
    kept.inspect_err(|error| warn!(%error, "announcement that cannot be said is not journalled"))
}

/// How soon StackStorm is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// How long it may not answer. A look for missed announcements must not pass over one that is in the air for longer than that.
const PATIENCE: Duration = Duration::from_secs(60);
