//! One renderer for all networks: what StackStorm's people write, as each network shows it.
//!
//! A text becomes lines that know the blocks and marks that they have (`document`), whether it is Markdown, Slack's mrkdwn or
//! plain, and whatever attachments come with it. These are cut into posts as the network counts (`cut`), and each post is
//! written twice: without marks, and in the network's dialect. Pure: it knows no network by name.

mod attachment;
mod build;
mod cut;
mod dialect;
mod document;
mod inert;
mod link;
mod markdown;
mod mrkdwn;
mod page;
mod table;

mod fence;
#[cfg(test)]
mod tests;

use fulmar_contract::{Limit, Markup, Tone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use build::Builder;
use dialect::html;

pub use cut::insert;
pub use document::{Document, Look};
pub use inert::{name, plain};
pub use page::Part;

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Markdown (CommonMark, and GitHub's tables and strikethrough), as StackStorm's people write it.
    Markdown,
    /// Slack's.
    Mrkdwn,
    /// As it is to be read.
    #[default]
    Plain,
}

impl Format {
    /// That of a text of StackStorm's with this `extra`: what is meant for Slack is written as Slack wants it.
    pub fn of(extra: &Value) -> Self {
        if extra.get("slack").is_some_and(Value::is_object) { Self::Mrkdwn } else { Self::Markdown }
    }
}

/// What `text` and the attachments in `extra` say on a network that looks so.
pub fn document(text: &str, format: Format, extra: &Value, look: &Look<'_>) -> Document {
    let text = plain(text);
    // What stands before `{~}` is to stand above the rest; where there are no attachments, that is a line of its own.
    let text = if text.contains(DELIMITER) { text.replace(DELIMITER, "\n").into() } else { text };
    let mut builder = Builder::new(look);
    match format {
        Format::Markdown => markdown::read(&mut builder, &text, 0),
        Format::Mrkdwn => mrkdwn::read(&mut builder, &text, 0),
        Format::Plain => builder.verbatim(&text, 0),
    }
    if format != Format::Plain
        && let Some((members, format)) = attachment::chosen(extra, look.kind)
    {
        attachment::read(&mut builder, members, format);
    }
    let mut document = builder.finish();
    document.lines.iter_mut().for_each(|line| line.indent_at_most(look.limit.max / INDENT));
    inert::silence(&mut document.lines, look);
    document
}

/// The tone that the author of `extra` asks for with Slack's words for colours, on a network of `kind`.
pub fn tone(extra: &Value, kind: &str) -> Option<Tone> {
    let asked = |extra: &Value| Tone::named(extra.get("color")?.as_str()?);
    let attached =
        attachment::chosen(extra, kind).and_then(|(members, _)| Tone::named(members.get("color")?.as_str()?));
    extra.get(kind).and_then(asked).or_else(|| asked(extra)).or(attached)
}

impl Document {
    /// How many posts it takes at least: one, or one for each line where posts have no more.
    pub fn passages(&self, look: &Look<'_>) -> usize {
        if look.multiline { usize::from(!self.lines.is_empty()) } else { self.lines.len() }
    }

    /// The first `most` parts into which a passage is cut by `limit`, and how many there are. Several have numbers.
    pub fn parts(&self, passage: usize, look: &Look<'_>, limit: Limit, most: usize) -> (Vec<Part>, usize) {
        let lines = if look.multiline { Some(self.lines.as_slice()) } else { self.lines.get(passage..=passage) };
        cut::parts(lines.unwrap_or_default(), look, limit, most)
    }

    /// What stands at its beginning, in one post.
    pub fn beginning(&self, look: &Look<'_>, limit: Limit) -> Option<Part> {
        cut::first(if look.multiline { &self.lines } else { self.lines.get(..1)? }, look, limit)
    }

    /// All of it without marks, and the language of its code if it is nothing else.
    pub fn whole(&self, look: &Look<'_>) -> (String, Option<String>) {
        let boundless = Limit { max: usize::MAX, ..look.limit };
        let look = Look { markup: Markup::Plain, limit: boundless, multiline: true, ..*look };
        let (parts, _) = cut::parts(&self.lines, &look, boundless, 1);
        let text = parts.into_iter().next().unwrap_or_default().text;
        let mut codes = self.lines.iter().map(|line| line.code().map(|code| (code.id, &code.block)));
        let language = match codes.next().flatten() {
            Some((id, document::Block::Code(Some(language)))) => {
                codes.all(|code| code.is_some_and(|(other, _)| other == id)).then(|| language.to_string())
            }
            _ => None,
        };
        (text, language)
    }
}

impl Part {
    /// One below the other.
    pub fn above(&self, below: &Self, look: &Look<'_>) -> Self {
        let between = if look.multiline { "\n" } else { " " };
        let text = format!("{}{between}{}", self.text, below.text);
        if self.marked.is_none() && below.marked.is_none() {
            return Self { text, marked: None };
        }
        let kind = match look.markup {
            Markup::Html => Some(html::Kind::Full { paragraphs: true }),
            Markup::InlineHtml => Some(html::Kind::Inline),
            Markup::Ansi | Markup::Mirc | Markup::Plain | Markup::Styling => None,
        };
        let marked = |part: &Self| match (&part.marked, kind) {
            (Some(marked), _) => marked.clone(),
            (None, Some(kind)) => html::escaped(&part.text, kind),
            (None, None) => part.text.clone(),
        };
        let between = if look.markup == Markup::Html { "<br>" } else { between };
        Self { text, marked: Some(format!("{}{between}{}", marked(self), marked(below))) }
    }

    /// Whether `limit` admits it on a network that looks so.
    pub fn fits(&self, look: &Look<'_>, limit: Limit) -> bool {
        let measure = |text: &str| limit.unit.measure(text);
        let marked = self.marked.as_deref();
        let length = match look.counts {
            fulmar_contract::Counts::Both => measure(&self.text) + marked.map_or(0, measure),
            fulmar_contract::Counts::Marked => measure(marked.unwrap_or(&self.text)),
            fulmar_contract::Counts::Shown => measure(&self.text),
        };
        length <= limit.max
    }
}

/// What separates what stands above an attachment from the rest (hubot-stackstorm).
const DELIMITER: &str = "{~}";

/// The part of a post that the white space at the beginning of a line may take: it is never said without what follows it.
const INDENT: usize = 4;
