use tokio::time::Instant;
use xmpp_parsers::minidom::Element;

use super::*;
use crate::{
    config::Wanted,
    inbound::{self, Fact},
};

const ROOM: &str = "ops@rooms.example";
const ME: &str = "fulmar@example.org";

fn bare(jid: &str) -> BareJid {
    BareJid::new(jid).unwrap()
}

/// In the room are we, ada, whose address is shown, and bob, whose address is not.
fn rooms() -> Rooms {
    let mut rooms = Rooms::new(vec![Wanted { room: bare(ROOM), key: None }], "fulmar", Instant::now());
    rooms.came(&bare(ROOM), "fulmar", Some(bare(ME)));
    rooms.came(&bare(ROOM), "ada", Some(bare("ada@example.org")));
    rooms.came(&bare(ROOM), "bob", None);
    rooms
}

fn said(from: &str, kind: &str, more: &str) -> Said {
    let stanza = format!(
        "<message xmlns='jabber:client' from='{from}' type='{kind}' id='own'><body>Fulmar: run</body>{more}</message>"
    );
    match inbound::read(&stanza.parse::<Element>().unwrap(), &bare(ME)) {
        Some(Fact::Said(said)) => *said,
        other => panic!("{other:?}"),
    }
}

fn hear(said: Said, way: Way) -> Option<Heard> {
    let rooms = rooms();
    Ears { me: &bare(ME), nick: "fulmar", rooms: &rooms }.hear(said, way)
}

fn live() -> Way {
    Way::Live { id: "made".into(), at: SystemTime::UNIX_EPOCH }
}

fn archive() -> Way {
    Way::Archive { id: "stamp".into(), at: SystemTime::UNIX_EPOCH }
}

fn vouched(jid: &str) -> Identity {
    Identity::Vouched(UserId::new(jid))
}

#[tokio::test]
async fn an_address_is_vouched_for_and_a_nick_is_not() {
    for (from, kind, identity, name, room, direct) in [
        ("ops@rooms.example/ada", "groupchat", vouched("ada@example.org"), "ada", ROOM, false),
        (
            "ops@rooms.example/bob",
            "groupchat",
            Identity::Claimed("ops@rooms.example/bob".into()),
            "bob",
            ROOM,
            false,
        ),
        ("ops@rooms.example/ada", "chat", vouched("ada@example.org"), "ada", "ada@example.org", true),
        (
            "ops@rooms.example/bob",
            "chat",
            Identity::Claimed("ops@rooms.example/bob".into()),
            "bob",
            "ops@rooms.example/bob",
            true,
        ),
        ("eve@example.org/ada", "chat", vouched("eve@example.org"), "eve", "eve@example.org", true),
    ] {
        let heard = hear(said(from, kind, ""), live()).unwrap();

        assert_eq!((heard.sender.identity, heard.sender.name.as_str()), (identity, name));
        assert_eq!((heard.room.as_str(), heard.direct), (room, direct));
        assert_eq!((heard.text.as_str(), heard.mentioned), ("run", true));
    }
}

#[tokio::test]
async fn our_own_words_and_the_rooms_are_not_heard() {
    for (from, kind) in [
        ("ops@rooms.example/fulmar", "groupchat"),
        ("ops@rooms.example", "groupchat"),
        ("ops@rooms.example", "chat"),
        ("fulmar@example.org/other", "chat"),
        ("fulmar@example.org", "chat"),
    ] {
        assert_eq!(hear(said(from, kind, ""), live()), None, "{from} {kind}");
    }
}

#[tokio::test]
async fn an_archive_is_believed_only_while_the_room_says_the_same() {
    let x = |jid: &str| format!("<x xmlns='http://jabber.org/protocol/muc#user'><item jid='{jid}'/></x>");
    for (from, x, identity) in [
        ("ada", x("ada@example.org/x"), vouched("ada@example.org")),
        ("ada", x("eve@example.org"), Identity::Claimed("ops@rooms.example/ada".into())),
        ("ada", String::new(), Identity::Claimed("ops@rooms.example/ada".into())),
        ("bob", x("ada@example.org"), Identity::Claimed("ops@rooms.example/bob".into())),
        ("gone", x("gone@example.org"), Identity::Claimed("ops@rooms.example/gone".into())),
    ] {
        let heard = hear(said(&format!("{ROOM}/{from}"), "groupchat", &x), archive()).unwrap();

        assert_eq!(heard.sender.identity, identity, "{from} {x}");
    }
    let ours = hear(said("ops@rooms.example/old", "groupchat", &x(ME)), archive());
    assert_eq!(ours, None, "we were called otherwise then");
}

#[tokio::test]
async fn a_message_is_called_the_same_live_and_from_the_archive() {
    let stamp = |by: &str| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='stamp'/>");
    for (from, kind, by, id) in
        [("ops@rooms.example/ada", "groupchat", ROOM, "stamp"), ("ada@example.org/x", "chat", ME, "stamp own")]
    {
        let stamped = hear(said(from, kind, &stamp(by)), live()).unwrap();
        let archived = hear(said(from, kind, ""), archive()).unwrap();
        let forged = hear(said(from, kind, &stamp("eve@example.org")), live()).unwrap();

        assert_eq!((stamped.id.as_str(), archived.id.as_str()), (id, id));
        assert!(forged.id.as_str().starts_with("made"), "{}", forged.id);
    }
}

#[tokio::test]
async fn what_is_late_is_heard_from_an_archive_only_and_a_correction_never() {
    let late = "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>";
    let correction = "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>";

    assert_eq!(hear(said("ada@example.org/x", "chat", late), live()), None);
    assert!(hear(said("ada@example.org/x", "chat", late), archive()).is_some());
    assert_eq!(hear(said("ada@example.org/x", "chat", correction), archive()), None);
}
