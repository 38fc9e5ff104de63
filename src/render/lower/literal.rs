//! Reads one token inside a tag: numbers, names, quoted texts, punctuation.

use super::token::Kind;
use crate::render::python::repr_text;

/// Longest first, as Jinja tries them.
const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
    ".", ":", "|", ",", ";",
];

/// Reads the token at `at`: what it is and where it ends, or the message of a syntax error.
pub(crate) fn read(source: &[char], at: usize) -> Result<(Kind, usize), String> {
    let rest = source.get(at..).unwrap_or_default();
    let after_dot = at > 0 && source.get(at - 1) == Some(&'.');
    if let Some(length) = float_length(rest).filter(|_| !after_dot) {
        let digits = clean(rest, length);
        return Ok((Kind::Float(digits.parse().unwrap_or(f64::INFINITY)), at + length));
    }
    if let Some(length) = integer_length(rest) {
        return Ok((Kind::Int(integer(&clean(rest, length))), at + length));
    }
    let word = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    if word > 0 {
        return name(rest, word).map(|kind| (kind, at + word));
    }
    if let Some(length) = text_length(rest) {
        let body = rest.get(1..length - 1).unwrap_or_default();
        return Ok((Kind::Text(unescape(body)?), at + length));
    }
    let operator = OPERATORS.iter().find(|op| rest.iter().take(op.len()).copied().eq(op.chars()));
    if let Some(op) = operator {
        return Ok((Kind::Op(op), at + op.len()));
    }
    let shown: String = rest.iter().take(1).collect();
    Err(format!("unexpected char {} at {at}", repr_text(&shown)))
}

fn clean(rest: &[char], length: usize) -> String {
    rest.iter().take(length).filter(|c| **c != '_').collect()
}

fn name(rest: &[char], length: usize) -> Result<Kind, String> {
    let name: String = rest.iter().take(length).collect();
    if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return Ok(Kind::Name(name));
    }
    Err("Invalid character in identifier".to_owned())
}

/// Length of `(\d+_)*\d+` at `from`, 0 when there is none.
fn digits(rest: &[char], from: usize) -> usize {
    let mut end = from;
    loop {
        let run = count(rest, end, |c| c.is_ascii_digit());
        end += run;
        let underscore = rest.get(end) == Some(&'_') && rest.get(end + 1).is_some_and(char::is_ascii_digit);
        if run == 0 || !underscore {
            return end - from;
        }
        end += 1;
    }
}

fn count(rest: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    rest.get(from..).unwrap_or_default().iter().take_while(|c| wanted(**c)).count()
}

fn float_length(rest: &[char]) -> Option<usize> {
    let whole = digits(rest, 0);
    if whole == 0 {
        return None;
    }
    let fraction = match rest.get(whole) {
        Some('.') => Some(digits(rest, whole + 1)).filter(|n| *n > 0).map_or(0, |n| n + 1),
        _ => 0,
    };
    let mantissa = whole + fraction;
    let exponent = match rest.get(mantissa) {
        Some('e' | 'E') => {
            let sign = usize::from(matches!(rest.get(mantissa + 1), Some('+' | '-')));
            Some(digits(rest, mantissa + 1 + sign)).filter(|n| *n > 0).map_or(0, |n| n + 1 + sign)
        }
        _ => 0,
    };
    (fraction + exponent > 0).then_some(mantissa + exponent)
}

fn integer_length(rest: &[char]) -> Option<usize> {
    let first = *rest.first()?;
    if !first.is_ascii_digit() {
        return None;
    }
    let radix = match rest.get(1).map(char::to_ascii_lowercase) {
        Some('b') if first == '0' => Some(2),
        Some('o') if first == '0' => Some(8),
        Some('x') if first == '0' => Some(16),
        _ => None,
    };
    if let Some(run) = radix.map(|radix| grouped(rest, 2, |c| c.is_digit(radix))).filter(|run| *run > 0) {
        return Some(2 + run);
    }
    if first == '0' {
        return Some(1 + grouped(rest, 1, |c| c == '0'));
    }
    Some(1 + grouped(rest, 1, |c| c.is_ascii_digit()))
}

/// Length of `(_?d)*` at `from`.
fn grouped(rest: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let mut end = from;
    loop {
        let skip = usize::from(rest.get(end) == Some(&'_'));
        if !rest.get(end + skip).is_some_and(|c| wanted(*c)) {
            return end - from;
        }
        end += skip + 1;
    }
}

fn integer(digits: &str) -> Option<i128> {
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0b", 2), ("0o", 8), ("0x", 16)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return i128::from_str_radix(rest, radix).ok();
        }
    }
    lower.parse().ok()
}

fn text_length(rest: &[char]) -> Option<usize> {
    let quote = *rest.first().filter(|c| **c == '\'' || **c == '"')?;
    let mut at = 1;
    loop {
        match rest.get(at)? {
            '\\' => at += 2,
            c if *c == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Python's `unicode-escape` decoding.
fn unescape(body: &[char]) -> Result<String, String> {
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = body.get(at) {
        at += 1;
        if *c != '\\' {
            text.push(*c);
            continue;
        }
        let Some(escape) = body.get(at) else { return Err("\\ at end of string".to_owned()) };
        at += 1;
        match escape {
            '\n' => {}
            'x' => text.push(hex(body, &mut at, 2, "truncated \\xXX escape")?),
            'u' => text.push(hex(body, &mut at, 4, "truncated \\uXXXX escape")?),
            'U' => text.push(hex(body, &mut at, 8, "truncated \\UXXXXXXXX escape")?),
            '0'..='7' => text.push(octal(body, &mut at)),
            'N' => return Err("malformed \\N character escape".to_owned()),
            c if !c.is_ascii() => return Err("a backslash before a letter that is not ASCII".to_owned()),
            c => match simple(*c) {
                Some(plain) => text.push(plain),
                None => text.extend(['\\', *c]),
            },
        }
    }
    Ok(text)
}

fn simple(escape: char) -> Option<char> {
    Some(match escape {
        '\\' | '\'' | '"' => escape,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    })
}

fn hex(body: &[char], at: &mut usize, length: usize, message: &str) -> Result<char, String> {
    let digits: String = body.get(*at..*at + length).ok_or(message)?.iter().collect();
    *at += length;
    let code = u32::from_str_radix(&digits, 16).map_err(|_| message)?;
    char::from_u32(code).ok_or_else(|| "illegal Unicode character".to_owned())
}

fn octal(body: &[char], at: &mut usize) -> char {
    *at -= 1;
    let length = count(body, *at, |c| c.is_digit(8)).min(3);
    let code =
        body.iter().skip(*at).take(length).filter_map(|c| c.to_digit(8)).fold(0, |code, digit| code * 8 + digit);
    *at += length;
    char::from_u32(code).unwrap_or_default()
}
