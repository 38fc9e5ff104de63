//! Expressions, from the conditional down to the unary operators.

use super::token::Kind;
use super::{Parser, link, literal, quote, syntax};
use crate::render::fault::{Outcome, unsupported};

/// An expression written for minijinja, and what of its form later steps must know.
pub(super) struct Expr {
    pub(super) code: String,
    pub(super) form: Form,
}

/// The outermost form of an expression.
pub(super) enum Form {
    /// An attribute of an object, whose code is kept for a call of a method.
    Attribute { object: String, name: String },
    /// A call.
    Call,
    /// A bare name.
    Name(String),
    /// Anything else.
    Other,
}

impl Expr {
    pub(super) fn other(code: String) -> Self {
        Self { code, form: Form::Other }
    }
}

impl Parser {
    pub(super) fn expression(&mut self) -> Outcome<Expr> {
        self.nested(Self::conditional)
    }

    fn conditional(&mut self) -> Outcome<Expr> {
        let line = self.line();
        let known = self.unknown.len();
        let mut expr = self.or()?;
        let mut links = 0;
        while self.skip_name("if")? {
            link(&mut links)?;
            let test = self.or()?.code;
            let other = match self.skip_name("else")? {
                true => self.nested(Self::conditional)?.code,
                false => format!("py_missing({line})"),
            };
            self.unknown.truncate(known);
            expr = Expr::other(format!("({} if py_true({test}) else {other})", expr.code));
        }
        Ok(expr)
    }

    pub(super) fn or(&mut self) -> Outcome<Expr> {
        let mut left = self.and()?;
        let mut links = 0;
        while self.skip_name("or")? {
            link(&mut links)?;
            let right = self.and()?.code;
            left = Expr::other(format!("(py_pass({}) or {right})", left.code));
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome<Expr> {
        let mut left = self.not()?;
        let mut links = 0;
        while self.skip_name("and")? {
            link(&mut links)?;
            let right = self.not()?.code;
            left = Expr::other(format!("(py_pass({}) and {right})", left.code));
        }
        Ok(left)
    }

    fn not(&mut self) -> Outcome<Expr> {
        if !self.skip_name("not")? {
            return self.compare();
        }
        let operand = self.nested(Self::not)?.code;
        Ok(Expr::other(format!("py_not({operand})")))
    }

    fn compare(&mut self) -> Outcome<Expr> {
        let first = self.sum()?;
        let mut operands = String::new();
        while let Some(op) = self.comparison()? {
            let operand = self.sum()?.code;
            operands.push_str(&format!(", \"{op}\", {operand}"));
        }
        if operands.is_empty() {
            return Ok(first);
        }
        Ok(Expr::other(format!("py_compare({}{operands})", first.code)))
    }

    fn comparison(&mut self) -> Outcome<Option<&'static str>> {
        let op = match self.current() {
            Kind::Op(op @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => op,
            Kind::Name(name) if name == "in" => "in",
            Kind::Name(name) if name == "not" && self.peek().is_name("in") => {
                self.advance()?;
                "not in"
            }
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some(op))
    }

    fn sum(&mut self) -> Outcome<Expr> {
        self.binary(&[("+", "py_add"), ("-", "py_sub")], Self::concatenation)
    }

    fn concatenation(&mut self) -> Outcome<Expr> {
        let first = self.product()?;
        let mut parts = String::new();
        while self.skip_op("~")? {
            parts.push_str(", ");
            parts.push_str(&self.product()?.code);
        }
        if parts.is_empty() {
            return Ok(first);
        }
        Ok(Expr::other(format!("py_concat({}{parts})", first.code)))
    }

    fn product(&mut self) -> Outcome<Expr> {
        let operators = [("*", "py_mul"), ("/", "py_div"), ("//", "py_floordiv"), ("%", "py_mod")];
        self.binary(&operators, Self::power)
    }

    fn power(&mut self) -> Outcome<Expr> {
        self.binary(&[("**", "py_pow")], Self::unary)
    }

    fn binary(&mut self, operators: &[(&str, &str)], operand: fn(&mut Self) -> Outcome<Expr>) -> Outcome<Expr> {
        let mut left = operand(self)?;
        let mut links = 0;
        while let Some((_, function)) = operators.iter().find(|(op, _)| self.current().is_op(op)) {
            link(&mut links)?;
            self.advance()?;
            let right = operand(self)?.code;
            if *function == "py_pow" && left.code.starts_with("py_neg(") && right.parse::<i64>().is_err() {
                // Jinja writes a negative number down without parentheses, which changes what is raised.
                return Err(unsupported("a power of a negative number"));
            }
            left = Expr::other(format!("{function}({}, {right})", left.code));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Outcome<Expr> {
        let operand = self.signed()?;
        self.filters_and_tests(operand)
    }

    /// An operand without filters: in `-1|abs` the sign goes first.
    fn signed(&mut self) -> Outcome<Expr> {
        let function = match self.current() {
            Kind::Op("-") => "py_neg",
            Kind::Op("+") => "py_pos",
            _ => {
                let primary = self.primary()?;
                return self.postfix(primary);
            }
        };
        self.advance()?;
        let operand = self.nested(Self::signed)?.code;
        self.postfix(Expr::other(format!("{function}({operand})")))
    }

    pub(super) fn primary(&mut self) -> Outcome<Expr> {
        match self.current().clone() {
            Kind::Name(name) => {
                self.advance()?;
                self.name(name)
            }
            Kind::Text(_) => self.text(),
            Kind::Int(number) => {
                self.advance()?;
                let number = number.ok_or_else(|| unsupported("so large a number"))?;
                Ok(Expr::other(number.to_string()))
            }
            Kind::Float(number) => {
                self.advance()?;
                Ok(Expr::other(format!("py_float(\"{number:e}\")")))
            }
            Kind::Op("(") => {
                self.advance()?;
                let inner = self.nested(|parser| parser.tuple(true, &[], true))?;
                self.expect_op(")")?;
                Ok(inner)
            }
            Kind::Op("[") => self.list(),
            Kind::Op("{") => self.dict(),
            other => Err(syntax(format!("unexpected {}", quote(other.describe())))),
        }
    }

    fn text(&mut self) -> Outcome<Expr> {
        let mut text = String::new();
        while let Kind::Text(part) = self.current().clone() {
            text.push_str(&part);
            self.advance()?;
        }
        Ok(Expr::other(literal(&text)))
    }

    fn name(&mut self, name: String) -> Outcome<Expr> {
        let constant = match name.as_str() {
            "true" | "True" => "true",
            "false" | "False" => "false",
            "none" | "None" => "none",
            _ => "",
        };
        if !constant.is_empty() {
            return Ok(Expr::other(constant.to_owned()));
        }
        if name.starts_with("py_") || name == "self" || name == "super" {
            return Err(unsupported(format!("the name {}", quote(&name))));
        }
        if !self.macros.is_empty() && (name == "varargs" || name == "kwargs") {
            return Err(unsupported("a macro with varargs or kwargs"));
        }
        let parameter = self.macros.last().is_some_and(|parameters| parameters.contains(&name));
        let function = if parameter { "py_parameter" } else { "py_name" };
        Ok(Expr { code: format!("{function}(\"{name}\", {name})"), form: Form::Name(name) })
    }

    /// One expression or a tuple of them; `ends` are names that end it.
    pub(super) fn tuple(&mut self, conditional: bool, ends: &[&str], parenthesized: bool) -> Outcome<Expr> {
        let mut items: Vec<Expr> = Vec::new();
        let mut comma = false;
        loop {
            if comma {
                self.expect_op(",")?;
            }
            if self.at_tuple_end(ends) {
                break;
            }
            items.push(if conditional { self.expression()? } else { self.nested(Self::or)? });
            if !self.current().is_op(",") {
                break;
            }
            comma = true;
        }
        if comma || (items.is_empty() && parenthesized) {
            let items: Vec<String> = items.into_iter().map(|item| item.code).collect();
            return Ok(Expr::other(format!("py_tuple({})", items.join(", "))));
        }
        let found = quote(self.current().describe());
        items.pop().ok_or_else(|| syntax(format!("Expected an expression, got {found}")))
    }

    fn at_tuple_end(&self, ends: &[&str]) -> bool {
        match self.current() {
            Kind::VariableEnd | Kind::BlockEnd | Kind::Op(")") => true,
            Kind::Name(name) => ends.contains(&name.as_str()),
            _ => false,
        }
    }

    fn list(&mut self) -> Outcome<Expr> {
        self.expect_op("[")?;
        let mut items = Vec::new();
        while !self.current().is_op("]") {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.current().is_op("]") {
                break;
            }
            items.push(self.expression()?.code);
        }
        self.expect_op("]")?;
        Ok(Expr::other(format!("py_list({})", items.join(", "))))
    }

    fn dict(&mut self) -> Outcome<Expr> {
        self.expect_op("{")?;
        let mut items = Vec::new();
        while !self.current().is_op("}") {
            if !items.is_empty() {
                self.expect_op(",")?;
            }
            if self.current().is_op("}") {
                break;
            }
            let key = self.expression()?.code;
            self.expect_op(":")?;
            items.push(format!("{key}, {}", self.expression()?.code));
        }
        self.expect_op("}")?;
        Ok(Expr::other(format!("py_dict({})", items.join(", "))))
    }
}
