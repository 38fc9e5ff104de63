//! When a network that answers over HTTP wants to be asked again. Pure.

use std::time::{Duration, SystemTime};

/// How long a `Retry-After` asks to wait (RFC 9110, section 10.2.3): so many seconds, or until a date, in each of the
/// three forms that dates have in HTTP. Fractions of a second, which some services send, are taken, too.
///
/// `None` for what makes no sense, a negative time among it: then it is as if nothing had been said. A date that is past
/// asks for no wait. Nobody is waited for longer than a day.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let asked = match value.as_bytes().first()? {
        b'0'..=b'9' => seconds(value)?,
        _ => httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(asked.min(LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| is_number)?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST))
}

/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    fn then() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    #[test]
    fn seconds_are_waited_for_within_reason() {
        for (value, expected) in [
            ("0", Some(Duration::ZERO)),
            (" 120 ", Some(Duration::from_secs(120))),
            ("1.5", Some(Duration::from_millis(1_500))),
            ("1000000000", Some(LONGEST)),
            ("99999999999999999999999999999999", Some(LONGEST)),
        ] {
            assert_eq!(retry_after(value, then()), expected, "{value:?}");
        }
    }

    #[test]
    fn dates_count_from_now_in_each_of_their_forms() {
        let before = then() - Duration::from_secs(30);
        for value in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(retry_after(value, before), Some(Duration::from_secs(30)), "{value:?}");
            assert_eq!(retry_after(value, then() + Duration::from_secs(1)), Some(Duration::ZERO), "{value:?}");
            assert_eq!(retry_after(value, SystemTime::UNIX_EPOCH), Some(LONGEST), "{value:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for value in ["", " ", "-1", "+5", "1e9", "1.2.3", "NaN", "inf", "soon", "Sun, 32 Nov 1994 08:49:37 GMT"] {
            assert_eq!(retry_after(value, then()), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_or_waits_for_longer_than_a_day(value in "\\PC{0,40}|[0-9.]{0,40}") {
            prop_assert!(retry_after(&value, then()).is_none_or(|wait| wait <= LONGEST));
        }
    }
}
