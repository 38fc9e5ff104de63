//! Times and ids as StackStorm writes them.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use uuid::Uuid;

/// The time in whole microseconds, which is how StackStorm counts and compares.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// `2026-11-21T02:42:39.145267Z`: always six digits.
pub(crate) fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A new id in the form of MongoDB's `ObjectId`: seconds, process, counter; later ids sort after earlier ones.
pub(crate) fn new_id() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let seconds = Timestamp::now().as_second().cast_unsigned() & 0xffff_ffff;
    let count = COUNTER.fetch_add(1, Ordering::Relaxed) & 0x00ff_ffff;
    format!("{seconds:08x}{:010x}{count:06x}", std::process::id())
}

/// A token or a request id: 32 hexadecimal digits.
pub(crate) fn random_hex() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_microseconds() {
        let at: Timestamp = "2026-11-21T02:42:39Z".parse().unwrap();

        assert_eq!(text(at), "2026-11-21T02:42:39.000000Z");
    }

    #[test]
    fn ids_are_24_digits_and_grow() {
        let (first, second) = (new_id(), new_id());

        assert_eq!(first.len(), 24);
        assert!(first < second);
    }
}
