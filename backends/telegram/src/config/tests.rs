//! Tables, good and bad.

use fulmar_conformance::Chat;
use fulmar_contract::{Item, Value};

use super::*;

const TOKEN: &str = "123456789:AbC_d-e";

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
    let mut options = options(&[("token", text(TOKEN))]);

    let config = read(&mut options).unwrap();

    assert!(options.finish().is_empty());
    assert_eq!((config.api.as_str(), config.direct), ("https://api.telegram.org/", false));
    assert_eq!(config.pace, Pace { rate: 1, burst: 3, group: 20, total: 30 });
    assert!(matches!(config.mode, Mode::Polling) && config.rooms.is_empty());
}

#[test]
fn rooms_are_numbers_or_texts() {
    let items = [Value::Integer(-1001), text("-1001/42"), text("7")];
    let items = items.into_iter().map(|value| Item { value, line: 3 }).collect();

    let config = read(&mut options(&[("token", text(TOKEN)), ("rooms", Value::List(items))])).unwrap();

    let rooms: Vec<String> = config.rooms.iter().map(ToString::to_string).collect();
    assert_eq!(rooms, ["-1001", "-1001/42", "7"]);
    let one = read(&mut options(&[("token", text(TOKEN)), ("rooms", Value::Integer(-1001))])).unwrap();
    assert_eq!(one.rooms, [Place::whole(-1001)]);
}

#[test]
fn a_webhook_can_have_a_secret() {
    let entries = [("token", text(TOKEN)), ("mode", text("webhook")), ("secret", text("x_-9"))];

    let Mode::Webhook(Some(secret)) = read(&mut options(&entries)).unwrap().mode else { panic!("no secret") };

    assert_eq!(secret.reveal(), "x_-9");
}

#[test]
fn mistakes_are_told_with_their_line_and_without_the_token() {
    assert_eq!(problems(&[]), ["1 chats.ops.token missing: expected the token that BotFather gave"]);
    assert_eq!(
        problems(&[("token", text("hunter2/../x"))]),
        ["2 chats.ops.token expected a token as BotFather gives it, 123456789:AbC..."]
    );
    assert_eq!(
        problems(&[("token", text(TOKEN)), ("api_url", text("api.telegram.org"))]),
        ["3 chats.ops.api_url expected an address as \"https://api.telegram.org\", got \"api.telegram.org\""]
    );
    assert_eq!(
        problems(&[("token", text(TOKEN)), ("secret", text("a b"))]),
        [
            "3 chats.ops.secret expected 1 to 256 letters, digits, _ and -",
            "3 chats.ops.secret is of use only with mode = \"webhook\""
        ]
    );
    assert_eq!(
        problems(&[("token", text(TOKEN)), ("rooms", text("#ops"))]),
        [
            "3 chats.ops.rooms expected ids of chats as -1001234567890, or of topics as \"-1001234567890/42\", got \"#ops\""
        ]
    );
}
