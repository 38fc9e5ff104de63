//! Text that nothing obeys: neither a terminal nor a network nor another bot. Pure.

use std::borrow::Cow;

/// `text` without control characters and terminal escapes; its line ends are all line feeds, and its tabs stay.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c.is_control() && !is_kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\r' => {
                plain.push('\n');
                after.strip_prefix('\n').unwrap_or(after)
            }
            ESCAPE => after_sequence(after),
            c => {
                if is_kept(c) || !c.is_control() {
                    plain.push(c);
                }
                after
            }
        };
    }
    Cow::Owned(plain)
}

/// `text`, with something invisible before it if another bot could take it for a command: if it begins with one of
/// `prefixes`, even after white space.
///
/// What is put there is no white space, which many bots would pass over.
pub(super) fn guarded<'a>(text: &'a str, prefixes: &[String]) -> Cow<'a, str> {
    let words = text.trim_start();
    if prefixes.iter().any(|prefix| words.starts_with(prefix.trim_start())) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

const fn is_kept(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

/// What follows the rest of a control sequence (ECMA-48, section 5.4), if `text` begins with one.
fn after_sequence(text: &str) -> &str {
    let Some(sequence) = text.strip_prefix('[') else { return text };
    let parameters = sequence.trim_start_matches(|c| matches!(c, '\u{20}'..='\u{3f}'));
    parameters.strip_prefix(|c| matches!(c, '\u{40}'..='\u{7e}')).unwrap_or(text)
}

const ESCAPE: char = '\u{1b}';

/// A zero-width space.
const GUARD: char = '\u{200b}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_acts() {
        for (text, expected) in [
            ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
            ("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J\u{1b}[?25lend", "red end"),
            ("\u{1b}]0;title\u{7} \u{1b}[", "]0;title ["),
            ("\u{1b}[31żółw", "[31żółw"),
            ("\u{3}04red\u{f} \u{2}bold\u{2} \u{1}ACTION\u{1} \0\u{9b}\u{7f}", "04red bold ACTION "),
            ("👨\u{200d}👩 żółw", "👨\u{200d}👩 żółw"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_command_of_another_bot_is_none() {
        let prefixes = ["!".to_owned(), "bot, ".to_owned()];
        for (text, expected) in [
            ("!run date", "\u{200b}!run date"),
            ("  !run", "\u{200b}  !run"),
            ("bot, run", "\u{200b}bot, run"),
            ("bother, !run", "bother, !run"),
            ("", ""),
        ] {
            assert_eq!(guarded(text, &prefixes), expected, "{text:?}");
        }
        assert_eq!(guarded("!x", &[]), "!x");
    }
}
