//! From an announcement to what is said of it.
//!
//! What it is to us, the Journal knows; where it goes, [`super::place`] finds out. One that cannot be told yet from a
//! result, as its command's POST is open or its execution may just have ended, waits with all that follow it for the same
//! command; the stream does not wait for them.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    rc::Rc,
};

use fulmar_contract::Mention;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::{
    Announced, Outcome,
    lines::{Lines, Utterance},
    place,
};
use crate::{
    actors::{
        journal::{Recall, Settled, Weigh, keep},
        listener::ask,
    },
    journal::{self, Asked, Command, CommandId, DeliveryState, Doubt, Entry, Meaning, Route, Speech},
    st2::wire::{Announcement, ExecutionId},
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
}

/// The announcements of which it is not clear yet what they are, in order, by the command that they name.
#[derive(Default)]
pub struct Unclear(RefCell<HashMap<CommandId, VecDeque<Waiting>>>);

/// One of these, and who is told what became of it.
type Waiting = (News, oneshot::Sender<Outcome>);

/// Deals with an announcement that came on the stream.
pub(super) async fn announce(lines: Rc<Lines>, Announced { stackstorm, announcement }: Announced) -> Outcome {
    let storm = lines.stackstorms.get(&stackstorm);
    let at = storm.and_then(|storm| storm.client.time()).unwrap_or_else(|| lines.world.now());
    let Some(news) = News::new(&lines, stackstorm, announcement, at).await else { return Outcome::Suppressed };
    let asked = match (news.named, lines.unclear.waiting(news.named)) {
        (Some(named), Some(waiting)) if waiting < MOST_UNCLEAR => {
            return Outcome::Unclear(lines.unclear.push(named, news));
        }
        // So many that it must do with what is known.
        (_, Some(_)) => Asked::Just,
        (_, None) => Asked::NotYet,
    };
    match (news.weigh(&lines, asked).await, news.named) {
        (Some(Meaning::Unclear(_)), Some(named)) if asked == Asked::NotYet => {
            let is_first = lines.unclear.waiting(Some(named)).is_none();
            let told = lines.unclear.push(named, news);
            if is_first {
                actix::spawn(clear_up(lines, named));
            }
            Outcome::Unclear(told)
        }
        (Some(meaning), _) => news.tell(&lines, meaning).await,
        (None, _) => not_journalled(),
    }
}

/// Deals with the announcements that wait for more to be known of one command, in order.
async fn clear_up(lines: Rc<Lines>, named: CommandId) {
    while let Some((news, tell)) = lines.unclear.next(named) {
        // A panic over one does not hold up those behind it.
        if let Ok(outcome) = actix::spawn(news.settle(Rc::clone(&lines))).await {
            tell.send(outcome).unwrap_or_default();
        }
    }
}

fn not_journalled() -> Outcome {
    Outcome::Unsaid { why: "it cannot be journalled".into() }
}

impl Unclear {
    /// How many wait for a command, besides the one that is dealt with; `None` if that is none either.
    fn waiting(&self, named: Option<CommandId>) -> Option<usize> {
        self.0.borrow().get(&named?).map(VecDeque::len)
    }

    /// Puts an announcement behind those for the same command.
    fn push(&self, named: CommandId, news: News) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        self.0.borrow_mut().entry(named).or_default().push_back((news, tell));
        told
    }

    /// The next for a command. The others wait until it is dealt with, and so do those that come meanwhile.
    fn next(&self, named: CommandId) -> Option<Waiting> {
        let mut unclear = self.0.borrow_mut();
        let next = unclear.get_mut(&named)?.pop_front();
        if next.is_none() {
            unclear.remove(&named);
        }
        next
    }
}

impl News {
    /// What is known of an announcement; `None` if another gateway is to deal with it.
    pub(super) async fn new(
        lines: &Lines,
        stackstorm: String,
        announcement: Announcement,
        at: Timestamp,
    ) -> Option<Self> {
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
        Some(Self { stackstorm, announcement, at, named, command })
    }

    /// What it is; waits until that is clear.
    pub(super) async fn meaning(&self, lines: &Lines) -> Option<Meaning> {
        let mut asked = Asked::NotYet;
        loop {
            match self.weigh(lines, asked).await? {
                Meaning::Unclear(Doubt::Running(ids)) => {
                    self.ask(lines, ids).await;
                    asked = Asked::Just;
                }
                // Should the Journal die meanwhile, it is asked again.
                Meaning::Unclear(Doubt::Submitting) => drop(lines.journal.send(Settled(self.named?)).await),
                clear => return Some(clear),
            }
        }
    }

    /// Deals with it once it is clear what it is.
    async fn settle(self, lines: Rc<Lines>) -> Outcome {
        match self.meaning(&lines).await {
            Some(meaning) => self.tell(&lines, meaning).await,
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

    pub(super) async fn tell(self, lines: &Lines, meaning: Meaning) -> Outcome {
        let (speech, execution, outcome) = match meaning {
            Meaning::Repetition => {
                lines.metrics.announcement("suppressed");
                debug!(stackstorm = %self.stackstorm, "announcement of a result that is given directly");
                return Outcome::Suppressed;
            }
            Meaning::Result(execution) => (Speech::Result, Some(execution), "result"),
            Meaning::Further | Meaning::Ordinary | Meaning::Unclear(_) => (Speech::Announcement, None, "said"),
        };
        let route = self.route(lines).await;
        let Self { stackstorm, announcement, command, .. } = self;
        let Announcement { message, extra, channel, user, whisper, .. } = announcement;
        let what = |words| Utterance { speech, execution, whisper, extra, ..words };
        let (route, what) = match (&command, route) {
            (Some(command), _) => lines.placed(command, what(Utterance::answer(command, message))),
            (None, Ok((route, mention))) => (route, Utterance { mention, ..what(Utterance::notice(message)) }),
            (None, Err(why)) => {
                warn!(%stackstorm, ?channel, ?user, error = %why, "announcement for nowhere");
                let named = channel.or(user).unwrap_or_default();
                let what = what(Utterance::notice(message));
                bury(lines, place::unknown(&named), what, format!("for nowhere: {why}")).await;
                lines.metrics.announcement("nowhere");
                return Outcome::Nowhere { why };
            }
        };
        match lines.queue(route, what).await {
            Ok(()) => {
                lines.metrics.announcement(outcome);
                Outcome::Said
            }
            Err(why) => Outcome::Unsaid { why },
        }
    }

    async fn weigh(&self, lines: &Lines, asked: Asked) -> Option<Meaning> {
        let announced = journal::Announced {
            stackstorm: self.stackstorm.clone(),
            at: self.at,
            fingerprint: self.announcement.fingerprint(),
        };
        let weighed = lines.journal.send_again(Weigh { announced, named: self.named, asked }).await;
        match weighed.map_err(|down| down.to_string()).and_then(|it| it.map_err(|error| error.to_string())) {
            Ok(meaning) => Some(meaning),
            Err(error) => {
                warn!(stackstorm = %self.stackstorm, %error, "announcement not journalled, and so not said");
                None
            }
        }
    }

    /// Has the Journal know of each of these executions whether it is over.
    async fn ask(&self, lines: &Lines, ids: Vec<String>) {
        let Some(storm) = lines.stackstorms.get(&self.stackstorm) else { return };
        for id in ids.into_iter().filter_map(ExecutionId::new) {
            ask(&storm.client, &storm.auth, &lines.journal, &id).await;
        }
    }
}

/// Keeps what cannot be said as a delivery that was given up.
async fn bury(lines: &Lines, route: Route, what: Utterance, why: String) {
    let delivery = lines.delivery_of(route, what);
    let id = delivery.id;
    let entries = vec![Entry::Queued(delivery), Entry::Moved(id, DeliveryState::Dead { why })];
    if let Err(error) = keep(&lines.journal, entries).await {
        warn!(%error, "announcement for nowhere not journalled");
    }
}

/// How many announcements for one command may wait until it is clear what they are.
const MOST_UNCLEAR: usize = 1_000;
