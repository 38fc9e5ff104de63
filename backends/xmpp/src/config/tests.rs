use fulmar_conformance::Chat;
use fulmar_contract::{Item, Value};

use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn options(entries: &[(&str, Value)]) -> Options {
    Chat::of(crate::KIND).having(entries).options()
}

fn problems(entries: &[(&str, Value)]) -> Vec<String> {
    Chat::of(crate::KIND).having(entries).problems()
}

const ACCOUNT: (&str, &str) = ("jid", "Fulmar@Example.org");

#[test]
fn little_has_to_be_said() {
    let mut options = options(&[(ACCOUNT.0, text(ACCOUNT.1)), ("password", text("secret"))]);

    let config = read(&mut options).unwrap();

    assert_eq!(config.account.as_str(), "fulmar@example.org");
    assert_eq!((config.nick.as_str(), config.resource.as_str(), config.longest), ("fulmar", "fulmar", 10_000));
    assert_eq!((config.anonymous, config.server.tls, config.uploads), (Anonymous::Refuse, None, false));
    assert!(options.finish().is_empty());
}

#[test]
fn a_room_may_have_a_password() {
    let rooms = Value::List(vec![
        Item { value: text("Ops@conference.example.org"), line: 2 },
        Item { value: text("keyed@conference.example.org open sesame"), line: 2 },
    ]);
    let mut options = options(&[(ACCOUNT.0, text(ACCOUNT.1)), ("password", text("x")), ("rooms", rooms)]);

    let config = read(&mut options).unwrap();

    let rooms: Vec<_> = config
        .rooms
        .iter()
        .map(|wanted| (wanted.room.as_str(), wanted.key.as_ref().map(Secret::reveal)))
        .collect();
    let (ops, keyed) = ("ops@conference.example.org", "keyed@conference.example.org");
    assert_eq!(rooms, [(ops, None), (keyed, Some("open sesame"))]);
}

#[test]
fn a_server_is_a_host_and_perhaps_a_port() {
    let host = |host: &str, port| Some((host.to_owned(), port));
    for (given, expected) in [
        ("xmpp.example.org", host("xmpp.example.org", None)),
        ("xmpp.example.org:5223", host("xmpp.example.org", Some(5223))),
        ("[::1]:5222", host("::1", Some(5222))),
        ("[::1]", host("::1", None)),
        ("::1", host("::1", None)),
        ("", None),
        (":5222", None),
        ("x:0", None),
        ("x:port", None),
        ("x:99999", None),
        ("https://x", None),
        ("a b", None),
    ] {
        assert_eq!(host_and_port(given), expected, "{given:?}");
    }
}

#[test]
fn an_address_is_read_as_it_is_written() {
    let long = format!("ops@{}.example", "\u{df}".repeat(40));

    let written =
        ["Ops@Rooms.Example", "ops@stra\u{df}e.example", &long].map(|name| address(name).map(|it| it.to_string()));

    assert_eq!(written, [Some("ops@rooms.example".to_owned()), Some("ops@strasse.example".to_owned()), None]);
}

#[test]
fn what_is_wrong_is_named_with_what_was_expected() {
    let account = (ACCOUNT.0, text(ACCOUNT.1));
    let password = ("password", text("x"));
    assert_eq!(problems(&[]), ["1 chats.ops.jid missing: expected an account, as \"fulmar@example.org\""]);
    assert_eq!(
        problems(std::slice::from_ref(&account)),
        ["1 chats.ops.password missing: expected the account's password"]
    );
    for (key, value, expected) in [
        ("jid", text("example.org"), "expected an account, as \"fulmar@example.org\", got \"example.org\""),
        ("server", text("a b"), "expected \"host\" or \"host:port\", got \"a b\""),
        ("tls", text("none"), "expected \"starttls\" or \"direct\", got \"none\""),
        ("anonymous_rooms", text("yes"), "expected \"refuse\" or \"claimed\", got \"yes\""),
        ("max_message", Value::Integer(5), "expected a whole number from 200 to 50000, got 5"),
        (
            "rooms",
            text("example.org key"),
            "expected rooms as \"ops@conference.example.org\", with a password after a space, got \"example.org\"",
        ),
    ] {
        let mut entries = vec![password.clone(), (key, value)];
        if key != account.0 {
            entries.push(account.clone());
        }
        assert_eq!(problems(&entries), [format!("3 chats.ops.{key} {expected}")]);
    }
    let missing = problems(&[account, password, ("ca_cert", text("/there/is/none"))]);
    assert!(
        missing[0].starts_with("4 chats.ops.ca_cert cannot read the certificates in /there/is/none"),
        "{missing:?}"
    );
}
