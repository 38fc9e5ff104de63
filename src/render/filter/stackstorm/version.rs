//! Versions as the Python package `semver` compares and raises them.

use std::cmp::Ordering;

use minijinja::Value;
use semver::Version;

use super::super::{Call, Filter};
use crate::render::fault::{Outcome, type_error, value_error};
use crate::render::python::{repr_text, string, type_name};

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "version_bump_major" => |call| bump(call, |v| Version::new(v.major + 1, 0, 0)),
        "version_bump_minor" => |call| bump(call, |v| Version::new(v.major, v.minor + 1, 0)),
        "version_bump_patch" => |call| bump(call, |v| Version::new(v.major, v.minor, v.patch + 1)),
        "version_compare" => |call| Ok(Value::from(compare(call)? as i8)),
        "version_equal" => |call| Ok(Value::from(compare(call)?.is_eq())),
        "version_less_than" => |call| Ok(Value::from(compare(call)?.is_lt())),
        "version_match" => matches,
        "version_more_than" => |call| Ok(Value::from(compare(call)?.is_gt())),
        "version_strip_patch" => |call| {
            let version = parse(&call.value)?;
            string(format!("{}.{}", version.major, version.minor))
        },
        _ => return None,
    })
}

fn bump(call: &mut Call<'_, '_, '_>, change: fn(&Version) -> Version) -> Outcome {
    call.args.none(call.name)?;
    string(change(&parse(&call.value)?).to_string())
}

fn parse(value: &Value) -> Outcome<Version> {
    match value.as_str() {
        Some(text) => parse_text(text),
        None => Err(type_error(format!("not expecting type '<class '{}'>'", type_name(value)))),
    }
}

fn parse_text(text: &str) -> Outcome<Version> {
    match Version::parse(text) {
        Ok(version) if version.major < u64::MAX && version.minor < u64::MAX && version.patch < u64::MAX => {
            Ok(version)
        }
        _ => Err(value_error(format!("{text} is not valid SemVer string"))),
    }
}

fn compare(call: &mut Call<'_, '_, '_>) -> Outcome<Ordering> {
    let [other] = call.args.bind(call.name, ["pattern"])?;
    let version = parse(&call.value)?;
    Ok(version.cmp_precedence(&parse(&call.args.required(other, call.name, "pattern")?)?))
}

fn matches(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [pattern] = call.args.bind(call.name, ["pattern"])?;
    let version = parse(&call.value)?;
    let pattern = call.args.text(&call.args.required(pattern, call.name, "pattern")?)?;
    let operators = [">=", "<=", "==", "!=", ">", "<"];
    let split = operators.iter().find_map(|op| pattern.strip_prefix(op).map(|rest| (*op, rest)));
    let (op, other) = match split {
        Some(split) => split,
        None if pattern.starts_with(|c: char| c.is_ascii_digit()) => ("==", pattern.as_str()),
        None => {
            return Err(value_error(format!(
                "match_expr parameter should be in format <op><ver>, where <op> is one of \
                 ['<', '>', '==', '<=', '>=', '!=']. You provided: {}",
                repr_text(&pattern)
            )));
        }
    };
    let ordering = version.cmp_precedence(&parse_text(other)?);
    Ok(Value::from(match op {
        ">=" => ordering.is_ge(),
        "<=" => ordering.is_le(),
        "==" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        ">" => ordering.is_gt(),
        _ => ordering.is_lt(),
    }))
}
