//! Times as XMPP writes them (XEP-0082). Pure.

use std::time::SystemTime;

use jiff::Timestamp;

/// The time that `text` says.
pub(crate) fn read(text: &str) -> Option<SystemTime> {
    text.trim().parse::<Timestamp>().ok().map(SystemTime::from)
}

/// `time` in UTC, to the millisecond.
pub(crate) fn write(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    Some(format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_read_and_written() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_123);

        assert_eq!(write(time).as_deref(), Some("1994-11-06T08:49:37.123Z"));
        for text in ["1994-11-06T08:49:37.123Z", "1994-11-06T09:49:37.123+01:00", " 1994-11-06T08:49:37.123000Z"] {
            assert_eq!(read(text), Some(time), "{text}");
        }
        for text in ["", "soon", "19941106T08:49:37", "1994-11-06"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
