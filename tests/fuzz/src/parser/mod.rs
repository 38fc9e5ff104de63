//! The parsers, and what must hold of each whatever it is given. A broken law is a panic.

mod command;
mod config;
mod event;
mod format;
mod help;
mod irc;
mod journal;
mod markup;
#[cfg(feature = "matrix")]
mod matrix;
mod post;
mod request;
mod result;
mod retry;
mod room;
mod session;
mod sse;
mod telegram;
mod template;
mod webhook;
mod wire;
mod xmpp;

/// One parser, or several that read the same.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of the folder with its corpus.
    pub name: &'static str,
    /// The words of its grammar: TOML, of the folder `words`.
    pub words: &'static str,
    /// The longest input that is tried, in bytes.
    pub longest: usize,
    /// Reads one input; panics if that breaks a law.
    pub run: fn(&[u8]),
}

/// All of them.
pub const ALL: &[Target] = &[
    command::TARGET,
    config::TARGET,
    event::TARGET,
    format::TARGET,
    help::TARGET,
    irc::TARGET,
    journal::TARGET,
    markup::TARGET,
    #[cfg(feature = "matrix")]
    matrix::TARGET,
    post::TARGET,
    request::TARGET,
    result::TARGET,
    retry::TARGET,
    room::TARGET,
    sse::TARGET,
    telegram::TARGET,
    template::TARGET,
    webhook::TARGET,
    wire::TARGET,
    xmpp::TARGET,
];

fn text(input: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// The first line and what follows it.
fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
