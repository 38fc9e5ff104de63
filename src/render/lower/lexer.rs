//! Cuts a template into tokens as Jinja 3.1 does with `trim_blocks` and `lstrip_blocks` on.
//!
//! A fault becomes the last token, so that whoever reads the tokens meets errors in the order Jinja would.

use super::literal;
use super::token::{Kind, Token};
use crate::render::python::is_space;

/// Cuts `source` into tokens; the last is [`Kind::Eof`] or [`Kind::Fault`].
pub(crate) fn tokenize(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source: normalize(source), at: 0, line: 1, line_starting: true, tokens: Vec::new() };
    let last = match lexer.root() {
        Ok(()) => Kind::Eof,
        Err(message) => Kind::Fault(message),
    };
    lexer.push(last);
    lexer.tokens
}

/// Makes every line end a `\n` and drops the last one.
fn normalize(source: &str) -> Vec<char> {
    let mut text = source.replace("\r\n", "\n").replace('\r', "\n");
    if text.ends_with('\n') {
        text.pop();
    }
    text.chars().collect()
}

struct Lexer {
    source: Vec<char>,
    at: usize,
    line: usize,
    line_starting: bool,
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Block,
    Comment,
    Raw,
    Variable,
}

#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Keep,
    None,
    Strip,
}

impl Lexer {
    fn root(&mut self) -> Result<(), String> {
        while let Some((start, tag, sign, end)) = self.next_tag() {
            self.data(start, sign, tag != Tag::Variable);
            self.advance(end);
            self.line_starting = tag == Tag::Raw && self.char(end - 1) == Some('\n');
            match tag {
                Tag::Block => self.tag(Kind::BlockBegin, Kind::BlockEnd)?,
                Tag::Comment => self.comment()?,
                Tag::Raw => self.raw()?,
                Tag::Variable => self.tag(Kind::VariableBegin, Kind::VariableEnd)?,
            }
        }
        let rest = self.source.len();
        self.data(rest, Sign::Keep, false);
        self.advance(rest);
        Ok(())
    }

    /// The next opening: where it starts, what it opens, its sign and where it ends.
    fn next_tag(&self) -> Option<(usize, Tag, Sign, usize)> {
        (self.at..self.source.len().saturating_sub(1)).find_map(|start| {
            if self.char(start) != Some('{') {
                return None;
            }
            let tag = match self.char(start + 1)? {
                '{' => Tag::Variable,
                '%' => Tag::Block,
                '#' => Tag::Comment,
                _ => return None,
            };
            let (sign, end) = self.sign(start + 2);
            let raw = if tag == Tag::Block { self.raw_begin(end) } else { None };
            Some(raw.map_or((start, tag, sign, end), |end| (start, Tag::Raw, sign, end)))
        })
    }

    fn raw_begin(&self, at: usize) -> Option<usize> {
        let after = self.skip_space(self.word(self.skip_space(at), "raw")?);
        match self.word(after, "-%}") {
            Some(end) => Some(self.skip_space(end)),
            None => self.word(after, "%}"),
        }
    }

    /// Emits the text up to `end`, cut as the sign of the tag behind it says.
    fn data(&mut self, end: usize, sign: Sign, lstrip: bool) {
        let mut text: &[char] = self.source.get(self.at..end).unwrap_or_default();
        if sign == Sign::Strip {
            let kept = text.iter().rposition(|c| !is_space(*c)).map_or(0, |last| last + 1);
            text = text.get(..kept).unwrap_or_default();
        } else if lstrip && sign == Sign::None {
            let line = text.iter().rposition(|c| *c == '\n').map_or(0, |last| last + 1);
            let blank = text.get(line..).unwrap_or_default().iter().all(|c| is_space(*c));
            if (line > 0 || self.line_starting) && blank {
                text = text.get(..line).unwrap_or_default();
            }
        }
        let text: String = text.iter().collect();
        if !text.is_empty() {
            self.push(Kind::Data(text));
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        let end = (self.at..self.source.len()).find_map(|at| self.close(at, "#}"));
        self.advance(end.ok_or("Missing end of comment tag")?);
        self.line_starting = self.char(self.at.wrapping_sub(1)) == Some('\n');
        Ok(())
    }

    fn raw(&mut self) -> Result<(), String> {
        let found = (self.at..self.source.len()).find_map(|start| {
            let (sign, end) = self.sign(self.word(start, "{%")?);
            let name = self.skip_space(self.word(self.skip_space(end), "endraw")?);
            Some((start, sign, self.close(name, "%}")?))
        });
        let (start, sign, end) = found.ok_or("Missing end of raw directive")?;
        self.data(start, sign, true);
        self.advance(end);
        self.line_starting = self.char(end - 1) == Some('\n');
        Ok(())
    }

    /// Where a closing at `at` ends, with the white space that it eats.
    fn close(&self, at: usize, mark: &str) -> Option<usize> {
        let (sign, after) = self.sign(at);
        let end = self.word(after, mark)?;
        Some(match sign {
            Sign::Keep => end,
            Sign::Strip => self.skip_space(end),
            Sign::None => end + usize::from(self.char(end) == Some('\n')),
        })
    }

    fn tag(&mut self, begin: Kind, end: Kind) -> Result<(), String> {
        let block = end == Kind::BlockEnd;
        let mut open: Vec<&'static str> = Vec::new();
        self.push(begin);
        loop {
            self.advance(self.skip_space(self.at));
            if self.at >= self.source.len() {
                return Ok(());
            }
            if let Some(after) = self.tag_end(block).filter(|_| open.is_empty()) {
                self.push(end);
                self.advance(after);
                self.line_starting = self.char(after - 1) == Some('\n');
                return Ok(());
            }
            let (kind, after) = literal::read(&self.source, self.at)?;
            if let Kind::Op(op) = kind {
                balance(&mut open, op)?;
            }
            self.push(kind);
            self.advance(after);
        }
    }

    fn tag_end(&self, block: bool) -> Option<usize> {
        if block {
            return self.close(self.at, "%}");
        }
        match self.word(self.at, "-}}") {
            Some(end) => Some(self.skip_space(end)),
            None => self.word(self.at, "}}"),
        }
    }

    fn sign(&self, at: usize) -> (Sign, usize) {
        match self.char(at) {
            Some('-') => (Sign::Strip, at + 1),
            Some('+') => (Sign::Keep, at + 1),
            _ => (Sign::None, at),
        }
    }

    fn word(&self, at: usize, word: &str) -> Option<usize> {
        let length = word.chars().count();
        let here = self.source.get(at..at + length)?;
        here.iter().copied().eq(word.chars()).then_some(at + length)
    }

    fn skip_space(&self, at: usize) -> usize {
        let rest = self.source.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|c| is_space(**c)).count()
    }

    fn char(&self, at: usize) -> Option<char> {
        self.source.get(at).copied()
    }

    fn advance(&mut self, to: usize) {
        self.line += self.source.get(self.at..to).unwrap_or_default().iter().filter(|c| **c == '\n').count();
        self.at = to;
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, line: self.line });
    }
}

fn balance(open: &mut Vec<&'static str>, op: &'static str) -> Result<(), String> {
    match op {
        "{" => open.push("}"),
        "(" => open.push(")"),
        "[" => open.push("]"),
        "}" | ")" | "]" => {
            let expected = open.pop().ok_or_else(|| format!("unexpected '{op}'"))?;
            if expected != op {
                return Err(format!("unexpected '{op}', expected '{expected}'"));
            }
        }
        _ => {}
    }
    Ok(())
}
