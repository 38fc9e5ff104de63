//! `wordwrap`: Python's `textwrap`, line by line.

use super::Call;
use crate::render::fault::{Outcome, value_error};
use crate::render::python::{is_space, string};
use crate::render::text::split_lines;

struct Wrap {
    width: usize,
    break_long: bool,
    break_hyphens: bool,
}

pub(super) fn wordwrap(call: &mut Call<'_, '_, '_>) -> Outcome {
    let names = ["width", "break_long_words", "wrapstring", "break_on_hyphens"];
    let [width, long, joint, hyphens] = call.args.bind(call.name, names)?;
    let width = width.map_or(Ok(79), |width| call.args.whole(&width))?;
    let width = usize::try_from(width).ok().filter(|width| *width > 0);
    let wrap = Wrap {
        width: width.ok_or_else(|| value_error("invalid width (must be > 0)"))?,
        break_long: long.is_none_or(|long| long.is_true()),
        break_hyphens: hyphens.is_none_or(|hyphens| hyphens.is_true()),
    };
    let joint =
        joint.filter(|joint| !joint.is_none()).map_or(Ok("\n".to_owned()), |joint| call.args.text(&joint))?;
    let Some(source) = call.value.as_str() else { return Err(call.lacks("splitlines")) };
    let lines: Vec<String> =
        split_lines(source, false).into_iter().map(|line| wrap.line(line).join(&joint)).collect();
    string(lines.join(&joint))
}

impl Wrap {
    fn line(&self, line: &str) -> Vec<String> {
        let chars: Vec<char> = line.chars().collect();
        let mut chunks = self.chunks(&chars);
        chunks.reverse();
        let mut lines: Vec<String> = Vec::new();
        while !chunks.is_empty() {
            let blank = |chunk: &&[char]| chunk.iter().all(|c| is_space(*c));
            if !lines.is_empty() && chunks.last().is_some_and(blank) {
                chunks.pop();
            }
            let mut current: Vec<&[char]> = Vec::new();
            let mut length = 0;
            while let Some(chunk) = chunks.pop_if(|chunk| length + chunk.len() <= self.width) {
                length += chunk.len();
                current.push(chunk);
            }
            if let Some(chunk) = chunks.pop_if(|chunk| chunk.len() > self.width) {
                self.break_chunk(chunk, &mut current, length, &mut chunks);
            }
            if current.last().is_some_and(blank) {
                current.pop();
            }
            if !current.is_empty() {
                lines.push(current.concat().into_iter().collect());
            }
        }
        lines
    }

    /// Puts as much of a chunk that fits no line into this one as may go.
    fn break_chunk<'a>(
        &self,
        chunk: &'a [char],
        current: &mut Vec<&'a [char]>,
        length: usize,
        chunks: &mut Vec<&'a [char]>,
    ) {
        let space = self.width.saturating_sub(length).max(usize::from(self.width < 1));
        if !self.break_long {
            if current.is_empty() {
                current.push(chunk);
            } else {
                chunks.push(chunk);
            }
            return;
        }
        let mut end = space;
        if self.break_hyphens && chunk.len() > space {
            let head = chunk.get(..space).unwrap_or_default();
            let hyphen = head.iter().rposition(|c| *c == '-');
            if let Some(at) = hyphen.filter(|at| *at > 0 && head.iter().take(*at).any(|c| *c != '-')) {
                end = at + 1;
            }
        }
        let (head, rest) = chunk.split_at(end.min(chunk.len()));
        current.push(head);
        chunks.push(rest);
    }

    /// Words, runs of white space, and parts of words that end with a hyphen.
    fn chunks<'a>(&self, line: &'a [char]) -> Vec<&'a [char]> {
        let mut chunks = Vec::new();
        let is_blank = |c: &char| "\t\n\u{b}\u{c}\r ".contains(*c);
        for run in line.chunk_by(|a, b| is_blank(a) == is_blank(b)) {
            if self.break_hyphens && !run.first().is_some_and(is_blank) {
                chunks.extend(hyphenated(run));
            } else {
                chunks.push(run);
            }
        }
        chunks
    }
}

/// Cuts a word behind hyphens between letters, and around dashes.
fn hyphenated(word: &[char]) -> Vec<&[char]> {
    let letter = |at: Option<&char>| at.is_some_and(|c| c.is_alphabetic() || *c == '_');
    let wordy = |c: &char| c.is_alphanumeric() || "_!\"'&.,?".contains(*c);
    let part = |from: usize, to: usize| word.get(from..to).unwrap_or_default();
    let mut parts: Vec<&[char]> = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(c) = word.get(at) {
        if *c == '-' && part(from, at).last().is_some_and(wordy) {
            let dashes = word.iter().skip(at).take_while(|c| **c == '-').count();
            if dashes >= 2 && word.get(at + dashes).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                parts.extend([part(from, at), part(at, at + dashes)]);
                at += dashes;
                from = at;
                continue;
            }
        }
        at += 1;
        let before = match part(from, at) {
            [.., third, second, _] => letter(Some(second)) && (letter(Some(third)) || *third == '-'),
            _ => false,
        };
        let after = letter(word.get(at)) && (letter(word.get(at + 1)) || word.get(at + 1) == Some(&'-'));
        if *c == '-' && before && after {
            parts.push(part(from, at));
            from = at;
        }
    }
    if from < word.len() {
        parts.push(part(from, word.len()));
    }
    parts
}
