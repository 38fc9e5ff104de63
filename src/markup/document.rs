//! A text as it was meant: a tree that is written flat, so that it can be cut anywhere and each part stands for itself.
//!
//! A line knows the blocks that it stands in, and a run of it the marks that it has.

use std::{iter, ops::BitOr, rc::Rc};

use fulmar_contract::{Counts, Limit, Markup};

/// What a network shows, as far as a text has to know it.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The kind of network: `extra` may have something for it.
    pub kind: &'a str,
    /// How text is marked up.
    pub markup: Markup,
    /// How long a post may be.
    pub limit: Limit,
    /// Which text that limits.
    pub counts: Counts,
    /// Whether a post can have several lines.
    pub multiline: bool,
    /// What commands of other bots begin with.
    pub triggers: &'a [String],
    /// Whether a text may call everybody in the room.
    pub calls_all: bool,
}

impl Look<'_> {
    /// Whether a link can hide its address behind its text.
    pub(super) const fn has_links(&self) -> bool {
        self.is_html()
    }

    /// What something of this length takes that stands in the text and among the marks.
    pub const fn twice_if_both(&self, length: usize) -> usize {
        if matches!(self.counts, Counts::Both) { 2 * length } else { length }
    }

    pub(super) const fn is_html(&self) -> bool {
        matches!(self.markup, Markup::Html | Markup::InlineHtml)
    }
}

/// A whole text.
#[derive(Debug, Default)]
pub struct Document {
    pub(super) lines: Vec<Line>,
}

/// A line, as long as it may be.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// How many blank lines stand before it.
    pub(super) blanks: usize,
    /// The blocks in which it stands, the outermost first.
    pub(super) within: Rc<[Frame]>,
    /// What a list puts before it, as it was written: white space, a bullet, a number.
    pub(super) lead: String,
    pub(super) runs: Vec<Run>,
    /// The same as cells of a table, where the network has tables.
    pub(super) cells: Option<Vec<Vec<Run>>>,
}

/// Text that looks the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) marks: Marks,
    /// Where it leads to, where the network has links.
    pub(super) link: Option<Rc<str>>,
    /// Whether it is said only where there are no marks, as the address of a link.
    pub(super) is_for_plain: bool,
}

/// A block in which lines stand.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Differs between any two blocks of a text.
    pub(super) id: usize,
    pub(super) block: Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// The rows below a table's head.
    Body,
    /// Code, with its language.
    Code(Option<Rc<str>>),
    /// The first row of a table.
    Head,
    /// A heading, from 1 for the largest to 6.
    Heading(u8),
    Item,
    /// A list; an ordered one with its first number.
    List(Option<u64>),
    Quote,
    /// A line across.
    Rule,
    Table,
}

/// How a run is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const CODE: Self = Self(8);
    pub(super) const EMPHASIS: Self = Self(2);
    pub(super) const NONE: Self = Self(0);
    pub(super) const STRIKE: Self = Self(4);
    pub(super) const STRONG: Self = Self(1);

    /// Each of them, the outermost first.
    pub(super) const ALL: [Self; 4] = [Self::STRONG, Self::EMPHASIS, Self::STRIKE, Self::CODE];

    pub(super) const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 == mark.0
    }

    pub(super) const fn toggled(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Run {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn marked(text: impl Into<String>, marks: Marks) -> Self {
        Self { text: text.into(), marks, ..Self::default() }
    }
}

impl Line {
    /// Takes away what is more than so much white space at its beginning, and what is more than that of the outermost signs of
    /// lists.
    pub(super) fn indent_at_most(&mut self, mut most: usize) {
        let inner = self.lead.floor_char_boundary(self.lead.len().saturating_sub(most));
        self.lead.drain(..inner);
        for text in iter::once(&mut self.lead).chain(self.runs.iter_mut().map(|run| &mut run.text)) {
            let indent = text.len() - text.trim_start().len();
            if indent > most {
                text.drain(..text.floor_char_boundary(indent - most));
            }
            if !text.trim_start().is_empty() {
                return;
            }
            most = most.saturating_sub(indent);
        }
    }

    /// How many quotes it stands in.
    pub(super) fn quotes(&self) -> usize {
        self.within.iter().filter(|frame| frame.block == Block::Quote).count()
    }

    /// The code in which it stands.
    pub(super) fn code(&self) -> Option<&Frame> {
        self.within.last().filter(|frame| matches!(frame.block, Block::Code(_)))
    }

    /// Whether it looks the same without any marks. In a list it does where lists are text.
    pub(super) fn is_bare(&self, has_lists: bool) -> bool {
        let is_text = |block: &Block| !has_lists && matches!(block, Block::Item | Block::List(_));
        self.within.iter().all(|frame| is_text(&frame.block))
            && self.runs.iter().all(|run| run.marks == Marks::NONE && run.link.is_none() && !run.is_for_plain)
    }

    /// All that is read in it.
    pub(super) fn shown(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

/// How many of the outermost blocks two lines share.
pub(super) fn shared(one: &[Frame], other: &[Frame]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one.id == other.id).count()
}
