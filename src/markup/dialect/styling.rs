//! Typed marks (XEP-0393): they are text, so text that would be taken for marks must not be.

use crate::markup::{
    document::{Block, Frame, Marks, Run},
    inert::GUARD,
    page::{Slice, State, between, quotes},
};

pub(in crate::markup) fn push(out: &mut String, state: &mut State, slice: Slice<'_>, guard: bool) {
    let code = slice.line.code();
    let same = |open: &Frame| code.is_some_and(|code| code.id == open.id);
    let goes_on = fence(&state.within).is_some_and(same);
    if !goes_on {
        close(out, state);
    }
    between(out, state, slice);
    if let Some(Frame { block: Block::Code(language), .. }) = code.filter(|_| !goes_on) {
        quotes(out, slice.line);
        out.push_str(FENCE);
        out.push_str(language.as_deref().unwrap_or_default());
        out.push('\n');
    }
    quotes(out, slice.line);
    if code.is_some() {
        let at = out.len();
        slice.runs().for_each(|(text, _)| out.push_str(text));
        if out.get(at..).is_some_and(|line| line.starts_with(FENCE)) {
            out.insert(at, APART);
        }
    } else {
        let mut line = Marked::default();
        if guard {
            line.text.push(GUARD);
        }
        line.text.push_str(slice.lead());
        let runs: Vec<(&str, &Run)> = slice.runs().collect();
        line.runs(&runs);
        line.write(out);
    }
    state.within.clone_from(&slice.line.within);
}

/// Ends the code that is open.
pub(in crate::markup) fn close(out: &mut String, state: &State) {
    if fence(&state.within).is_some() {
        out.push('\n');
        let depth = state.within.iter().filter(|frame| frame.block == Block::Quote).count();
        (0..depth).for_each(|_| out.push_str("> "));
        out.push_str(FENCE);
    }
}

fn fence(within: &[Frame]) -> Option<&Frame> {
    within.last().filter(|frame| matches!(frame.block, Block::Code(_)))
}

/// A line with its marks.
#[derive(Default)]
struct Marked {
    text: String,
    /// Where our own signs stand, in order.
    own: Vec<usize>,
}

impl Marked {
    fn runs(&mut self, runs: &[(&str, &Run)]) {
        // With each mark, whether its sign was really written.
        let mut open: Vec<(Marks, bool)> = Vec::new();
        for (number, (text, run)) in runs.iter().enumerate() {
            while open.iter().any(|(mark, _)| !run.marks.has(*mark)) {
                self.end(open.pop());
            }
            for mark in Marks::ALL.into_iter().filter(|mark| run.marks.has(*mark)) {
                if !open.iter().any(|(other, _)| *other == mark) {
                    let is_real = self.may_begin() && is_good(runs.get(number..).unwrap_or_default(), mark);
                    if is_real {
                        self.sign(mark);
                    }
                    open.push((mark, is_real));
                }
            }
            self.text.push_str(text);
        }
        while let Some(last) = open.pop() {
            self.end(Some(last));
        }
    }

    /// Whether a mark can begin at the end of the text so far: after nothing, white space, or another sign.
    fn may_begin(&self) -> bool {
        let after_sign = self.text.len().checked_sub(1).is_some_and(|last| self.own.last() == Some(&last));
        after_sign || self.text.chars().next_back().is_none_or(char::is_whitespace)
    }

    fn end(&mut self, mark: Option<(Marks, bool)>) {
        if let Some((mark, true)) = mark {
            self.sign(mark);
        }
    }

    fn sign(&mut self, mark: Marks) {
        self.own.push(self.text.len());
        self.text.push(sign_of(mark));
    }

    /// Writes the line; before what would be taken for a sign stands something that keeps it from being one.
    fn write(&self, out: &mut String) {
        let starts = [FENCE, ">"].iter().any(|start| self.text.starts_with(start));
        if starts && self.own.first() != Some(&0) {
            out.push(APART);
        }
        if self.own.len() == self.text.matches(SIGNS).count() {
            return out.push_str(&self.text);
        }
        let (mut own, mut begins, mut in_code) = (self.own.iter().peekable(), true, false);
        let ends = self.ends();
        for (at, c) in self.text.char_indices() {
            let is_own = own.next_if_eq(&&at).is_some();
            in_code ^= is_own && c == '`';
            if !is_own && !in_code && begins && self.is_sign(at, c, ends) {
                out.push(APART);
                begins = false;
            }
            out.push(c);
            begins = c.is_whitespace() || is_own || (begins && SIGNS.contains(&c));
        }
    }

    /// The last place of each sign where it could be an end.
    fn ends(&self) -> [usize; 4] {
        let mut ends = [0; 4];
        let mut before = ' ';
        for (at, c) in self.text.char_indices() {
            let sign = SIGNS.iter().position(|sign| *sign == c).filter(|_| !before.is_whitespace());
            if let Some(end) = sign.and_then(|sign| ends.get_mut(sign)) {
                *end = at;
            }
            before = c;
        }
        ends
    }

    /// Whether `c` would begin something that ends later.
    fn is_sign(&self, at: usize, c: char, ends: [usize; 4]) -> bool {
        let end = SIGNS.iter().zip(ends).find(|(sign, _)| **sign == c).map(|(_, end)| end);
        let next = self.text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        end.is_some_and(|end| end > at + 1) && next.is_some_and(|next| !next.is_whitespace())
    }
}

/// Whether what has `mark` from the first of `runs` on can be marked: it has no white space at its ends and not its sign in it.
fn is_good(runs: &[(&str, &Run)], mark: Marks) -> bool {
    let text: String = runs.iter().take_while(|(_, run)| run.marks.has(mark)).map(|(text, _)| *text).collect();
    !text.is_empty() && text.trim().len() == text.len() && !text.contains(sign_of(mark))
}

const fn sign_of(mark: Marks) -> char {
    match mark {
        Marks::EMPHASIS => '_',
        Marks::STRIKE => '~',
        Marks::STRONG => '*',
        _ => '`',
    }
}

const SIGNS: [char; 4] = ['*', '_', '~', '`'];

const FENCE: &str = "```";

/// A word joiner: it is neither white space nor seen.
const APART: char = '\u{2060}';
