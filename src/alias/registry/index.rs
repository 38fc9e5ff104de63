//! Which formats are worth trying: of ten thousand, those whose beginning the command has.

use std::collections::{BTreeSet, HashMap};

use crate::alias::expression::{Hint, is_space};

/// The formats by what they demand of a text.
#[derive(Debug, Default)]
pub(super) struct Index {
    beginnings: HashMap<Box<str>, Vec<usize>>,
    /// The lengths of all beginnings, in bytes.
    lengths: BTreeSet<usize>,
    /// The formats that may begin in any way.
    others: Vec<usize>,
    /// What the texts of each format contain, the last first: beginnings are alike more often than ends.
    inside: Vec<Box<[Box<str>]>>,
}

impl Index {
    /// Indexes formats by their hints, in order.
    pub(super) fn new<'a>(hints: impl Iterator<Item = &'a Hint>) -> Self {
        let mut index = Self::default();
        for (number, hint) in hints.enumerate() {
            index.inside.push(hint.inside.iter().rev().map(|inside| inside.as_str().into()).collect());
            if hint.beginnings.is_empty() {
                index.others.push(number);
            }
            for beginning in &hint.beginnings {
                index.lengths.insert(beginning.len());
                index.beginnings.entry(beginning.as_str().into()).or_default().push(number);
            }
        }
        index
    }

    /// The numbers of the formats that may match `text`, in order.
    pub(super) fn candidates(&self, text: &str) -> Vec<usize> {
        let start = text.trim_start_matches(is_space);
        let begin = self.lengths.iter().map_while(|length| (*length <= start.len()).then(|| start.get(..*length)));
        let by_beginning = begin.flatten().filter_map(|beginning| self.beginnings.get(beginning)).flatten();
        let contained = |number: &&usize| {
            self.inside.get(**number).is_none_or(|all| all.iter().all(|inside| text.contains(&**inside)))
        };
        let mut candidates: Vec<usize> = by_beginning.chain(&self.others).filter(contained).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}
