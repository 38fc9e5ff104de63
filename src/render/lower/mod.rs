//! Reads Jinja's own grammar and writes it down again for minijinja.
//!
//! minijinja's operators, attributes and undefined names are not Python's and cannot be replaced, so every one of them
//! becomes a call of a function of ours (`a % b` is written `py_mod(a, b)`). What is left to minijinja are the frames:
//! blocks, loops, scopes, macros, fuel and recursion. Syntax errors are found here, in Jinja's words.

mod call;
mod expression;
mod lexer;
mod literal;
mod postfix;
mod statement;
mod target;
mod token;

use std::mem;

use minijinja::Error;

use super::fault::{Outcome, raise, unsupported};
use token::{Kind, Token};

/// Opens a statement for minijinja; private characters, so that no text of a template is taken for one.
pub(crate) const BLOCK: (&str, &str) = ("\u{e000}%", "%\u{e000}");
/// Opens a printed expression.
pub(crate) const PRINT: (&str, &str) = ("\u{e001}%", "%\u{e001}");
/// Opens a comment; never written.
pub(crate) const COMMENT: (&str, &str) = ("\u{e002}%", "%\u{e002}");

/// How deep expressions and blocks may nest.
const DEPTH: usize = 60;

/// How deep the code may nest that is written for minijinja, where `a.b.c` is one call within another: its own limit is 150,
/// and a thread's stack of 2 MiB does not hold that much where nothing is optimised.
const CALLS: usize = 64;

/// Longest template, in bytes.
const LENGTH: usize = 1 << 20;

/// Writes `source` for minijinja.
///
/// # Errors
/// `TemplateSyntaxError` and `TemplateAssertionError` as Jinja would raise them, and what cannot be said in minijinja.
pub(crate) fn lower(source: &str) -> Outcome<String> {
    if source.len() > LENGTH {
        return Err(unsupported("a template of more than 1 MiB"));
    }
    let mut parser = Parser { tokens: lexer::tokenize(source), ..Parser::default() };
    parser.check_fault()?;
    let code = parser.template()?;
    if calls(&code) > CALLS {
        return Err(unsupported("a template nested this deep"));
    }
    match parser.unknown.into_iter().next() {
        Some(message) => Err(raise("TemplateAssertionError", message)),
        None => Ok(code),
    }
}

/// Where the reading stands.
#[derive(Default)]
struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Tags not yet closed.
    tags: Vec<String>,
    /// What each open body waits for.
    ends: Vec<&'static [&'static str]>,
    /// The shape of the target of each open loop.
    loops: Vec<String>,
    /// The parameters of each open macro.
    macros: Vec<Vec<String>>,
    /// Whether an unknown filter is found out only when reached, as inside `if`.
    soft: bool,
    /// Unknown filters and tests.
    unknown: Vec<String>,
}

impl Parser {
    fn current(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::Eof, |token| &token.kind)
    }

    fn peek(&self) -> &Kind {
        self.tokens.get(self.at + 1).map_or(&Kind::Eof, |token| &token.kind)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(1, |token| token.line)
    }

    /// Goes one token on; a fault of the lexer is raised when it is reached.
    fn advance(&mut self) -> Outcome<Kind> {
        let kind = self.current().clone();
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
        self.check_fault()?;
        Ok(kind)
    }

    fn check_fault(&self) -> Outcome<()> {
        match self.current() {
            Kind::Fault(message) => Err(syntax(message)),
            _ => Ok(()),
        }
    }

    fn skip_op(&mut self, op: &str) -> Outcome<bool> {
        let found = self.current().is_op(op);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn skip_name(&mut self, name: &str) -> Outcome<bool> {
        let found = self.current().is_name(name);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_op(&mut self, op: &str) -> Outcome<()> {
        if self.skip_op(op)? { Ok(()) } else { Err(self.unexpected(op)) }
    }

    fn expect_keyword(&mut self, name: &str) -> Outcome<()> {
        if self.skip_name(name)? { Ok(()) } else { Err(self.unexpected(name)) }
    }

    fn expect_name(&mut self) -> Outcome<String> {
        match self.current().clone() {
            Kind::Name(name) => self.advance().map(|_| name),
            _ => Err(self.unexpected("name")),
        }
    }

    fn expect(&mut self, wanted: &Kind) -> Outcome<()> {
        if self.current() == wanted { self.advance().map(|_| ()) } else { Err(self.unexpected(wanted.describe())) }
    }

    fn unexpected(&self, wanted: &str) -> Error {
        match self.current() {
            Kind::Eof => syntax(format!("unexpected end of template, expected {}.", quote(wanted))),
            found => syntax(format!("expected token {}, got {}", quote(wanted), quote(found.describe()))),
        }
    }

    /// Runs `read` one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.deepen()?;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn deepen(&mut self) -> Outcome<()> {
        if self.depth >= DEPTH {
            return Err(unsupported("a template nested this deep"));
        }
        self.depth += 1;
        Ok(())
    }
}

/// Counts one more link of a chain: each is written around what comes before it, which would take long for thousands.
fn link(links: &mut usize) -> Outcome<()> {
    *links += 1;
    if *links > CALLS { Err(unsupported("so long a chain")) } else { Ok(()) }
}

/// How deep parentheses nest in the code of a template.
fn calls(code: &str) -> usize {
    let (mut is_code, mut is_text, mut is_escaped) = (false, false, false);
    let (mut depth, mut most) = (0_usize, 0);
    for c in code.chars() {
        match c {
            '\u{e000}' | '\u{e001}' => (is_code, is_text, depth) = (!is_code, false, 0),
            _ if !is_code || mem::take(&mut is_escaped) => {}
            '\\' => is_escaped = is_text,
            '"' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// A syntax error in Jinja's words.
fn syntax(message: impl Into<String>) -> Error {
    raise("TemplateSyntaxError", message)
}

/// A text as Python shows it.
fn quote(text: &str) -> String {
    super::python::repr_text(text)
}

/// A text literal for minijinja.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
