//! Text as XMPP has it. Pure.

use std::borrow::Cow;

/// `text` without what XML cannot hold (XML 1.0, section 2.2) or what could control somebody's terminal: of the control
/// characters, only line ends and tabs are left.
pub(crate) fn inert(text: &str) -> String {
    let is_forbidden = |c: &char| match c {
        '\n' | '\t' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    };
    let text = if text.contains('\r') { Cow::Owned(line_ends(text)) } else { Cow::Borrowed(text) };
    text.chars().filter(|c| !is_forbidden(c)).collect()
}

fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What follows one of `names` at the beginning of `text`, if that is how somebody is addressed: `name: text` or
/// `name, text`, in any case.
pub(crate) fn strip_mention<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let text = text.trim_start();
    let text = text.strip_prefix('@').unwrap_or(text);
    names.iter().filter(|name| !name.is_empty()).find_map(|name| {
        let start = text.get(..name.len())?;
        let rest = text.get(name.len()..)?.strip_prefix([':', ','])?;
        let is_apart = rest.is_empty() || rest.starts_with(char::is_whitespace);
        (start.to_lowercase() == name.to_lowercase() && is_apart).then(|| rest.trim_start())
    })
}

/// `text` without the characters from `start` to `end`, which are counted as Unicode scalar values (XEP-0426).
pub(crate) fn without(text: &str, start: usize, end: usize) -> String {
    text.chars().take(start).chain(text.chars().skip(end.max(start))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mention_stands_first_and_apart() {
        for (text, rest) in [
            ("Fulmar: run date", Some("run date")),
            ("  fulmar, run date", Some("run date")),
            ("@fulmar: run", Some("run")),
            ("fulmar_: run", Some("run")),
            ("fulmar:", Some("")),
            ("fulmar run", None),
            ("fulmar:run", None),
            ("ask fulmar: run", None),
            ("fulmarine: run", None),
            ("", None),
        ] {
            assert_eq!(strip_mention(text, &["fulmar_", "fulmar", ""]), rest, "{text:?}");
        }
    }

    #[test]
    fn a_part_is_cut_out_by_characters() {
        assert_eq!(without("> żółw\nrun", 0, 7), "run");
        assert_eq!(without("run", 2, 1), "run");
        assert_eq!(without("run", 1, 99), "r");
        assert_eq!(without("run", 9, 99), "run");
    }

    #[test]
    fn what_xml_cannot_hold_is_taken_out() {
        assert_eq!(inert("a\0b\u{1b}[2J\r\nc\rd\te\u{fffe}\u{ffff}\u{7f}\u{9b}"), "ab[2J\nc\nd\te");
    }

    proptest! {
        #[test]
        fn nothing_but_text_is_left(text: String) {
            let left = inert(&text);
            prop_assert!(!left.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
            prop_assert_eq!(inert(&left), left);
        }

        #[test]
        fn cutting_never_panics(text: String, start: usize, end: usize) {
            prop_assert!(without(&text, start, end).len() <= text.len());
            prop_assert!(strip_mention(&text, &[&text, "ß", "İ"]).is_none_or(|rest| rest.len() < text.len()));
        }
    }
}
