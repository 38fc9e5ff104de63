//! HTML: that of Matrix (`org.matrix.custom.html`, Client-Server API, `m.room.message`) and the few tags of Telegram's Bot API
//! ("HTML style"), where line ends stay line ends.

use std::rc::Rc;

use crate::markup::{
    document::{Block, Frame, Line, Marks, Run, shared},
    inert::GUARD,
    page::{Slice, State, between},
};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::markup) enum Kind {
    /// Matrix's. Whether the text has several paragraphs.
    Full { paragraphs: bool },
    /// Telegram's.
    Inline,
}

pub(in crate::markup) fn push(out: &mut String, state: &mut State, slice: Slice<'_>, guard: bool, kind: Kind) {
    let within = blocks(state, slice, kind);
    let kept = shared(&state.within, &within);
    let is_same = kept == state.within.len() && kept == within.len();
    let is_code = matches!(within.last().map(|frame| &frame.block), Some(Block::Code(_)));
    if !is_same {
        end(out, state, kept, kind);
    }
    match kind {
        Kind::Inline => between(out, state, slice),
        Kind::Full { .. } if is_same && is_code => between(out, state, slice),
        Kind::Full { .. } if is_same && slice.line.blanks > 0 && slice.is_first() => end_paragraph(out, state),
        Kind::Full { .. } if is_same && slice.line.cells.is_none() && state.lines > 0 => out.push_str("<br>"),
        Kind::Full { .. } => {}
    }
    begin(out, state, &within, kept, slice, kind);
    state.within = within;
    match (&slice.line.cells, state.within.last().map(|frame| &frame.block)) {
        (_, Some(Block::Rule)) if kind != Kind::Inline => return,
        (Some(cells), _) if slice.is_whole() && kind != Kind::Inline => return row(out, state, cells, guard),
        _ => {}
    }
    if matches!(kind, Kind::Full { paragraphs: true }) && !state.paragraph && takes_paragraphs(state, slice.line) {
        out.push_str("<p>");
        state.paragraph = true;
    }
    if guard {
        out.push(GUARD);
    }
    let mut writer = Writer { out, kind, is_code, at_start: true, open: Vec::new() };
    let in_item = kind != Kind::Inline && state.within.iter().any(|frame| frame.block == Block::Item);
    if !in_item {
        writer.text(slice.lead());
    }
    if kind == Kind::Inline {
        (1..slice.line.quotes()).for_each(|_| writer.text("> "));
    }
    slice.runs().filter(|(_, run)| !run.is_for_plain).for_each(|(text, run)| writer.run(text, run));
    writer.end();
}

/// Ends all that is open.
pub(in crate::markup) fn close(out: &mut String, state: &State, kind: Kind) {
    if state.paragraph {
        out.push_str("</p>");
    }
    end_blocks(out, &state.within, kind);
}

/// The blocks of a line as they are shown. On a fresh page a list has no item above the line's own, and what goes on with an
/// item of the page before is in no list.
fn blocks(state: &State, slice: Slice<'_>, kind: Kind) -> Rc<[Frame]> {
    let all = &slice.line.within;
    let is_cut_row = slice.line.cells.is_some() && !slice.is_whole();
    let is_shown = |frame: &&Frame| match kind {
        Kind::Full { .. } => !is_cut_row || !matches!(frame.block, Block::Body | Block::Head | Block::Table),
        Kind::Inline => matches!(frame.block, Block::Code(_) | Block::Quote),
    };
    if kind != Kind::Inline
        && !is_cut_row
        && (state.lines > 0 || !all.iter().any(|frame| frame.block == Block::Item))
    {
        return Rc::clone(all);
    }
    let is_list = |frame: &Frame| matches!(frame.block, Block::Item | Block::List(_));
    let lists = all.iter().filter(|frame| is_list(frame)).count();
    let dropped = if slice.lead().trim().is_empty() { lists } else { lists.saturating_sub(2) };
    let (mut seen, mut quoted, mut blocks) = (0, false, Vec::new());
    for frame in all.iter().filter(is_shown) {
        if is_list(frame) {
            seen += 1;
            if seen <= dropped {
                continue;
            }
        }
        if frame.block == Block::Quote && kind == Kind::Inline && std::mem::replace(&mut quoted, true) {
            continue;
        }
        blocks.push(frame.clone());
    }
    blocks.into()
}

fn end_paragraph(out: &mut String, state: &mut State) {
    if std::mem::take(&mut state.paragraph) {
        out.push_str("</p>");
    }
}

/// Ends all blocks but the first `kept`.
fn end(out: &mut String, state: &mut State, kept: usize, kind: Kind) {
    end_paragraph(out, state);
    end_blocks(out, state.within.get(kept..).unwrap_or_default(), kind);
    state.numbers.truncate(kept);
}

fn end_blocks(out: &mut String, blocks: &[Frame], kind: Kind) {
    for frame in blocks.iter().rev() {
        match &frame.block {
            Block::Body => out.push_str("</tbody>"),
            Block::Code(Some(_)) => out.push_str("</code></pre>"),
            Block::Code(None) if kind == Kind::Inline => out.push_str("</pre>"),
            Block::Code(None) => out.push_str("</code></pre>"),
            Block::Head => out.push_str("</thead>"),
            Block::Heading(level) => out.push_str(&format!("</h{level}>")),
            Block::Item => out.push_str("</li>"),
            Block::List(first) => out.push_str(if first.is_some() { "</ol>" } else { "</ul>" }),
            Block::Quote => out.push_str("</blockquote>"),
            Block::Rule => {}
            Block::Table => out.push_str("</table>"),
        }
    }
}

/// Begins the blocks of a line behind the first `kept`.
fn begin(out: &mut String, state: &mut State, within: &[Frame], kept: usize, slice: Slice<'_>, kind: Kind) {
    let number = slice.lead().trim().trim_end_matches(['.', ')']).parse().ok();
    for (depth, frame) in within.iter().enumerate().skip(kept) {
        let mut last = 0;
        match &frame.block {
            Block::Body => out.push_str("<tbody>"),
            Block::Code(Some(language)) => out.push_str(&format!("<pre><code class=\"language-{language}\">")),
            Block::Code(None) if kind == Kind::Inline => out.push_str("<pre>"),
            Block::Code(None) => out.push_str("<pre><code>"),
            Block::Head => out.push_str("<thead>"),
            Block::Heading(level) => out.push_str(&format!("<h{level}>")),
            Block::Item => item(out, state, within, depth, number),
            Block::List(first) => {
                let is_innermost =
                    !within.iter().skip(depth + 1).any(|frame| matches!(frame.block, Block::List(_)));
                let first = first.map(|first| number.filter(|_| is_innermost).unwrap_or(first));
                last = first.unwrap_or_default().wrapping_sub(1);
                open_list(out, first);
            }
            Block::Quote => out.push_str("<blockquote>"),
            Block::Rule => out.push_str("<hr>"),
            Block::Table => out.push_str("<table>"),
        }
        state.numbers.push(last);
    }
}

fn open_list(out: &mut String, first: Option<u64>) {
    match first {
        None => out.push_str("<ul>"),
        Some(1) => out.push_str("<ol>"),
        Some(first) => out.push_str(&format!("<ol start=\"{first}\">")),
    }
}

/// An item. HTML counts by itself: where the text counts otherwise, a new list begins.
fn item(out: &mut String, state: &mut State, within: &[Frame], depth: usize, number: Option<u64>) {
    let Some(above) = depth.checked_sub(1) else { return out.push_str("<li>") };
    let is_ordered = within.get(above).is_some_and(|frame| matches!(frame.block, Block::List(Some(_))));
    if let (true, Some(last)) = (is_ordered, state.numbers.get_mut(above)) {
        let next = last.wrapping_add(1);
        let number = number.unwrap_or(next);
        if number != next {
            out.push_str("</ol>");
            open_list(out, Some(number));
        }
        *last = number;
    }
    out.push_str("<li>");
}

/// Whether text that begins in a line is a paragraph; the first of an item and what is in a heading is not.
fn takes_paragraphs(state: &State, line: &Line) -> bool {
    match state.within.last().map(|frame| &frame.block) {
        None | Some(Block::Quote) => true,
        Some(Block::Item) => line.lead.trim().is_empty() && line.blanks > 0,
        Some(_) => false,
    }
}

fn row(out: &mut String, state: &State, cells: &[Vec<Run>], guard: bool) {
    let is_head = state.within.iter().any(|frame| frame.block == Block::Head);
    let cell = if is_head { "th" } else { "td" };
    out.push_str("<tr>");
    for (number, runs) in cells.iter().enumerate() {
        out.push_str(&format!("<{cell}>"));
        if guard && number == 0 {
            out.push(GUARD);
        }
        let mut writer = Writer {
            out,
            kind: Kind::Full { paragraphs: true },
            is_code: false,
            at_start: false,
            open: Vec::new(),
        };
        runs.iter().filter(|run| !run.is_for_plain).for_each(|run| writer.run(&run.text, run));
        writer.end();
        out.push_str(&format!("</{cell}>"));
    }
    out.push_str("</tr>");
}

/// What is open within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    Link(Rc<str>),
    Mark(Marks),
}

/// Writes what stands within a line.
struct Writer<'o> {
    out: &'o mut String,
    kind: Kind,
    is_code: bool,
    at_start: bool,
    open: Vec<Tag>,
}

impl Writer<'_> {
    fn run(&mut self, text: &str, run: &Run) {
        if text.is_empty() {
            return;
        }
        let tags = self.tags(run);
        while let Some(last) = self.open.last() {
            if tags.starts_with(&self.open) {
                break;
            }
            close_tag(self.out, last, self.kind);
            self.open.pop();
        }
        for tag in tags.into_iter().skip(self.open.len()) {
            open_tag(self.out, &tag, self.kind);
            self.open.push(tag);
        }
        self.text(text);
    }

    /// The tags of a run, the outermost first. Telegram has no others around code.
    fn tags(&self, run: &Run) -> Vec<Tag> {
        if self.is_code {
            return Vec::new();
        }
        if self.kind == Kind::Inline && run.marks.has(Marks::CODE) {
            return vec![Tag::Mark(Marks::CODE)];
        }
        let link = run.link.clone().map(Tag::Link);
        let marks = Marks::ALL.into_iter().filter(|mark| run.marks.has(*mark)).map(Tag::Mark);
        link.into_iter().chain(marks).collect()
    }

    fn end(&mut self) {
        while let Some(tag) = self.open.pop() {
            close_tag(self.out, &tag, self.kind);
        }
    }

    /// Text; white space that HTML would take for one space stays what it is.
    fn text(&mut self, text: &str) {
        let keeps = self.kind == Kind::Inline || self.is_code;
        let (mut before, mut from) = (if self.at_start { b' ' } else { 0 }, 0);
        for (at, byte) in text.bytes().enumerate() {
            let written = match byte {
                b'&' => Some("&amp;"),
                b'<' => Some("&lt;"),
                b'>' => Some("&gt;"),
                b'"' => Some("&quot;"),
                b' ' if !keeps && before == b' ' => Some("\u{a0}"),
                b'\t' if !keeps => Some(TAB),
                _ => None,
            };
            if let Some(written) = written {
                self.out.push_str(text.get(from..at).unwrap_or_default());
                self.out.push_str(written);
                from = at + 1;
            }
            before = byte;
        }
        self.out.push_str(text.get(from..).unwrap_or_default());
        self.at_start = before == b' ';
    }
}

/// `text` as HTML.
pub(in crate::markup) fn escaped(text: &str, kind: Kind) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push_str(if kind == Kind::Inline { "\n" } else { "<br>" });
        }
        Writer { out: &mut out, kind, is_code: false, at_start: true, open: Vec::new() }.text(line);
    }
    out
}

fn open_tag(out: &mut String, tag: &Tag, kind: Kind) {
    match tag {
        Tag::Link(url) => {
            out.push_str("<a href=\"");
            Writer { out, kind: Kind::Inline, is_code: false, at_start: true, open: Vec::new() }.text(url);
            out.push_str("\">");
        }
        Tag::Mark(mark) => out.extend(["<", name(*mark, kind), ">"]),
    }
}

fn close_tag(out: &mut String, tag: &Tag, kind: Kind) {
    match tag {
        Tag::Link(_) => out.push_str("</a>"),
        Tag::Mark(mark) => out.extend(["</", name(*mark, kind), ">"]),
    }
}

fn name(mark: Marks, kind: Kind) -> &'static str {
    match (mark, kind) {
        (Marks::STRONG, Kind::Full { .. }) => "strong",
        (Marks::STRONG, Kind::Inline) => "b",
        (Marks::EMPHASIS, Kind::Full { .. }) => "em",
        (Marks::EMPHASIS, Kind::Inline) => "i",
        (Marks::STRIKE, Kind::Full { .. }) => "del",
        (Marks::STRIKE, Kind::Inline) => "s",
        _ => "code",
    }
}

/// A tab, of spaces that stay.
const TAB: &str = "\u{a0}\u{a0}\u{a0}\u{a0}";
