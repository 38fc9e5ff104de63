//! Posts, as lines. Pure.

use fulmar_contract::{Limit, Post, Undelivered, Unit, split};

use crate::{colour, config::Config, support::Support, text};

/// What of a line is not ours to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The greatest length of a line in bytes, line end included.
    pub(crate) line: usize,
    /// The length of `nick!user@host`, which the server puts before the line.
    pub(crate) source: usize,
}

impl Envelope {
    /// The envelope of somebody called `nick`. The host counts as the longest there can be, because a server
    /// may change it at any time without telling us.
    pub(crate) const fn new(nick: &str, support: &Support) -> Self {
        Self { line: support.linelen, source: nick.len() + 1 + LONGEST_USER + 1 + LONGEST_HOST }
    }

    /// How long the text of one line to `target` may be.
    fn limit(&self, verb: &str, target: &str) -> Limit {
        let around = ":".len() + self.source + " ".len() + verb.len() + " ".len() + target.len() + " :\r\n".len();
        Limit { max: self.line.saturating_sub(around).max(1), unit: Unit::Bytes }
    }
}

/// The lines, without their ends, that say `post`.
///
/// A mention is a name and a colon. Whatever the text is, it stays text: control characters are taken out, but for the codes of
/// formats where the gateway has put them, and no line is longer than the server passes on.
pub(crate) fn lines(post: &Post, envelope: &Envelope) -> Result<Vec<String>, Undelivered> {
    let target = post.room.as_str();
    if !is_room_name(target) && !is_nick(target) {
        return Err(Undelivered::Refused { why: format!("{target:?} is neither a room nor a nick") });
    }
    let notice = post.extra.get("notice").and_then(serde_json::Value::as_bool) == Some(true);
    let verb = if notice { "NOTICE" } else { "PRIVMSG" };
    let limit = less(envelope.limit(verb, target), colour::width(post.tone));
    let mention = post.mention.as_ref().map_or_else(String::new, |mention| format!("{}: ", inert(&mention.name)));
    let written = |text: &str, inert: fn(&str) -> String| -> Vec<String> {
        format!("{mention}{text}").split(['\r', '\n']).map(inert).collect()
    };
    // Where a line has to be cut, its marks would go on in the next one.
    let marked = post.marked.as_deref().map(|marked| written(marked, inert_but_formats));
    let marked = marked.filter(|lines| lines.iter().all(|line| limit.admits(line)));
    let parts = marked.unwrap_or_else(|| written(&post.text, inert));
    let lines: Vec<String> = parts
        .iter()
        .flat_map(|part| split(part, limit))
        .map(|part| format!("{verb} {target} :{}", colour::painted(part, post.tone)))
        .collect();
    if lines.is_empty() { Err(Undelivered::Refused { why: "there is no text in it".into() }) } else { Ok(lines) }
}

/// A length in bytes that fits a line to any of the configured rooms, or to a person, whatever host the
/// network gives us and whatever nick we end up with.
pub(crate) fn safe_length(config: &Config) -> usize {
    let target = config.rooms.iter().map(|room| room.name.len()).fold(LONGEST_NICK, usize::max);
    let nick = "x".repeat(config.nick.len() + 4);
    let limit = Envelope::new(&nick, &Support::default()).limit("PRIVMSG", &"x".repeat(target));
    less(limit, if config.colours { colour::WIDEST } else { 0 }).max
}

fn less(limit: Limit, reserve: usize) -> Limit {
    Limit { max: limit.max.saturating_sub(reserve).max(1), ..limit }
}

/// Whether a room can be called `name`, as far as can be told without asking the server.
pub(crate) fn is_room_name(name: &str) -> bool {
    name.len() <= LONGEST_ROOM && name.starts_with(['#', '&', '+', '!']) && name.len() > 1 && is_target(name)
}

/// Whether a person can be called `name`, as far as can be told without asking the server.
pub(crate) fn is_nick(name: &str) -> bool {
    let good_start = name.chars().next().is_some_and(|c| !"#&+!@%~$:".contains(c));
    good_start && name.len() <= LONGEST_ROOM && is_target(name) && !name.contains(['!', '@', '*', '?', '.'])
}

fn is_target(name: &str) -> bool {
    !name.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control())
}

/// `text` without control characters.
fn inert(text: &str) -> String {
    let text = text.replace('\t', " ");
    if text.contains(|c: char| c.is_control()) { text.chars().filter(|c| !c.is_control()).collect() } else { text }
}

/// The same with the codes of formats.
fn inert_but_formats(text: &str) -> String {
    let text = text.replace('\t', " ");
    text.chars().filter(|c| !c.is_control() || text::is_format(*c)).collect()
}

/// The longest user name to configure. RFC 2812 has no limit; servers cut it off there.
pub(crate) const LONGEST_USERNAME: usize = 10;
/// A server may put `~` before the user name.
const LONGEST_USER: usize = LONGEST_USERNAME + 1;
/// RFC 2812, section 2.3.1, has 63; servers in use have one more.
const LONGEST_HOST: usize = 64;
/// The longest that servers in use were found to allow.
const LONGEST_NICK: usize = 32;
/// RFC 2812 has 50; servers allow more.
const LONGEST_ROOM: usize = 200;

#[cfg(test)]
mod tests {
    use fulmar_contract::{Identity, Mention, RoomId, Tone};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn envelope() -> Envelope {
        Envelope::new("fulmar", &Support::default())
    }

    fn said(text: &str) -> Vec<String> {
        lines(&Post::plain(RoomId::new("#ops"), text, "1"), &envelope()).unwrap_or_default()
    }

    #[test]
    fn a_text_is_always_text() {
        for (text, expected) in [
            ("hello", vec!["PRIVMSG #ops :hello"]),
            ("one\r\ntwo\n\nthree\r", vec!["PRIVMSG #ops :one", "PRIVMSG #ops :two", "PRIVMSG #ops :three"]),
            ("x\r\nQUIT :gone", vec!["PRIVMSG #ops :x", "PRIVMSG #ops :QUIT :gone"]),
            ("\u{1}VERSION\u{1}", vec!["PRIVMSG #ops :VERSION"]),
            ("a\0b\u{1b}[2J\u{7f}\u{85}c\td", vec!["PRIVMSG #ops :ab[2Jc d"]),
            ("\u{2}bold\u{f} \u{3}04red", vec!["PRIVMSG #ops :bold 04red"]),
            (":colon", vec!["PRIVMSG #ops ::colon"]),
            (" \r\n\0", vec![]),
        ] {
            assert_eq!(said(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_mention_comes_first_and_a_notice_is_a_notice() {
        let mut post = Post::plain(RoomId::new("ada"), "done", "1");
        post.mention = Some(Mention { identity: Identity::Claimed("ada".into()), name: "ada\r\nQUIT".into() });
        post.extra = json!({"notice": true});

        assert_eq!(lines(&post, &envelope()), Ok(vec!["NOTICE ada :adaQUIT: done".into()]));
    }

    #[test]
    fn marks_are_the_gateways_and_a_line_that_must_be_cut_has_none() {
        let mut post = Post::plain(RoomId::new("#ops"), "a bold word", "1");
        post.marked = Some("a \u{2}bold\u{2} \u{1}word\0".into());
        assert_eq!(lines(&post, &envelope()), Ok(vec!["PRIVMSG #ops :a \u{2}bold\u{2} word".into()]));
        post.tone = Tone::Good;
        let coloured = "PRIVMSG #ops :\u{3}03a \u{2}bold\u{2} word\u{f}";
        assert_eq!(lines(&post, &envelope()), Ok(vec![coloured.into()]));

        post.marked = Some(format!("\u{2}{}\u{2}", "bold ".repeat(100)));
        assert_eq!(lines(&post, &envelope()), Ok(vec!["PRIVMSG #ops :\u{3}03a bold word\u{f}".into()]));
    }

    #[test]
    fn each_line_has_the_colour_of_its_tone() {
        let mut post = Post::plain(RoomId::new("#ops"), "one\ntwo", "1");
        post.tone = Tone::Bad;

        let lines = lines(&post, &envelope()).unwrap();

        assert_eq!(lines, ["PRIVMSG #ops :\u{3}04one\u{f}", "PRIVMSG #ops :\u{3}04two\u{f}"]);
    }

    #[test]
    fn what_could_be_another_target_is_none() {
        for target in ["", "#", "#a,#b", "#a b", "a\r\nQUIT", "#a\u{7}", "$*", "nick!user@host", "irc.example.org"]
        {
            let post = Post::plain(RoomId::new(target), "x", "1");

            assert!(matches!(lines(&post, &envelope()), Err(Undelivered::Refused { .. })), "{target:?}");
        }
    }

    proptest! {
        #[test]
        fn no_coloured_line_is_too_long(text in "([a-z ,]|🐢){0,900}", name in "[a-z]{1,30}") {
            let mut post = Post::plain(RoomId::new("#ops"), text, "1");
            post.mention = Some(Mention { identity: Identity::Claimed(name.clone()), name });
            post.tone = Tone::Warning;

            for line in lines(&post, &envelope()).unwrap() {
                prop_assert!(envelope().source + ": \r\n".len() + line.len() <= 512);
                prop_assert!(line.starts_with("PRIVMSG #ops :\u{3}07") && line.ends_with('\u{f}'), "{:?}", line);
            }
        }

        #[test]
        fn no_line_is_too_long_and_nothing_is_lost(text in "(\\PC|[\\x00-\\x1f \n]|🐢|e\u{301}){0,900}") {
            let lines = said(&text);

            let mut arrived = String::new();
            for line in &lines {
                let passed_on = envelope().source + ": \r\n".len() + line.len();
                prop_assert!(passed_on <= 512, "{} bytes", passed_on);
                prop_assert!(!line.contains(['\r', '\n', '\0', '\x01']), "it is one line of text");
                arrived.push_str(line.strip_prefix("PRIVMSG #ops :").unwrap());
            }
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&arrived), solid(&text.split(['\r', '\n']).map(inert).collect::<String>()));
        }
    }
}
