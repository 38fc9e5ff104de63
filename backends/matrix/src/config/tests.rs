use fulmar_conformance::Chat;
use fulmar_contract::{Options, Value};

use super::*;

fn options(entries: &[(&str, Value)]) -> Options {
    Chat::of(crate::KIND).having(entries).options()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn password() -> Vec<(&'static str, Value)> {
    vec![("homeserver", text("example.org")), ("user", text("fulmar")), ("password", text("pw"))]
}

/// Without the lines.
fn problems(entries: &[(&str, Value)]) -> Vec<String> {
    let problems = Chat::of(crate::KIND).having(entries).problems();
    problems.iter().map(|problem| problem.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn little_has_to_be_said() {
    let config = read(&mut options(&password())).unwrap();

    assert_eq!(config.store, PathBuf::from("matrix-fulmar-example.org"));
    assert!(config.encryption && config.notice);
    assert_eq!(config.unverified, Unverified::Allow);
    assert!(config.rooms.is_empty());
}

#[test]
fn the_store_is_named_after_user_and_server() {
    for (user, homeserver, expected) in [
        ("fulmar", "https://matrix.example.org/", "matrix-fulmar-matrix.example.org"),
        ("@fulmar:example.org", "https://matrix.example.org", "matrix-fulmar-example.org"),
        ("../../etc", "http://localhost:8008", "matrix-.._.._etc-localhost_8008"),
        ("", "example.org", "matrix-example.org"),
    ] {
        assert_eq!(beside(user, homeserver), PathBuf::from(expected));
    }
}

#[test]
fn a_token_needs_no_user() {
    let entries = [("homeserver", text("example.org")), ("access_token", text("syt_x"))];

    assert!(matches!(read(&mut options(&entries)).unwrap().way, Way::Token(_)));
    let both: Vec<_> = password().into_iter().chain([("access_token", text("syt_x"))]).collect();
    assert_eq!(
        problems(&both),
        ["chats.ops.access_token says who we are: expected no user and no password with it"]
    );
}

#[test]
fn each_mistake_is_told() {
    for (key, value, expected) in [
        (
            "homeserver",
            "http://example.org",
            "chats.ops.homeserver would show the login to the network: expected an https URL",
        ),
        ("homeserver", "ftp://x", "chats.ops.homeserver expected a server or the URL of one, got \"ftp://x\""),
        ("user", "a b", "chats.ops.user expected a name as \"fulmar\" or \"@fulmar:example.org\", got \"a b\""),
        (
            "rooms",
            "ops",
            "chats.ops.rooms expected rooms as \"#ops:example.org\" or \"!x:example.org\", got \"ops\"",
        ),
        ("unverified", "maybe", "chats.ops.unverified expected \"allow\" or \"refuse\", got \"maybe\""),
        (
            "ca_cert",
            "/none.pem",
            "chats.ops.ca_cert cannot read the certificates in /none.pem: No such file or directory (os error 2)",
        ),
    ] {
        let mut entries = password();
        entries.retain(|(there, _)| *there != key);
        entries.push((key, text(value)));

        assert_eq!(problems(&entries), [expected]);
    }
    assert_eq!(
        problems(&[("homeserver", text("example.org"))]),
        ["chats.ops.user missing: expected the name to log in with, and its password; or an access_token"]
    );
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for homeserver in ["http://localhost:8008", "http://127.0.0.1:8008", "http://[::1]:8008"] {
        let mut entries = password();
        entries.retain(|(key, _)| *key != "homeserver");
        entries.push(("homeserver", text(homeserver)));

        assert!(read(&mut options(&entries)).is_some(), "{homeserver}");
    }
}
