//! What Python's `str` does to words, lines and letters.

use super::fault::Outcome;
use super::python::is_space;
use super::scope::spend_text;

/// First letter large, the others small.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + chars.as_str().to_lowercase().as_str()
}

/// `str.title`: a letter that follows no letter is large.
pub(crate) fn title(text: &str) -> String {
    let mut inside = false;
    let mut out = String::new();
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    out
}

/// The letter in the other case.
pub(crate) fn swap_case(c: char) -> Vec<char> {
    if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
}

/// `str.islower`.
pub(crate) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}

/// `str.isupper`.
pub(crate) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

/// `str.isidentifier`.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Takes `chars` (white space when `None`) off the ends.
pub(crate) fn strip<'a>(text: &'a str, chars: Option<&str>, left: bool, right: bool) -> &'a str {
    let drop = |c: char| chars.map_or_else(|| is_space(c), |chars| chars.contains(c));
    let text = if left { text.trim_start_matches(drop) } else { text };
    if right { text.trim_end_matches(drop) } else { text }
}

/// `split(separator, limit)` from either end.
pub(crate) fn split<'a>(text: &'a str, separator: &str, limit: usize, from_end: bool) -> Vec<&'a str> {
    if from_end {
        let mut parts: Vec<&str> = text.rsplitn(limit.saturating_add(1), separator).collect();
        parts.reverse();
        return parts;
    }
    text.splitn(limit.saturating_add(1), separator).collect()
}

/// `split(None, limit)`: at runs of white space.
pub(crate) fn split_space(text: &str, limit: usize, from_end: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_matches(is_space);
    while !rest.is_empty() {
        let at = if from_end { rest.rfind(is_space) } else { rest.find(is_space) };
        let Some(at) = at.filter(|_| parts.len() < limit) else {
            parts.push(rest);
            break;
        };
        let (left, right) = rest.split_at(at);
        let (part, remaining) = if from_end { (right, left) } else { (left, right) };
        parts.push(part.trim_matches(is_space));
        rest = remaining.trim_matches(is_space);
    }
    let untouched = text.len()
        - if from_end { text.trim_end_matches(is_space) } else { text.trim_start_matches(is_space) }.len();
    if from_end {
        parts.reverse();
    }
    keep_far_space(&mut parts, text, limit, from_end, untouched);
    parts
}

/// What a limit leaves uncut keeps the white space at its far end.
fn keep_far_space<'a>(parts: &mut [&'a str], text: &'a str, limit: usize, from_end: bool, near: usize) {
    if parts.len() <= limit || limit == usize::MAX {
        return;
    }
    let end = if from_end { parts.first_mut() } else { parts.last_mut() };
    let Some(last) = end else { return };
    if from_end {
        let stop = text.len() - near;
        let head = text.get(..stop).unwrap_or_default();
        if let Some(at) = head.find(*last) {
            *last = head.get(..at + last.len()).unwrap_or(last);
        }
    } else if let Some(at) = text.rfind(*last) {
        *last = text.get(at..).unwrap_or(last);
    }
}

/// `splitlines`: at every line boundary that Python knows.
pub(crate) fn split_lines(text: &str, keep: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}' | '\u{1d}' | '\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    while let Some(at) = rest.find(ends) {
        let (line, mark) = rest.split_at(at);
        let length = if mark.starts_with("\r\n") { 2 } else { mark.chars().next().map_or(0, char::len_utf8) };
        lines.push(if keep { rest.get(..at + length).unwrap_or(line) } else { line });
        rest = mark.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// `replace(old, new, count)`, paid for before it is made.
pub(crate) fn replace(text: &str, old: &str, new: &str, count: Option<usize>) -> Outcome<String> {
    let count = count.unwrap_or(usize::MAX);
    let found = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    spend_text(text.len().saturating_add(found.min(count).saturating_mul(new.len())))?;
    Ok(text.replacen(old, new, count))
}

/// `center`: an odd space goes left when the width is odd.
pub(crate) fn center(text: &str, width: usize, fill: char) -> String {
    let length = text.chars().count();
    let missing = width.saturating_sub(length);
    let left = missing / 2 + (missing & width & 1);
    let fill_times = |times: usize| std::iter::repeat_n(fill, times).collect::<String>();
    format!("{}{text}{}", fill_times(left), fill_times(missing - left))
}

/// `expandtabs`.
pub(crate) fn expand_tabs(text: &str, size: i64) -> String {
    let size = usize::try_from(size).unwrap_or(0).min(1000);
    let mut column = 0;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\t' => {
                let width = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}
