//! Spans of time, as people say them. Pure.

use std::time::Duration;

/// A span in its largest whole unit: "12 minutes", "1 hour", "3 days".
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let told = [0, 1, 59, 60, 725, 7_200, 86_400, 900_000].map(|it| span(Duration::from_secs(it)));

        let expected =
            ["0 seconds", "1 second", "59 seconds", "1 minute", "12 minutes", "2 hours", "1 day", "10 days"];
        assert_eq!(told, expected);
    }
}
