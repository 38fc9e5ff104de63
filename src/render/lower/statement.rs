//! The template as a whole and its statements.

use super::expression::Form;
use super::target::Target;
use super::token::Kind;
use super::{BLOCK, PRINT, Parser, link, literal, quote, syntax};
use crate::render::fault::{Outcome, unsupported};

/// Bytes of a text that is written without being accounted for.
const UNACCOUNTED: usize = 32;

impl Parser {
    pub(super) fn template(&mut self) -> Outcome<String> {
        let (code, _) = self.body(&[])?;
        Ok(code)
    }

    /// Reads up to one of the tags `ends`; answers the code and the tag, whose name has not been read.
    fn body(&mut self, ends: &'static [&'static str]) -> Outcome<(String, &'static str)> {
        let mut code = String::new();
        loop {
            match self.current().clone() {
                Kind::Data(text) => {
                    self.advance()?;
                    code.push_str(&data(&text));
                }
                Kind::VariableBegin => {
                    self.advance()?;
                    code.push_str(&print(&self.tuple(true, &[], false)?.code));
                    self.expect(&Kind::VariableEnd)?;
                }
                Kind::BlockBegin => {
                    self.advance()?;
                    if let Some(end) = ends.iter().find(|end| self.current().is_name(end)) {
                        return Ok((code, end));
                    }
                    code.push_str(&self.nested(Self::statement)?);
                    self.expect(&Kind::BlockEnd)?;
                }
                _ if ends.is_empty() => return Ok((code, "")),
                _ => return Err(self.unknown_tag(None)),
            }
        }
    }

    /// The body of a statement, from the end of its tag on; the closing tag's name is read too.
    fn statements(&mut self, ends: &'static [&'static str]) -> Outcome<(String, &'static str)> {
        self.skip_op(":")?;
        self.expect(&Kind::BlockEnd)?;
        self.ends.push(ends);
        let found = self.body(ends)?;
        self.ends.pop();
        self.advance()?;
        Ok(found)
    }

    /// The body of a statement that has a frame of its own, in which unknown filters are found at once.
    fn framed(&mut self, ends: &'static [&'static str]) -> Outcome<(String, &'static str)> {
        let soft = std::mem::replace(&mut self.soft, false);
        let found = self.statements(ends)?;
        self.soft = soft;
        Ok(found)
    }

    fn statement(&mut self) -> Outcome<String> {
        let Kind::Name(tag) = self.current().clone() else { return Err(syntax("tag name expected")) };
        let read = match tag.as_str() {
            "autoescape" | "block" => return Err(unsupported(format!("the tag {tag}"))),
            "call" => Self::call_block,
            "extends" | "from" | "import" | "include" => Self::other_template,
            "filter" => Self::filter_block,
            "for" => Self::for_loop,
            "if" => Self::condition,
            "macro" => Self::macro_block,
            "print" => Self::print_list,
            "set" => Self::assignment,
            "with" => Self::with_block,
            _ => return Err(self.unknown_tag(Some(&tag))),
        };
        self.tags.push(tag);
        self.advance()?;
        let code = read(self)?;
        self.tags.pop();
        Ok(code)
    }

    fn for_loop(&mut self) -> Outcome<String> {
        let target = self.target("in", false)?;
        self.expect_keyword("in")?;
        let items = self.tuple(false, &["recursive"], false)?.code;
        let test = if self.skip_name("if")? {
            format!(" if py_true({})", self.expression()?.code)
        } else {
            String::new()
        };
        let recursive = if self.skip_name("recursive")? { " recursive" } else { "" };
        let shape = target.shape();
        let head = format!("for {} in py_iter({items}, {shape}){test}{recursive}", target.code()?);
        self.loops.push(shape);
        let (body, end) = self.framed(&["endfor", "else"])?;
        self.loops.pop();
        let mut code = format!("{}{body}", block(&head));
        if end == "else" {
            let (other, _) = self.framed(&["endfor"])?;
            code.push_str(&block("else"));
            code.push_str(&other);
        }
        Ok(code + block("endfor").as_str())
    }

    fn condition(&mut self) -> Outcome<String> {
        let soft = std::mem::replace(&mut self.soft, true);
        let mut code = String::new();
        let mut keyword = "if";
        let depth = self.depth;
        loop {
            let test = self.tuple(false, &[], false)?.code;
            let (body, end) = self.statements(&["elif", "else", "endif"])?;
            code.push_str(&block(&format!("{keyword} py_true({test})")));
            code.push_str(&body);
            keyword = end;
            match end {
                // To minijinja it is an `if` within the one before.
                "elif" => self.deepen()?,
                "else" => {
                    let (body, _) = self.statements(&["endif"])?;
                    code.push_str(&block("else"));
                    code.push_str(&body);
                    break;
                }
                _ => break,
            }
        }
        self.depth = depth;
        self.soft = soft;
        Ok(code + block("endif").as_str())
    }

    fn assignment(&mut self) -> Outcome<String> {
        let target = self.target("", true)?;
        if self.skip_op("=")? {
            let value = self.tuple(true, &[], false)?.code;
            return assign(&target, &value);
        }
        let mut value = "py_block".to_owned();
        let mut links = 0;
        while self.skip_op("|")? {
            link(&mut links)?;
            value = self.filter(&value)?;
        }
        let (body, _) = self.framed(&["endset"])?;
        Ok(format!("{}{}{}{}", block("set py_block"), scoped(&body), block("endset"), assign(&target, &value)?))
    }

    fn with_block(&mut self) -> Outcome<String> {
        let mut targets = Vec::new();
        let mut values = Vec::new();
        while *self.current() != Kind::BlockEnd {
            if !targets.is_empty() {
                self.expect_op(",")?;
            }
            targets.push(self.target("", false)?);
            self.expect_op("=")?;
            values.push(self.expression()?.code);
        }
        let (body, _) = self.framed(&["endwith"])?;
        if targets.is_empty() {
            return Ok(scoped(&body));
        }
        let set = assign(&Target::Tuple(targets), &format!("py_tuple({})", values.join(", ")))?;
        Ok(scoped(&format!("{set}{body}")))
    }

    fn filter_block(&mut self) -> Outcome<String> {
        let mut value = self.filter("py_block")?;
        let mut links = 0;
        while self.skip_op("|")? {
            link(&mut links)?;
            value = self.filter(&value)?;
        }
        let (body, _) = self.framed(&["endfilter"])?;
        let capture = format!("{}{}{}", block("set py_block"), scoped(&body), block("endset"));
        Ok(scoped(&format!("{capture}{}", print(&value))))
    }

    fn macro_block(&mut self) -> Outcome<String> {
        let name = self.target_name()?;
        let signature = self.signature()?;
        let body = self.macro_body(&signature, &["endmacro"])?;
        Ok(format!("{}{body}{}", block(&format!("macro {name}({})", signature.code)), block("endmacro")))
    }

    fn call_block(&mut self) -> Outcome<String> {
        let signature = if self.current().is_op("(") { self.signature()? } else { Signature::default() };
        let called = self.expression()?;
        if !matches!(called.form, Form::Call) {
            return Err(syntax("expected call"));
        }
        let body = self.macro_body(&signature, &["endcall"])?;
        Ok(format!("{}{body}{}", block(&format!("call({}) {}", signature.code, called.code)), block("endcall")))
    }

    fn macro_body(&mut self, signature: &Signature, ends: &'static [&'static str]) -> Outcome<String> {
        self.macros.push(signature.names.clone());
        let loops = std::mem::take(&mut self.loops);
        let (body, _) = self.framed(ends)?;
        self.loops = loops;
        self.macros.pop();
        Ok(body)
    }

    fn signature(&mut self) -> Outcome<Signature> {
        let mut signature = Signature::default();
        let mut parts = Vec::new();
        let mut defaults = false;
        self.expect_op("(")?;
        while !self.current().is_op(")") {
            if !parts.is_empty() {
                self.expect_op(",")?;
            }
            let name = self.target_name()?;
            if self.skip_op("=")? {
                defaults = true;
                parts.push(format!("{name}={}", self.expression()?.code));
            } else if defaults {
                return Err(syntax("non-default argument follows default argument"));
            } else {
                parts.push(name.clone());
            }
            signature.names.push(name);
        }
        self.expect_op(")")?;
        signature.code = parts.join(", ");
        Ok(signature)
    }

    fn print_list(&mut self) -> Outcome<String> {
        let mut code = String::new();
        while *self.current() != Kind::BlockEnd {
            if !code.is_empty() {
                self.expect_op(",")?;
            }
            code.push_str(&print(&self.expression()?.code));
        }
        Ok(code)
    }

    /// Tags that name another template: StackStorm has none to give, and says so when the tag is reached.
    fn other_template(&mut self) -> Outcome<String> {
        let name = self.expression()?.code;
        while *self.current() != Kind::BlockEnd && *self.current() != Kind::Eof {
            self.advance()?;
        }
        Ok(print(&format!("py_template({name})")))
    }

    fn unknown_tag(&self, name: Option<&str>) -> minijinja::Error {
        let mut message = match name {
            Some(name) => format!("Encountered unknown tag {}.", quote(name)),
            None => "Unexpected end of template.".to_owned(),
        };
        if let Some(ends) = self.ends.last() {
            let looking = ends.iter().map(|end| quote(end)).collect::<Vec<_>>().join(" or ");
            let nesting = name.is_some_and(|name| self.ends.iter().any(|ends| ends.contains(&name)));
            message.push_str(&if nesting {
                format!(
                    " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {looking}."
                )
            } else {
                format!(" Jinja was looking for the following tags: {looking}.")
            });
        }
        if let Some(tag) = self.tags.last() {
            message.push_str(&format!(" The innermost block that needs to be closed is {}.", quote(tag)));
        }
        syntax(message)
    }
}

/// The parameters of a macro.
#[derive(Default)]
struct Signature {
    code: String,
    names: Vec<String>,
}

fn assign(target: &Target, value: &str) -> Outcome<String> {
    match target {
        Target::Name(name) => Ok(block(&format!("set {name} = {value}"))),
        Target::Tuple(_) => Ok(block(&format!("set {} = py_unpack({value}, {})", target.code()?, target.shape()))),
        Target::Attribute { namespace, name } => {
            Ok(print(&format!("py_assign(py_name(\"{namespace}\", {namespace}), \"{name}\", {value})")))
        }
    }
}

fn scoped(body: &str) -> String {
    format!("{}{body}{}", block("with"), block("endwith"))
}

fn block(code: &str) -> String {
    format!("{} {code} {}", BLOCK.0, BLOCK.1)
}

fn print(code: &str) -> String {
    format!("{} {code} {}", PRINT.0, PRINT.1)
}

/// Text between tags. A long one goes through the formatter, which accounts for it.
fn data(text: &str) -> String {
    let private = ['\u{e000}', '\u{e001}', '\u{e002}'];
    if text.len() > UNACCOUNTED || text.contains(private) { print(&literal(text)) } else { text.to_owned() }
}
