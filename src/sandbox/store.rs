//! The executions remembered, newest last, and how they are listed.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::execution::{Execution, Status};

/// The last so many executions.
pub(crate) struct Store {
    most: usize,
    order: VecDeque<String>,
    by_id: HashMap<String, Execution>,
    made: u64,
}

/// What a list is narrowed to; nothing given is everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) ids: Option<Vec<String>>,
    pub(crate) action: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) user: Option<String>,
    /// `Some(None)`: only those without a parent.
    pub(crate) parent: Option<Option<String>>,
    pub(crate) after: Option<Timestamp>,
    pub(crate) before: Option<Timestamp>,
}

impl Store {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), order: VecDeque::new(), by_id: HashMap::new(), made: 0 }
    }

    /// Remembers one more, forgetting the oldest when there are too many.
    pub(crate) fn insert(&mut self, execution: Execution) {
        self.made += 1;
        self.order.push_back(execution.id.clone());
        self.by_id.insert(execution.id.clone(), execution);
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Execution> {
        self.by_id.get(id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Execution> {
        self.by_id.get_mut(id)
    }

    /// All of them, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Execution> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// How many there ever were.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// Those that pass, the newest first; after a time alone, the oldest first.
    pub(crate) fn list(&self, filter: &Filter) -> Vec<&Execution> {
        let mut found: Vec<_> = match &filter.ids {
            Some(ids) => ids.iter().filter_map(|id| self.find(id)).filter(|it| filter.passes(it)).collect(),
            None => self.newest_first().filter(|execution| filter.passes(execution)).collect(),
        };
        if filter.ids.is_some() {
            found.sort_by_key(|execution| std::cmp::Reverse(execution.start));
        }
        if filter.after.is_some() && filter.before.is_none() {
            found.reverse();
        }
        found
    }
}

impl Filter {
    fn passes(&self, execution: &Execution) -> bool {
        let user = execution.context.get("user").and_then(serde_json::Value::as_str);
        self.action.as_ref().is_none_or(|action| *action == execution.action_ref)
            && self.status.is_none_or(|status| status == execution.status)
            && self.user.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == user)
            && self.parent.as_ref().is_none_or(|parent| *parent == execution.parent)
            && self.after.is_none_or(|after| execution.start > after)
            && self.before.is_none_or(|before| execution.start < before)
    }
}
