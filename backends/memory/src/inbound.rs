//! What the network says, as the gateway's events. Pure.

use fulmar_contract::{Event, Heard, Identity, MessageId, Reaction, RoomId, Sender, Taken, UserId};

use crate::network::{Reacted, Said};

/// What the session is called on every memory network.
pub(crate) const OUR_NAME: &str = "fulmar";

/// The room that is called `name`: case and a leading `#` make no difference.
pub(crate) fn room(name: &str) -> Option<RoomId> {
    let name = name.trim().trim_start_matches('#');
    (!name.is_empty() && !name.starts_with('@')).then(|| RoomId::new(name.to_lowercase()))
}

/// The one-to-one room with the person called `name`.
pub(crate) fn direct(name: &str) -> Option<RoomId> {
    let name = name.trim().trim_start_matches('@');
    (!name.is_empty()).then(|| RoomId::new(format!("@{}", name.to_lowercase())))
}

/// Whether `room` is a one-to-one room.
pub(crate) fn is_direct(room: &RoomId) -> bool {
    room.as_str().starts_with('@')
}

/// Somebody who is called `name`. The network vouches for who they are.
pub(crate) fn sender(who: &str, name: &str) -> Sender {
    Sender { identity: Identity::Vouched(UserId::new(who)), name: name.into(), direct: direct(who) }
}

/// What follows from a reaction; nothing when it was our own.
pub(crate) fn reaction(reacted: Reacted) -> Option<Event> {
    let Reacted { room, message, by, name, emoji, is_there } = reacted;
    let sender = sender(&by, &name);
    (by != OUR_NAME).then_some(Event::Reacted(Reaction { room, message, sender, emoji, is_there }))
}

/// What follows from `said`; nothing when it was our own.
pub(crate) fn event(said: Said, taken: Taken) -> Option<Event> {
    if said.by == OUR_NAME {
        return None;
    }
    let (mentioned, text) = strip_mention(&said.text);
    Some(Event::Heard(Heard {
        id: MessageId::new(said.number.to_string()),
        direct: is_direct(&said.room),
        room: said.room,
        thread: said.thread,
        sender: sender(&said.by, &said.name),
        text: text.into(),
        mentioned,
        at: said.at,
        taken,
    }))
}

fn strip_mention(text: &str) -> (bool, &str) {
    let rest = text.strip_prefix(OUR_NAME).and_then(|rest| rest.strip_prefix([':', ',']));
    rest.map_or((false, text), |rest| (true, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_room_are_one_room() {
        assert_eq!(room("#Ops"), room("ops"));
        assert_eq!(room(" # "), None);
    }

    #[test]
    fn a_mention_is_a_name_at_the_beginning_with_a_mark_after_it() {
        assert_eq!(strip_mention("fulmar: run"), (true, "run"));
        assert_eq!(strip_mention("fulmar, run"), (true, "run"));
        assert_eq!(strip_mention("fulmars: run"), (false, "fulmars: run"));
    }
}
