//! When a network or StackStorm wants to be asked again.

use std::time::{Duration, SystemTime};

use fulmar_contract::retry_after;

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "retry", words: include_str!("../../words/retry.toml"), longest: 1 << 12, run };

fn run(input: &[u8]) {
    let text = text(input);
    let then = SystemTime::UNIX_EPOCH + THEN;
    for now in [SystemTime::UNIX_EPOCH, then, then + DAY] {
        let wait = retry_after(&text, now);
        assert!(wait.is_none_or(|wait| wait <= DAY), "{wait:?}");
        assert_eq!(retry_after(text.trim(), now), wait, "blanks say nothing");
    }
    if let Ok(seconds) = text.parse::<u64>()
        && !text.starts_with('+')
    {
        assert_eq!(retry_after(&text, then), Some(Duration::from_secs(seconds).min(DAY)));
    }
}

/// Longer nobody is waited for.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sun, 06 Nov 1994 08:49:37 GMT.
const THEN: Duration = Duration::from_secs(784_111_777);
