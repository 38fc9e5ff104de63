//! Filters that use another filter or a test: `map`, `select` and their like.

use minijinja::Value;

use super::sort::Path;
use super::{Args, Call, apply};
use crate::render::check;
use crate::render::fault::{Outcome, raise};
use crate::render::python::iterate::{items, truth};
use crate::render::python::value::stream;

pub(super) fn map(call: &mut Call<'_, '_, '_>) -> Outcome {
    if !truth(&call.value)? {
        return stream("generator", Vec::new());
    }
    let mut mapped = Vec::new();
    let by_attribute = call.args.keywords.iter().any(|(name, _)| name == "attribute");
    if call.args.positional.is_empty() && by_attribute {
        let [attribute, default] = call
            .args
            .bind(call.name, ["attribute", "default"])
            .map_err(|_| raise("FilterArgumentError", "Unexpected keyword argument"))?;
        let path = Path::of(attribute.as_ref(), &call.args)?.with_default(default);
        for item in items(&call.value)? {
            mapped.push(path.get(&item)?);
        }
        return stream("generator", mapped);
    }
    let Some((name, rest)) = call.args.positional.split_first() else {
        return Err(raise("FilterArgumentError", "map requires a filter argument"));
    };
    let name = call.args.text(name)?;
    let args = Args { positional: rest.to_vec(), keywords: call.args.keywords.clone() };
    for item in items(&call.value)? {
        mapped.push(apply(call.state, &name, item, args.clone())?);
    }
    stream("generator", mapped)
}

/// Keeps the items whose test, on themselves or on an attribute, answers `wanted`.
pub(super) fn select(call: &mut Call<'_, '_, '_>, by_attribute: bool, wanted: bool) -> Outcome {
    if !truth(&call.value)? {
        return stream("generator", Vec::new());
    }
    let mut rest = call.args.positional.iter();
    let attribute = if by_attribute {
        Some(rest.next().ok_or_else(|| raise("FilterArgumentError", "Missing parameter for attribute name"))?)
    } else {
        None
    };
    let path = Path::of(attribute, &call.args)?;
    let test = rest.next().map(|test| call.args.text(test)).transpose()?;
    let arguments: Vec<Value> = rest.cloned().collect();
    let mut kept = Vec::new();
    for item in items(&call.value)? {
        let subject = path.get(&item)?;
        let answer = match &test {
            Some(test) => {
                let args = Args { positional: arguments.clone(), keywords: call.args.keywords.clone() };
                check::apply(test, &subject, &args)?
            }
            None => truth(&subject)?,
        };
        if answer == wanted {
            kept.push(item);
        }
    }
    stream("generator", kept)
}
