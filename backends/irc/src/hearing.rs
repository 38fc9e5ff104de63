//! From what somebody said to what the gateway hears. Pure.

use std::time::SystemTime;

use fulmar_contract::{Heard, Identity, MessageId, RoomId, Sender, Taken, UserId};

use crate::{casemap::CaseMapping, inbound::Said, support::Support, text, whom::Whom};

/// The message that the gateway hears, or nothing if `said` is not for its ears.
///
/// `account` is the sender's, as far as the network vouches for it; `id` is for a message that has none.
pub(crate) fn heard(
    said: Said,
    me: &str,
    support: &Support,
    account: Option<String>,
    now: (SystemTime, String),
) -> Option<Heard> {
    if said.notice || said.text.starts_with(text::CTCP) {
        return None;
    }
    let sender = sender(said.nick, account, support.casemapping);
    let (room, is_direct) = match support.room(&said.target) {
        Some(room) => (RoomId::new(room), false),
        None if support.casemapping.same(&said.target, me) => (sender.direct.clone()?, true),
        None => return None,
    };
    let text = text::plain(&said.text);
    let (text, mentioned) = match text::strip_mention(&text, me, support.casemapping) {
        Some(rest) => (rest.to_owned(), true),
        None => (text, false),
    };
    let (at, id) = now;
    Some(Heard {
        id: MessageId::new(said.tags.id.unwrap_or(id)),
        room,
        thread: None,
        sender,
        text,
        mentioned,
        direct: is_direct,
        at: said.tags.at.unwrap_or(at),
        taken: Taken::default(),
    })
}

/// Somebody called `nick`: vouched for by their account, or not at all. Case makes no difference between
/// accounts.
pub(crate) fn sender(nick: String, account: Option<String>, casemapping: CaseMapping) -> Sender {
    let (identity, whom) = match account.map(|account| account.to_ascii_lowercase()) {
        Some(account) => (Identity::Vouched(UserId::new(&account)), Whom::Account(account)),
        None => (Identity::Claimed(nick.clone()), Whom::Nick(nick.clone())),
    };
    Sender { identity, name: nick, direct: Some(whom.room(casemapping)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::Tags;

    fn said(target: &str, text: &str) -> Said {
        Said {
            nick: "Ada[m]".into(),
            target: target.into(),
            text: text.into(),
            tags: Tags::default(),
            notice: false,
        }
    }

    fn hear(said: Said) -> Option<Heard> {
        heard(said, "fulmar", &Support::default(), None, (SystemTime::UNIX_EPOCH, "made-up".into()))
    }

    #[test]
    fn a_nick_alone_is_only_claimed() {
        let heard = hear(said("#Ops", "Fulmar: \u{2}run\u{2} date")).unwrap();

        assert_eq!((heard.room.as_str(), heard.text.as_str(), heard.mentioned), ("#ops", "run date", true));
        assert_eq!(heard.sender.identity, Identity::Claimed("Ada[m]".into()));
        assert_eq!(heard.id.as_str(), "made-up");
    }

    #[test]
    fn an_account_is_vouched_for_however_it_is_spelled() {
        let sender = sender("x".into(), Some("Lovelace".into()), CaseMapping::default());

        assert_eq!(sender.identity, Identity::Vouched(UserId::new("lovelace")));
        assert_eq!(sender.direct, Some(RoomId::new("~lovelace")));
    }

    #[test]
    fn a_whisper_is_in_the_room_of_the_one_who_whispers() {
        let heard = hear(said("FULMAR", "run date")).unwrap();

        assert_eq!((heard.room.as_str(), heard.direct), ("ada{m}", true));
        assert_eq!(heard.sender.direct, Some(heard.room));
    }

    #[test]
    fn notices_requests_and_what_is_for_others_are_not_heard() {
        assert_eq!(hear(Said { notice: true, ..said("#ops", "run date") }), None);
        assert_eq!(hear(said("#ops", "\u{1}ACTION runs\u{1}")), None);
        assert_eq!(hear(said("$*.example.org", "to all")), None);
    }

    #[test]
    fn the_networks_id_and_clock_count() {
        let at = SystemTime::now();
        let tags = Tags { at: Some(at), id: Some("abc".into()), ..Tags::default() };

        let heard = hear(Said { tags, ..said("#ops", "hi") }).unwrap();

        assert_eq!((heard.id.as_str(), heard.at), ("abc", at));
    }
}
