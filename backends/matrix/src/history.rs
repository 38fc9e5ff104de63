//! What was said before the beginning of what a sync brings.

use std::time::SystemTime;

use fulmar_contract::Failure;
use matrix_sdk::{
    Room,
    deserialized_responses::TimelineEvent,
    room::MessagesOptions,
    ruma::{UInt, UserId},
};
use tracing::warn;

use crate::{
    failure,
    inbound::{self, Move},
};

/// How far to go back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until<'a> {
    /// To the place where we came in.
    Entry(&'a UserId),
    /// To a time.
    Time(SystemTime),
    /// To a place of an earlier sync.
    Token(&'a str),
}

/// What was said in `room` before `from`, the oldest first; of much, the latest [`MOST`].
///
/// What the server refuses to tell is not heard; if it cannot tell at the moment, the session is lost, and the next one
/// asks again.
pub(crate) async fn before(room: &Room, from: &str, until: Until<'_>) -> Result<Vec<TimelineEvent>, Failure> {
    let mut events = Vec::new();
    let mut from = from.to_owned();
    while events.len() < MOST {
        let mut options = MessagesOptions::backward().from(from.as_str());
        options.limit = UInt::from(PAGE);
        if let Until::Token(token) = until {
            options.to = Some(token.to_owned());
        }
        let page = match room.messages(options).await {
            Ok(page) => page,
            Err(error) if failure::is_refusal(&error) => {
                warn!(room = %room.room_id(), %error, "what was said meanwhile is not told");
                break;
            }
            Err(error) => return Err(failure::ending_of(&error)),
        };
        let is_over = page.chunk.is_empty() || page.chunk.iter().any(|event| is_reached(event, until));
        events.extend(page.chunk);
        match page.end {
            Some(end) if !is_over && end != from => from = end,
            _ => break,
        }
    }
    if events.len() >= MOST {
        warn!(room = %room.room_id(), "more was said meanwhile than is looked for: the oldest is not heard");
    }
    events.truncate(MOST);
    events.reverse();
    Ok(events)
}

fn is_reached(event: &TimelineEvent, until: Until<'_>) -> bool {
    match until {
        Until::Entry(me) => inbound::moved(event.raw(), me).is_some(),
        Until::Time(time) => said_before(event, time),
        Until::Token(_) => false,
    }
}

/// Whether an event is older than a time.
pub(crate) fn said_before(event: &TimelineEvent, time: SystemTime) -> bool {
    event.timestamp().is_some_and(|at| inbound::time(at) < time)
}

/// The place in a room's events after which everything is for us: that where we were invited or came in last. `None` if
/// it is not among them.
pub(crate) fn entry(moves: &[Option<Move>]) -> Option<usize> {
    let entered = moves.iter().rposition(|moved| matches!(moved, Some(Move::In)))?;
    let before = moves.get(..entered)?;
    let invited = before
        .iter()
        .rposition(|moved| moved.is_some())
        .filter(|at| matches!(before.get(*at), Some(Some(Move::Invited))));
    Some(invited.unwrap_or(entered) + 1)
}

/// How many events are looked for in one room.
const MOST: usize = 1_000;
const PAGE: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_after_the_invitation_is_for_us() {
        let out = || Some(Move::Out { why: String::new() });
        for (moves, expected) in [
            (vec![None, Some(Move::In), None], Some(2)),
            (vec![None, Some(Move::Invited), None, Some(Move::In), None], Some(2)),
            (vec![Some(Move::Invited), out(), None, Some(Move::In)], Some(4)),
            (vec![Some(Move::In), None, out(), Some(Move::In), None], Some(4)),
            (vec![None, None], None),
            (vec![], None),
        ] {
            assert_eq!(entry(&moves), expected, "{moves:?}");
        }
    }
}
