//! Real servers, as `tests/servers` starts them.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::skip;

/// Where the `server` is that a script of `tests/servers` started, by the variable that it set; `None` after [`skip`].
pub fn real(server: &str, variable: &str) -> Option<String> {
    let found = env::var(variable).ok();
    if found.is_none() {
        skip(&format!("a real {server} ({variable})"));
    }
    found
}

/// What else the script has set.
///
/// # Panics
/// When it has not.
pub fn told(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"))
}

/// What names of accounts and rooms can end with, so that no test meets another.
pub fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}x{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
