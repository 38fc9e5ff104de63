//! Text that nothing obeys: neither a terminal nor a network nor another bot, and that alerts nobody.

use std::borrow::Cow;

use super::document::{Line, Look};

/// `text` without control characters, terminal escapes and what reverses the order of letters; its line ends are all line
/// feeds, and its tabs stay.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| acts(c)) {
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
                match c {
                    '\u{2028}' | '\u{2029}' => plain.push('\n'),
                    c if acts(c) => {}
                    c => plain.push(c),
                }
                after
            }
        };
    }
    Cow::Owned(plain)
}

/// `text`, with something invisible before it if another bot could take it for a command.
///
/// What is put there is no white space, which many bots would pass over.
fn guarded<'a>(text: &'a str, triggers: &[String]) -> Cow<'a, str> {
    if is_trigger(text, triggers) { Cow::Owned(format!("{GUARD}{text}")) } else { Cow::Borrowed(text) }
}

/// Whether `text` begins with one of `triggers`, even after white space.
pub(super) fn is_trigger(text: &str, triggers: &[String]) -> bool {
    let words = text.trim_start();
    triggers.iter().any(|trigger| words.starts_with(trigger.trim_start()))
}

/// Whether something in `text` calls everybody.
pub(super) fn calls_all(text: &str) -> bool {
    next_call(text, |_| false).is_some()
}

/// The name of somebody, who is nobody else and no command.
pub fn name(name: &str, triggers: &[String]) -> String {
    let mut name = guarded(&plain(name).replace('\n', " "), triggers).into_owned();
    while let Some(call) = next_call(&name, |_| false) {
        name.insert(call, GUARD);
    }
    name
}

/// Whether `text` ends with something that calls everybody unless the word goes on.
pub(super) fn ends_with_call(text: &str) -> bool {
    let tail = text.len().saturating_sub(LONGEST_CALL);
    let tail = text.get(text.ceil_char_boundary(tail)..).unwrap_or_default();
    tail.rfind('@')
        .and_then(|at| tail.get(at + 1..))
        .is_some_and(|word| EVERYBODY.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Takes from `lines` what calls everybody, unless the look allows it.
pub(super) fn silence(lines: &mut [Line], look: &Look<'_>) {
    if look.calls_all {
        return;
    }
    for line in lines {
        silence_line(line);
        for cell in line.cells.iter_mut().flatten() {
            let mut cell_line = Line { runs: std::mem::take(cell), ..bare_line(line.within.clone()) };
            silence_line(&mut cell_line);
            *cell = cell_line.runs;
        }
    }
}

/// Looks across runs: marks within a word would hide it from us and not from everybody, and those at its end may end it.
fn silence_line(line: &mut Line) {
    if !line.runs.iter().any(|run| run.text.contains(['@', '!'])) {
        return;
    }
    let shown = line.shown();
    let mut ends = Vec::new();
    for run in &line.runs {
        ends.push(ends.last().unwrap_or(&0) + run.text.len());
    }
    let (mut at, mut calls) = (0, Vec::new());
    while let Some(call) =
        next_call(shown.get(at..).unwrap_or_default(), |end| ends.binary_search(&(at + end)).is_ok())
    {
        at += call;
        calls.push(at);
    }
    let (mut calls, mut start) = (calls.into_iter().peekable(), 0);
    for (run, end) in line.runs.iter_mut().zip(ends) {
        let mut text = String::new();
        let mut from = 0;
        while let Some(call) = calls.next_if(|call| *call <= end) {
            text.push_str(run.text.get(from..call - start).unwrap_or_default());
            text.push(GUARD);
            from = call - start;
        }
        if from > 0 {
            text.push_str(run.text.get(from..).unwrap_or_default());
            run.text = text;
        }
        start = end;
    }
}

fn bare_line(within: std::rc::Rc<[super::document::Frame]>) -> Line {
    Line { blanks: 0, within, lead: String::new(), runs: Vec::new(), cells: None }
}

/// Where to put something into the next call of everybody, right after its sign. A word ends where `is_end` says so, too.
fn next_call(text: &str, is_end: impl Fn(usize) -> bool) -> Option<usize> {
    for (at, sign) in text.match_indices(['@', '!']) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let known = match sign {
            "@" => EVERYBODY.as_slice(),
            _ if text.get(..at).is_some_and(|before| before.ends_with('<')) => SLACKS.as_slice(),
            _ => continue,
        };
        let ends = |word: &str| {
            let after = rest.get(word.len()..).and_then(|after| after.chars().next());
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_') || is_end(at + 1 + word.len())
        };
        let is_call = |word: &&str| {
            rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)) && ends(word)
        };
        if known.iter().any(is_call) {
            return Some(at + 1);
        }
    }
    None
}

/// Whether `c` is obeyed rather than shown, or ends a line in its own way.
fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    }
}

/// What follows the rest of a control sequence (ECMA-48, section 5.4), if `text` begins with one.
fn after_sequence(text: &str) -> &str {
    let Some(sequence) = text.strip_prefix('[') else { return text };
    let parameters = sequence.trim_start_matches(|c| matches!(c, '\u{20}'..='\u{3f}'));
    parameters.strip_prefix(|c| matches!(c, '\u{40}'..='\u{7e}')).unwrap_or(text)
}

const ESCAPE: char = '\u{1b}';

/// A zero-width space.
pub(super) const GUARD: char = '\u{200b}';

/// What networks have as the names of everybody, after an `@`.
const EVERYBODY: [&str; 5] = ["all", "channel", "everyone", "here", "room"];

/// The same between `<!` and `>`.
const SLACKS: [&str; 5] = ["channel", "everyone", "group", "here", "subteam"];

/// The length of the longest of these and its sign.
const LONGEST_CALL: usize = "@everyone".len();

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
            ("a\u{202e}b\u{2066}c\u{2029}d", "abc\nd"),
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

    #[test]
    fn whoever_calls_everybody_is_noticed() {
        for text in ["@all", "hey @Here!", "x@everyone.", "(@room)", "<!channel>", "<!here|here>", "@all-hands"] {
            assert!(calls_all(text), "{text}");
        }
        for text in ["@allison", "all", "<!DOCTYPE html>", "@ here", "!here", "@everyone_else", "@allé"] {
            assert!(!calls_all(text), "{text}");
        }
        assert!(ends_with_call("see @all") && ends_with_call("@EVERYONE") && !ends_with_call("@al"));
    }
}
