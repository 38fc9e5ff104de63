//! How long something took, in words. Pure.

use std::time::Duration;

use jiff::Timestamp;

/// A time in its two largest units: `45 s`, `2 min 15 s`, `3 h`, `2 d 4 h`.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |large: u64, unit: &str, small: u64, part: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {part}") }
    };
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => two(seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        DAY.. => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

/// The time from `from` to `to`; none if clocks disagree.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        let told =
            [0, 59, 60, 135, 3_600, 3_900, 90_000, 604_800].map(|seconds| words(Duration::from_secs(seconds)));

        assert_eq!(told, ["0 s", "59 s", "1 min", "2 min 15 s", "1 h", "1 h 5 min", "1 d 1 h", "7 d"]);
    }
}
