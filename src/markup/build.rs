//! Putting a document together, line by line.

use std::rc::Rc;

use fulmar_contract::Markup;

use super::{
    document::{Block, Document, Frame, Line, Look, Marks, Run},
    link, table,
};

/// A document that is being made for one look.
#[derive(Debug)]
pub(super) struct Builder<'l> {
    pub(super) look: &'l Look<'l>,
    lines: Vec<Line>,
    frames: Vec<Frame>,
    /// The same for the next lines to share, until a block begins or ends.
    within: Option<Rc<[Frame]>>,
    /// How many blocks are open that are too deep to be shown as such.
    too_deep: usize,
    ids: usize,
}

impl<'l> Builder<'l> {
    pub(super) const fn new(look: &'l Look<'l>) -> Self {
        Self { look, lines: Vec::new(), frames: Vec::new(), within: None, too_deep: 0, ids: 0 }
    }

    /// The document; a line without anything to read in it is a blank one.
    pub(super) fn finish(self) -> Document {
        let (mut lines, mut blanks) = (Vec::with_capacity(self.lines.len()), 0);
        for mut line in self.lines {
            line.blanks += blanks;
            let is_blank = line.lead.trim().is_empty() && line.runs.iter().all(|run| run.text.trim().is_empty());
            blanks = if is_blank { line.blanks + 1 } else { 0 };
            if !is_blank {
                lines.push(line);
            }
        }
        Document { lines }
    }

    /// Begins a block; lines stand in it until it ends.
    pub(super) fn open(&mut self, block: Block) {
        if self.frames.len() >= DEEPEST {
            self.too_deep += 1;
            return;
        }
        self.ids += 1;
        self.frames.push(Frame { id: self.ids, block });
        self.within = None;
    }

    /// Ends the innermost block.
    pub(super) fn close(&mut self) {
        if let Some(less) = self.too_deep.checked_sub(1) {
            self.too_deep = less;
            return;
        }
        self.frames.pop();
        self.within = None;
    }

    /// The blocks that are open, the outermost first.
    pub(super) fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.frames.iter().map(|frame| &frame.block)
    }

    /// Begins a line in the blocks that are open.
    pub(super) fn line(&mut self, blanks: usize, lead: String) {
        let frames = &self.frames;
        let within = Rc::clone(self.within.get_or_insert_with(|| frames.as_slice().into()));
        self.push(blanks, within, lead);
    }

    /// Begins a line in the outermost `depth` of the blocks that are open.
    pub(super) fn line_at(&mut self, depth: usize, blanks: usize) {
        let within = self.frames.get(..depth).unwrap_or(&self.frames).into();
        self.push(blanks, within, String::new());
    }

    fn push(&mut self, blanks: usize, within: Rc<[Frame]>, lead: String) {
        let blanks = if self.lines.is_empty() { 0 } else { blanks };
        self.lines.push(Line { blanks, within, lead, runs: Vec::new(), cells: None });
    }

    /// Goes on with the last line.
    pub(super) fn run(&mut self, run: Run) {
        let is_heading = self.frames.iter().any(|frame| matches!(frame.block, Block::Heading(_)));
        let Some(line) = self.lines.last_mut() else { return };
        let looks = match line.within.last().map(|frame| &frame.block) {
            Some(Block::Code(_)) if self.look.markup == Markup::Mirc => Marks::CODE,
            _ if is_heading && self.look.markup != Markup::Html => Marks::STRONG,
            _ => Marks::NONE,
        };
        append(&mut line.runs, Run { marks: run.marks | looks, ..run });
    }

    /// A line of one run.
    pub(super) fn say(&mut self, blanks: usize, run: Run) {
        self.line(blanks, String::new());
        self.run(run);
    }

    /// Lines that stand for themselves.
    pub(super) fn verbatim(&mut self, text: &str, blanks: usize) {
        let mut blanks = blanks;
        for line in text.lines() {
            if line.trim().is_empty() {
                blanks += 1;
                continue;
            }
            self.say(blanks, Run::plain(line.trim_end()));
            blanks = 0;
        }
    }

    /// Code, with its language.
    pub(super) fn code(&mut self, text: &str, language: &str, blanks: usize) {
        self.open_code(language);
        self.verbatim(text, blanks);
        self.close();
    }

    pub(super) fn open_code(&mut self, language: &str) {
        self.open(Block::Code(Some(language).filter(|language| is_language(language)).map(Rc::from)));
    }

    /// A table; the first row is its head.
    pub(super) fn table(&mut self, rows: Vec<Vec<Vec<Run>>>, blanks: usize) {
        table::build(self, rows, blanks);
    }

    /// A row of a table, which reads as `text` where there are no tables.
    pub(super) fn row(&mut self, blanks: usize, text: String, cells: Vec<Vec<Run>>) {
        self.say(blanks, Run::plain(text));
        if let Some(line) = self.lines.last_mut() {
            line.cells = Some(cells);
        }
    }
}

/// Goes on with runs, as one where it can be.
pub(super) fn append(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if (last.marks, &last.link, last.is_for_plain) == (run.marks, &run.link, run.is_for_plain) => {
            last.text.push_str(&run.text);
        }
        _ if run.text.is_empty() => {}
        _ => runs.push(run),
    }
}

/// The runs of a link to `url`, which reads as `label`: where links cannot hide their address, or this one lies about it,
/// the address follows.
pub(super) fn linked(look: &Look<'_>, label: Vec<Run>, url: &str, title: &str) -> Vec<Run> {
    let shown: String = label.iter().map(|run| run.text.as_str()).collect();
    let url = link::inert(url);
    let fits = look.has_links() && url.len() <= look.limit.max / 4;
    let target = fits.then(|| Rc::from(url.as_str()));
    let mut runs: Vec<Run> = label.into_iter().map(|run| Run { link: target.clone(), ..run }).collect();
    if !link::is_said_by(&shown, &url) {
        let is_for_plain = fits && !link::is_spoof(&shown, &url);
        runs.push(Run { is_for_plain, ..Run::plain(format!(" ({url})")) });
    }
    if !title.is_empty() {
        runs.push(Run::plain(format!(" \"{title}\"")));
    }
    runs
}

/// Whether a word can be the name of a language.
pub(super) fn is_language(word: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.' | '#');
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.len() <= 20 && word.chars().all(is_good)
}

/// How deep blocks may stand in each other, so that a network takes them and a person understands them.
const DEEPEST: usize = 12;
