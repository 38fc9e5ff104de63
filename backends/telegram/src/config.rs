//! The chat's table of configuration.

use std::sync::Arc;

use fulmar_contract::{Backend, Options, Secret, Value};
use reqwest::Url;

use crate::{Telegram, place::Place};

/// Everything an operator can say about a Telegram chat.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The bot's token, as BotFather gave it.
    pub(crate) token: Secret,
    /// Where the Bot API is.
    pub(crate) api: Url,
    pub(crate) mode: Mode,
    /// Where people are heard.
    pub(crate) rooms: Vec<Place>,
    /// Whether everybody is heard in private.
    pub(crate) direct: bool,
    pub(crate) pace: Pace,
}

/// How updates come.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// We ask for them.
    Polling,
    /// They are posted to us, with this secret or one made up for each life.
    Webhook(Option<Secret>),
}

/// How fast we may write. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Messages a second to one chat, in the long run.
    pub(crate) rate: u32,
    /// Messages that may go to one chat at once.
    pub(crate) burst: u32,
    /// Messages a minute to one group.
    pub(crate) group: u32,
    /// Messages a second to all chats.
    pub(crate) total: u32,
}

/// Reads a chat.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    read(options).map(|config| Arc::new(Telegram::new(config)) as Arc<dyn Backend>)
}

/// Reads a chat's keys, noting every problem.
pub(crate) fn read(options: &mut Options) -> Option<Config> {
    let config = Config {
        token: token(options),
        api: api(options)?,
        mode: mode(options),
        rooms: rooms(options),
        direct: options.flag("direct", false),
        pace: Pace {
            rate: number(options, "rate", 1),
            burst: number(options, "burst", 3).max(1),
            group: number(options, "group_rate", 20),
            total: number(options, "total_rate", 30),
        },
    };
    options.is_good().then_some(config)
}

fn token(options: &mut Options) -> Secret {
    let line = options.line_of("token");
    let was_good = options.is_good();
    let Some(token) = options.secret("token") else {
        if was_good && options.is_good() {
            options.missing("token", "the token that BotFather gave");
        }
        return Secret::new("");
    };
    // It is not shown.
    if !is_token(token.reveal()) {
        options.complain(line, "token", "expected a token as BotFather gives it, 123456789:AbC...");
    }
    token
}

/// It becomes part of a path.
fn is_token(token: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    token.split_once(':').is_some_and(|(id, key)| {
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        is_id && !key.is_empty() && key.chars().all(is_word)
    })
}

fn api(options: &mut Options) -> Option<Url> {
    let line = options.line_of("api_url");
    let text = options.text("api_url").unwrap_or_else(|| "https://api.telegram.org".into());
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        options.complain(
            line,
            "api_url",
            format!("expected an address as \"https://api.telegram.org\", got \"{text}\""),
        );
    }
    url
}

fn mode(options: &mut Options) -> Mode {
    let line = options.line_of("secret");
    let is_called = options.word("mode", false, &[("polling", false), ("webhook", true)]);
    let secret = options.secret("secret");
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_good = |secret: &str| (1..=256).contains(&secret.len()) && secret.chars().all(is_word);
    if secret.as_ref().is_some_and(|secret| !is_good(secret.reveal())) {
        options.complain(line, "secret", "expected 1 to 256 letters, digits, _ and -");
    }
    match (is_called, secret) {
        (true, secret) => Mode::Webhook(secret),
        (false, None) => Mode::Polling,
        (false, Some(_)) => {
            options.complain(line, "secret", "is of use only with mode = \"webhook\"");
            Mode::Polling
        }
    }
}

fn rooms(options: &mut Options) -> Vec<Place> {
    let Some(list) = options.take("rooms") else { return Vec::new() };
    let items = match list.value {
        Value::List(items) => items,
        _ => vec![list],
    };
    let mut rooms = Vec::new();
    for item in items {
        let text = match item.value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            _ => String::new(),
        };
        match Place::read(&text) {
            Some(place) => rooms.push(place),
            None => {
                let expected = "expected ids of chats as -1001234567890, or of topics as \"-1001234567890/42\"";
                options.complain(item.line, "rooms", format!("{expected}, got \"{text}\""));
            }
        }
    }
    rooms
}

fn number(options: &mut Options, key: &str, default: u32) -> u32 {
    options.number(key, 0, 1000).and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests;
