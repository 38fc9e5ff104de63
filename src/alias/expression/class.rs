//! Sets of characters: `[...]` and the classes `\d`, `\s`, `\w`.

use super::Fault;
use super::node::{Flags, Fold, Node};
use super::parse::Parser;
use super::token::Token;
use super::unicode::{is_digit, is_space, is_word, lower, same};

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    /// Whether it holds what is not listed.
    pub(super) negated: bool,
    /// How case counts.
    pub(super) fold: Fold,
    /// What is listed.
    pub(super) items: Vec<Item>,
}

/// What a set lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// One code point.
    Char(u32),
    /// A class.
    Class { class: Class, negated: bool, ascii: bool },
    /// All code points between two, both included.
    Range(u32, u32),
}

/// A class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `\d`
    Digit,
    /// `\s`
    Space,
    /// `\w`
    Word,
}

impl Set {
    /// Whether `c` is in it.
    pub(super) fn contains(&self, c: char) -> bool {
        self.items.iter().any(|item| item.contains(c, self.fold)) != self.negated
    }
}

impl Item {
    /// The class that an escape such as `\W` stands for.
    pub(super) const fn class(letter: char, flags: Flags) -> Option<Self> {
        let class = match letter.to_ascii_lowercase() {
            'd' => Class::Digit,
            's' => Class::Space,
            'w' => Class::Word,
            _ => return None,
        };
        Some(Self::Class { class, negated: letter.is_ascii_uppercase(), ascii: flags.meets(Flags::ASCII) })
    }

    fn contains(self, c: char, fold: Fold) -> bool {
        match self {
            Self::Char(code) => same(c, code, fold),
            Self::Range(low, high) => {
                let within = |c: char| (low..=high).contains(&u32::from(c));
                let upper = |c: char| c.to_uppercase().next().unwrap_or(c);
                match fold {
                    Fold::None => within(c),
                    Fold::Ascii => within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()),
                    Fold::Unicode => [c, lower(c), upper(c), lower(upper(c))].into_iter().any(within),
                }
            }
            Self::Class { class, negated, ascii } => class.contains(c, ascii) != negated,
        }
    }
}

impl Class {
    /// Whether `c` is of this class.
    pub(super) fn contains(self, c: char, ascii: bool) -> bool {
        if ascii && !c.is_ascii() {
            return false;
        }
        match self {
            Self::Digit => is_digit(c),
            Self::Space if ascii => matches!(c, ' ' | '\t'..='\r'),
            Self::Space => is_space(c),
            Self::Word => is_word(c),
        }
    }
}

impl Parser {
    /// Parses a set, of which `[` has been taken.
    pub(super) fn set(&mut self, flags: Flags) -> Result<Node, Fault> {
        let here = self.tokens.position() - 1;
        let negated = self.tokens.accept('^')?;
        let mut items: Vec<Item> = Vec::new();
        loop {
            let first = self.member(here)?;
            if first == Token::Plain(']') && !items.is_empty() {
                break;
            }
            let item = self.item(first, flags)?;
            if !self.tokens.accept('-')? {
                items.push(item);
                continue;
            }
            let last = self.member(here)?;
            if last == Token::Plain(']') {
                items.extend([item, Item::Char(u32::from('-'))]);
                break;
            }
            items.push(self.range((first, item), last, flags)?);
        }
        items.dedup();
        Ok(one_or_set(items, negated, flags.fold()))
    }

    fn member(&mut self, here: usize) -> Result<Token, Fault> {
        self.tokens.advance()?.ok_or_else(|| self.tokens.fault_at("unterminated character set", here))
    }

    fn item(&mut self, token: Token, flags: Flags) -> Result<Item, Fault> {
        match token {
            Token::Plain(c) => Ok(Item::Char(u32::from(c))),
            Token::Escaped(c) => match Item::class(c, flags) {
                Some(class) => Ok(class),
                None => self.escape_in_set(c).map(Item::Char),
            },
        }
    }

    fn range(&mut self, low: (Token, Item), high: Token, flags: Flags) -> Result<Item, Fault> {
        let end = self.item(high, flags)?;
        match (low.1, end) {
            (Item::Char(first), Item::Char(last)) if first <= last => Ok(Item::Range(first, last)),
            _ => {
                let (first, last) = (shown(low.0), shown(high));
                let message = format!("bad character range {first}-{last}");
                Err(self.tokens.fault(&message, first.chars().count() + 1 + last.chars().count()))
            }
        }
    }
}

/// A set of one character is that character.
pub(super) fn one_or_set(items: Vec<Item>, negated: bool, fold: Fold) -> Node {
    match items.as_slice() {
        [Item::Char(code)] if !negated => Node::Char { code: *code, fold },
        _ => Node::Set(Set { negated, fold, items }),
    }
}

fn shown(token: Token) -> String {
    match token {
        Token::Plain(c) => c.to_string(),
        Token::Escaped(c) => format!("\\{c}"),
    }
}
