//! A format to an expression: `{{ ... }}` to groups, anchors where there are none.

use std::sync::LazyLock;

use super::BadFormat;
use crate::alias::expression::{At, Expression, Fault, Flags, Node, Spans, Spent, Syntax, is_space};

/// The expression of a format, and its defaults.
pub(super) fn compile(format: &str) -> Result<(Expression, Vec<(String, String)>), BadFormat> {
    let chars: Vec<char> = format.chars().collect();
    let (pattern, defaults) = if format.contains("{{") {
        let optional = replace(&chars, &OPTIONAL, |spaces, name| format!("(?:{})?", group(spaces, name)))?;
        (replace(&optional, &REQUIRED, group)?, defaults(&chars)?)
    } else {
        (chars, Vec::new())
    };
    let expression =
        anchored(&pattern.into_iter().collect::<String>()).map_err(|fault| BadFormat(fault.to_string()))?;
    match defaults.iter().find(|(name, _)| !expression.names().iter().any(|(known, _)| known == name)) {
        // StackStorm fails with a KeyError on whatever matches.
        Some((name, _)) => Err(BadFormat(format!("parameter '{name}' has a default but no group"))),
        None => Ok((expression, defaults)),
    }
}

/// Adds the anchors that are missing and compiles.
fn anchored(pattern: &str) -> Result<Expression, Fault> {
    let mut syntax = Syntax::parse(pattern, Flags::DOTALL)?;
    let begins = |at| matches!(at, At::Begin { .. } | At::BeginText);
    let ends = |at| matches!(at, At::End { .. } | At::EndText);
    let before = if has_anchor(&syntax.nodes, begins) { "" } else { r"^\s*" };
    let after = if has_anchor(&syntax.nodes, ends) { "" } else { r"\s*$" };
    if !syntax.is_plain {
        // What is put before the pattern then belongs to its first alternative, and forbids its flags.
        return Expression::compile(&format!("{before}{pattern}{after}"), Flags::DOTALL);
    }
    syntax.nodes.splice(0..0, Syntax::parse(before, Flags::DOTALL)?.nodes);
    syntax.nodes.extend(Syntax::parse(after, Flags::DOTALL)?.nodes);
    Expression::of(syntax)
}

/// Whether an anchor is found where StackStorm looks for it: in groups and in second alternatives, but in no other.
fn has_anchor(nodes: &[Node], wanted: fn(At) -> bool) -> bool {
    nodes.iter().any(|node| match node {
        Node::At(at) => wanted(*at),
        Node::Branch(items) => items.get(1).is_some_and(|second| has_anchor(second, wanted)),
        Node::Group { body, .. } => has_anchor(body, wanted),
        Node::Any { .. }
        | Node::Atomic(_)
        | Node::Backref { .. }
        | Node::Char { .. }
        | Node::Given { .. }
        | Node::Look { .. }
        | Node::Repeat { .. }
        | Node::Set(_) => false,
    })
}

/// The group of a parameter: quoted, in braces, or anything.
fn group(spaces: &str, name: &str) -> String {
    format!(r#"{spaces}["\']?(?P<{name}>(?:(?<=\').+?(?=\')|(?<=").+?(?=")|{{.+?}}|.+?))["\']?"#)
}

const KEY: &str = r"\s*(\S+?)\s*";
const DEFAULT: &str = r#"\s*=\s*(?:""|''|"(.+?)"|'(.+?)'|({.+?})|(.+?))\s*"#;

static OPTIONAL: LazyLock<Option<Expression>> =
    LazyLock::new(|| Expression::compile(&format!("(\\s*){{{{{KEY}{DEFAULT}}}}}"), Flags::NONE).ok());
static REQUIRED: LazyLock<Option<Expression>> =
    LazyLock::new(|| Expression::compile(&format!("(\\s*){{{{{KEY}}}}}"), Flags::NONE).ok());
/// As `OPTIONAL`, but a default may have several lines: so StackStorm reads them.
static DEFAULTS: LazyLock<Option<Expression>> =
    LazyLock::new(|| Expression::compile(&format!("{{{{{KEY}{DEFAULT}}}}}"), Flags::DOTALL).ok());

/// Python's `re.sub`, of an expression whose first two groups are spaces and a name.
fn replace(
    text: &[char],
    expression: &Option<Expression>,
    replacement: impl Fn(&str, &str) -> String,
) -> Result<Vec<char>, BadFormat> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut from = 0;
    for spans in matches(text, expression, true)? {
        let (start, end) = spans.whole();
        replaced.extend_from_slice(text.get(from..start).unwrap_or_default());
        let part = |number| spans.text(number, text).unwrap_or_default().iter().collect::<String>();
        replaced.extend(replacement(&part(1), &part(2)).chars());
        from = end;
    }
    replaced.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(replaced)
}

/// The parameters with defaults, as Python's `re.findall` sees them.
fn defaults(text: &[char]) -> Result<Vec<(String, String)>, BadFormat> {
    let part = |spans: &Spans, number| spans.text(number, text).unwrap_or_default().iter().collect::<String>();
    let found = matches(text, &DEFAULTS, false)?;
    Ok(found.iter().map(|spans| (part(spans, 1), (2..=5).map(|number| part(spans, number)).collect())).collect())
}

/// All matches of an expression that begins with two braces, after spaces if `spaced`.
fn matches(text: &[char], expression: &Option<Expression>, spaced: bool) -> Result<Vec<Spans>, BadFormat> {
    let mut found = Vec::new();
    let Some(expression) = expression else { return Ok(found) };
    let mut machine = expression.machine(text);
    let (mut from, mut next) = (0, 0);
    while let Some(braces) = braces(text, next) {
        let start = if spaced { before_spaces(text, from, braces) } else { braces };
        match machine.match_at(start).map_err(|Spent| BadFormat("too long".to_owned()))? {
            None => next = braces + 1,
            Some(spans) => {
                (from, next) = (spans.whole().1, spans.whole().1);
                found.push(spans);
            }
        }
    }
    Ok(found)
}

fn braces(text: &[char], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(2).position(|pair| pair == ['{', '{']).map(|at| from + at)
}

fn before_spaces(text: &[char], from: usize, at: usize) -> usize {
    let spaces = text.get(from..at).unwrap_or_default().iter().rev().take_while(|c| is_space(**c)).count();
    at - spaces
}
