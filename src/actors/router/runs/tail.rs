//! Showing what an execution prints, while it prints it.
//!
//! A task for each, which ends with the execution, after a while, or when told to; a restart ends it, too. What it shows is
//! said like anything else.

mod batch;
mod tails;

use std::{rc::Rc, time::Duration};

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info};

use self::{batch::Batch, tails::Tail};
use super::{storm_of, which, words};
use crate::{
    actors::{
        auth::{self, CallError},
        router::{
            command::{Asked, Offer, reply},
            lines::{Lines, StackStorm, Utterance, route_of},
            person::Person,
        },
    },
    journal::Route,
    st2::{
        client::EventBytes,
        sse::Decoder,
        wire::{ExecutionId, Printed},
    },
};

pub use self::tails::Tails;
pub(super) use self::{
    batch::MOST,
    tails::{IN_ROOM, Taken},
};

/// Shows where it was asked what an execution prints.
pub(in crate::actors::router) async fn tail(lines: Rc<Lines>, asked: Asked, id: Option<String>) -> Option<Offer> {
    let run = match which(&lines, &asked, id.as_deref(), "tail").await {
        Ok(run) => run,
        Err(why) => return reply(&lines, &asked, why).await,
    };
    let id = ExecutionId::new(run.execution.id.clone())?;
    let Some(storm) = storm_of(&lines, &run).cloned() else {
        return reply(&lines, &asked, format!("There is no StackStorm {} any more.", run.command.stackstorm))
            .await;
    };
    let route = route_of(&asked.chat, &asked.heard);
    let person = Person::of(&asked.chat, &asked.heard);
    let tail = match lines.tails.begin(run.id(), person, &route) {
        Ok(tail) => tail,
        Err(taken) => return reply(&lines, &asked, words::no_tail(taken, asked.prefix(&lines))).await,
    };
    let begun = words::tail_begins(&run, asked.prefix(&lines));
    reply(&lines, &asked, begun).await;
    info!(execution = %id, chat = %route.chat, room = %route.room, "shown as it prints");
    let show = Show { lines, storm, id, route };
    // It needs no ticket: what it asks of StackStorm is one stream.
    drop(actix::spawn(async move { show.all(tail).await }));
    None
}

/// Ends what the asker is shown.
pub(in crate::actors::router) async fn stop(lines: Rc<Lines>, asked: Asked) -> Option<Offer> {
    if lines.tails.stop(&Person::of(&asked.chat, &asked.heard)) {
        return None;
    }
    reply(&lines, &asked, "You are shown nothing.").await
}

/// Why no more is shown.
#[derive(Debug)]
pub(super) enum Ending {
    /// StackStorm does not know the execution.
    Absent,
    /// Nothing more comes.
    End,
    /// It was shown for long enough.
    Late,
    /// There was enough of it.
    Spent,
    /// Who asked for it wants no more.
    Stopped,
    /// StackStorm does not give it.
    Unreadable(String),
}

struct Show {
    lines: Rc<Lines>,
    storm: Rc<StackStorm>,
    id: ExecutionId,
    route: Route,
}

impl Show {
    async fn all(self, tail: Tail) {
        let mut batch = Batch::default();
        let late = Instant::now() + LONGEST;
        let ending = tokio::select! {
            ending = self.read(&mut batch) => ending,
            () = tail.stopped() => Ending::Stopped,
            () = sleep_until(late) => Ending::Late,
        };
        debug!(execution = %self.id, ?ending, "shown no more");
        if !matches!(ending, Ending::Stopped) {
            batch.end();
            while let Some(text) = batch.take() {
                self.say(text).await;
            }
        }
        if let Some(text) = words::tail_ends(self.id.as_str(), &ending, batch.is_fresh()) {
            self.say(text).await;
        }
    }

    /// Reads to the end, opening the stream again when it is cut. What it brought is brought again then, and passed over.
    async fn read(&self, batch: &mut Batch) -> Ending {
        let (mut read, mut failures) = (0, 0);
        loop {
            let opened =
                auth::call(&self.storm.auth, async |access| self.storm.client.output(access, &self.id).await);
            match opened.await {
                Ok(stream) => {
                    let before = read;
                    if let Some(ending) = self.follow(stream, &mut read, batch).await {
                        return ending;
                    }
                    failures = if read > before { 0 } else { failures };
                }
                Err(CallError::Api(error)) if error.is_absent() => return Ending::Absent,
                Err(error) if failures == FAILURES => return Ending::Unreadable(error.to_string()),
                Err(error) => debug!(%error, execution = %self.id, "output not opened"),
            }
            failures += 1;
            sleep(PAUSE * failures).await;
        }
    }

    /// Takes in a stream, of which the first `read` texts are known, and says what comes. `None` when it is cut, or silent
    /// for so long that it may be: it has no heart-beats.
    async fn follow(&self, mut stream: EventBytes, read: &mut usize, batch: &mut Batch) -> Option<Ending> {
        let (mut decoder, mut known) = (Decoder::default(), *read);
        loop {
            let due = batch.due();
            let piece = tokio::select! {
                piece = timeout(SILENCE, stream.next()) => piece.ok()??.ok()?,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.say_batch(batch).await;
                    continue;
                }
            };
            for event in decoder.feed(&piece) {
                match Printed::read(event) {
                    Printed::End => return Some(Ending::End),
                    Printed::Text(_) | Printed::TooLong if known > 0 => known -= 1,
                    Printed::Text(text) => {
                        *read += 1;
                        batch.add(&text, Instant::now());
                    }
                    Printed::TooLong => {
                        *read += 1;
                        batch.add("… (too long to be shown)\n", Instant::now());
                    }
                    Printed::Ignored => {}
                }
                if batch.is_spent() {
                    return Some(Ending::Spent);
                }
            }
        }
    }

    async fn say_batch(&self, batch: &mut Batch) {
        if let Some(text) = batch.take() {
            self.say(text).await;
        }
    }

    async fn say(&self, text: String) {
        self.lines.say(self.route.clone(), Utterance::notice(text)).await;
    }
}

/// How long anything is shown.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// How long a stream may be silent before it is opened again: a broken connection is silent, too.
const SILENCE: Duration = Duration::from_secs(60);

/// How often in a row it is tried in vain to open a stream.
const FAILURES: u32 = 5;

/// The first pause before it is tried again; the second is twice as long, and so on.
const PAUSE: Duration = Duration::from_secs(1);
