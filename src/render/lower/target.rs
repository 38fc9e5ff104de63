//! What is assigned to: names, tuples of names, attributes of namespaces.

use super::token::Kind;
use super::{Parser, quote, syntax};
use crate::render::fault::{Outcome, unsupported};

/// The left side of an assignment.
pub(super) enum Target {
    Attribute { namespace: String, name: String },
    Name(String),
    Tuple(Vec<Self>),
}

impl Target {
    /// As minijinja writes it.
    pub(super) fn code(&self) -> Outcome<String> {
        match self {
            Self::Name(name) => Ok(name.clone()),
            Self::Tuple(items) => {
                let items = items.iter().map(Self::code).collect::<Outcome<Vec<_>>>()?;
                Ok(format!("({},)", items.join(", ")))
            }
            Self::Attribute { .. } => Err(unsupported("an attribute of a namespace among several targets")),
        }
    }

    /// How many values go where: 0 for one name, a list for a tuple.
    pub(super) fn shape(&self) -> String {
        match self {
            Self::Tuple(items) => {
                let items: Vec<String> = items.iter().map(Self::shape).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Attribute { .. } | Self::Name(_) => "0".to_owned(),
        }
    }
}

impl Parser {
    /// Reads a target; `end` is the name that ends it, if one does.
    pub(super) fn target(&mut self, end: &str, namespace: bool) -> Outcome<Target> {
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            if comma {
                self.expect_op(",")?;
            }
            if self.at_target_end(end) {
                break;
            }
            items.push(self.target_item(namespace)?);
            if !self.current().is_op(",") {
                break;
            }
            comma = true;
        }
        if comma {
            return Ok(Target::Tuple(items));
        }
        let found = quote(self.current().describe());
        items.pop().ok_or_else(|| syntax(format!("Expected an expression, got {found}")))
    }

    fn at_target_end(&self, end: &str) -> bool {
        match self.current() {
            Kind::VariableEnd | Kind::BlockEnd | Kind::Op(")") => true,
            Kind::Name(name) => name == end,
            _ => false,
        }
    }

    fn target_item(&mut self, namespace: bool) -> Outcome<Target> {
        match self.current().clone() {
            Kind::Name(name) => {
                self.advance()?;
                if namespace && self.skip_op(".")? {
                    return Ok(Target::Attribute { namespace: name, name: self.expect_name()? });
                }
                assignable(name).map(Target::Name)
            }
            Kind::Op("(") => {
                self.advance()?;
                let inner = self.nested(|parser| parser.target("", false))?;
                self.expect_op(")")?;
                Ok(inner)
            }
            Kind::Text(_) | Kind::Int(_) | Kind::Float(_) => Err(syntax("can't assign to 'const'")),
            Kind::Op("[") => Err(syntax("can't assign to 'list'")),
            Kind::Op("{") => Err(syntax("can't assign to 'dict'")),
            other => Err(syntax(format!("unexpected {}", quote(other.describe())))),
        }
    }

    /// Reads one plain name to assign to.
    pub(super) fn target_name(&mut self) -> Outcome<String> {
        assignable(self.expect_name()?)
    }
}

fn assignable(name: String) -> Outcome<String> {
    if matches!(name.as_str(), "true" | "True" | "false" | "False" | "none" | "None") {
        return Err(syntax("can't assign to 'const'"));
    }
    if name.starts_with("py_") {
        return Err(unsupported(format!("the name {}", quote(&name))));
    }
    Ok(name)
}
