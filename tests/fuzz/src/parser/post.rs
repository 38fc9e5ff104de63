//! Any text as a post: what goes over the wire says it, and does nothing.

use super::{
    Target, first_line,
    irc::{self, lines},
    session::posts,
    telegram::{self, texts},
    text,
    xmpp::{self, bodies, is_only_text},
};

pub(super) const TARGET: Target =
    Target { name: "post", words: include_str!("../../words/post.toml"), longest: 1 << 15, run };

/// The first line is the room, or whom to name in ours; the rest is the text. Its length says on which network.
fn run(input: &[u8]) {
    let text = text(input);
    let (first, rest) = first_line(&text);
    match input.len() % 3 {
        0 => on_irc(first, rest),
        1 => on_telegram(first, rest),
        _ => on_xmpp(first, rest),
    }
}

/// Lines that pass on whole, and no command.
fn on_irc(first: &str, rest: &str) {
    let written = irc::session(irc::WELCOME.as_bytes(), posts(first, rest, "#ops")).written;
    lines(&written, 512);
    let text = String::from_utf8_lossy(&written);
    let quits = text.lines().filter(|line| line.starts_with("QUIT")).count();
    assert_eq!(quits, 0, "a text never is a command: {text:?}");
}

/// HTML that shows the text and nothing else, if it is any.
fn on_telegram(first: &str, rest: &str) {
    let kept = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    for shown in texts(&telegram::session(&[], true, posts(first, rest, "-1001")).written) {
        assert!(is_only_text(&shown) && kept(&shown).ends_with(&kept(rest)), "{shown:?} is not {rest:?}");
    }
}

/// XML in which nothing but the text is said.
fn on_xmpp(first: &str, rest: &str) {
    let written = xmpp::session(xmpp::WELCOME.as_bytes(), posts(first, rest, xmpp::ROOM)).written;
    let is_kept = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let kept = |text: &str| text.chars().filter(is_kept).collect::<String>();
    for body in bodies(&written) {
        assert!(is_only_text(&body) && kept(&body).ends_with(&kept(rest)), "{body:?} is not {rest:?}");
    }
}
