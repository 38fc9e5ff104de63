//! What a chat can do, as data: the gateway renders by these, and never by a network's name.

use unicode_segmentation::UnicodeSegmentation;

/// What a chat can do.
///
/// A network begins with [`Capabilities::plain`] and names what it has besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How text is marked up in [`crate::Post::marked`].
    pub markup: Markup,
    /// How long the text of one post may be.
    pub limit: Limit,
    /// Which text [`Capabilities::limit`] limits.
    pub counts: Counts,
    /// Whether [`crate::Post::tone`] is shown.
    pub colours: bool,
    /// Whether a post may hold line ends. If not, the gateway makes each line a post of its own.
    pub multiline: bool,
    /// Whether rooms have threads.
    pub threads: bool,
    /// Whether a post can show which message it answers ([`crate::Post::answers`]).
    pub replies: bool,
    /// Whether messages have reactions: [`crate::Order::React`], [`crate::Event::Reacted`].
    pub reactions: bool,
    /// The largest file that a post may carry, in bytes; `None` where there are no files.
    pub files: Option<u64>,
    /// How many commands the network offers to people while they type ([`crate::Order::Offer`]); 0 where it offers none.
    pub offers: usize,
    /// How many posts to one room may be on their way at once. More than one only where none overtakes another: where
    /// a session writes them in the order of its orders.
    pub window: usize,
    /// Whether [`crate::Post::key`] keeps a second attempt from becoming a second message.
    pub idempotent: bool,
    /// Whether the text of a post can be replaced later, by [`crate::Order::Edit`]. If so, every receipt names its message.
    pub edits: bool,
    /// Whether rooms can be joined and left while the session runs, by [`crate::Order::Join`] and
    /// [`crate::Order::Leave`].
    pub joins: bool,
}

impl Capabilities {
    /// Those of a network that has lines of text and nothing more.
    pub const fn plain(limit: Limit) -> Self {
        Self {
            markup: Markup::Plain,
            limit,
            counts: Counts::Marked,
            colours: false,
            multiline: false,
            threads: false,
            replies: false,
            reactions: false,
            files: None,
            offers: 0,
            window: 1,
            idempotent: false,
            edits: false,
            joins: false,
        }
    }
}

/// A dialect of marked-up text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// ANSI escapes, for a terminal.
    Ansi,
    /// HTML with headings, lists, tables and the like, as in Matrix's `org.matrix.custom.html`.
    Html,
    /// The few tags of HTML that stand within a line, `pre` and `blockquote`, as in Telegram's Bot API; line ends are kept.
    InlineHtml,
    /// mIRC's control codes.
    Mirc,
    /// Nothing: characters only.
    Plain,
    /// The typed marks of XEP-0393, which are text as well.
    Styling,
}

/// Which text of a post counts against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Both together.
    Both,
    /// What goes over the wire: [`crate::Post::marked`], or [`crate::Post::text`] if there is none.
    Marked,
    /// What people see: [`crate::Post::text`].
    Shown,
}

/// A length and what it is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The greatest length that the network takes.
    pub max: usize,
    /// What it counts.
    pub unit: Unit,
}

/// What a network counts when it says how long a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode scalar values.
    Chars,
    /// Code units of UTF-16.
    Utf16,
}

impl Unit {
    /// The length of `text` in this unit.
    pub fn measure(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }
}

impl Limit {
    /// Whether `text` is short enough.
    pub fn admits(&self, text: &str) -> bool {
        self.unit.measure(text) <= self.max
    }

    /// The length in bytes of the longest beginning of `text` that is short enough and ends between two
    /// graphemes; between two scalars when the first grapheme alone is too long; never 0 unless `text` is empty.
    pub(crate) fn prefix(&self, text: &str) -> usize {
        // The character after the limit matters, too: it could belong to the last grapheme.
        let near = text.get(..text.len().min(self.max.saturating_add(1)));
        if near.is_some_and(|near| near.is_ascii() && !near.contains('\r')) {
            return text.len().min(self.max.max(1));
        }
        let graphemes = self.longest(text.graphemes(true));
        if graphemes > 0 {
            return graphemes;
        }
        let scalars = self.longest(text.split_inclusive(|_: char| true));
        scalars.max(text.chars().next().map_or(0, char::len_utf8))
    }

    fn longest<'a>(&self, pieces: impl Iterator<Item = &'a str>) -> usize {
        let mut room = self.max;
        let mut bytes = 0;
        for piece in pieces {
            let Some(rest) = room.checked_sub(self.unit.measure(piece)) else { break };
            room = rest;
            bytes += piece.len();
        }
        bytes
    }
}
