//! Calls: the methods of Python's types, and everything else that can be called.

mod container;
mod text;

use minijinja::{State, Value};

use super::fault::{Outcome, type_error, unsupported};
use super::filter::Args;
use super::python::collection::Side;
use super::python::iterate::side;
use super::python::value::stream;
use super::python::{View, attribute, type_name, view};

/// `object.name(...)`.
pub(crate) fn call_method(state: &mut State<'_, '_>, object: &Value, name: &str, args: &[Value]) -> Outcome {
    if matches!(view(object), View::Foreign(_)) && matches!(name, "changed" | "cycle") {
        return looped(state, object, name, args);
    }
    let callee = attribute::attribute(object, name)?;
    call(state, &callee, args)
}

/// `callee(...)`.
pub(crate) fn call(state: &mut State<'_, '_>, callee: &Value, args: &[Value]) -> Outcome {
    match view(callee) {
        View::Bound(bound) => method(state, &bound.object, &bound.name, args),
        View::Undefined(undefined) => Err(undefined.fault()),
        View::Joiner(joiner) => Ok(joiner.next()),
        View::Foreign(function) if !function.is_undefined() => function.call(state, args),
        _ => Err(type_error(format!("'{}' object is not callable", type_name(callee)))),
    }
}

fn method(state: &mut State<'_, '_>, object: &Value, name: &str, args: &[Value]) -> Outcome {
    match view(object) {
        View::Text(_) => text::call(object, name, &Args::of(args)?),
        View::Dict(dict) => container::call_dict(dict, name, &Args::of(args)?),
        View::List(list) => container::call_sequence(&list.items, "list", name, &Args::of(args)?),
        View::Tuple(tuple) => container::call_sequence(&tuple.items, "tuple", name, &Args::of(args)?),
        View::Float(number) if name == "is_integer" => Ok(Value::from(number.fract() == 0.0)),
        View::Int(number) if name == "bit_length" => Ok(Value::from(128 - number.unsigned_abs().leading_zeros())),
        View::Cycler(cycler) if name == "next" => Ok(cycler.next()),
        View::Cycler(cycler) if name == "reset" => {
            cycler.reset();
            Ok(Value::from(()))
        }
        View::Six => six(name, &Args::of(args)?),
        View::Foreign(_) => looped(state, object, name, args),
        _ => Err(unsupported(format!("the method {name} of {}", type_name(object)))),
    }
}

/// Methods of the variable `loop`.
fn looped(state: &mut State<'_, '_>, object: &Value, name: &str, args: &[Value]) -> Outcome {
    if name == "cycle" && args.is_empty() {
        return Err(type_error("no items for cycling given"));
    }
    if name == "changed" && args.iter().any(|value| value.as_object().is_some()) {
        return Err(unsupported("loop.changed of more than plain values"));
    }
    object.call_method(state, name, args)
}

/// Functions of the module `six`.
fn six(name: &str, args: &Args) -> Outcome {
    let [object] = args.bind(name, ["d"])?;
    let object = args.required(object, name, "d")?;
    let (method, which) = match name {
        "iteritems" | "viewitems" => ("items", Side::Items),
        "iterkeys" | "viewkeys" => ("keys", Side::Keys),
        _ => ("values", Side::Values),
    };
    let View::Dict(dict) = view(&object) else {
        if let View::Undefined(undefined) = view(&object) {
            return Err(undefined.fault());
        }
        let owner = type_name(&object);
        return Err(super::fault::raise(
            "AttributeError",
            format!("'{owner}' object has no attribute '{method}'"),
        ));
    };
    if name.starts_with("view") {
        return container::view_of(dict, which);
    }
    let kind = match which {
        Side::Items => "dict_itemiterator",
        Side::Keys => "dict_keyiterator",
        Side::Values => "dict_valueiterator",
    };
    stream(kind, side(dict, which)?)
}
