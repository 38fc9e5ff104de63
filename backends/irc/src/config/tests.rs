//! Tables, good and bad.

use fulmar_conformance::Chat;
use fulmar_contract::{Item, Value};

use super::*;

fn options(entries: &[(&str, Value)]) -> Options {
    Chat::of(crate::KIND).having(entries).options()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn problems(entries: &[(&str, Value)]) -> Vec<String> {
    Chat::of(crate::KIND).having(entries).problems()
}

#[test]
fn little_need_be_said() {
    let mut options = options(&[("server", text("irc.example.org")), ("nick", text("fulmar"))]);

    let config = read(&mut options).unwrap();

    assert!(options.finish().is_empty());
    assert_eq!((config.server.port, config.rate, config.burst), (6697, 2, 5));
    assert!(config.server.tls && matches!(config.server.trust, Trust::System));
    assert!(config.login.is_none() && config.rooms.is_empty());
}

#[test]
fn without_tls_the_port_is_another() {
    let entries = [("server", text("localhost")), ("nick", text("x")), ("tls", Value::Bool(false))];

    assert_eq!(read(&mut options(&entries)).unwrap().server.port, 6667);
}

#[test]
fn the_account_is_the_nick_unless_it_is_told() {
    let entries = [
        ("server", text("irc.example.org")),
        ("nick", text("fulmar")),
        ("sasl", text("plain")),
        ("sasl_password", text("pw")),
    ];

    let config = read(&mut options(&entries)).unwrap();

    let Some(Login::Password(Credentials { account, password, by })) = config.login else { panic!("no login") };
    assert_eq!((account.as_str(), password.reveal(), by), ("fulmar", "pw", Way::Plain));
}

#[test]
fn a_room_can_have_a_key() {
    let rooms =
        Value::List(vec![Item { value: text("#ops"), line: 1 }, Item { value: text("#keyed key"), line: 1 }]);
    let entries = [("server", text("localhost")), ("nick", text("x")), ("rooms", rooms)];

    let rooms = read(&mut options(&entries)).unwrap().rooms;

    assert_eq!((rooms[0].name.as_str(), rooms[0].key.is_none()), ("#ops", true));
    assert_eq!((rooms[1].name.as_str(), rooms[1].key.as_ref().unwrap().reveal()), ("#keyed", "key"));
}

#[test]
fn a_password_without_sasl_is_told_in_any_way_that_the_server_has() {
    let entries = [("server", text("irc.example.org")), ("nick", text("fulmar")), ("sasl_password", text("pw"))];

    let login = read(&mut options(&entries)).unwrap().login;

    assert!(matches!(login, Some(Login::Password(Credentials { by: Way::Any, .. }))), "{login:?}");
}

/// A certificate and its key, in files.
fn certificate() -> [tempfile::NamedTempFile; 2] {
    let signed = rcgen::generate_simple_self_signed(vec!["fulmar".into()]).unwrap();
    [signed.cert.pem(), signed.signing_key.serialize_pem()].map(|pem| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        file
    })
}

fn path(file: &tempfile::NamedTempFile) -> Value {
    text(file.path().to_str().unwrap())
}

#[test]
fn a_certificate_logs_in_without_a_password() {
    let [chain, key] = certificate();
    let entries = [
        ("server", text("irc.example.org")),
        ("nick", text("fulmar")),
        ("sasl", text("external")),
        ("client_cert", path(&chain)),
        ("client_key", path(&key)),
    ];

    let config = read(&mut options(&entries)).unwrap();

    assert!(config.server.certificate.is_some());
    assert!(matches!(config.login, Some(Login::Certificate { account: None })), "{:?}", config.login);
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_by_key() {
    let ([chain, key], [_, other_key]) = (certificate(), certificate());
    let found = |more: &[(&str, Value)]| {
        let start = [("server", text("irc.example.org")), ("nick", text("fulmar"))];
        problems(&[&start[..], more].concat())
    };

    for (more, expected) in [
        (vec![("sasl", text("external"))], "1 chats.ops.client_cert missing: expected the certificate to show"),
        (vec![("client_cert", path(&chain))], "1 chats.ops.client_key missing: expected the key of client_cert"),
        (vec![("client_key", path(&key))], "1 chats.ops.client_cert missing: expected the certificate of"),
        (
            vec![("client_cert", path(&chain)), ("client_key", path(&other_key))],
            "5 chats.ops.client_key the key in ",
        ),
        (
            vec![("client_cert", path(&key)), ("client_key", path(&key))],
            "4 chats.ops.client_cert there is no PEM certificate in ",
        ),
        (
            vec![("client_cert", path(&chain)), ("client_key", path(&chain))],
            "5 chats.ops.client_key there is no PEM private key in ",
        ),
        (
            vec![("client_cert", path(&chain)), ("client_key", path(&key)), ("tls", Value::Bool(false))],
            "4 chats.ops.client_cert is of use only with tls = true",
        ),
        (
            vec![
                ("sasl", text("external")),
                ("sasl_password", text("pw")),
                ("client_cert", path(&chain)),
                ("client_key", path(&key)),
            ],
            "5 chats.ops.sasl_password is of no use with sasl = \"external\"",
        ),
    ] {
        let found = found(&more);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}, not {expected}");
    }
}

#[test]
fn a_password_is_not_sent_where_others_can_read_it() {
    let sasl = |host: &str| {
        problems(&[
            ("server", text(host)),
            ("nick", text("fulmar")),
            ("tls", Value::Bool(false)),
            ("sasl", text("plain")),
            ("sasl_password", text("pw")),
        ])
    };

    assert!(sasl("127.0.0.1").is_empty());
    assert_eq!(sasl("irc.example.org")[0].split_once(" would").unwrap().0, "5 chats.ops.sasl");
    let untold = problems(&[
        ("server", text("irc.example.org")),
        ("nick", text("fulmar")),
        ("tls", Value::Bool(false)),
        ("sasl_password", text("pw")),
    ]);
    assert_eq!(untold[0].split_once(" would").unwrap().0, "5 chats.ops.sasl_password");
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let found = problems(&[
        ("server", text("no host")),
        ("nick", text("two words")),
        ("sasl", text("digest")),
        ("rooms", text("ops secret")),
        ("rate", Value::Integer(-1)),
        ("ca_cert", text("/nowhere.pem")),
        ("account", text("ada")),
    ]);

    let expected = [
        "2 chats.ops.server expected a host name or an address",
        "3 chats.ops.nick expected a nick, got",
        "4 chats.ops.sasl expected \"plain\" or \"external\" or \"scram-sha-256\", got \"digest\"",
        "5 chats.ops.rooms expected rooms as \"#ops\" or \"#ops key\", got \"ops\"",
        "6 chats.ops.rate expected a whole number from 0 to 1000, got -1",
        "7 chats.ops.ca_cert cannot read the certificates in /nowhere.pem",
        "8 chats.ops.account is of use only with sasl",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}
