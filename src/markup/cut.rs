//! Cutting a text into posts: at the end of a block, else of a line, else at a space, else between two letters.

use fulmar_contract::{Limit, Markup, Unit};
use unicode_segmentation::GraphemeCursor;

use super::{
    document::{Line, Look},
    inert::ends_with_call,
    page::{Page, Part, Place, Slice, has_paragraphs},
};

/// Cuts lines into parts that `limit` admits, with their numbers if there are several; the first `most` of them, and how
/// many there are. Where numbers would take most of a post, there are none.
pub(super) fn parts(lines: &[Line], look: &Look<'_>, limit: Limit, most: usize) -> (Vec<Part>, usize) {
    let least = least_parts(lines, limit);
    let mut parts = if least > 1 { Vec::new() } else { pages(lines, look, limit, usize::MAX) };
    let (mut digits, mut is_numbered) = (0, false);
    while least.max(parts.len()) > 1 && digits < digits_of(least.max(parts.len())) {
        digits = digits_of(least.max(parts.len()));
        let width = look.twice_if_both("(/) ".len() + 2 * digits);
        is_numbered = limit.max >= 2 * width;
        let max = if is_numbered { limit.max - width } else { limit.max };
        parts = pages(lines, look, Limit { max, ..limit }, usize::MAX);
        if !is_numbered {
            break;
        }
    }
    let all = parts.len();
    parts.truncate(most);
    if is_numbered && all > 1 {
        for (part, number) in parts.iter_mut().zip(1..) {
            *part = part.clone().after(&format!("({number}/{all}) "), look.markup);
        }
    }
    (parts, all)
}

/// How many parts there will be at least.
fn least_parts(lines: &[Line], limit: Limit) -> usize {
    let length = |line: &Line| line.runs.iter().map(|run| limit.unit.measure(run.text.trim())).sum::<usize>();
    lines.iter().map(length).sum::<usize>().div_ceil(limit.max)
}

impl Part {
    /// The part with a few words before it, which end with a space. What must begin a line still does.
    #[must_use]
    pub fn after(mut self, words: &str, markup: Markup) -> Self {
        self.text.insert_str(0, words);
        if let Some(marked) = &mut self.marked {
            insert(marked, words, markup);
        }
        self
    }
}

/// Puts `words`, which end with a space, before what is written in a dialect.
pub fn insert(marked: &mut String, words: &str, markup: Markup) {
    let begins_line = markup == Markup::Styling && (marked.starts_with("```") || marked.starts_with('>'));
    let at = if markup == Markup::Html && marked.starts_with("<p>") { "<p>".len() } else { 0 };
    marked.insert_str(at, words);
    if begins_line {
        marked.replace_range(words.len().saturating_sub(1)..words.len(), "\n");
    }
}

fn digits_of(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Where a page could end better than where it is full.
struct Boundary {
    mark: super::page::Mark,
    bytes: usize,
    line: usize,
}

/// The first part of lines that are to be read to their end elsewhere.
pub(super) fn first(lines: &[Line], look: &Look<'_>, limit: Limit) -> Option<Part> {
    pages(lines, look, limit, 1).into_iter().next()
}

fn pages(lines: &[Line], look: &Look<'_>, limit: Limit, most: usize) -> Vec<Part> {
    let paragraphs = has_paragraphs(lines);
    let fresh = || Page::new(look, paragraphs);
    // Where a link in the deepest blocks leaves no space for one letter, that letter goes without marks.
    let part = |page: Page<'_>| {
        if page.fits(limit) { page.part() } else { Part { marked: None, ..page.part() } }
    };
    let (mut parts, mut page, mut boundary) = (Vec::new(), fresh(), None::<Boundary>);
    let (mut at, mut from) = (0, START);
    while parts.len() < most
        && let Some(line) = lines.get(at)
    {
        let slice = Slice { from, ..Slice::whole(line) };
        let mark = page.mark();
        if !page.is_empty() && slice.is_first() && begins_block(lines, at) {
            boundary = Some(Boundary { mark: page.mark(), bytes: page.bytes(), line: at });
        }
        // What is far too long is not even tried: a line may be all of a long text.
        if !is_hopeless(slice, limit) {
            page.push(slice);
            if page.fits(limit) {
                (at, from) = (at + 1, START);
                continue;
            }
        }
        page.back(mark);
        if !page.is_empty() {
            if let Some(better) = boundary.take().filter(|better| 2 * better.bytes >= page.bytes()) {
                page.back(better.mark);
                at = better.line;
            }
            parts.push(part(std::mem::replace(&mut page, fresh())));
            continue;
        }
        let cut = Cut::of(&mut page, slice, limit);
        if let Some(to) = cut.to {
            page.push(Slice { to, ..slice });
            parts.push(part(std::mem::replace(&mut page, fresh())));
        }
        match cut.next {
            Some(next) => from = next,
            None => (at, from) = (at + 1, START),
        }
    }
    if !page.is_empty() && parts.len() < most {
        parts.push(part(page));
    }
    parts
}

/// Whether what is read in a slice alone is certainly too long.
fn is_hopeless(slice: Slice<'_>, limit: Limit) -> bool {
    let most = if limit.unit == Unit::Bytes { limit.max } else { limit.max.saturating_mul(4) };
    let mut length = 0_usize;
    slice.runs().filter(|(_, run)| !run.is_for_plain).any(|(text, _)| {
        length = length.saturating_add(text.len());
        length > most
    })
}

/// Whether a line stands in other blocks than the one before it, or below a blank line.
fn begins_block(lines: &[Line], at: usize) -> bool {
    let ids = |line: &Line| line.within.last().map(|frame| frame.id);
    let before = at.checked_sub(1).and_then(|before| lines.get(before));
    before.zip(lines.get(at)).is_some_and(|(before, line)| line.blanks > 0 || ids(before) != ids(line))
}

/// How much of a line goes on a page by itself.
struct Cut {
    /// Up to where; `None` if it is only white space.
    to: Option<Place>,
    /// Where the line goes on, if it does.
    next: Option<Place>,
}

impl Cut {
    fn of(page: &mut Page<'_>, slice: Slice<'_>, limit: Limit) -> Self {
        let bytes = if limit.unit == Unit::Bytes { limit.max } else { limit.max.saturating_mul(4) };
        let shown = beginning(slice, bytes.saturating_add(LOOK_AHEAD));
        let mut written = |length: usize| {
            let mark = page.mark();
            page.push(Slice { to: place(slice, length), ..slice });
            let written = page.length();
            page.back(mark);
            written
        };
        let most = admitted(&shown, limit);
        // Where there are many runs, their marks may be far longer than what is read.
        let is_simple = slice.runs().nth(FEW_RUNS).is_none();
        let first = if is_simple { most } else { most / 8 };
        let fitting = longest(&shown, most, first, limit.max, &mut written);
        let mut length = best(&shown, fitting);
        let mut end = shown.get(..length).map_or(0, |part| part.trim_end().len());
        // One letter goes in any case.
        let least = shown.chars().next().map_or(0, char::len_utf8);
        while end > least && end != fitting && written(end) > limit.max {
            end = shown.floor_char_boundary(end - 1);
            length = end;
        }
        let after = shown.get(length..).unwrap_or_default();
        let length = length + usize::from(after.starts_with(' '));
        let next = place(slice, length);
        Self { to: (end > 0).then(|| place(slice, end)), next: (next != slice.to).then_some(next) }
    }
}

/// The length in bytes of the longest beginning of `shown`, of `most` bytes at most, that takes no more than `max` as it is
/// `written`. Writing it is what costs: so each try, of which `first` is the first, goes where the tries before say that the
/// space ends.
fn longest(shown: &str, most: usize, first: usize, max: usize, mut written: impl FnMut(usize) -> usize) -> usize {
    // The longest that fits and the shortest that does not, with what they take.
    let (mut low, mut high) = ((0, 0), None::<(usize, usize)>);
    let mut next = first;
    for tries in 1_usize.. {
        let end = high.map_or(most, |(end, _)| shown.floor_char_boundary(end.saturating_sub(1)));
        if low.0 >= end {
            break;
        }
        let length = shown.floor_char_boundary(next).max(shown.ceil_char_boundary(low.0 + 1)).min(end);
        match written(length) {
            fits if fits <= max => low = (length, fits),
            takes => high = Some((length, takes)),
        }
        let space = max - low.1;
        next = low.0
            + match high {
                None => space.saturating_mul(low.0).checked_div(low.1).unwrap_or(most),
                // Letters of unequal width would let it come nearer from one side only.
                Some((long, _)) if tries.is_multiple_of(4) => (long - low.0) / 2,
                Some((long, takes)) => space.saturating_mul(long - low.0).checked_div(takes - low.1).unwrap_or(0),
            };
    }
    low.0
}

/// The best place to cut `shown`, of which the first `most` bytes fit; never 0.
fn best(shown: &str, most: usize) -> usize {
    let (head, tail) = shown.split_at_checked(most).unwrap_or((shown, ""));
    if tail.is_empty() || (tail.starts_with(' ') && most > 0) {
        return most;
    }
    if let Some(space) = head.rfind(' ').filter(|space| *space > 0 && *space >= most / 2) {
        return space;
    }
    let mut cut = most;
    if !GraphemeCursor::new(most, shown.len(), true).is_boundary(shown, 0).unwrap_or(true) {
        let before = GraphemeCursor::new(most, shown.len(), true).prev_boundary(shown, 0);
        cut = before.ok().flatten().filter(|before| *before > 0).unwrap_or(most);
    }
    let head = shown.get(..cut).unwrap_or_default();
    // The rest of the word keeps it from calling everybody.
    if ends_with_call(head)
        && shown.get(cut..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    {
        cut = head.rfind('@').filter(|at| *at > 0).unwrap_or(1);
    }
    if cut == 0 { shown.chars().next().map_or(0, char::len_utf8) } else { cut }
}

/// The length in bytes of the longest beginning of `text` that is short enough without any marks.
fn admitted(text: &str, limit: Limit) -> usize {
    let mut left = limit.max;
    let is_too_long = |(_, c): &(usize, char)| {
        let length = match limit.unit {
            Unit::Bytes => c.len_utf8(),
            Unit::Chars => 1,
            Unit::Utf16 => c.len_utf16(),
        };
        let rest = left.checked_sub(length);
        left = rest.unwrap_or(left);
        rest.is_none()
    };
    text.char_indices().find(is_too_long).map_or(text.len(), |(at, _)| at)
}

/// The beginning of what is read in `slice`, of about `bytes` bytes.
fn beginning(slice: Slice<'_>, bytes: usize) -> String {
    let mut shown = String::new();
    for (text, _) in slice.runs() {
        let more = bytes.saturating_sub(shown.len());
        shown.push_str(text.get(..text.floor_char_boundary(more)).unwrap_or(text));
        if text.len() > more {
            break;
        }
    }
    shown
}

/// The place that is `length` bytes behind the beginning of `slice`.
fn place(slice: Slice<'_>, length: usize) -> Place {
    let mut left = length;
    for ((text, _), run) in slice.runs().zip(slice.from.run..) {
        if left < text.len() {
            let start = if run == slice.from.run { slice.from.byte } else { 0 };
            return Place { run, byte: start + left };
        }
        left -= text.len();
    }
    slice.to
}

const START: Place = Place { run: 0, byte: 0 };

/// Up to so many runs their marks are no reason to try with less than what is read.
const FEW_RUNS: usize = 8;

/// How far a letter may go on behind the limit, in bytes.
const LOOK_AHEAD: usize = 128;
