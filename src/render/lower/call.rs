//! Calls and their arguments.

use super::expression::{Expr, Form};
use super::token::Kind;
use super::{Parser, syntax};
use crate::render::fault::Outcome;

/// Which kinds of arguments have been read.
#[derive(Default)]
struct Seen {
    keyword: bool,
    star: bool,
    double_star: bool,
}

impl Parser {
    pub(super) fn call(&mut self, callee: Expr) -> Outcome<Expr> {
        let arguments = self.arguments()?;
        let code = match callee.form {
            Form::Attribute { object, name } => format!("py_method({object}, \"{name}\"{arguments})"),
            Form::Name(name) if name == "loop" && !self.loops.is_empty() => self.recursion(&arguments),
            Form::Call | Form::Name(_) | Form::Other => format!("py_call({}{arguments})", callee.code),
        };
        Ok(Expr { code, form: Form::Call })
    }

    /// `loop(items)` inside a recursive loop, which only minijinja itself can do.
    fn recursion(&self, arguments: &str) -> String {
        let shape = self.loops.last().map_or("0", String::as_str);
        format!("loop(py_iter(py_first(0{arguments}), {shape}))")
    }

    /// Arguments in parentheses, each with a comma before it.
    pub(super) fn arguments(&mut self) -> Outcome<String> {
        self.expect_op("(")?;
        let mut code = String::new();
        let mut seen = Seen::default();
        while !self.current().is_op(")") {
            if !code.is_empty() {
                self.expect_op(",")?;
                if self.current().is_op(")") {
                    break;
                }
            }
            let argument = self.argument(&mut seen)?;
            code.push_str(", ");
            code.push_str(&argument);
        }
        self.expect_op(")")?;
        Ok(code)
    }

    fn argument(&mut self, seen: &mut Seen) -> Outcome<String> {
        if self.current().is_op("*") {
            ensure(!seen.star && !seen.double_star)?;
            seen.star = true;
            self.advance()?;
            return Ok(format!("*py_args({})", self.expression()?.code));
        }
        if self.current().is_op("**") {
            ensure(!seen.double_star)?;
            seen.double_star = true;
            self.advance()?;
            return Ok(format!("**py_kwargs({})", self.expression()?.code));
        }
        if let (Kind::Name(name), true) = (self.current().clone(), self.peek().is_op("=")) {
            ensure(!seen.double_star)?;
            seen.keyword = true;
            self.advance()?;
            self.advance()?;
            return Ok(format!("{name}={}", self.expression()?.code));
        }
        ensure(!seen.star && !seen.double_star && !seen.keyword)?;
        Ok(self.expression()?.code)
    }
}

fn ensure(valid: bool) -> Outcome<()> {
    if valid { Ok(()) } else { Err(syntax("invalid syntax for function call expression")) }
}
