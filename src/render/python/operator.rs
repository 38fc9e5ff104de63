//! Python's arithmetic, on numbers, texts and sequences.

use minijinja::{Error, Value};

use super::compare::{Number, number};
use super::value::{View, int, list, string, tuple, type_name, view};
use super::{percent, text};
use crate::render::fault::{Outcome, raise, type_error, unsupported};
use crate::render::scope::{self, TEXT_LIMIT};

/// `left + right`.
pub(crate) fn add(left: &Value, right: &Value) -> Outcome {
    match (view(left), view(right)) {
        (View::Text(_), View::Text(_)) if left.is_safe() || right.is_safe() => {
            Err(unsupported("adding to escaped text"))
        }
        (View::Text(a), View::Text(b)) => string(format!("{a}{b}")),
        (View::List(a), View::List(b)) => list([a.items.as_slice(), &b.items].concat()),
        (View::Tuple(a), View::Tuple(b)) => tuple([a.items.as_slice(), &b.items].concat()),
        (View::Undefined(_), _) | (_, View::Undefined(_)) => Err(mismatch("+", left, right)),
        (View::Text(_), _) => {
            Err(type_error(format!("can only concatenate str (not \"{}\") to str", type_name(right))))
        }
        (View::List(_), _) => {
            Err(type_error(format!("can only concatenate list (not \"{}\") to list", type_name(right))))
        }
        (View::Tuple(_), _) => {
            Err(type_error(format!("can only concatenate tuple (not \"{}\") to tuple", type_name(right))))
        }
        _ => arithmetic("+", left, right, i128::checked_add, |a, b| a + b),
    }
}

/// `left - right`.
pub(crate) fn sub(left: &Value, right: &Value) -> Outcome {
    if let (View::DictSide(_), _) | (_, View::DictSide(_)) = (view(left), view(right)) {
        return Err(unsupported("the difference of dict views"));
    }
    arithmetic("-", left, right, i128::checked_sub, |a, b| a - b)
}

/// `left * right`.
pub(crate) fn mul(left: &Value, right: &Value) -> Outcome {
    match (view(left), view(right)) {
        (View::Text(_) | View::List(_) | View::Tuple(_), View::Int(times)) => repeat(left, times),
        (View::Int(times), View::Text(_) | View::List(_) | View::Tuple(_)) => repeat(right, times),
        (View::Text(_) | View::List(_) | View::Tuple(_), View::Bool(times)) => repeat(left, i128::from(times)),
        (View::Bool(times), View::Text(_) | View::List(_) | View::Tuple(_)) => repeat(right, i128::from(times)),
        (View::Undefined(_), _) | (_, View::Undefined(_)) => Err(mismatch("*", left, right)),
        (View::Text(_) | View::List(_) | View::Tuple(_), _) => Err(non_int(right)),
        (_, View::Text(_) | View::List(_) | View::Tuple(_)) => Err(non_int(left)),
        _ => arithmetic("*", left, right, i128::checked_mul, |a, b| a * b),
    }
}

fn non_int(other: &Value) -> Error {
    type_error(format!("can't multiply sequence by non-int of type '{}'", type_name(other)))
}

fn repeat(sequence: &Value, times: i128) -> Outcome {
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    match view(sequence) {
        View::Text(text) => {
            scope::spend_text(text.len().saturating_mul(times))?;
            let repeated = text.repeat(if text.is_empty() { 0 } else { times });
            Ok(if sequence.is_safe() { Value::from_safe_string(repeated) } else { Value::from(repeated) })
        }
        View::List(items) => list(repeat_items(&items.items, times)?),
        View::Tuple(items) => tuple(repeat_items(&items.items, times)?),
        _ => Err(unsupported("repeating")),
    }
}

fn repeat_items(items: &[Value], times: usize) -> Outcome<Vec<Value>> {
    let length = items.len().saturating_mul(times);
    if length > TEXT_LIMIT / 16 {
        return Err(raise("MemoryError", "a list of more than a million items"));
    }
    scope::spend_items(length)?;
    Ok(items.iter().cycle().take(length).cloned().collect())
}

/// `left / right`.
pub(crate) fn div(left: &Value, right: &Value) -> Outcome {
    let (a, b) = numbers("/", left, right)?;
    if b.float() == 0.0 {
        let float = matches!(a, Number::Float(_)) || matches!(b, Number::Float(_));
        return Err(zero_division(if float { "float division by zero" } else { "division by zero" }));
    }
    Ok(Value::from(a.float() / b.float()))
}

/// `left // right`.
pub(crate) fn floordiv(left: &Value, right: &Value) -> Outcome {
    match numbers("//", left, right)? {
        (_, Number::Int(0)) if int_like(left) => Err(zero_division("integer division or modulo by zero")),
        (Number::Int(a), Number::Int(b)) => {
            let quotient = a.checked_div_euclid(b).ok_or_else(too_large)?;
            // Euclid rounds towards the sign of the divisor, Python always down.
            Ok(int(if b < 0 && a.rem_euclid(b) != 0 { quotient - 1 } else { quotient }))
        }
        (_, b) if b.float() == 0.0 => Err(zero_division("float floor division by zero")),
        (a, b) => Ok(Value::from(float_divmod(a.float(), b.float()).0)),
    }
}

/// `left % right`, which formats when `left` is a text.
pub(crate) fn modulo(left: &Value, right: &Value) -> Outcome {
    if let View::Text(template) = view(left) {
        if left.is_safe() {
            return Err(unsupported("formatting escaped text"));
        }
        return string(percent::format(template, right)?);
    }
    match numbers("%", left, right)? {
        (Number::Int(_), Number::Int(0)) => Err(zero_division("integer modulo by zero")),
        (Number::Int(a), Number::Int(b)) => {
            let rest = a.checked_rem_euclid(b).ok_or_else(too_large)?;
            Ok(int(if b < 0 && rest != 0 { rest + b } else { rest }))
        }
        (_, b) if b.float() == 0.0 => Err(zero_division("float modulo")),
        (a, b) => Ok(Value::from(float_divmod(a.float(), b.float()).1)),
    }
}

/// Python's `divmod` of floats.
fn float_divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

/// `left ** right`.
pub(crate) fn pow(left: &Value, right: &Value) -> Outcome {
    match numbers("** or pow()", left, right)? {
        (Number::Int(a), Number::Int(b)) if b >= 0 => {
            let exponent = u32::try_from(b).map_err(|_| too_large())?;
            a.checked_pow(exponent).map(int).ok_or_else(too_large)
        }
        (a, b) if a.float() == 0.0 && b.float() < 0.0 => {
            Err(zero_division("0.0 cannot be raised to a negative power"))
        }
        (a, b) if a.float() < 0.0 && b.float().fract() != 0.0 => Err(unsupported("a complex number")),
        (a, b) => {
            let power = a.float().powf(b.float());
            if power.is_infinite() && a.float().is_finite() && b.float().is_finite() {
                return Err(raise("OverflowError", "(34, 'Numerical result out of range')"));
            }
            Ok(Value::from(power))
        }
    }
}

/// `-operand` or `+operand`.
pub(crate) fn sign(operand: &Value, negative: bool) -> Outcome {
    match number(&view(operand)) {
        Some(Number::Int(number)) if negative => number.checked_neg().map(int).ok_or_else(too_large),
        Some(Number::Float(number)) if negative => Ok(Value::from(-number)),
        Some(Number::Int(number)) => Ok(int(number)),
        Some(Number::Float(number)) => Ok(Value::from(number)),
        None => match view(operand) {
            View::Undefined(undefined) => Err(undefined.fault()),
            _ => {
                let op = if negative { '-' } else { '+' };
                Err(type_error(format!("bad operand type for unary {op}: '{}'", type_name(operand))))
            }
        },
    }
}

/// `a ~ b ~ ...`.
pub(crate) fn concat(parts: &[Value]) -> Outcome {
    let mut joined = String::new();
    for part in parts {
        joined.push_str(&text(part)?);
        if joined.len() > TEXT_LIMIT {
            break;
        }
    }
    string(joined)
}

fn int_like(value: &Value) -> bool {
    matches!(number(&view(value)), Some(Number::Int(_)))
}

fn numbers(op: &str, left: &Value, right: &Value) -> Outcome<(Number, Number)> {
    match (number(&view(left)), number(&view(right))) {
        (Some(a), Some(b)) => Ok((a, b)),
        _ => Err(mismatch(op, left, right)),
    }
}

fn arithmetic(
    op: &str,
    left: &Value,
    right: &Value,
    on_ints: fn(i128, i128) -> Option<i128>,
    on_floats: fn(f64, f64) -> f64,
) -> Outcome {
    match numbers(op, left, right)? {
        (Number::Int(a), Number::Int(b)) => on_ints(a, b).map(int).ok_or_else(too_large),
        (a, b) => Ok(Value::from(on_floats(a.float(), b.float()))),
    }
}

fn mismatch(op: &str, left: &Value, right: &Value) -> Error {
    for side in [left, right] {
        if let View::Undefined(undefined) = view(side) {
            return undefined.fault();
        }
    }
    let (left, right) = (type_name(left), type_name(right));
    type_error(format!("unsupported operand type(s) for {op}: '{left}' and '{right}'"))
}

fn zero_division(message: &str) -> Error {
    raise("ZeroDivisionError", message)
}

fn too_large() -> Error {
    unsupported("a whole number of more than 128 bits")
}
