//! What follows an operand: attributes, subscripts, filters and tests.

use super::expression::{Expr, Form};
use super::token::Kind;
use super::{Parser, link, literal, quote, syntax};
use crate::render::fault::Outcome;
use crate::render::{check, filter};

impl Parser {
    pub(super) fn postfix(&mut self, mut expr: Expr) -> Outcome<Expr> {
        let mut links = 0;
        loop {
            expr = match self.current() {
                Kind::Op(".") => self.attribute(expr)?,
                Kind::Op("[") => self.subscript(&expr)?,
                Kind::Op("(") => self.call(expr)?,
                _ => return Ok(expr),
            };
            link(&mut links)?;
        }
    }

    pub(super) fn filters_and_tests(&mut self, mut expr: Expr) -> Outcome<Expr> {
        let mut links = 0;
        loop {
            expr = match self.current() {
                Kind::Op("|") => {
                    self.advance()?;
                    Expr::other(self.filter(&expr.code)?)
                }
                Kind::Op("(") => self.call(expr)?,
                Kind::Name(name) if name == "is" => self.test(&expr)?,
                _ => return Ok(expr),
            };
            link(&mut links)?;
        }
    }

    fn attribute(&mut self, object: Expr) -> Outcome<Expr> {
        self.advance()?;
        match self.advance()? {
            Kind::Name(name) => Ok(Expr {
                code: format!("py_attr({}, \"{name}\")", object.code),
                form: Form::Attribute { object: object.code, name },
            }),
            Kind::Int(Some(index)) => Ok(Expr::other(format!("py_item({}, {index})", object.code))),
            _ => Err(syntax("expected name or number")),
        }
    }

    fn subscript(&mut self, object: &Expr) -> Outcome<Expr> {
        self.advance()?;
        let mut parts: Vec<Subscript> = Vec::new();
        while !self.current().is_op("]") {
            if !parts.is_empty() {
                self.expect_op(",")?;
            }
            parts.push(self.subscribed()?);
        }
        self.expect_op("]")?;
        let object = &object.code;
        let code = match parts.as_slice() {
            [Subscript::Index(index)] => format!("py_item({object}, {index})"),
            [Subscript::Slice(slice)] => format!("py_slice({object}, {slice})"),
            many => {
                let many: Vec<&str> = many.iter().map(Subscript::code).collect();
                format!("py_item({object}, py_tuple({}))", many.join(", "))
            }
        };
        Ok(Expr::other(code))
    }

    fn subscribed(&mut self) -> Outcome<Subscript> {
        let start = match self.current() {
            Kind::Op(":") => "none".to_owned(),
            _ => self.expression()?.code,
        };
        if !self.skip_op(":")? {
            return Ok(Subscript::Index(start));
        }
        let stop = self.bound()?;
        let step = if self.skip_op(":")? { self.bound()? } else { "none".to_owned() };
        Ok(Subscript::Slice(format!("{start}, {stop}, {step}")))
    }

    fn bound(&mut self) -> Outcome<String> {
        match self.current() {
            Kind::Op(":" | "]" | ",") => Ok("none".to_owned()),
            _ => Ok(self.expression()?.code),
        }
    }

    /// A filter applied to the code of a value; the bar has been read.
    pub(super) fn filter(&mut self, value: &str) -> Outcome<String> {
        let name = self.dotted_name()?;
        let arguments = if self.current().is_op("(") { self.arguments()? } else { String::new() };
        if !filter::exists(&name) && !self.soft {
            self.unknown.push(format!("No filter named {}.", quote(&name)));
        }
        Ok(format!("py_filter({}, {value}{arguments})", literal(&name)))
    }

    fn test(&mut self, value: &Expr) -> Outcome<Expr> {
        self.advance()?;
        let negated = self.skip_name("not")?;
        let name = self.dotted_name()?;
        let arguments = self.test_arguments()?;
        if !check::exists(&name) && !self.soft {
            self.unknown.push(format!("No test named {}.", quote(&name)));
        }
        let code = format!("py_check({}, {}{arguments})", literal(&name), value.code);
        Ok(Expr::other(if negated { format!("py_not({code})") } else { code }))
    }

    fn test_arguments(&mut self) -> Outcome<String> {
        match self.current() {
            Kind::Op("(") => return self.arguments(),
            Kind::Name(name) if matches!(name.as_str(), "else" | "or" | "and") => return Ok(String::new()),
            Kind::Name(name) if name == "is" => return Err(syntax("You cannot chain multiple tests with is")),
            Kind::Name(_) | Kind::Text(_) | Kind::Int(_) | Kind::Float(_) | Kind::Op("[" | "{") => {}
            _ => return Ok(String::new()),
        }
        let primary = self.primary()?;
        let argument = self.postfix(primary)?.code;
        Ok(format!(", {argument}"))
    }

    fn dotted_name(&mut self) -> Outcome<String> {
        let mut name = self.expect_name()?;
        while self.skip_op(".")? {
            name.extend([".", &self.expect_name()?]);
        }
        Ok(name)
    }
}

enum Subscript {
    Index(String),
    Slice(String),
}

impl Subscript {
    fn code(&self) -> &str {
        match self {
            Self::Index(code) => code,
            // Nothing that we know can be indexed by a tuple with a slice in it.
            Self::Slice(_) => "none",
        }
    }
}
