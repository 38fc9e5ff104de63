//! The deliveries of one room, in their order: none takes longer to find or to count because many others wait. Pure.

use std::collections::{BTreeMap, HashMap};

use super::{item::Item, load::Load};
use crate::journal::DeliveryId;

/// Items in their order, each to be found by its name.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: BTreeMap<u64, Item>,
    places: HashMap<DeliveryId, u64>,
    /// The place of the next one.
    next: u64,
    /// How much memory they take, in bytes and roughly.
    weight: usize,
    /// How many of their posts are out.
    out: usize,
}

impl Items {
    pub(super) fn push(&mut self, item: Item) {
        self.weight += item.weight;
        self.out += item.out();
        self.places.insert(item.id, self.next);
        self.items.insert(self.next, item);
        self.next += 1;
    }

    pub(super) fn remove(&mut self, id: DeliveryId) {
        let Some(item) = self.places.remove(&id).and_then(|place| self.items.remove(&place)) else { return };
        self.weight -= item.weight;
        self.out -= item.out();
    }

    pub(super) fn find(&self, id: DeliveryId) -> Option<&Item> {
        self.items.get(self.places.get(&id)?)
    }

    pub(super) fn first(&self) -> Option<&Item> {
        self.items.first_key_value().map(|(_, item)| item)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// Changes one item.
    pub(super) fn change<T>(&mut self, id: DeliveryId, change: impl FnOnce(&mut Item) -> T) -> Option<T> {
        let item = self.items.get_mut(self.places.get(&id)?)?;
        Some(counted(item, &mut self.out, change))
    }

    /// Changes all.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&mut Item)) {
        self.change_while(|item| {
            change(item);
            true
        });
    }

    /// Changes them in their order, until `change` says that it was not for this one nor for what comes after it.
    pub(super) fn change_while(&mut self, mut change: impl FnMut(&mut Item) -> bool) {
        for item in self.items.values_mut() {
            if !counted(item, &mut self.out, &mut change) {
                return;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn load(&self) -> Load {
        Load { deliveries: self.len(), bytes: self.weight }
    }

    /// How many of their posts are out.
    pub(super) const fn out(&self) -> usize {
        self.out
    }
}

/// Changes an item, and what is counted of it with all others.
fn counted<T>(item: &mut Item, out: &mut usize, change: impl FnOnce(&mut Item) -> T) -> T {
    *out -= item.out();
    let changed = change(item);
    *out += item.out();
    changed
}
