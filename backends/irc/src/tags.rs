//! The message tags (IRCv3) that matter here.

use std::time::{Duration, SystemTime};

use irc::proto::message::Tag;

/// What the tags of a message say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    /// The sender's account, as the server vouches for it.
    pub(crate) account: Option<String>,
    /// When it was written.
    pub(crate) at: Option<SystemTime>,
    /// The batch that it belongs to.
    pub(crate) batch: Option<String>,
    /// The network's id of it.
    pub(crate) id: Option<String>,
}

impl Tags {
    pub(crate) fn read(tags: Option<Vec<Tag>>) -> Self {
        let mut read = Self::default();
        for Tag(key, value) in tags.into_iter().flatten() {
            let value = value.filter(|value| !value.is_empty());
            match key.as_str() {
                "account" => read.account = value,
                "batch" => read.batch = value,
                "msgid" => read.id = value,
                "time" => read.at = value.as_deref().and_then(time),
                _ => {}
            }
        }
        read
    }
}

/// Reads `2026-11-21T05:25:42.123Z`.
fn time(text: &str) -> Option<SystemTime> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let plausible = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !plausible || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(seconds * 1000 + millis))
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. A year is taken to begin in March, so that the
/// leap day is its last.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - DAYS_TO_MARCH_OF_YEAR_0
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_MARCH_OF_YEAR_0: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<u128> {
        time(text).map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis())
    }

    #[test]
    fn reads_the_servers_time() {
        assert_eq!(millis("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(millis("2000-02-29T12:00:00Z"), Some(951_825_600_000));
        assert_eq!(millis("2026-11-21T05:25:42.12Z"), Some(1_795_238_742_120));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "Z",
            "now",
            "2026-13-01T00:00:00Z",
            "2026-11-21T05:25:42",
            "2026-11-21T05:25:42.żZ",
            "99999999999999-01-01T00:00:00Z",
            "2026-11-21-1T05:25:42Z",
            "0000-00-00T00:00:00Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn empty_values_are_no_values() {
        let tags = Tags::read(Some(vec![
            Tag("account".into(), Some(String::new())),
            Tag("msgid".into(), Some("x".into())),
            Tag("time".into(), None),
        ]));

        assert_eq!(tags, Tags { id: Some("x".into()), ..Tags::default() });
    }
}
