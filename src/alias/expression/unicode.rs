//! Python's notion of spaces, digits, words, names and case.

use std::sync::LazyLock;

use fancy_regex::Regex;

use super::node::Fold;

/// Whether `\s` matches `c`: Python counts the four separators of ASCII too.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Whether `\d` matches `c`.
pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { holds(&DIGIT, c.encode_utf8(&mut [0; 4])) }
}

/// Whether `\w` matches `c`: a letter, a number or `_`, but no combining mark.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { holds(&WORD, c.encode_utf8(&mut [0; 4])) }
}

/// Whether `name` can name a group.
pub(super) fn is_identifier(name: &str) -> bool {
    holds(&IDENTIFIER, name)
}

/// Whether `a` and the code point `b` are the same letter.
pub(super) fn same(a: char, b: u32, fold: Fold) -> bool {
    if u32::from(a) == b {
        return true;
    }
    let Some(b) = char::from_u32(b) else { return false };
    match fold {
        Fold::None => false,
        _ if a.is_ascii() && b.is_ascii() => a.eq_ignore_ascii_case(&b),
        Fold::Ascii => false,
        Fold::Unicode => {
            let (a, b) = (lower(a), lower(b));
            a == b || a.to_uppercase().eq(b.to_uppercase())
        }
    }
}

/// The single lower-case letter of `c`.
pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\p{Nd}\z").ok());
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}_]\z").ok());
static IDENTIFIER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\A[\p{XID_Start}_]\p{XID_Continue}*\z").ok());

fn holds(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text).unwrap_or(false))
}
