//! What was logged, to be looked through for secrets.

use std::{
    cell::RefCell,
    fmt::{Debug, Write as _},
    sync::Once,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};

thread_local! {
    static LOGGED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Begins anew, and to listen if nobody did so far.
pub(crate) fn clear() {
    static BEGUN: Once = Once::new();
    // If somebody else listens, they do.
    BEGUN.call_once(|| set_global_default(Kept).unwrap_or_default());
    LOGGED.with_borrow_mut(String::clear);
}

/// Shows what was logged by this thread since [`clear`].
pub(crate) fn look(at: impl FnOnce(&str)) {
    LOGGED.with_borrow(|logged| at(logged));
}

/// Keeps what every event and every span says, and nothing else of them.
struct Kept;

impl Subscriber for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Words);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Words);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Words);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Words;

impl Visit for Words {
    fn record_str(&mut self, _: &Field, value: &str) {
        LOGGED.with_borrow_mut(|logged| logged.extend([value, " "]));
    }

    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        LOGGED.with_borrow_mut(|logged| write!(logged, "{value:?} ")).unwrap_or_default();
    }
}
