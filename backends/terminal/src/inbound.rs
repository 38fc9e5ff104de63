//! A line of input, as something heard. Pure.

use std::time::SystemTime;

use fulmar_contract::{Heard, Identity, MessageId, RoomId, Sender, Taken, UserId};

/// The name of the one room.
pub(crate) const ROOM: &str = "terminal";

pub(crate) fn room() -> RoomId {
    RoomId::new(ROOM)
}

/// Who we are.
pub(crate) fn me() -> Sender {
    Sender { identity: Identity::Claimed("fulmar".into()), name: "fulmar".into(), direct: None }
}

/// What `user` wrote as line `number`; nothing when it is blank.
pub(crate) fn heard(user: &str, number: u64, line: &str, at: SystemTime) -> Option<Heard> {
    let text = line.trim();
    if text.is_empty() {
        return None;
    }
    let nanos = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let sender =
        Sender { identity: Identity::Vouched(UserId::new(user)), name: user.into(), direct: Some(room()) };
    Some(Heard {
        id: MessageId::new(format!("{nanos}-{number}")),
        room: room(),
        thread: None,
        sender,
        text: text.into(),
        mentioned: false,
        direct: true,
        at,
        taken: Taken::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_line_says_nothing() {
        assert_eq!(heard("ada", 1, " \t", SystemTime::now()), None);
    }

    #[test]
    fn the_operating_system_vouches_for_its_user() {
        let heard = heard("ada", 1, "run date ", SystemTime::now()).unwrap();

        assert_eq!((heard.text.as_str(), heard.direct), ("run date", true));
        assert_eq!(heard.sender.identity, Identity::Vouched(UserId::new("ada")));
    }
}
