//! How many characters a sequence can take, as Python counts it to fix the width of look-behind.

use super::node::Node;

/// The least and the most; `u64::MAX` stands for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Width {
    /// The least.
    pub(super) min: u64,
    /// The most.
    pub(super) max: u64,
}

impl Width {
    const ONE: Self = Self { min: 1, max: 1 };

    /// The width of `nodes`; `groups` has those of the closed groups.
    pub(super) fn of(nodes: &[Node], groups: &[Option<Self>]) -> Self {
        nodes.iter().map(|node| Self::of_one(node, groups)).fold(Self::default(), |sum, next| Self {
            min: sum.min.saturating_add(next.min),
            max: sum.max.saturating_add(next.max),
        })
    }

    fn of_one(node: &Node, groups: &[Option<Self>]) -> Self {
        match node {
            Node::Any { .. } | Node::Char { .. } | Node::Set(_) => Self::ONE,
            Node::At(_) | Node::Look { .. } => Self::default(),
            Node::Atomic(body) | Node::Group { body, .. } => Self::of(body, groups),
            Node::Backref { group, .. } => groups.get(*group).copied().flatten().unwrap_or_default(),
            Node::Branch(items) => {
                let widths = items.iter().map(|item| Self::of(item, groups));
                let either = |a: Self, b: Self| Self { min: a.min.min(b.min), max: a.max.max(b.max) };
                widths.reduce(either).unwrap_or_default()
            }
            Node::Given { then, otherwise, .. } => {
                let (then, other) = (Self::of(then, groups), otherwise.as_deref());
                let other = other.map(|other| Self::of(other, groups)).unwrap_or_default();
                Self { min: then.min.min(other.min), max: then.max.max(other.max) }
            }
            Node::Repeat { min, max, width: body, .. } => {
                let most = match max {
                    Some(max) => body.max.saturating_mul(u64::from(*max)),
                    None if body.max == 0 => 0,
                    None => u64::MAX,
                };
                Self { min: body.min.saturating_mul(u64::from(*min)), max: most }
            }
        }
    }
}
