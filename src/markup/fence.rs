//! Fences: where code begins and ends.
//!
//! Both as in Markdown (CommonMark 0.31, section 4.5), where a fence has a line of its own, and as in Slack, where text may
//! follow the first and precede the last.

use super::build::is_language;

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What stands between two fences.
    Code {
        language: &'a str,
        text: &'a str,
    },
    Text(&'a str),
}

/// Cuts `text` at its fences. Those in lists and quotes stay where they are.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest, mut hopeless) = (Vec::new(), text, Vec::new());
    while let Some((before, fence, code)) = next(rest) {
        let (language, code, after) = code_of(fence, code, &mut hopeless);
        pieces.extend([Piece::Text(before), Piece::Code { language, text: code }]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.trim().is_empty()));
    pieces
}

/// What stands before the next fence, the fence, and what follows it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (mut start, mut in_list) = (0, false);
    for line in text.split_inclusive('\n') {
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let mark = words
            .bytes()
            .next()
            .filter(|mark| matches!(mark, b'`' | b'~') && (indent == 0 || !in_list && indent < 4));
        if let Some(mark) = mark {
            let length = words.bytes().take_while(|byte| *byte == mark).count();
            let (fence, info) = words.split_at_checked(length)?;
            // Fences of which the second stands on the same line are marks within the line.
            if length >= 3 && !info.contains(fence) && !(mark == b'`' && info.contains('`')) {
                let (before, after) = (text.get(..start)?, text.get(start + indent + length..)?);
                return Some((before, fence, after));
            }
        }
        let is_blank = words.trim().is_empty();
        in_list = is_item(words) || (in_list && (indent > 0 || is_blank));
        start += line.len();
    }
    None
}

/// Whether a line may begin an item of a list.
fn is_item(words: &str) -> bool {
    let sign = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_sign =
        if sign.len() < words.len() { sign.starts_with(['.', ')']) } else { sign.starts_with(['-', '*', '+']) };
    is_sign && sign.get(1..).is_some_and(|rest| rest.starts_with([' ', '\t']))
}

/// The language, the code, and what follows its last fence. Which fences have no end on a line of its own is kept in
/// `hopeless`, so that it is not looked for again.
fn code_of<'a>(fence: &'a str, text: &'a str, hopeless: &mut Vec<&'a str>) -> (&'a str, &'a str, &'a str) {
    let (info, code) = text.split_once('\n').unwrap_or((text, ""));
    let has_end = !hopeless.iter().any(|known| fence.starts_with(known));
    if has_end && (info.trim().is_empty() || is_language(info.trim())) {
        if let Some((code, after)) = up_to_line(fence, code) {
            return (info.trim(), code, after);
        }
        hopeless.push(fence);
    }
    // Text right after the first fence, or right before the last one.
    let loose = text.split_once(fence).unwrap_or((text, ""));
    let (code, after) = (loose.0, loose.1.trim_start_matches(|c| fence.starts_with(c)));
    let after = after.strip_prefix('\n').unwrap_or(after);
    match code.split_once('\n') {
        Some((info, code)) if info.trim().is_empty() => ("", code, after),
        Some((info, code)) if is_known(info.trim()) => (info.trim(), code, after),
        _ => ("", code, after),
    }
}

/// The code up to a line that is nothing but a fence at least as long.
fn up_to_line<'a>(fence: &str, text: &'a str) -> Option<(&'a str, &'a str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let is_fence = bare.starts_with(fence) && bare.chars().all(|c| fence.starts_with(c));
        if is_fence && line.len() - line.trim_start().len() < 4 {
            return Some((text.get(..start)?, text.get(start + line.len()..)?));
        }
        start += line.len();
    }
    None
}

/// Whether a word after a fence is a language even where the code may begin there.
fn is_known(word: &str) -> bool {
    [
        "bash",
        "console",
        "css",
        "diff",
        "go",
        "html",
        "ini",
        "java",
        "javascript",
        "js",
        "json",
        "log",
        "python",
        "rust",
        "sh",
        "shell",
        "sql",
        "text",
        "toml",
        "xml",
        "yaml",
        "yml",
    ]
    .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<'a>(language: &'a str, text: &'a str) -> Piece<'a> {
        Piece::Code { language, text }
    }

    #[test]
    fn code_stands_between_fences() {
        for (text, expected) in [
            ("a\n```sh\nls\n```\nb", vec![Piece::Text("a\n"), code("sh", "ls\n"), Piece::Text("b")]),
            ("```\none\n````\n", vec![code("", "one\n")]),
            ("~~~\n```\n~~~", vec![code("", "```\n")]),
            ("```\nnever closed\n", vec![code("", "never closed\n")]),
            ("```one\ntwo```", vec![code("", "one\ntwo")]),
            ("```one\ntwo``` three", vec![code("", "one\ntwo"), Piece::Text(" three")]),
            ("```two words\n```", vec![code("", "two words\n")]),
            ("  ```\n  x\n  ```", vec![code("", "  x\n")]),
            ("```json\n{}```", vec![code("json", "{}")]),
            ("```one``` line", vec![Piece::Text("```one``` line")]),
            ("- a\n  ```\n  b\n  ```", vec![Piece::Text("- a\n  ```\n  b\n  ```")]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }
}
