//! Markdown as StackStorm's people write it, and the output of programs, which is none.
//!
//! The parser says where marks and blocks are; what is read comes from the text itself, line by line. So nothing is lost of
//! what it does not understand.

mod links;
mod shadow;

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use self::links::Link;
use super::{
    build::{Builder, append},
    document::{Block, Marks, Run},
    fence::{self, Piece},
};

/// Puts `text` into a document, `blanks` blank lines below what stands there.
pub(super) fn read(builder: &mut Builder<'_>, text: &str, blanks: usize) {
    let mut blanks = blanks;
    for piece in fence::pieces(text) {
        match piece {
            Piece::Code { language, text } => builder.code(text, language, blanks),
            Piece::Text(text) if has_markup(text) => Reader::new(builder, text, blanks).read(),
            Piece::Text(text) => builder.verbatim(text, blanks),
        }
        blanks = if let Piece::Text(text) = piece { blanks_at_end(text) } else { 0 };
    }
}

/// How many blank lines stand at the end of a text that something follows.
pub(super) fn blanks_at_end(text: &str) -> usize {
    let end = text.get(text.trim_end().len()..).unwrap_or_default();
    end.matches('\n').count().saturating_sub(1)
}

/// Whether there may be anything but lines of text.
fn has_markup(text: &str) -> bool {
    let begins = |line: &str| {
        let line = line.trim_start();
        line.starts_with(['-', '+']) || line.starts_with(|c: char| c.is_ascii_digit())
    };
    text.bytes().any(|byte| matches!(byte, b'*' | b'_' | b'`' | b'~' | b'[' | b'<' | b'>' | b'#' | b'|' | b'\\'))
        || text.lines().any(begins)
}

/// What is made of a text without fences of its own.
struct Reader<'b, 'l, 's> {
    builder: &'b mut Builder<'l>,
    source: &'s str,
    /// Where what was read last ends.
    last: usize,
    /// How many blank lines are to stand before the first.
    blanks: usize,
    is_first: bool,
    /// Whether a block has just ended, so that a line begins.
    is_behind: bool,
    /// How often each mark is open.
    open: [usize; 3],
    links: Vec<Option<Link>>,
    /// How many of these lead somewhere.
    linking: usize,
    tables: Option<Table>,
    /// For each open item, where it begins until a line of it was read.
    items: Vec<Option<usize>>,
}

#[derive(Default)]
struct Table {
    blanks: usize,
    rows: Vec<Vec<Vec<Run>>>,
}

impl<'b, 'l, 's> Reader<'b, 'l, 's> {
    const fn new(builder: &'b mut Builder<'l>, source: &'s str, blanks: usize) -> Self {
        Self {
            builder,
            source,
            last: 0,
            blanks,
            is_first: true,
            is_behind: false,
            open: [0; 3],
            links: Vec::new(),
            linking: 0,
            tables: None,
            items: Vec::new(),
        }
    }

    fn read(mut self) {
        let white = self.source.get(..self.source.len() - self.source.trim_start().len()).unwrap_or_default();
        self.blanks += white.matches('\n').count();
        let shadow = shadow::cast(self.source);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        for (event, range) in Parser::new_ext(&shadow, options).into_offset_iter() {
            match event {
                Event::Start(tag) => self.start(&tag, &range),
                Event::End(tag) => self.end(tag, &range),
                Event::Code(text) => self.code(&text, range),
                Event::Rule => self.rule(range),
                Event::SoftBreak | Event::HardBreak => {}
                _ => self.show(range, Marks::NONE),
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Strong => self.open[0] += 1,
            Tag::Emphasis => self.open[1] += 1,
            Tag::Strikethrough => self.open[2] += 1,
            Tag::BlockQuote(_) => self.builder.open(Block::Quote),
            Tag::List(first) => self.builder.open(Block::List(*first)),
            Tag::Item => {
                self.items.push(Some(range.start));
                self.builder.open(Block::Item);
            }
            Tag::Heading { level, .. } => self.builder.open(Block::Heading(level_of(*level))),
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => {
                self.mark_item();
                self.builder.open_code(language);
                (self.blanks, self.is_first) = (self.blanks_before(range.start), true);
            }
            Tag::Link { .. } => self.start_link(range, 1),
            Tag::Image { .. } => self.start_link(range, 2),
            Tag::Table(_) => {
                let blanks = self.blanks_before(range.start);
                self.tables = Some(Table { blanks, rows: Vec::new() });
            }
            Tag::TableHead | Tag::TableRow => self.table(|table| table.rows.push(Vec::new())),
            Tag::TableCell => {
                self.last = self.last.max(range.start);
                self.table(|table| table.rows.last_mut().map(|row| row.push(Vec::new())));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Strong => self.open[0] = self.open[0].saturating_sub(1),
            TagEnd::Emphasis => self.open[1] = self.open[1].saturating_sub(1),
            TagEnd::Strikethrough => self.open[2] = self.open[2].saturating_sub(1),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Heading(_) => self.builder.close(),
            TagEnd::CodeBlock => {
                self.builder.close();
                self.pass(range);
            }
            TagEnd::Item => {
                self.mark_item();
                self.items.pop();
                self.builder.close();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(range),
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(range),
            TagEnd::Table => {
                if let Some(Table { blanks, rows }) = self.tables.take() {
                    self.builder.table(rows, blanks);
                }
                self.pass(range);
            }
            _ => {}
        }
    }

    fn table<T>(&mut self, act: impl FnOnce(&mut Table) -> T) {
        self.tables.as_mut().map(act);
    }

    /// A row may have more cells than its table: the parser does not tell of them.
    fn end_row(&mut self, range: &Range<usize>) {
        let rest = self.source.get(self.last..range.end).unwrap_or_default().trim();
        let rest = rest.trim_start_matches(['*', '_', '~', '`', ']', ')']).trim_start();
        if let Some(rest) = rest.strip_prefix('|') {
            for cell in rest.split('|').map(str::trim).filter(|cell| !cell.is_empty()) {
                self.table(|table| table.rows.last_mut().map(|row| row.push(vec![Run::plain(cell)])));
            }
        }
        self.pass(range);
    }

    /// Goes on behind a block.
    fn pass(&mut self, range: &Range<usize>) {
        let length = self.source.get(range.clone()).map_or(0, |block| block.trim_end().len());
        self.last = self.last.max(range.start + length);
        (self.is_first, self.is_behind) = (false, true);
    }

    fn marks(&self) -> Marks {
        let open = Marks::ALL.into_iter().zip(self.open).filter(|(_, count)| *count > 0);
        open.fold(Marks::NONE, |marks, (mark, _)| marks | mark)
    }

    /// Shows what stands there, as it is written.
    fn show(&mut self, range: Range<usize>, marks: Marks) {
        let source = self.source;
        let Some(text) = source.get(range.clone()) else { return };
        let mut at = range.start;
        for line in text.split_inclusive('\n') {
            let words = line.trim_end_matches('\n');
            let is_blank = words.trim().is_empty() && (words.is_empty() || line.len() > words.len());
            if !is_blank {
                self.begin_line(at);
                let run = Run::marked(words, marks | self.marks());
                self.put(run);
                self.last = at + words.len();
            }
            at += line.len();
        }
    }

    fn put(&mut self, run: Run) {
        let link = if self.linking > 0 { self.links.iter_mut().rev().flatten().next() } else { None };
        if let Some(link) = link {
            if !link.is_said {
                append(&mut link.label, run);
            }
        } else if let Some(table) = &mut self.tables {
            if let Some(cell) = table.rows.last_mut().and_then(|row| row.last_mut()) {
                append(cell, run);
            }
        } else {
            self.builder.run(run);
        }
    }

    /// Begins a line, if what stands at `at` is not on that of what was read last.
    fn begin_line(&mut self, at: usize) {
        let between = self.source.get(self.last..at).unwrap_or_default();
        if self.tables.is_some() || !(self.is_first || self.is_behind || between.contains('\n')) {
            return;
        }
        if self.linking > 0
            && let Some(link) = self.links.iter_mut().rev().flatten().next()
        {
            return append(&mut link.label, Run::plain(" "));
        }
        let blanks = self.blanks_before(at);
        (self.is_first, self.is_behind) = (false, false);
        let start = self.source.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        let Lead { quotes, text } = lead(self.source.get(start..at).unwrap_or_default());
        let depth = self.depth_of(quotes, &text);
        if let Some(start) = self.items.last_mut() {
            *start = None;
        }
        match depth {
            Some(depth) => self.builder.line_at(depth, blanks),
            None => self.builder.line(blanks, self.lead_of(text)),
        }
    }

    /// Shows the sign of an item that has no text beside it, as it begins with code.
    fn mark_item(&mut self) {
        let Some(start) = self.items.last().copied().flatten() else { return };
        let sign = self.source.get(start..).unwrap_or_default();
        let digits = sign.len() - sign.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        self.begin_line(start + digits + 2);
        self.last = self.last.max(start + digits + 2);
    }

    fn blanks_before(&mut self, at: usize) -> usize {
        if self.is_first {
            return std::mem::take(&mut self.blanks);
        }
        let between = self.source.get(self.last..at).unwrap_or_default();
        between.matches('\n').count().saturating_sub(1)
    }

    /// What a list puts before a line. Code and what is in no list has its white space within itself.
    fn lead_of(&self, lead: String) -> String {
        let in_list = self.builder.blocks().any(|block| *block == Block::Item);
        let in_code = matches!(self.builder.blocks().next_back(), Some(Block::Code(_)));
        if in_list && !in_code { lead } else { String::new() }
    }

    /// How many of the open blocks a line really stands in, if not in all: Markdown has it go on with a quote or an item
    /// even without their signs, and people do not.
    fn depth_of(&self, quotes: usize, lead: &str) -> Option<usize> {
        let (mut seen, mut items) = (0, 0);
        for (depth, block) in self.builder.blocks().enumerate() {
            match block {
                Block::Quote => {
                    seen += 1;
                    if seen > quotes {
                        return Some(depth);
                    }
                }
                Block::List(_) if lead.is_empty() && self.items.get(items).is_some_and(Option::is_none) => {
                    return Some(depth);
                }
                Block::Item => items += 1,
                _ => {}
            }
        }
        None
    }

    fn code(&mut self, text: &str, range: Range<usize>) {
        self.begin_line(range.start);
        self.put(Run::marked(text.to_owned(), Marks::CODE | self.marks()));
        self.last = range.end;
    }

    fn rule(&mut self, range: Range<usize>) {
        self.builder.open(Block::Rule);
        let end = self.source.get(range.clone()).map_or(range.end, |rule| range.start + rule.trim_end().len());
        self.show(range.start..end, Marks::NONE);
        self.builder.close();
    }
}

/// What stands before a line's text.
struct Lead {
    quotes: usize,
    /// What lists put there, without the signs of quotes.
    text: String,
}

fn lead(before: &str) -> Lead {
    let (mut quotes, mut text, mut rest) = (0, String::new(), before);
    loop {
        let white = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let (space, after) = rest.split_at_checked(white).unwrap_or((rest, ""));
        text.push_str(space);
        let sign = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = after.len() - sign.len();
        if let Some(quoted) = after.strip_prefix('>') {
            quotes += 1;
            rest = quoted.strip_prefix(' ').unwrap_or(quoted);
        } else if sign.starts_with(if digits > 0 { ['.', ')', ')'] } else { ['-', '*', '+'] })
            && sign.get(1..).is_some_and(|after| after.starts_with([' ', '\t']))
        {
            text.push_str(after.get(..=digits).unwrap_or_default());
            rest = after.get(digits + 1..).unwrap_or_default();
        } else {
            return Lead { quotes, text };
        }
    }
}

const fn level_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
