//! Any text as a post on IRC: lines that pass on whole, and no protocol.

use fulmar_contract::{Identity, Mention, Post, RoomId, Tone};

use super::{
    Target, first_line,
    irc::{Session, WELCOME, lines, session},
    text,
};

pub(super) const TARGET: Target =
    Target { name: "post", words: include_str!("../../words/post.toml"), longest: 1 << 15, run };

/// The first line is the room, or whom to name in ours; the rest is the text.
fn run(input: &[u8]) {
    let text = text(input);
    let (first, rest) = first_line(&text);
    let mut post = Post::plain(RoomId::new(first), rest, "1");
    let mut named = Post::plain(RoomId::new("#ops"), rest, "2");
    named.mention =
        Some(Mention { identity: Identity::Claimed(first.into()), name: first.chars().take(40).collect() });
    (post.tone, named.tone) = (Tone::Bad, Tone::Good);
    let Session { written, .. } = session(WELCOME.as_bytes(), vec![post, named]);
    lines(&written, 512);
    let text = String::from_utf8_lossy(&written);
    let quits = text.lines().filter(|line| line.starts_with("QUIT")).count();
    assert_eq!(quits, 0, "a text never is a command: {text:?}");
}
