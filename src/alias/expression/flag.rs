//! Flags inside a pattern: `(?i)` for the whole, `(?i-s:...)` for a part.

use super::Fault;
use super::node::{Flags, Node};
use super::parse::Parser;
use super::token::Token;

impl Parser {
    /// Parses flags, of which `letter` or a hyphen has been taken, and the part that they are for.
    pub(super) fn flagged(
        &mut self,
        letter: char,
        flags: Flags,
        depth: usize,
        (start, first): (usize, bool),
    ) -> Result<Option<Node>, Fault> {
        let (added, end) = if letter == '-' { (Flags::NONE, '-') } else { self.added(letter)? };
        if end == ')' {
            self.flags = self.flags.with(added);
            self.is_plain = false;
            if first {
                return Ok(None);
            }
            return Err(self.tokens.fault_at("global flags not at the start of the expression", start));
        }
        if added.meets(Flags::TEMPLATE) {
            return Err(self.tokens.fault("bad inline flags: cannot turn on global flag", 1));
        }
        let removed = if end == '-' { self.removed()? } else { Flags::NONE };
        if removed.meets(Flags::TEMPLATE) {
            return Err(self.tokens.fault("bad inline flags: cannot turn off global flag", 1));
        }
        if added.meets(removed) {
            return Err(self.tokens.fault("bad inline flags: flag turned on and off", 1));
        }
        let inner = match () {
            () if added.meets(Flags::ASCII) => flags.without(Flags::UNICODE),
            () if added.meets(Flags::UNICODE) => flags.without(Flags::ASCII),
            () => flags,
        };
        let inner = inner.with(added).without(removed);
        self.plain(inner, added.with(removed), depth, start).map(Some)
    }

    /// The flags that are turned on, and the sign that ends them.
    fn added(&mut self, mut letter: char) -> Result<(Flags, char), Fault> {
        let mut added = Flags::NONE;
        loop {
            if letter == 'L' {
                let message = "bad inline flags: cannot use 'L' flag with a str pattern";
                return Err(self.tokens.fault(message, 0));
            }
            added = added.with(flag(letter).unwrap_or(Flags::NONE));
            if added.meets(Flags::ASCII) && added.meets(Flags::UNICODE) {
                let message = "bad inline flags: flags 'a', 'u' and 'L' are incompatible";
                return Err(self.tokens.fault(message, 0));
            }
            match self.tokens.advance()? {
                Some(Token::Plain(end @ (')' | '-' | ':'))) => return Ok((added, end)),
                other => letter = self.flag_letter(other, "missing -, : or )")?,
            }
        }
    }

    /// The flags that are turned off.
    fn removed(&mut self) -> Result<Flags, Fault> {
        let mut removed = Flags::NONE;
        let first = self.tokens.advance()?;
        let mut letter = self.flag_letter(first, "missing flag")?;
        loop {
            if matches!(letter, 'a' | 'u' | 'L') {
                let message = "bad inline flags: cannot turn off flags 'a', 'u' and 'L'";
                return Err(self.tokens.fault(message, 0));
            }
            removed = removed.with(flag(letter).unwrap_or(Flags::NONE));
            match self.tokens.advance()? {
                Some(Token::Plain(':')) => return Ok(removed),
                other => letter = self.flag_letter(other, "missing :")?,
            }
        }
    }

    fn flag_letter(&self, token: Option<Token>, missing: &str) -> Result<char, Fault> {
        match token {
            None => Err(self.tokens.fault(missing, 0)),
            Some(Token::Plain(letter)) if flag(letter).is_some() => Ok(letter),
            Some(Token::Plain(letter)) if letter.is_alphabetic() => Err(self.tokens.fault("unknown flag", 1)),
            Some(Token::Plain(_)) => Err(self.tokens.fault(missing, 1)),
            Some(Token::Escaped(_)) => Err(self.tokens.fault(missing, 2)),
        }
    }
}

/// The flag of a letter; `L` is refused later.
pub(super) const fn flag(letter: char) -> Option<Flags> {
    match letter {
        'i' => Some(Flags::IGNORECASE),
        'm' => Some(Flags::MULTILINE),
        's' => Some(Flags::DOTALL),
        'x' => Some(Flags::VERBOSE),
        'a' => Some(Flags::ASCII),
        'u' => Some(Flags::UNICODE),
        't' => Some(Flags::TEMPLATE),
        'L' => Some(Flags::NONE),
        _ => None,
    }
}
