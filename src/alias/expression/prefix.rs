//! What any text that matches must begin with or contain: a cheap reason not to try.

use super::class::{Item, Set};
use super::node::{At, Fold, Node};
use super::unicode::is_space;

/// More beginnings than this are not told apart.
const MOST: usize = 16;

/// A necessary condition of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    /// What the text begins with, spaces at its beginning aside; one of these, or anything if there is none.
    pub(crate) beginnings: Vec<String>,
    /// What the text contains, all of them.
    pub(crate) inside: Vec<String>,
}

impl Hint {
    /// What `nodes` demand.
    pub(super) fn of(nodes: &[Node]) -> Self {
        Self { beginnings: beginnings(nodes), inside: literals(nodes) }
    }
}

/// The beginnings that anchored `nodes` admit; empty if anything may come first.
fn beginnings(nodes: &[Node]) -> Vec<String> {
    let Some((Node::At(At::Begin { lines: false } | At::BeginText), rest)) = nodes.split_first() else {
        return Vec::new();
    };
    let rest = rest.iter().position(|node| !is_spaces(node)).and_then(|at| rest.get(at..)).unwrap_or_default();
    let mut open = vec![Beginning::default()];
    extend(&mut open, rest);
    let mut texts: Vec<String> =
        open.into_iter().map(|beginning| beginning.text.trim_start_matches(is_space).to_owned()).collect();
    if texts.iter().any(String::is_empty) {
        texts.clear();
    }
    texts.sort();
    texts.dedup();
    texts
}

/// `\s*`, `\s+` and the like.
fn is_spaces(node: &Node) -> bool {
    match node {
        Node::Repeat { body, .. } => body.iter().all(is_spaces),
        Node::Set(Set { negated: false, items, .. }) => items.iter().all(|item| match item {
            Item::Class { class: super::class::Class::Space, negated: false, .. } => true,
            Item::Char(code) => char::from_u32(*code).is_some_and(is_space),
            Item::Class { .. } | Item::Range(..) => false,
        }),
        Node::Any { .. }
        | Node::At(_)
        | Node::Atomic(_)
        | Node::Backref { .. }
        | Node::Branch(_)
        | Node::Char { .. }
        | Node::Given { .. }
        | Node::Group { .. }
        | Node::Look { .. }
        | Node::Set(_) => false,
    }
}

#[derive(Clone, Default)]
struct Beginning {
    text: String,
    closed: bool,
}

/// Lengthens every open beginning by what `nodes` admit next.
fn extend(open: &mut Vec<Beginning>, nodes: &[Node]) {
    for node in nodes {
        if open.iter().all(|beginning| beginning.closed) {
            return;
        }
        match node {
            Node::Char { code, fold: Fold::None } => append(open, char::from_u32(*code)),
            Node::At(_) | Node::Look { .. } => {}
            Node::Group { body, .. } | Node::Atomic(body) => extend(open, body),
            Node::Branch(items) => fork(open, items),
            Node::Repeat { min: 0, max: Some(1), body, .. } => fork(open, &[body.clone(), Vec::new()]),
            Node::Repeat { min: 1.., body, .. } => {
                extend(open, body);
                close(open);
            }
            Node::Set(Set { negated: false, fold: Fold::None, items }) if items.len() <= 4 => {
                let each: Option<Vec<Vec<Node>>> = items.iter().map(as_char).collect();
                match each {
                    Some(each) => fork(open, &each),
                    None => close(open),
                }
            }
            Node::Any { .. }
            | Node::Backref { .. }
            | Node::Char { .. }
            | Node::Given { .. }
            | Node::Repeat { .. }
            | Node::Set(_) => close(open),
        }
    }
}

fn as_char(item: &Item) -> Option<Vec<Node>> {
    match item {
        Item::Char(code) => Some(vec![Node::Char { code: *code, fold: Fold::None }]),
        Item::Class { .. } | Item::Range(..) => None,
    }
}

fn append(open: &mut [Beginning], c: Option<char>) {
    for beginning in open.iter_mut().filter(|beginning| !beginning.closed) {
        match c {
            Some(c) => beginning.text.push(c),
            None => beginning.closed = true,
        }
    }
}

fn close(open: &mut [Beginning]) {
    for beginning in open {
        beginning.closed = true;
    }
}

fn fork(open: &mut Vec<Beginning>, ways: &[Vec<Node>]) {
    let still_open = open.iter().filter(|beginning| !beginning.closed).count();
    if open.len() - still_open + still_open * ways.len() > MOST {
        return close(open);
    }
    let (closed, start): (Vec<_>, Vec<_>) =
        std::mem::take(open).into_iter().partition(|beginning| beginning.closed);
    *open = closed;
    for way in ways {
        let mut grown = start.clone();
        extend(&mut grown, way);
        open.append(&mut grown);
    }
    if open.len() > MOST {
        // Too many to tell apart: nothing is known any more.
        *open = vec![Beginning { text: String::new(), closed: true }];
    }
}

/// The runs of characters that every match contains.
fn literals(nodes: &[Node]) -> Vec<String> {
    let mut runs = vec![String::new()];
    for node in nodes {
        match (node, runs.last_mut()) {
            (Node::Char { code, fold: Fold::None }, Some(run)) => run.extend(char::from_u32(*code)),
            (Node::At(_) | Node::Look { .. }, _) => {}
            (Node::Group { body, .. } | Node::Atomic(body) | Node::Repeat { min: 1.., body, .. }, _) => {
                runs.extend(literals(body));
                runs.push(String::new());
            }
            _ => runs.push(String::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}
