//! `template % values`, as C's `printf` with Python's additions.

use std::iter::Peekable;
use std::str::Chars;

use minijinja::Value;

use super::format::{Spec, float_text, pad};
use super::value::{View, type_name, view};
use super::{repr, text};
use crate::render::fault::{Outcome, raise, type_error, unsupported, value_error};
use crate::render::scope::TEXT_LIMIT;

/// Formats `template` with a tuple of values, a dict, or one value.
pub(crate) fn format(template: &str, values: &Value) -> Outcome<String> {
    let mut source = Source { values, next: 0 };
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        out.push_str(&directive(&mut chars, &mut source)?);
        if out.len() > TEXT_LIMIT {
            return Err(raise("MemoryError", "a text of more than 16 MiB"));
        }
    }
    source.finish()?;
    Ok(out)
}

struct Source<'a> {
    values: &'a Value,
    next: usize,
}

impl Source<'_> {
    fn take(&mut self) -> Outcome {
        let short = || type_error("not enough arguments for format string");
        let index = self.next;
        self.next += 1;
        match view(self.values) {
            View::Tuple(tuple) => tuple.items.get(index).cloned().ok_or_else(short),
            _ if index == 0 => Ok(self.values.clone()),
            _ => Err(short()),
        }
    }

    fn named(&mut self, name: &str) -> Outcome {
        let View::Dict(dict) = view(self.values) else { return Err(type_error("format requires a mapping")) };
        self.next = usize::MAX;
        let found = dict.find(name).cloned();
        found.ok_or_else(|| raise("KeyError", super::repr_text(name)))
    }

    fn finish(&self) -> Outcome<()> {
        let all = match view(self.values) {
            View::Tuple(tuple) => self.next >= tuple.items.len(),
            View::Dict(_) | View::List(_) | View::Range(_) | View::Undefined(_) => true,
            _ => self.next > 0,
        };
        if all { Ok(()) } else { Err(type_error("not all arguments converted during string formatting")) }
    }
}

fn directive(chars: &mut Peekable<Chars<'_>>, source: &mut Source<'_>) -> Outcome<String> {
    let mut spec = Spec::default();
    let name = key(chars)?;
    while let Some(flag) = chars.next_if(|c| "-+ #0".contains(*c)) {
        match flag {
            '-' => spec.align = Some('<'),
            '+' => spec.sign = Some('+'),
            ' ' if spec.sign.is_none() => spec.sign = Some(' '),
            '#' => spec.alternate = true,
            '0' => spec.zero = true,
            _ => {}
        }
    }
    spec.width = amount(chars, source)?;
    if chars.next_if_eq(&'.').is_some() {
        spec.precision = Some(amount(chars, source)?.unwrap_or(0));
    }
    while chars.next_if(|c| "hlL".contains(*c)).is_some() {}
    let kind = chars.next().ok_or_else(|| value_error("incomplete format"))?;
    if kind == '%' {
        return Ok("%".to_owned());
    }
    let value = match name {
        Some(name) => source.named(&name)?,
        None => source.take()?,
    };
    convert(kind, &value, &mut spec)
}

fn key(chars: &mut Peekable<Chars<'_>>) -> Outcome<Option<String>> {
    if chars.next_if_eq(&'(').is_none() {
        return Ok(None);
    }
    let mut name = String::new();
    let mut open = 1;
    for c in chars.by_ref() {
        open += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if open == 0 {
            return Ok(Some(name));
        }
        name.push(c);
    }
    Err(value_error("incomplete format key"))
}

fn amount(chars: &mut Peekable<Chars<'_>>, source: &mut Source<'_>) -> Outcome<Option<usize>> {
    if chars.next_if_eq(&'*').is_some() {
        return match view(&source.take()?) {
            View::Int(number) => Ok(usize::try_from(number).ok()),
            _ => Err(type_error("* wants int")),
        };
    }
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    match digits.parse() {
        Ok(number) if number <= TEXT_LIMIT => Ok(Some(number)),
        Ok(_) => Err(raise("MemoryError", "a text of more than 16 MiB")),
        Err(_) => Ok(None),
    }
}

fn convert(kind: char, value: &Value, spec: &mut Spec) -> Outcome<String> {
    match kind {
        's' => whole(&text(value)?, spec),
        'r' => whole(&repr(value)?, spec),
        'd' | 'i' | 'u' => integer(kind, 10, value, spec),
        'x' | 'X' | 'o' => integer(kind, if kind == 'o' { 8 } else { 16 }, value, spec),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let number = match view(value) {
                View::Float(number) => number,
                View::Int(number) => number as f64,
                View::Bool(truth) => f64::from(u8::from(truth)),
                View::Undefined(undefined) => return Err(undefined.fault()),
                _ => return Err(type_error(format!("must be real number, not {}", type_name(value)))),
            };
            let (sign, digits) = float_text(number, kind, spec.precision.unwrap_or(6), spec.alternate);
            Ok(numeric(spec, sign, &digits))
        }
        'c' => match view(value) {
            View::Text(one) if one.chars().count() == 1 => whole(one, spec),
            View::Int(code) => {
                let c = u32::try_from(code).ok().and_then(char::from_u32);
                whole(&c.ok_or_else(|| raise("OverflowError", "%c arg not in range(0x110000)"))?.to_string(), spec)
            }
            _ => Err(type_error("%c requires int or char")),
        },
        'a' => Err(unsupported("%a")),
        _ => Err(value_error(format!("unsupported format character '{kind}' (0x{:x})", u32::from(kind)))),
    }
}

fn whole(text: &str, spec: &Spec) -> Outcome<String> {
    let cut: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    Ok(pad(&cut, spec.width, ' ', spec.align.unwrap_or('>')))
}

fn integer(kind: char, radix: u32, value: &Value, spec: &Spec) -> Outcome<String> {
    let number = match view(value) {
        View::Int(number) => number,
        View::Bool(truth) => i128::from(truth),
        View::Float(number) if radix == 10 && number.is_finite() && number.abs() < 1e38 => number.trunc() as i128,
        View::Undefined(undefined) => return Err(undefined.fault()),
        View::Float(_) if radix == 10 => return Err(unsupported("so large a number")),
        _ if radix == 10 => {
            let name = type_name(value);
            return Err(type_error(format!("%{kind} format: a real number is required, not {name}")));
        }
        _ => return Err(type_error(format!("%{kind} format: an integer is required, not {}", type_name(value)))),
    };
    let digits = match kind {
        'x' => format!("{:x}", number.unsigned_abs()),
        'X' => format!("{:X}", number.unsigned_abs()),
        'o' => format!("{:o}", number.unsigned_abs()),
        _ => number.unsigned_abs().to_string(),
    };
    let width = spec.precision.unwrap_or(0);
    let prefix = if spec.alternate && radix != 10 { format!("0{kind}") } else { String::new() };
    if !prefix.is_empty() && spec.zero {
        return Err(unsupported("zeros behind a prefix"));
    }
    Ok(numeric(spec, number < 0, &format!("{prefix}{digits:0>width$}")))
}

fn numeric(spec: &Spec, negative: bool, digits: &str) -> String {
    let sign = match spec.sign {
        _ if negative => "-".to_owned(),
        Some(sign) => sign.to_string(),
        None => String::new(),
    };
    if spec.zero && spec.align.is_none() {
        let width = spec.width.unwrap_or(0).saturating_sub(sign.len());
        return sign + pad(digits, Some(width), '0', '>').as_str();
    }
    pad(&(sign + digits), spec.width, ' ', spec.align.unwrap_or('>'))
}
