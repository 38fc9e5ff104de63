//! Dead letters and what still waits, as operators see them; and how many of the dead are kept.

use actix::{ActorFutureExt, Context, ContextFutureSpawner, Handler, Message, ResponseFuture, WrapFuture};
use fulmar_contract::{Heard, MessageId, RoomId};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;
use tracing::warn;

use super::{
    Journal,
    keeping::{PATIENCE, silent},
};
use crate::{
    actors::router::Died,
    journal::{
        Command, CommandState, Dated, Delivery, DeliveryId, DeliveryState, Entry, ExecutionState, RunId, Speech,
    },
};

/// Asks for dead letters and the like, oldest first, without most of their texts.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<Letter>")]
pub struct Letters(pub Which);

/// Which deliveries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The dead letters, and what still waits to be said.
    All,
    /// The dead letters.
    Dead,
}

/// A delivery that is dead or still to be made.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What is to be said. In a list, of a long text only the beginning.
    pub delivery: Delivery,
    /// When it was queued, or last tried again.
    pub at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
}

/// Asks for one delivery by the end of its name, if only one ends so.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Found, NotFound>")]
pub struct Find(pub String);

/// All that is known of a delivery.
#[derive(Clone, Debug)]
pub struct Found {
    /// The delivery, with its whole text.
    pub letter: Letter,
    /// The command that it belongs to.
    pub command: Option<Command>,
    /// What happened to both, oldest first.
    pub history: Vec<Event>,
}

/// Something that happened, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// Why a name means no delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// None ends so.
    #[error("there is no message {0} that is dead or waits: perhaps it was said or dropped")]
    None(String),
    /// Several do.
    #[error("{count} messages end in {end}: give more of the name")]
    Several {
        /// What was asked for.
        end: String,
        /// How many.
        count: usize,
    },
}

/// Asks whether a command was given by this message, or it is answered.
#[derive(Clone, Debug, Message)]
#[rtype(result = "bool")]
pub struct Knows {
    /// The chat.
    pub chat: String,
    /// The room.
    pub room: RoomId,
    /// The message.
    pub message: MessageId,
}

impl Knows {
    /// Asks about a message that was heard in `chat`.
    pub fn of(chat: &str, heard: &Heard) -> Self {
        Self { chat: chat.to_owned(), room: heard.room.clone(), message: heard.id.clone() }
    }
}

/// The deliveries that die, are tried again or dropped by `entries`.
pub(super) fn moves(entries: &[Entry]) -> Vec<DeliveryId> {
    let is_end =
        |state: &DeliveryState| !matches!(state, DeliveryState::Sending { .. } | DeliveryState::Delivered);
    let moved = entries.iter().filter_map(|entry| match entry {
        Entry::Moved(id, state) if is_end(state) => Some(*id),
        _ => None,
    });
    moved.collect()
}

impl Journal {
    /// Counts what became of dead letters, and has administrators told of new ones.
    pub(super) fn note_letters(&self, moved: Vec<DeliveryId>, ctx: &mut Context<Self>) {
        if moved.is_empty() {
            return;
        }
        for id in moved {
            let book = self.book.borrow();
            match book.ledger.delivery(id) {
                None => self.metrics.letter("dropped"),
                Some((delivery, _, DeliveryState::Dead { why })) => {
                    self.metrics.letter("dead");
                    // Else the death of one alarm would lead to the next.
                    if delivery.speech != Speech::Alarm {
                        self.report(Died { route: delivery.route.clone(), why: why.clone() }, ctx);
                    }
                }
                Some(_) => self.metrics.letter("retried"),
            }
        }
        self.thin_out();
    }

    fn report(&self, died: Died, ctx: &mut Context<Self>) {
        let router = self.router.clone();
        async move { router.send(died).await }
            .into_actor(self)
            .map(|told, _, _| {
                if let Err(error) = told {
                    warn!(%error, "administrators are not told of a dead letter");
                }
            })
            .spawn(ctx);
    }

    /// Drops the oldest dead letters as long as there are too many.
    pub(super) fn thin_out(&self) {
        loop {
            let surplus = self.book.borrow().ledger.surplus();
            let Some(id) = surplus else { return };
            warn!(delivery = %id, "dropped: there are too many dead letters");
            if !self.forget(id, "there were too many dead letters", "crowded_out") {
                return;
            }
        }
    }

    /// Drops the dead letters that were queued, or last tried again, too long ago.
    pub(super) fn expire(&self) {
        let Some(before) = self.book.borrow().outdated(&self.world) else { return };
        loop {
            let expired = self.book.borrow().ledger.expired(before);
            let Some(id) = expired else { return };
            warn!(delivery = %id, "dropped: nobody wanted it for too long");
            if !self.forget(id, "nobody wanted it for too long", "expired") {
                return;
            }
        }
    }

    fn forget(&self, id: DeliveryId, why: &str, outcome: &'static str) -> bool {
        let dropped = Entry::Moved(id, DeliveryState::Dropped { why: why.to_owned() });
        let noted = self.book.borrow_mut().note(dropped, &self.world);
        self.metrics.letter(outcome);
        noted.inspect_err(|error| warn!(%error, delivery = %id, "not dropped")).is_ok()
    }

    /// A delivery with no more than the beginning of its text.
    fn letter(&self, id: DeliveryId) -> Option<Letter> {
        let book = self.book.borrow();
        let (delivery, at, state) = book.ledger.delivery(id)?;
        let text = delivery.text.get(..delivery.text.floor_char_boundary(BEGINNING)).unwrap_or_default();
        let delivery = Delivery {
            id,
            command: delivery.command,
            execution: delivery.execution.clone(),
            speech: delivery.speech,
            route: delivery.route.clone(),
            answers: None,
            mention: delivery.mention.clone(),
            text: text.to_owned(),
            format: delivery.format,
            tone: delivery.tone,
            link: delivery.link.clone(),
            extra: Value::Null,
        };
        Some(Letter { delivery, at, state: state.clone() })
    }
}

impl Handler<Letters> for Journal {
    type Result = Vec<Letter>;

    fn handle(&mut self, Letters(which): Letters, _: &mut Self::Context) -> Self::Result {
        let letters = self.book.borrow().ledger.letters();
        let is_meant = |letter: &Letter| which == Which::All || matches!(letter.state, DeliveryState::Dead { .. });
        letters.into_iter().filter_map(|id| self.letter(id)).filter(is_meant).collect()
    }
}

impl Handler<Find> for Journal {
    type Result = ResponseFuture<Result<Found, NotFound>>;

    fn handle(&mut self, Find(end): Find, _: &mut Self::Context) -> Self::Result {
        let book = self.book.borrow();
        let wanted = end.replace('-', "").to_lowercase();
        let is_meant = |id: &DeliveryId| !wanted.is_empty() && id.0.simple().to_string().ends_with(&wanted);
        let meant: Vec<DeliveryId> = book.ledger.letters().into_iter().filter(is_meant).collect();
        let count = meant.len();
        if count > 1 {
            return Box::pin(async move { Err(NotFound::Several { end, count }) });
        }
        let found = meant.first().and_then(|id| Some((*id, book.ledger.delivery(*id)?)));
        let Some((id, (delivery, at, state))) = found else {
            return Box::pin(async { Err(NotFound::None(end)) });
        };
        let letter = Letter { delivery: delivery.clone(), at, state: state.clone() };
        let command = delivery.command.and_then(|id| book.ledger.command(id)).cloned();
        let history = book.ledger.case_of_delivery(id).map(|case| book.store.history(case));
        Box::pin(async move {
            let entries = match history {
                Ok(history) => {
                    let read = timeout(PATIENCE, history).await.unwrap_or_else(|_| Err(silent()));
                    read.inspect_err(|error| warn!(%error, "history of a delivery not read")).unwrap_or_default()
                }
                Err(_) => Vec::new(),
            };
            let history = entries.iter().filter_map(|entry| event(entry, id)).collect();
            Ok(Found { letter, command, history })
        })
    }
}

impl Handler<Knows> for Journal {
    type Result = bool;

    fn handle(&mut self, Knows { chat, room, message }: Knows, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.knows(&chat, &room, &message)
    }
}

/// What an entry says that matters to one delivery.
fn event((at, entry): &Dated, of: DeliveryId) -> Option<Event> {
    let what = match entry {
        Entry::Received(command) => format!("command received: {}", command.text),
        Entry::Advanced(_, state) => match state {
            CommandState::Received | CommandState::Authorised | CommandState::Submitted => return None,
            CommandState::Submitting => "command submitted".into(),
            CommandState::Outstanding => "no answer to the command, its author was told".into(),
            CommandState::Refused { why } => format!("command refused: {why}"),
            CommandState::Unknown { why, .. } => format!("whether the command runs is unknown: {why}"),
        },
        Entry::Submitted(_, executions) => {
            let ids: Vec<&str> = executions.iter().map(|execution| execution.id.as_str()).collect();
            format!("command runs as {}", ids.join(", "))
        }
        Entry::Ended(RunId { id, .. }, state) => match state {
            ExecutionState::Finished { status } => format!("execution {id} ended: {status}"),
            ExecutionState::Unknown { why } => format!("execution {id} lost: {why}"),
            ExecutionState::Awaited { .. } => format!("execution {id} ended"),
            ExecutionState::Overdue => format!("execution {id} has not begun in time"),
            ExecutionState::Running | ExecutionState::Told => return None,
        },
        Entry::Queued(delivery) if delivery.id == of => "message queued".into(),
        Entry::Moved(id, state) if *id == of => moved(state),
        _ => return None,
    };
    Some(Event { at: *at, what })
}

fn moved(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Queued => "message to be tried again".into(),
        DeliveryState::Sending { sent, parts, .. } => format!("message on its way, {sent} of {parts} posts taken"),
        DeliveryState::Delivered => "message delivered".into(),
        DeliveryState::Dead { why } => format!("message given up: {why}"),
        DeliveryState::Dropped { why } => format!("message dropped: {why}"),
    }
}

/// How much of a text is in a list, in bytes.
const BEGINNING: usize = 200;
