//! The parsed form of an expression.

use super::class::Set;
use super::width::Width;

/// One element of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Any character; a newline only if `newline`.
    Any { newline: bool },
    /// A place.
    At(At),
    /// What, once matched, is not tried in another way.
    Atomic(Vec<Self>),
    /// What a group matched.
    Backref { group: usize, fold: Fold },
    /// The first of several that fits.
    Branch(Vec<Vec<Self>>),
    /// One character, as a code point.
    Char { code: u32, fold: Fold },
    /// A group; `scoped` if it changes flags.
    Group { index: Option<usize>, scoped: bool, body: Vec<Self> },
    /// One or the other, by whether a group matched.
    Given { group: usize, then: Vec<Self>, otherwise: Option<Vec<Self>> },
    /// What follows or comes before, not consumed.
    Look { behind: bool, negated: bool, body: Vec<Self> },
    /// The same several times; `width` is that of the body.
    Repeat { min: u32, max: Option<u32>, greed: Greed, width: Width, body: Vec<Self> },
    /// One of several characters.
    Set(Set),
}

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// `^`
    Begin { lines: bool },
    /// `\A`
    BeginText,
    /// `\b`, or `\B` if negated.
    Boundary { negated: bool, ascii: bool },
    /// `$`
    End { lines: bool },
    /// `\Z`
    EndText,
}

/// How upper and lower case count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Alike, the letters of ASCII only.
    Ascii,
    /// Apart.
    #[default]
    None,
    /// Alike.
    Unicode,
}

/// How eagerly a repetition takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greed {
    /// As much as possible.
    Greedy,
    /// As little as possible.
    Lazy,
    /// As much as possible, giving nothing back.
    Possessive,
}

/// A set of Python's flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    /// None.
    pub(crate) const NONE: Self = Self(0);
    /// `(?i)`
    pub(crate) const IGNORECASE: Self = Self(1);
    /// `(?m)`
    pub(crate) const MULTILINE: Self = Self(2);
    /// `(?s)`
    pub(crate) const DOTALL: Self = Self(4);
    /// `(?x)`
    pub(crate) const VERBOSE: Self = Self(8);
    /// `(?a)`
    pub(crate) const ASCII: Self = Self(16);
    /// `(?u)`
    pub(crate) const UNICODE: Self = Self(32);
    /// `(?t)`, which does nothing.
    pub(crate) const TEMPLATE: Self = Self(64);

    /// Whether they share any flag.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// All flags of both.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags that `other` lacks.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How case counts.
    pub(crate) const fn fold(self) -> Fold {
        match (self.meets(Self::IGNORECASE), self.meets(Self::ASCII)) {
            (false, _) => Fold::None,
            (true, true) => Fold::Ascii,
            (true, false) => Fold::Unicode,
        }
    }
}
