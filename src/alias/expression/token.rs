//! A pattern as the characters and escapes that Python's parser looks at, one ahead.

use super::Fault;

/// What the parser sees at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A backslash and what follows it.
    Escaped(char),
    /// Any other character.
    Plain(char),
}

/// The pattern, with one token of look-ahead.
#[derive(Debug)]
pub(super) struct Tokens {
    chars: Vec<char>,
    after: usize,
    /// The token that comes next.
    pub(super) next: Option<Token>,
}

impl Tokens {
    /// Starts at the beginning of `pattern`.
    pub(super) fn new(pattern: &str) -> Result<Self, Fault> {
        let mut tokens = Self { chars: pattern.chars().collect(), after: 0, next: None };
        tokens.advance()?;
        Ok(tokens)
    }

    /// Moves on by one token and returns the one passed.
    pub(super) fn advance(&mut self) -> Result<Option<Token>, Fault> {
        let passed = self.next;
        self.next = match self.chars.get(self.after) {
            None => None,
            Some('\\') => {
                let Some(escaped) = self.chars.get(self.after + 1) else {
                    return Err(self.fault_at("bad escape (end of pattern)", self.after));
                };
                self.after += 2;
                Some(Token::Escaped(*escaped))
            }
            Some(plain) => {
                self.after += 1;
                Some(Token::Plain(*plain))
            }
        };
        Ok(passed)
    }

    /// Moves on if `wanted` comes next.
    pub(super) fn accept(&mut self, wanted: char) -> Result<bool, Fault> {
        let here = self.next == Some(Token::Plain(wanted));
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    /// Takes up to `most` characters that `wanted` admits.
    pub(super) fn take_while(&mut self, most: usize, wanted: fn(char) -> bool) -> Result<String, Fault> {
        let mut taken = String::new();
        while let Some(Token::Plain(c)) = self.next {
            if taken.len() == most || !wanted(c) {
                break;
            }
            taken.push(c);
            self.advance()?;
        }
        Ok(taken)
    }

    /// Takes the name that ends in `end`; `what` is how Python calls it.
    pub(super) fn take_until(&mut self, end: char, what: &str) -> Result<String, Fault> {
        let mut name = String::new();
        loop {
            let passed = self.advance()?;
            let missing = || format!("missing {what}");
            match passed {
                None if name.is_empty() => return Err(self.fault(&missing(), 0)),
                None => {
                    let text = format!("missing {end}, unterminated name");
                    return Err(self.fault(&text, name.chars().count()));
                }
                Some(Token::Plain(c)) if c == end && name.is_empty() => return Err(self.fault(&missing(), 1)),
                Some(Token::Plain(c)) if c == end => return Ok(name),
                Some(Token::Plain(c)) => name.push(c),
                Some(Token::Escaped(c)) => name.extend(['\\', c]),
            }
        }
    }

    /// The position of the next token, in characters.
    pub(super) const fn position(&self) -> usize {
        match self.next {
            None => self.after,
            Some(Token::Plain(_)) => self.after - 1,
            Some(Token::Escaped(_)) => self.after - 2,
        }
    }

    /// Goes back to `position`.
    pub(super) fn rewind(&mut self, position: usize) -> Result<(), Fault> {
        self.after = position;
        self.advance()?;
        Ok(())
    }

    /// A fault `back` characters before the next token.
    pub(super) fn fault(&self, message: &str, back: usize) -> Fault {
        self.fault_at(message, self.position().saturating_sub(back))
    }

    /// A fault at `position`.
    pub(super) fn fault_at(&self, message: &str, position: usize) -> Fault {
        let before: Vec<char> = self.chars.iter().take(position).copied().collect();
        if !self.chars.contains(&'\n') {
            return Fault(format!("{message} at position {position}"));
        }
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        Fault(format!("{message} at position {position} (line {line}, column {column})"))
    }
}
