//! Text without what IRC clients put around it. Pure.

use crate::casemap::CaseMapping;

/// `text` without colours, formats and other control characters; a tab or a lone carriage return becomes a
/// space.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            COLOUR => rest = after_colour(rest, 2, |c| c.is_ascii_digit()),
            HEX_COLOUR => rest = after_colour(rest, 6, |c| c.is_ascii_hexdigit()),
            '\r' | '\n' | '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Takes a mention of `nick` away from the beginning of `text`: `nick: text`, `nick, text` or `@nick text`.
pub(crate) fn strip_mention<'a>(text: &'a str, nick: &str, casemapping: CaseMapping) -> Option<&'a str> {
    let text = text.trim_start();
    let (at, name) = text.strip_prefix('@').map_or((false, text), |name| (true, name));
    let end = name.find([':', ',', ' ']).unwrap_or(name.len());
    let (name, rest) = name.split_at_checked(end)?;
    let marked = rest.starts_with([':', ',']);
    let follows = rest.strip_prefix([':', ',']).unwrap_or(rest);
    let called =
        casemapping.same(name, nick) && (at || marked) && (follows.is_empty() || follows.starts_with(' '));
    called.then(|| follows.trim_start())
}

/// What a CTCP request asks, as `VERSION`; `None` if `text` is none.
pub(crate) fn ctcp(text: &str) -> Option<&str> {
    let request = text.strip_prefix(CTCP)?;
    Some(request.strip_suffix(CTCP).unwrap_or(request))
}

/// Whether `c` is one of the codes by which mIRC and its successors mark formats.
pub(crate) const fn is_format(c: char) -> bool {
    matches!(c, BOLD | COLOUR | HEX_COLOUR | RESET | MONOSPACE | REVERSE | ITALIC | STRIKETHROUGH | UNDERLINE)
}

/// What stands around a CTCP request.
pub(crate) const CTCP: char = '\u{1}';

/// Bold, until the next of it.
pub(crate) const BOLD: char = '\u{2}';
/// What stands before the number of a colour.
pub(crate) const COLOUR: char = '\u{3}';
const HEX_COLOUR: char = '\u{4}';
/// The end of all formats.
pub(crate) const RESET: char = '\u{f}';
const MONOSPACE: char = '\u{11}';
const REVERSE: char = '\u{16}';
const ITALIC: char = '\u{1d}';
const STRIKETHROUGH: char = '\u{1e}';
const UNDERLINE: char = '\u{1f}';

/// What follows a colour's foreground and background of at most `digits` each.
fn after_colour(text: &str, digits: usize, is_digit: fn(&char) -> bool) -> &str {
    let skip = |text: &str| text.chars().take(digits).take_while(is_digit).count();
    let foreground = skip(text);
    let rest = text.get(foreground..).unwrap_or_default();
    let background = rest.strip_prefix(',').map_or(0, skip);
    if foreground == 0 || background == 0 { rest } else { rest.get(1 + background..).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_taken_out() {
        for (text, expected) in [
            ("\u{2}bold\u{f} \u{1d}it\u{1d}", "bold it"),
            ("\u{3}04,12red\u{3} \u{3}4,x \u{3},5", "red ,x ,5"),
            ("\u{3}123", "3"),
            ("\u{4}ff00FF,00ff00hex", "hex"),
            ("run\rdate\0\u{1b}[2J\ttab", "run date[2J tab"),
            ("żółw 🐢", "żółw 🐢"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_mention_stands_at_the_beginning_and_is_marked() {
        for (text, expected) in [
            ("Fulmar: run date", Some("run date")),
            ("fulmar, run", Some("run")),
            ("@fulmar run", Some("run")),
            ("@FULMAR: run", Some("run")),
            ("fulmar:", Some("")),
            ("fulmar run", None),
            ("fulmars: run", None),
            ("fulmar:run", None),
            ("ask fulmar: run", None),
            ("", None),
        ] {
            assert_eq!(strip_mention(text, "fulmar", CaseMapping::Ascii), expected, "{text:?}");
        }
    }

    #[test]
    fn a_request_stands_between_marks() {
        assert_eq!(ctcp("\u{1}VERSION\u{1}"), Some("VERSION"));
        assert_eq!(ctcp("\u{1}ACTION waves"), Some("ACTION waves"));
        assert_eq!(ctcp("hello\u{1}"), None);
    }
}
