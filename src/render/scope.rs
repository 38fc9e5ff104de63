//! What holds for the one rendering that runs on this thread: how undefined names count, and how much work is left.

use std::cell::Cell;

use minijinja::Error;

use super::fault::{Outcome, raise};
use super::{Effort, Mode, OUT_OF_FUEL};

/// Units of work that one rendering may spend: a byte of text made is 1, an item handled is 16.
const fn work(effort: Effort) -> u64 {
    match effort {
        Effort::Brief => 1 << 20,
        Effort::Full => 1 << 28,
    }
}

/// Bytes of the longest text that may come into being.
pub(crate) const TEXT_LIMIT: usize = 16 << 20;

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
    static BRIEF: Cell<bool> = const { Cell::new(false) };
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Starts the account of a new rendering.
pub(crate) fn begin(mode: Mode, effort: Effort) {
    STRICT.set(mode == Mode::Ack);
    BRIEF.set(effort == Effort::Brief);
    LEFT.set(work(effort));
}

/// Whether undefined names are errors.
pub(crate) fn strict() -> bool {
    STRICT.get()
}

/// Whether others wait for it: what is too much now may be tried again with more.
pub(crate) fn is_brief() -> bool {
    BRIEF.get()
}

/// Pays for `count` items.
pub(crate) fn spend_items(count: usize) -> Outcome<()> {
    spend((count as u64).saturating_mul(16))
}

/// Pays for a text of `length` bytes, and refuses one that is too long.
pub(crate) fn spend_text(length: usize) -> Outcome<()> {
    if length > TEXT_LIMIT {
        return Err(raise("MemoryError", "a text of more than 16 MiB"));
    }
    spend(length as u64)
}

fn spend(amount: u64) -> Outcome<()> {
    LEFT.set(LEFT.get().checked_sub(amount).ok_or_else(too_much)?);
    Ok(())
}

/// There is no work left.
pub(crate) fn too_much() -> Error {
    raise(OUT_OF_FUEL, "the template does too much")
}
