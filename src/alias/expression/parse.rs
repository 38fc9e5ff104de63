//! Pattern to nodes, refusing what Python 3.11 refuses, in its words.
//!
//! Alternatives are simplified as Python does it, since StackStorm looks for anchors in the simplified form.

use super::Fault;
use super::class::{Item, Set, one_or_set};
use super::node::{At, Flags, Greed, Node};
use super::token::{Token, Tokens};
use super::width::Width;

/// A parsed pattern.
#[derive(Debug)]
pub(crate) struct Syntax {
    /// The sequence.
    pub(crate) nodes: Vec<Node>,
    /// Whether it is one sequence without flags of its own, so that putting something before or after the pattern
    /// is the same as putting it before or after the nodes.
    pub(crate) is_plain: bool,
    /// The named groups, in the order of their numbers.
    pub(super) names: Vec<(String, usize)>,
    /// The width of each group; the first stands for the whole and has none.
    pub(super) widths: Vec<Option<Width>>,
}

impl Syntax {
    /// Parses `pattern`.
    pub(crate) fn parse(pattern: &str, flags: Flags) -> Result<Self, Fault> {
        let mut parser = Parser {
            tokens: Tokens::new(pattern)?,
            flags,
            names: Vec::new(),
            widths: vec![None],
            behind: None,
            forward: Vec::new(),
            is_plain: true,
        };
        let nodes = parser.alternatives(flags, 0)?;
        parser.finish()?;
        Ok(Self { nodes, is_plain: parser.is_plain, names: parser.names, widths: parser.widths })
    }
}

/// Deeper nesting is refused; Python gives up somewhat later.
const DEEPEST: usize = 250;

/// The state of parsing.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) tokens: Tokens,
    /// The flags of the whole pattern.
    pub(super) flags: Flags,
    pub(super) names: Vec<(String, usize)>,
    pub(super) widths: Vec<Option<Width>>,
    /// How many groups there were where the outermost look-behind began.
    pub(super) behind: Option<usize>,
    /// The groups that a condition named by number, and where.
    pub(super) forward: Vec<(usize, usize)>,
    /// Whether the whole is one sequence without flags.
    pub(super) is_plain: bool,
}

impl Parser {
    /// Parses `a|b|c`, up to a closing parenthesis or the end.
    pub(super) fn alternatives(&mut self, mut flags: Flags, depth: usize) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            let first = depth == 0 && items.is_empty();
            items.push(self.sequence(flags, depth, first)?);
            if depth == 0 {
                flags = self.flags;
            }
            if !self.tokens.accept('|')? {
                break;
            }
            self.is_plain &= depth > 0;
        }
        Ok(match items.len() {
            1 => items.pop().unwrap_or_default(),
            _ => simplified(items, flags),
        })
    }

    /// Parses one alternative; `first` if flags of the whole pattern may stand here.
    pub(super) fn sequence(&mut self, mut flags: Flags, depth: usize, first: bool) -> Result<Vec<Node>, Fault> {
        if depth > DEEPEST {
            return Err(Fault("nested too deeply".to_owned()));
        }
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.next {
            if matches!(token, Token::Plain('|' | ')')) {
                break;
            }
            self.tokens.advance()?;
            if flags.meets(Flags::VERBOSE) && self.skips(token)? {
                continue;
            }
            let fold = flags.fold();
            match token {
                Token::Escaped(c) => nodes.push(self.escape(c, flags)?),
                Token::Plain('[') => nodes.push(self.set(flags)?),
                Token::Plain('.') => nodes.push(Node::Any { newline: flags.meets(Flags::DOTALL) }),
                Token::Plain('^') => nodes.push(Node::At(At::Begin { lines: flags.meets(Flags::MULTILINE) })),
                Token::Plain('$') => nodes.push(Node::At(At::End { lines: flags.meets(Flags::MULTILINE) })),
                Token::Plain('(') => {
                    nodes.extend(self.group(flags, depth, first && nodes.is_empty())?);
                    if first && depth == 0 {
                        flags = self.flags;
                    }
                }
                Token::Plain(c @ ('*' | '+' | '?' | '{')) => self.repeat(c, &mut nodes, flags)?,
                Token::Plain(c) => nodes.push(Node::Char { code: u32::from(c), fold }),
            }
        }
        Ok(unwrapped(nodes))
    }

    /// How many groups there are so far, the whole included.
    pub(super) const fn groups(&self) -> usize {
        self.widths.len()
    }

    /// Checks that `group` may be referred to here.
    pub(super) fn refer(&self, group: usize, back: usize) -> Result<(), Fault> {
        if !self.is_closed(group) {
            return Err(self.tokens.fault("cannot refer to an open group", back));
        }
        self.refer_behind(group)
    }

    /// Checks that `group` may be referred to from the look-behind that is open, if one is.
    pub(super) fn refer_behind(&self, group: usize) -> Result<(), Fault> {
        let Some(outside) = self.behind else { return Ok(()) };
        if !self.is_closed(group) {
            return Err(self.tokens.fault("cannot refer to an open group", 0));
        }
        if group >= outside {
            let message = "cannot refer to group defined in the same lookbehind subpattern";
            return Err(self.tokens.fault(message, 0));
        }
        Ok(())
    }

    fn is_closed(&self, group: usize) -> bool {
        self.widths.get(group).is_some_and(Option::is_some)
    }

    /// Takes what verbose mode ignores.
    fn skips(&mut self, token: Token) -> Result<bool, Fault> {
        if token == Token::Plain('#') {
            while !matches!(self.tokens.advance()?, None | Some(Token::Plain('\n'))) {}
            return Ok(true);
        }
        Ok(matches!(token, Token::Plain(' ' | '\t'..='\r')))
    }

    /// Parses a quantifier, of which `sign` has been taken.
    fn repeat(&mut self, sign: char, nodes: &mut Vec<Node>, flags: Flags) -> Result<(), Fault> {
        let here = self.tokens.position();
        let Some((min, max)) = self.bounds(sign, here)? else {
            nodes.push(Node::Char { code: u32::from(sign), fold: flags.fold() });
            return Ok(());
        };
        let body = match nodes.pop() {
            None | Some(Node::At(_)) => return Err(self.tokens.fault_at("nothing to repeat", here - 1)),
            Some(Node::Repeat { .. }) => return Err(self.tokens.fault_at("multiple repeat", here - 1)),
            Some(Node::Group { index: None, scoped: false, body }) => body,
            Some(node) => vec![node],
        };
        let greed = if self.tokens.accept('?')? {
            Greed::Lazy
        } else if self.tokens.accept('+')? {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let width = Width::of(&body, &self.widths);
        nodes.push(Node::Repeat { min, max, greed, width, body });
        Ok(())
    }

    /// The bounds of a quantifier; none for a brace that is only a brace.
    fn bounds(&mut self, sign: char, here: usize) -> Result<Option<(u32, Option<u32>)>, Fault> {
        match sign {
            '?' => return Ok(Some((0, Some(1)))),
            '*' => return Ok(Some((0, None))),
            '+' => return Ok(Some((1, None))),
            _ if self.tokens.next == Some(Token::Plain('}')) => return Ok(None),
            _ => {}
        }
        let low = self.tokens.take_while(usize::MAX, |c| c.is_ascii_digit())?;
        let high = if self.tokens.accept(',')? {
            self.tokens.take_while(usize::MAX, |c| c.is_ascii_digit())?
        } else {
            low.clone()
        };
        if !self.tokens.accept('}')? {
            self.tokens.rewind(here)?;
            return Ok(None);
        }
        let (min, max) = (count(&low)?.unwrap_or(0), count(&high)?);
        if max.is_some_and(|max| max < min) {
            return Err(self.tokens.fault_at("min repeat greater than max repeat", here));
        }
        Ok(Some((min, max)))
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.flags.meets(Flags::ASCII) && self.flags.meets(Flags::UNICODE) {
            return Err(Fault("ASCII and UNICODE flags are incompatible".to_owned()));
        }
        if self.tokens.next.is_some() {
            return Err(self.tokens.fault("unbalanced parenthesis", 0));
        }
        match self.forward.iter().find(|(group, _)| *group >= self.groups()) {
            Some((group, at)) => Err(self.tokens.fault_at(&format!("invalid group reference {group}"), *at)),
            None => Ok(()),
        }
    }
}

fn count(digits: &str) -> Result<Option<u32>, Fault> {
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(count) if count < u32::MAX => Ok(Some(count)),
        _ => Err(Fault("the repetition number is too large".to_owned())),
    }
}

/// Puts the bodies of plain groups in their place.
fn unwrapped(nodes: Vec<Node>) -> Vec<Node> {
    let is_group = |node: &Node| matches!(node, Node::Group { index: None, scoped: false, .. });
    if !nodes.iter().any(is_group) {
        return nodes;
    }
    let mut flat = Vec::with_capacity(nodes.len());
    for node in nodes {
        if let Node::Group { index: None, scoped: false, body } = node {
            flat.extend(body);
        } else {
            flat.push(node);
        }
    }
    flat
}

/// Takes a common beginning out of alternatives, and makes one set of single characters.
fn simplified(mut items: Vec<Vec<Node>>, flags: Flags) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(shared) = shared_start(&items) {
        for item in &mut items {
            item.remove(0);
        }
        nodes.push(shared);
    }
    nodes.push(as_set(&items, flags).unwrap_or(Node::Branch(items)));
    nodes
}

fn shared_start(items: &[Vec<Node>]) -> Option<Node> {
    let shared = items.first()?.first()?;
    items.iter().all(|item| item.first() == Some(shared)).then(|| shared.clone())
}

fn as_set(items: &[Vec<Node>], flags: Flags) -> Option<Node> {
    let mut members: Vec<Item> = Vec::new();
    for item in items {
        match item.as_slice() {
            [Node::Char { code, .. }] => members.push(Item::Char(*code)),
            [Node::Set(Set { negated: false, items, .. })] => members.extend(items),
            _ => return None,
        }
    }
    Some(one_or_set(members, false, flags.fold()))
}
