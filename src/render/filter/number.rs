//! Filters on numbers.

use minijinja::Value;

use super::{Call, Filter};
use crate::render::fault::{Outcome, raise, type_error, unsupported, value_error};
use crate::render::python::compare::{Number, number};
use crate::render::python::float::{parse_float, parse_int, repr_float, round_float};
use crate::render::python::value::int;
use crate::render::python::{View, repr_text, string, type_name, view};

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "abs" => abs,
        "filesizeformat" => file_size,
        "float" => to_float,
        "int" => to_int,
        "round" => round,
        _ => return None,
    })
}

fn abs(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    match number(&view(&call.value)) {
        Some(Number::Int(number)) => Ok(int(number.saturating_abs())),
        Some(Number::Float(number)) => Ok(Value::from(number.abs())),
        None => match view(&call.value) {
            View::Undefined(undefined) => Err(match undefined.tolerate() {
                Err(fault) => fault,
                Ok(()) => type_error("bad operand type for abs(): 'Undefined'"),
            }),
            _ => Err(type_error(format!("bad operand type for abs(): '{}'", type_name(&call.value)))),
        },
    }
}

fn to_float(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [default] = call.args.bind(call.name, ["default"])?;
    let default = default.unwrap_or_else(|| Value::from(0.0));
    match view(&call.value) {
        View::Text(text) => Ok(parse_float(text).map_or(default, Value::from)),
        View::Undefined(undefined) => Err(undefined.fault()),
        seen => Ok(number(&seen).map_or(default, |number| Value::from(number.float()))),
    }
}

fn to_int(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [default, base] = call.args.bind(call.name, ["default", "base"])?;
    let default = default.unwrap_or_else(|| Value::from(0));
    let base = base.map_or(Ok(10), |base| call.args.whole(&base))?;
    let float = match view(&call.value) {
        View::Text(text) => match parse_int(text, u32::try_from(base).unwrap_or(1)) {
            Some(number) => return number.map(int).ok_or_else(|| unsupported("so large a number")),
            None => parse_float(text),
        },
        View::Undefined(undefined) => return Err(undefined.fault()),
        seen => match number(&seen) {
            Some(Number::Int(number)) => return Ok(int(number)),
            Some(Number::Float(number)) if number.is_infinite() => {
                return Err(raise("OverflowError", "cannot convert float infinity to integer"));
            }
            Some(Number::Float(number)) => Some(number),
            None => None,
        },
    };
    match float {
        Some(number) if number.abs() >= 1e38 && number.is_finite() => Err(unsupported("so large a number")),
        Some(number) if number.is_finite() => Ok(int(number.trunc() as i128)),
        _ => Ok(default),
    }
}

fn round(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [precision, method] = call.args.bind(call.name, ["precision", "method"])?;
    let precision = precision.map_or(Ok(0), |precision| call.args.whole(&precision))?;
    let precision = i32::try_from(precision.clamp(-400, 400)).unwrap_or(0);
    let method = method.map_or(Ok("common".to_owned()), |method| call.args.text(&method))?;
    if !["common", "ceil", "floor"].contains(&method.as_str()) {
        return Err(raise("FilterArgumentError", "method must be common, ceil or floor"));
    }
    let number = match (number(&view(&call.value)), view(&call.value)) {
        (Some(number), _) => number,
        (None, View::Undefined(undefined)) => return Err(undefined.fault()),
        _ if method != "common" => {
            return Err(type_error(format!("must be real number, not {}", type_name(&call.value))));
        }
        _ => {
            let name = type_name(&call.value);
            return Err(type_error(format!("type {name} doesn't define __round__ method")));
        }
    };
    match (method.as_str(), number) {
        ("common", Number::Int(number)) if precision >= 0 => Ok(int(number)),
        ("common", Number::Int(_)) => Err(unsupported("rounding whole numbers to tens")),
        ("common", Number::Float(number)) => Ok(Value::from(round_float(number, precision))),
        (method, number) => {
            let scale = 10f64.powi(precision);
            let scaled = number.float() * scale;
            if !scaled.is_finite() {
                return Err(raise("OverflowError", "cannot convert float infinity to integer"));
            }
            let whole = if method == "ceil" { scaled.ceil() } else { scaled.floor() };
            Ok(Value::from(whole / scale))
        }
    }
}

fn file_size(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [binary] = call.args.bind(call.name, ["binary"])?;
    let binary = binary.is_some_and(|binary| binary.is_true());
    let bytes = match view(&call.value) {
        View::Text(text) => parse_float(text)
            .ok_or_else(|| value_error(format!("could not convert string to float: {}", repr_text(text))))?,
        View::Undefined(undefined) => return Err(undefined.fault()),
        seen => number(&seen).map(Number::float).ok_or_else(|| {
            let name = type_name(&call.value);
            type_error(format!("float() argument must be a string or a real number, not '{name}'"))
        })?,
    };
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return string("1 Byte");
    }
    if bytes.is_nan() {
        return Err(unsupported("the size of nan"));
    }
    if bytes < base {
        return string(format!("{} Bytes", repr_float(bytes.trunc() + 0.0).trim_end_matches(".0")));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut unit = base;
    for (index, prefix) in prefixes.iter().enumerate() {
        unit *= base;
        if bytes < unit || index + 1 == prefixes.len() {
            let prefix = if binary { format!("{}i", prefix.to_uppercase()) } else { (*prefix).to_owned() };
            return string(format!("{:.1} {prefix}B", base * bytes / unit));
        }
    }
    Err(unsupported("so large a size"))
}
