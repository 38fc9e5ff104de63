//! What follows a backslash.

use super::Fault;
use super::class::{Item, Set};
use super::node::{At, Flags, Node};
use super::parse::Parser;

impl Parser {
    /// Parses the escape of `letter`, which has been taken, outside a set.
    pub(super) fn escape(&mut self, letter: char, flags: Flags) -> Result<Node, Fault> {
        let fold = flags.fold();
        if let Some(place) = place(letter, flags) {
            return Ok(Node::At(place));
        }
        if let Some(class) = Item::class(letter, flags) {
            return Ok(Node::Set(Set { negated: false, fold, items: vec![class] }));
        }
        if matches!(letter, '1'..='9') {
            return self.octal_or_group(letter, flags);
        }
        Ok(Node::Char { code: self.character(letter)?, fold })
    }

    /// Parses the escape of `letter`, which has been taken, inside a set.
    pub(super) fn escape_in_set(&mut self, letter: char) -> Result<u32, Fault> {
        match letter {
            'b' => Ok(0x08),
            '1'..='7' => {
                let digits = format!("{letter}{}", self.tokens.take_while(2, is_octal)?);
                self.octal(&digits)
            }
            '8' | '9' => Err(self.bad_escape(&letter.to_string())),
            _ => self.character(letter),
        }
    }

    fn character(&mut self, letter: char) -> Result<u32, Fault> {
        match letter {
            'a' => Ok(0x07),
            'f' => Ok(0x0c),
            'n' => Ok(0x0a),
            'r' => Ok(0x0d),
            't' => Ok(0x09),
            'v' => Ok(0x0b),
            'x' => self.hexadecimal(letter, 2),
            'u' => self.hexadecimal(letter, 4),
            'U' => self.hexadecimal(letter, 8),
            'N' => self.named(),
            '0' => {
                let digits = format!("0{}", self.tokens.take_while(2, is_octal)?);
                self.octal(&digits)
            }
            _ if letter.is_ascii_alphabetic() => Err(self.bad_escape(&letter.to_string())),
            _ => Ok(u32::from(letter)),
        }
    }

    fn hexadecimal(&mut self, letter: char, length: usize) -> Result<u32, Fault> {
        let digits = self.tokens.take_while(length, |c| c.is_ascii_hexdigit())?;
        let escape = format!("{letter}{digits}");
        if digits.len() < length {
            return Err(self.tokens.fault(&format!("incomplete escape \\{escape}"), escape.len() + 1));
        }
        match u32::from_str_radix(&digits, 16) {
            Ok(code) if code <= u32::from(char::MAX) => Ok(code),
            _ => Err(self.bad_escape(&escape)),
        }
    }

    /// Names of characters are refused: nothing here knows them.
    fn named(&mut self) -> Result<u32, Fault> {
        if !self.tokens.accept('{')? {
            return Err(self.tokens.fault("missing {", 0));
        }
        let name = self.tokens.take_until('}', "character name")?;
        Err(self.tokens.fault(&format!("undefined character name '{name}'"), name.chars().count() + 4))
    }

    fn octal(&self, digits: &str) -> Result<u32, Fault> {
        match u32::from_str_radix(digits, 8) {
            Ok(code) if code <= 0o377 => Ok(code),
            _ => {
                let message = format!("octal escape value \\{digits} outside of range 0-0o377");
                Err(self.tokens.fault(&message, digits.len() + 1))
            }
        }
    }

    /// Three octal digits are a character, anything else a group.
    fn octal_or_group(&mut self, first: char, flags: Flags) -> Result<Node, Fault> {
        let mut digits = first.to_string();
        digits.push_str(&self.tokens.take_while(1, |c| c.is_ascii_digit())?);
        if digits.len() == 2 && digits.chars().all(is_octal) {
            let third = self.tokens.take_while(1, is_octal)?;
            if !third.is_empty() {
                digits.push_str(&third);
                return Ok(Node::Char { code: self.octal(&digits)?, fold: flags.fold() });
            }
        }
        let group = digits.parse().unwrap_or(usize::MAX);
        if group >= self.groups() {
            return Err(self.tokens.fault(&format!("invalid group reference {group}"), digits.len()));
        }
        self.refer(group, digits.len() + 1)?;
        Ok(Node::Backref { group, fold: flags.fold() })
    }

    fn bad_escape(&self, escape: &str) -> Fault {
        self.tokens.fault(&format!("bad escape \\{escape}"), escape.len() + 1)
    }
}

const fn place(letter: char, flags: Flags) -> Option<At> {
    let ascii = flags.meets(Flags::ASCII);
    match letter {
        'A' => Some(At::BeginText),
        'Z' => Some(At::EndText),
        'b' => Some(At::Boundary { negated: false, ascii }),
        'B' => Some(At::Boundary { negated: true, ascii }),
        _ => None,
    }
}

const fn is_octal(c: char) -> bool {
    matches!(c, '0'..='7')
}
