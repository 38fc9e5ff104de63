//! Floating point numbers as Python writes, reads and rounds them.

/// `repr(number)`.
pub(crate) fn repr_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        return format!("{mantissa}{}", exponent_suffix(exponent));
    }
    let plain = format!("{number}");
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// `e+16`, `e-05`: at least two digits.
pub(crate) fn exponent_suffix(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.abs())
}

/// `float(text)`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let digits = grouped_digits(text.trim_matches(super::is_space))?;
    let bare = digits.trim_start_matches(['+', '-']);
    let named = ["inf", "infinity", "nan"].iter().any(|name| bare.eq_ignore_ascii_case(name));
    if !named && !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    digits.parse().ok()
}

/// `int(text, base)`; the outer `None` when the text is no number, the inner when it is too large for us.
pub(crate) fn parse_int(text: &str, base: u32) -> Option<Option<i128>> {
    let trimmed = text.trim_matches(super::is_space);
    let (negative, rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (base, rest) = prefixed(rest, base)?;
    let digits = grouped_digits(rest)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let number = i128::from_str_radix(&digits, base).ok();
    Some(number.map(|number| if negative { -number } else { number }))
}

fn prefixed(rest: &str, base: u32) -> Option<(u32, &str)> {
    let lower = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if lower == prefix && (base == radix || base == 0) {
            let rest = rest.get(2..).unwrap_or_default();
            return Some((radix, rest.strip_prefix('_').unwrap_or(rest)));
        }
    }
    let zeros = rest.trim_start_matches(['0', '_']).is_empty();
    match base {
        0 if rest.starts_with('0') && !zeros => None,
        0 => Some((10, rest)),
        2..=36 => Some((base, rest)),
        _ => None,
    }
}

/// Drops underscores between digits; `None` when one is elsewhere.
fn grouped_digits(text: &str) -> Option<String> {
    let mut last = '_';
    for c in text.chars().chain(['_']) {
        if c == '_' && text.contains('_') && !last.is_ascii_alphanumeric() {
            return None;
        }
        last = c;
    }
    Some(text.replace('_', ""))
}

/// `round(number, digits)`: to even at the half, exactly.
pub(crate) fn round_float(number: f64, digits: i32) -> f64 {
    if !number.is_finite() || digits > 300 {
        return number;
    }
    if let Ok(places) = usize::try_from(digits) {
        return format!("{number:.places$}").parse().unwrap_or(number);
    }
    let unit = 10f64.powi(-digits);
    (number / unit).round_ties_even() * unit
}
