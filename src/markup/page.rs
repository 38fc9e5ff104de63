//! One post in the making: its text, and the same with marks, as long as there is space.

use std::rc::Rc;

use fulmar_contract::{Counts, Limit, Markup, Unit};

use super::{
    dialect::{codes, html, styling},
    document::{Frame, Line, Look, Run},
    inert::{GUARD, is_trigger},
};

/// A line, or what of it stands on one page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a> {
    pub(super) line: &'a Line,
    pub(super) from: Place,
    pub(super) to: Place,
}

/// A place in a line: a run, and a byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) run: usize,
    pub(super) byte: usize,
}

/// What one post says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The text without marks.
    pub text: String,
    /// The same with marks, if these say more.
    pub marked: Option<String>,
}

/// What is open where a page ends for now.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) within: Rc<[Frame]>,
    /// How many lines stand on the page.
    pub(super) lines: usize,
    /// Whether a paragraph is open.
    pub(super) paragraph: bool,
    /// For each open block, the number of its last item.
    pub(super) numbers: Vec<u64>,
    /// Whether the text alone would not say all.
    is_marked: bool,
}

/// A page of a text.
#[derive(Debug)]
pub(super) struct Page<'a> {
    look: &'a Look<'a>,
    /// Whether the text has several paragraphs, or blocks.
    paragraphs: bool,
    text: Measured,
    marked: Measured,
    state: State,
}

/// How far a page had come.
#[derive(Debug)]
pub(super) struct Mark {
    text: (usize, usize),
    marked: (usize, usize),
    state: State,
}

/// A text and its length, as the network counts it.
#[derive(Debug)]
struct Measured {
    text: String,
    length: usize,
    unit: Unit,
}

impl<'a> Slice<'a> {
    pub(super) const fn whole(line: &'a Line) -> Self {
        let to = Place { run: line.runs.len(), byte: 0 };
        Self { line, from: Place { run: 0, byte: 0 }, to }
    }

    /// Whether it begins its line.
    pub(super) fn is_first(&self) -> bool {
        self.from == Place { run: 0, byte: 0 }
    }

    /// Whether it is all of its line.
    pub(super) fn is_whole(&self) -> bool {
        self.is_first() && self.to.run == self.line.runs.len()
    }

    /// What lists put before it.
    pub(super) fn lead(&self) -> &'a str {
        if self.is_first() { &self.line.lead } else { "" }
    }

    /// Its runs, and what of their text it has.
    pub(super) fn runs(self) -> impl Iterator<Item = (&'a str, &'a Run)> {
        let last = self.to.run.saturating_add(usize::from(self.to.byte > 0));
        let runs = self.line.runs.iter().enumerate().take(last).skip(self.from.run);
        runs.map(move |(number, run)| {
            let end = if number == self.to.run { self.to.byte } else { run.text.len() };
            let start = if number == self.from.run { self.from.byte } else { 0 };
            (run.text.get(start..end).unwrap_or_default(), run)
        })
    }
}

impl Measured {
    const fn new(unit: Unit) -> Self {
        Self { text: String::new(), length: 0, unit }
    }

    /// Writes something and counts it.
    fn write(&mut self, write: impl FnOnce(&mut String)) {
        let before = self.text.len();
        write(&mut self.text);
        self.length += self.unit.measure(self.text.get(before..).unwrap_or_default());
    }

    const fn mark(&self) -> (usize, usize) {
        (self.text.len(), self.length)
    }

    fn back(&mut self, (bytes, length): (usize, usize)) {
        self.text.truncate(bytes);
        self.length = length;
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(look: &'a Look<'a>, paragraphs: bool) -> Self {
        let unit = look.limit.unit;
        let (text, marked) = (Measured::new(unit), Measured::new(unit));
        Self { look, paragraphs, text, marked, state: State::default() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.state.lines == 0
    }

    /// The length of its text, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.text.text.len()
    }

    /// Says one more line.
    pub(super) fn push(&mut self, slice: Slice<'_>) {
        let guard = self.is_empty() && !self.look.triggers.is_empty() && begins(slice, self.look.triggers);
        let (before, marked_before) = (self.text.text.len(), self.marked.text.len());
        let state = &mut self.state;
        self.text.write(|out| {
            between(out, state, slice);
            quotes(out, slice.line);
            if guard {
                out.push(GUARD);
            }
            out.push_str(slice.lead());
            slice.runs().for_each(|(text, _)| out.push_str(text));
        });
        self.marked.write(|out| match self.look.markup {
            Markup::Ansi => codes::push(out, state, slice, guard, codes::ansi),
            Markup::Html => html::push(out, state, slice, guard, html::Kind::Full { paragraphs: self.paragraphs }),
            Markup::InlineHtml => html::push(out, state, slice, guard, html::Kind::Inline),
            Markup::Mirc => codes::push(out, state, slice, guard, codes::mirc),
            Markup::Plain => {}
            Markup::Styling => styling::push(out, state, slice, guard),
        });
        self.state.lines += 1;
        self.state.is_marked |= match self.look.markup {
            Markup::Plain => false,
            Markup::Html => !slice.line.is_bare(true),
            Markup::InlineHtml => !slice.line.is_bare(false),
            Markup::Ansi | Markup::Mirc | Markup::Styling => {
                self.text.text.get(before..) != self.marked.text.get(marked_before..)
            }
        };
    }

    /// Whether it is short enough.
    pub(super) fn fits(&self, limit: Limit) -> bool {
        self.length() <= limit.max
    }

    /// Its length as it counts.
    pub(super) fn length(&self) -> usize {
        let counts = if self.state.is_marked { self.look.counts } else { Counts::Shown };
        if counts == Counts::Shown {
            return self.text.length;
        }
        let mut closing = String::new();
        self.close(&mut closing);
        let marked = self.marked.length + self.look.limit.unit.measure(&closing);
        if counts == Counts::Both { self.text.length + marked } else { marked }
    }

    fn close(&self, out: &mut String) {
        match self.look.markup {
            Markup::Html => html::close(out, &self.state, html::Kind::Full { paragraphs: self.paragraphs }),
            Markup::InlineHtml => html::close(out, &self.state, html::Kind::Inline),
            Markup::Styling => styling::close(out, &self.state),
            Markup::Ansi | Markup::Mirc | Markup::Plain => {}
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { text: self.text.mark(), marked: self.marked.mark(), state: self.state.clone() }
    }

    /// Takes back all since `mark`.
    pub(super) fn back(&mut self, mark: Mark) {
        self.text.back(mark.text);
        self.marked.back(mark.marked);
        self.state = mark.state;
    }

    pub(super) fn part(mut self) -> Part {
        if !self.state.is_marked {
            return Part { text: self.text.text, marked: None };
        }
        let mut closing = String::new();
        self.close(&mut closing);
        self.marked.text.push_str(&closing);
        Part { text: self.text.text, marked: Some(self.marked.text) }
    }
}

/// Whether a text has to be shown as several paragraphs or blocks.
pub(super) fn has_paragraphs(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.blanks > 0 || !line.within.is_empty())
}

/// Whether what is read first could be a command for another bot, with what a list puts before it or without.
fn begins(slice: Slice<'_>, triggers: &[String]) -> bool {
    let longest = triggers.iter().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (more, _) in slice.runs() {
        text.push_str(more);
        if text.trim_start().len() > longest {
            break;
        }
    }
    let lead = slice.lead();
    is_trigger(&text, triggers) || (!lead.is_empty() && is_trigger(&format!("{lead}{text}"), triggers))
}

/// The line ends before a line that is not the first of its page.
pub(super) fn between(out: &mut String, state: &State, slice: Slice<'_>) {
    if state.lines > 0 {
        let blanks = if slice.is_first() { slice.line.blanks } else { 0 };
        out.extend(std::iter::repeat_n('\n', 1 + blanks));
    }
}

/// The signs of the quotes in which a line stands, where these are text.
pub(super) fn quotes(out: &mut String, line: &Line) {
    (0..line.quotes()).for_each(|_| out.push_str("> "));
}
