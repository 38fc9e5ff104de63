//! What follows an opening parenthesis.

use super::Fault;
use super::flag::flag;
use super::node::{Flags, Node};
use super::parse::Parser;
use super::token::Token;
use super::unicode::is_identifier;
use super::width::Width;

const LARGEST_GROUP: usize = 0x3fff_ffff;

impl Parser {
    /// Parses a group, of which `(` has been taken; `first` if it is the first element of the pattern. Comments and
    /// flags of the whole pattern leave no node.
    pub(super) fn group(&mut self, flags: Flags, depth: usize, first: bool) -> Result<Option<Node>, Fault> {
        let start = self.tokens.position() - 1;
        if !self.tokens.accept('?')? {
            return self.capture(None, flags, depth, start).map(Some);
        }
        let sign = self.sign()?;
        match sign {
            Token::Plain('P') => self.python(flags, depth, start).map(Some),
            Token::Plain(':') => self.plain(flags, Flags::NONE, depth, start).map(Some),
            Token::Plain('#') => self.comment(start),
            Token::Plain('=' | '!' | '<') => self.look(sign, flags, depth, start).map(Some),
            Token::Plain('(') => self.given(flags, depth, start).map(Some),
            Token::Plain('>') => {
                let body = self.body(flags, depth, start)?;
                Ok(Some(Node::Atomic(body)))
            }
            Token::Plain(letter) if letter == '-' || flag(letter).is_some() => {
                self.flagged(letter, flags, depth, (start, first))
            }
            Token::Plain(_) | Token::Escaped(_) => Err(self.unknown("", sign, 1)),
        }
    }

    fn sign(&mut self) -> Result<Token, Fault> {
        self.tokens.advance()?.ok_or_else(|| self.tokens.fault("unexpected end of pattern", 0))
    }

    fn unknown(&self, before: &str, token: Token, back: usize) -> Fault {
        let shown = match token {
            Token::Plain(c) => c.to_string(),
            Token::Escaped(c) => format!("\\{c}"),
        };
        self.tokens.fault(&format!("unknown extension ?{before}{shown}"), shown.chars().count() + back)
    }

    /// Parses up to the closing parenthesis.
    fn body(&mut self, flags: Flags, depth: usize, start: usize) -> Result<Vec<Node>, Fault> {
        let body = self.alternatives(flags, depth + 1)?;
        self.close(start)?;
        Ok(body)
    }

    fn close(&mut self, start: usize) -> Result<(), Fault> {
        if self.tokens.accept(')')? {
            return Ok(());
        }
        Err(self.tokens.fault_at("missing ), unterminated subpattern", start))
    }

    fn capture(&mut self, name: Option<String>, flags: Flags, depth: usize, start: usize) -> Result<Node, Fault> {
        let index = self.groups();
        if let Some(name) = name {
            self.name(name, index)?;
        }
        self.widths.push(None);
        let body = self.body(flags, depth, start)?;
        let width = Width::of(&body, &self.widths);
        if let Some(slot) = self.widths.get_mut(index) {
            *slot = Some(width);
        }
        Ok(Node::Group { index: Some(index), scoped: false, body })
    }

    fn name(&mut self, name: String, index: usize) -> Result<(), Fault> {
        if let Some((_, other)) = self.names.iter().find(|(known, _)| *known == name) {
            let message = format!("redefinition of group name '{name}' as group {index}; was group {other}");
            return Err(self.tokens.fault(&message, name.chars().count() + 1));
        }
        self.names.push((name, index));
        Ok(())
    }

    pub(super) fn plain(
        &mut self,
        flags: Flags,
        changed: Flags,
        depth: usize,
        start: usize,
    ) -> Result<Node, Fault> {
        let body = self.body(flags, depth, start)?;
        Ok(Node::Group { index: None, scoped: changed != Flags::NONE, body })
    }

    /// `(?P<name>...)` and `(?P=name)`.
    fn python(&mut self, flags: Flags, depth: usize, start: usize) -> Result<Node, Fault> {
        if self.tokens.accept('<')? {
            let name = self.identifier('>')?;
            return self.capture(Some(name), flags, depth, start);
        }
        if !self.tokens.accept('=')? {
            let other = self.sign()?;
            return Err(self.unknown("P", other, 2));
        }
        let name = self.identifier(')')?;
        let group = self.named_group(&name)?;
        self.refer(group, name.chars().count() + 1)?;
        Ok(Node::Backref { group, fold: flags.fold() })
    }

    fn identifier(&mut self, end: char) -> Result<String, Fault> {
        let name = self.tokens.take_until(end, "group name")?;
        if is_identifier(&name) { Ok(name) } else { Err(self.bad_name(&name)) }
    }

    fn bad_name(&self, name: &str) -> Fault {
        let message = format!("bad character in group name {}", quoted(name));
        self.tokens.fault(&message, name.chars().count() + 1)
    }

    fn named_group(&self, name: &str) -> Result<usize, Fault> {
        let known = self.names.iter().find(|(known, _)| known == name).map(|(_, group)| *group);
        known.ok_or_else(|| self.tokens.fault(&format!("unknown group name '{name}'"), name.chars().count() + 1))
    }

    fn comment(&mut self, start: usize) -> Result<Option<Node>, Fault> {
        loop {
            match self.tokens.advance()? {
                None => return Err(self.tokens.fault_at("missing ), unterminated comment", start)),
                Some(Token::Plain(')')) => return Ok(None),
                Some(_) => {}
            }
        }
    }

    fn look(&mut self, sign: Token, flags: Flags, depth: usize, start: usize) -> Result<Node, Fault> {
        let behind = sign == Token::Plain('<');
        let kind = if behind { self.sign()? } else { sign };
        let negated = match kind {
            Token::Plain('=') => false,
            Token::Plain('!') => true,
            Token::Plain(_) | Token::Escaped(_) => return Err(self.unknown("<", kind, 2)),
        };
        let outside = self.behind;
        if behind && outside.is_none() {
            self.behind = Some(self.groups());
        }
        let body = self.alternatives(flags, depth + 1)?;
        self.behind = outside;
        self.close(start)?;
        Ok(Node::Look { behind, negated, body })
    }

    /// `(?(group)then|otherwise)`
    fn given(&mut self, flags: Flags, depth: usize, start: usize) -> Result<Node, Fault> {
        let name = self.tokens.take_until(')', "group name")?;
        let group = self.condition(&name)?;
        self.refer_behind(group)?;
        let then = self.sequence(flags, depth + 1, false)?;
        let otherwise = if self.tokens.accept('|')? {
            let otherwise = self.sequence(flags, depth + 1, false)?;
            if self.tokens.next == Some(Token::Plain('|')) {
                return Err(self.tokens.fault("conditional backref with more than two branches", 0));
            }
            Some(otherwise)
        } else {
            None
        };
        self.close(start)?;
        Ok(Node::Given { group, then, otherwise })
    }

    fn condition(&mut self, name: &str) -> Result<usize, Fault> {
        if is_identifier(name) {
            return self.named_group(name);
        }
        let length = name.chars().count();
        let Ok(group) = name.parse::<usize>() else { return Err(self.bad_name(name)) };
        match group {
            0 => Err(self.tokens.fault("bad group number", length + 1)),
            1..LARGEST_GROUP => {
                self.forward.push((group, self.tokens.position() - length - 1));
                Ok(group)
            }
            _ => Err(self.tokens.fault(&format!("invalid group reference {group}"), length + 1)),
        }
    }
}

/// Python's `repr`.
fn quoted(name: &str) -> String {
    let quote = if name.contains('\'') && !name.contains('"') { '"' } else { '\'' };
    let mut text = String::from(quote);
    for c in name.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            _ if c == quote => text.extend(['\\', c]),
            _ => text.push(c),
        }
    }
    text.push(quote);
    text
}
