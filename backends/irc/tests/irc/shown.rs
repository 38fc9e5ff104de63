//! What a client shows of a line.

use fulmar_conformance::Seen;

/// A line as it is shown: control characters are not, but some mark what follows.
pub(crate) fn shown(line: &str) -> Seen {
    let mut seen = Seen::default();
    let mut is_bold = false;
    for piece in line.split_inclusive([BOLD, RESET]) {
        let text: String = piece.chars().filter(|c| !c.is_control()).collect();
        if is_bold && !text.is_empty() {
            seen.bold.push(text.clone());
        }
        seen.text.push_str(&text);
        is_bold = piece.ends_with(BOLD) && !is_bold;
    }
    seen
}

const BOLD: char = '\u{2}';
const RESET: char = '\u{f}';
