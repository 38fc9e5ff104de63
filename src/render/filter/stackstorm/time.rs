//! `to_human_time_from_seconds`.

use super::super::Call;
use crate::render::fault::{Outcome, raise};
use crate::render::python::compare::{Number, number};
use crate::render::python::{string, text, view};

/// Seconds from the year 1 to the end of 9999, beyond which Python has no dates.
const END: i64 = 3_652_059 * 86_400;

/// `90061` as `1d1h1m1s`; below a second StackStorm writes the number of seconds with the sign of a microsecond.
pub(super) fn human(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    let Some(seconds) = number(&view(&call.value)) else { return Err(raise("AssertionError", "")) };
    if seconds.float() == 0.0 {
        return string("0s");
    }
    if seconds.float() < 1.0 {
        return string(format!("{}\u{3bc}s", text(&call.value)?));
    }
    let whole = match seconds {
        Number::Int(seconds) => i64::try_from(seconds).ok(),
        Number::Float(seconds) if seconds.is_finite() => Some(seconds.round_ties_even() as i64),
        Number::Float(_) => None,
    };
    match whole.filter(|seconds| *seconds < END) {
        Some(seconds) => string(spell(seconds)),
        None => Err(raise("OverflowError", "date value out of range")),
    }
}

/// The parts of the date that lies `seconds` after the beginning of year 1; the month is left out, as StackStorm does.
fn spell(seconds: i64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, day) = civil(days);
    let parts = [year - 1, day - 1, rest / 3600, rest / 60 % 60, rest % 60];
    let units = ["y", "d", "h", "m", "s"];
    let shown = parts.iter().zip(units).skip_while(|(part, _)| **part == 0);
    let text: String = shown.map(|(part, unit)| format!("{part}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Year and day of the month of the day that is `days` after 0001-01-01.
fn civil(mut days: i64) -> (i64, i64) {
    let mut year = 1 + days / 146_097 * 400;
    days %= 146_097;
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    for length in [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
    }
    (year, days + 1)
}
