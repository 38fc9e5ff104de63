//! `str.format` and the format specifications that it shares with `%`.

use minijinja::Value;

use super::attribute::{attribute, item};
use super::compare::{Number, number};
use super::float::{exponent_suffix, repr_float};
use super::value::{View, type_name, view};
use super::{repr, text};
use crate::render::fault::{Outcome, raise, unsupported, value_error};
use crate::render::filter::Args;
use crate::render::scope::TEXT_LIMIT;

/// How one value is to be written.
#[derive(Default)]
pub(crate) struct Spec {
    pub(crate) fill: Option<char>,
    pub(crate) align: Option<char>,
    pub(crate) sign: Option<char>,
    pub(crate) alternate: bool,
    pub(crate) zero: bool,
    pub(crate) width: Option<usize>,
    pub(crate) grouping: Option<char>,
    pub(crate) precision: Option<usize>,
    pub(crate) kind: Option<char>,
}

/// `template.format(*args, **kwargs)`.
pub(crate) fn format(template: &str, args: &Args) -> Outcome<String> {
    let mut fields = Fields { args, next: 0, manual: false };
    fields.format(template, 2)
}

struct Fields<'a> {
    args: &'a Args,
    next: usize,
    manual: bool,
}

impl Fields<'_> {
    fn format(&mut self, template: &str, depth: usize) -> Outcome<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, mark) = rest.split_at(at);
            out.push_str(before);
            if mark.starts_with("{{") || mark.starts_with("}}") {
                out.push_str(mark.get(..1).unwrap_or_default());
                rest = mark.get(2..).unwrap_or_default();
                continue;
            }
            if mark.starts_with('}') {
                return Err(value_error("Single '}' encountered in format string"));
            }
            let body = mark.get(1..).unwrap_or_default();
            let end = closing(body).ok_or_else(|| {
                value_error(if body.is_empty() {
                    "Single '{' encountered in format string"
                } else {
                    "expected '}' before end of string"
                })
            })?;
            out.push_str(&self.field(body.get(..end).unwrap_or_default(), depth)?);
            rest = body.get(end + 1..).unwrap_or_default();
            if out.len() > TEXT_LIMIT {
                return Err(raise("MemoryError", "a text of more than 16 MiB"));
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, field: &str, depth: usize) -> Outcome<String> {
        if depth == 0 {
            return Err(value_error("Max string recursion exceeded"));
        }
        let (head, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = head.split_once('!').map_or((head, None), |(name, rest)| (name, Some(rest)));
        let value = self.value(name)?;
        let spec = if spec.contains('{') { self.format(spec, depth - 1)? } else { spec.to_owned() };
        match conversion {
            None => format_value(&value, &spec),
            Some("s") => format_value(&Value::from(text(&value)?), &spec),
            Some("r") => format_value(&Value::from(repr(&value)?), &spec),
            Some(_) => Err(unsupported("this conversion")),
        }
    }

    fn value(&mut self, path: &str) -> Outcome {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (first, mut rest) = path.split_at(end);
        let mut value = self.first(first)?;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (key, after) =
                    inner.split_once(']').ok_or_else(|| value_error("Missing ']' in format string"))?;
                let key = key.parse::<i64>().map_or_else(|_| Value::from(key), Value::from);
                value = item(&value, &key)?;
                rest = after;
            } else {
                let inner = rest.get(1..).unwrap_or_default();
                let (name, after) = inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()));
                value = attribute(&value, name)?;
                rest = after;
            }
        }
        Ok(value)
    }

    fn first(&mut self, name: &str) -> Outcome {
        let index = if name.is_empty() {
            self.next += 1;
            Some(self.next - 1)
        } else {
            name.parse::<usize>().ok()
        };
        self.manual |= index.is_some() && !name.is_empty();
        if self.manual && self.next > 0 {
            let (from, to) = if name.is_empty() {
                ("manual field specification", "automatic field numbering")
            } else {
                ("automatic field numbering", "manual field specification")
            };
            return Err(value_error(format!("cannot switch from {from} to {to}")));
        }
        if let Some(index) = index {
            let short = || {
                let message = format!("Replacement index {index} out of range for positional args tuple");
                raise("IndexError", message)
            };
            return self.args.positional.get(index).cloned().ok_or_else(short);
        }
        let found = self.args.keywords.iter().find(|(keyword, _)| keyword == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| raise("KeyError", super::repr_text(name)))
    }
}

fn closing(body: &str) -> Option<usize> {
    let mut open = 1;
    for (at, c) in body.char_indices() {
        open += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// `format(value, spec)`.
pub(crate) fn format_value(value: &Value, spec: &str) -> Outcome<String> {
    if spec.is_empty() {
        return text(value);
    }
    let spec = parse(spec, value)?;
    if let View::Text(text) = view(value) {
        if !matches!(spec.kind, None | Some('s')) {
            let kind = spec.kind.unwrap_or('s');
            return Err(value_error(format!("Unknown format code '{kind}' for object of type 'str'")));
        }
        if spec.grouping.is_some() || spec.sign.is_some() || spec.alternate || spec.align == Some('=') {
            return Err(value_error("a format for numbers on a str"));
        }
        let cut: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
        let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
        return Ok(pad(&cut, spec.width, fill, spec.align.unwrap_or('<')));
    }
    match number(&view(value)) {
        Some(number) => format_number(number, &spec, value),
        None => {
            let name = type_name(value);
            Err(raise("TypeError", format!("unsupported format string passed to {name}.__format__")))
        }
    }
}

fn parse(source: &str, value: &Value) -> Outcome<Spec> {
    let mut spec = Spec::default();
    let mut chars = source.chars().peekable();
    let is_align = |c: &char| "<>=^".contains(*c);
    if source.chars().nth(1).as_ref().is_some_and(is_align) {
        spec.fill = chars.next();
    }
    spec.align = chars.next_if(is_align);
    spec.sign = chars.next_if(|c| "+- ".contains(*c)).filter(|c| *c != '-');
    spec.alternate = chars.next_if_eq(&'#').is_some();
    spec.zero = chars.next_if_eq(&'0').is_some();
    let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse::<usize>().ok().filter(|number| *number <= TEXT_LIMIT)
    };
    spec.width = number(&mut chars);
    spec.grouping = chars.next_if(|c| ",_".contains(*c));
    if chars.next_if_eq(&'.').is_some() {
        spec.precision =
            Some(number(&mut chars).ok_or_else(|| value_error("Format specifier missing precision"))?);
    }
    spec.kind = chars.next();
    if chars.next().is_some() {
        let name = type_name(value);
        return Err(value_error(format!("Invalid format specifier '{source}' for object of type '{name}'")));
    }
    Ok(spec)
}

fn format_number(number: Number, spec: &Spec, value: &Value) -> Outcome<String> {
    let kind = spec.kind;
    let (negative, digits) = match (number, kind) {
        (Number::Int(_), None) if matches!(view(value), View::Bool(_)) => return Err(unsupported("this format")),
        (Number::Int(_), None | Some('d' | 'x' | 'X' | 'o' | 'b')) if spec.precision.is_some() => {
            return Err(value_error("Precision not allowed in integer format specifier"));
        }
        (Number::Int(number), None | Some('d' | 'x' | 'X' | 'o' | 'b')) => {
            (number < 0, int_text(number, kind, spec))
        }
        (number, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G')) => {
            float_text(number.float(), kind.unwrap_or('g'), spec.precision.unwrap_or(6), spec.alternate)
        }
        (number, Some('%')) => {
            let (negative, digits) = float_text(number.float() * 100.0, 'f', spec.precision.unwrap_or(6), false);
            (negative, digits + "%")
        }
        (Number::Float(number), None) if spec.precision.is_none() => {
            (number.is_sign_negative() && !number.is_nan(), repr_float(number).trim_start_matches('-').to_owned())
        }
        (_, None | Some('c' | 'n')) => return Err(unsupported("this format")),
        (_, Some(kind)) => {
            let name = type_name(value);
            return Err(value_error(format!("Unknown format code '{kind}' for object of type '{name}'")));
        }
    };
    let digits = match spec.grouping {
        Some(mark) => group(&digits, mark),
        None => digits,
    };
    let sign = match spec.sign {
        _ if negative => "-".to_owned(),
        Some(sign) => sign.to_string(),
        None => String::new(),
    };
    let zero = spec.zero && spec.align.is_none();
    if zero || spec.align == Some('=') {
        if spec.grouping.is_some() && zero {
            return Err(unsupported("grouping with zeros"));
        }
        let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
        let width = spec.width.map(|width| width.saturating_sub(sign.len()));
        return Ok(sign + pad(&digits, width, fill, '>').as_str());
    }
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    Ok(pad(&(sign + digits.as_str()), spec.width, fill, spec.align.unwrap_or('>')))
}

fn int_text(number: i128, kind: Option<char>, spec: &Spec) -> String {
    let number = number.unsigned_abs();
    let (prefix, digits) = match kind {
        Some('x') => ("0x", format!("{number:x}")),
        Some('X') => ("0X", format!("{number:X}")),
        Some('o') => ("0o", format!("{number:o}")),
        Some('b') => ("0b", format!("{number:b}")),
        _ => ("", number.to_string()),
    };
    if spec.alternate { format!("{prefix}{digits}") } else { digits }
}

/// Whether a float is negative, and its digits without a sign, as C writes them.
pub(crate) fn float_text(number: f64, kind: char, precision: usize, alternate: bool) -> (bool, String) {
    let negative = number.is_sign_negative() && !number.is_nan();
    let magnitude = number.abs();
    let precision = precision.min(1000);
    let text = match kind.to_ascii_lowercase() {
        _ if !number.is_finite() => repr_float(magnitude),
        'f' => format!("{magnitude:.precision$}"),
        'e' => scientific(magnitude, precision),
        _ => general(magnitude, precision.max(1), alternate),
    };
    (negative, if kind.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text })
}

fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}{}", exponent_suffix(exponent.parse().unwrap_or(0)))
}

fn general(number: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{number:.*e}", precision - 1);
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= digits {
        let text = scientific(number, precision - 1);
        let (mantissa, suffix) = text.split_once('e').unwrap_or((&text, "+00"));
        let mantissa = if alternate { mantissa } else { trim_zeros(mantissa) };
        return format!("{mantissa}e{suffix}");
    }
    let places = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    let text = format!("{number:.places$}");
    if alternate { text } else { trim_zeros(&text).to_owned() }
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn group(digits: &str, mark: char) -> String {
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out + rest
}

/// Widens `text` to `width` characters.
pub(crate) fn pad(text: &str, width: Option<usize>, fill: char, align: char) -> String {
    let missing = width.unwrap_or(0).saturating_sub(text.chars().count());
    let left = match align {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    let fill_times = |times: usize| std::iter::repeat_n(fill, times).collect::<String>();
    format!("{}{text}{}", fill_times(left), fill_times(missing - left))
}
