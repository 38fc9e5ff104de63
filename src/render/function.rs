//! The functions that lowered templates call, and Jinja's own globals.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Rest};
use minijinja::{Environment, State, Value};

use super::fault::{Outcome, raise, type_error, unsupported, value_error};
use super::filter::{self, Args};
use super::python::collection::Range;
use super::python::compare::compare;
use super::python::float::parse_float;
use super::python::iterate::{items, truth, unpack};
use super::python::singleton::{Cycler, Joiner, Namespace};
use super::python::undefined::{omitted, undefined, undefined_name};
use super::python::{View, attribute, dict, list, operator, subscript, tuple, type_name, view};
use super::{check, method};

/// Largest range that the sandbox allows.
const RANGE: usize = 100_000;

type Arguments = Rest<Value>;

/// Gives `environment` everything that a lowered template may call.
pub(super) fn register(environment: &mut Environment<'static>) {
    values(environment);
    operators(environment);
    statements(environment);
    calls(environment);
    globals(environment);
}

fn values(environment: &mut Environment<'static>) {
    environment.add_function("py_name", |name: &str, value: Value| named(value, || undefined_name(name)));
    environment.add_function("py_parameter", |name: &str, value: Value| {
        named(value, || undefined(format!("parameter '{name}' was not provided")))
    });
    environment.add_function("py_missing", |line: usize| {
        omitted(format!(
            "the inline if-expression on line {line} evaluated to false and no else section was defined."
        ))
    });
    environment.add_function("py_float", |text: &str| parse_float(text));
    environment.add_function("py_list", |Rest(items): Arguments| list(items));
    environment.add_function("py_tuple", |Rest(items): Arguments| tuple(items));
    environment.add_function("py_dict", |Rest(items): Arguments| {
        let mut items = items.into_iter();
        dict(std::iter::from_fn(|| Some((items.next()?, items.next()?))))
    });
    environment.add_function("py_attr", |object: Value, name: &str| attribute::attribute(&object, name));
    environment.add_function("py_item", |object: Value, key: Value| attribute::item(&object, &key));
    environment.add_function("py_slice", |object: Value, start: Value, stop: Value, step: Value| {
        subscript::slice(&object, [&start, &stop, &step])
    });
}

fn named(value: Value, missing: impl FnOnce() -> Value) -> Value {
    if value.is_undefined() { missing() } else { value }
}

fn operators(environment: &mut Environment<'static>) {
    environment.add_function("py_add", |a: Value, b: Value| operator::add(&a, &b));
    environment.add_function("py_sub", |a: Value, b: Value| operator::sub(&a, &b));
    environment.add_function("py_mul", |a: Value, b: Value| operator::mul(&a, &b));
    environment.add_function("py_div", |a: Value, b: Value| operator::div(&a, &b));
    environment.add_function("py_floordiv", |a: Value, b: Value| operator::floordiv(&a, &b));
    environment.add_function("py_mod", |a: Value, b: Value| operator::modulo(&a, &b));
    environment.add_function("py_pow", |a: Value, b: Value| operator::pow(&a, &b));
    environment.add_function("py_neg", |a: Value| operator::sign(&a, true));
    environment.add_function("py_pos", |a: Value| operator::sign(&a, false));
    environment.add_function("py_concat", |Rest(parts): Arguments| operator::concat(&parts));
    environment.add_function("py_not", |value: Value| truth(&value).map(|truth| !truth));
    environment.add_function("py_true", |value: Value| truth(&value));
    environment.add_function("py_pass", |value: Value| truth(&value).map(|_| value));
    environment.add_function("py_compare", |Rest(chain): Arguments| chained(&chain));
}

/// `a < b < c`, given as `a, "<", b, "<", c`.
fn chained(chain: &[Value]) -> Outcome {
    let mut rest = chain;
    while let [left, op, right, ..] = rest {
        if !compare(left, op.as_str().unwrap_or_default(), right)? {
            return Ok(Value::from(false));
        }
        rest = rest.get(2..).unwrap_or_default();
    }
    Ok(Value::from(true))
}

fn statements(environment: &mut Environment<'static>) {
    environment.add_function("py_iter", |value: Value, shape: Value| {
        let parts = items(&value)?.into_iter().map(|item| unpack(item, &shape));
        Ok::<_, minijinja::Error>(Value::from(parts.collect::<Outcome<Vec<_>>>()?))
    });
    environment.add_function("py_unpack", |value: Value, shape: Value| unpack(value, &shape));
    environment.add_function("py_first", |_: Value, Rest(values): Arguments| {
        values.into_iter().next().unwrap_or_default()
    });
    environment.add_function("py_assign", |namespace: Value, name: String, value: Value| match view(&namespace) {
        View::Namespace(_) if super::python::value::depth_over([&value].into_iter()).is_err() => {
            Err(unsupported("a namespace inside a namespace"))
        }
        View::Namespace(namespace) => {
            namespace.set(name, value);
            Ok(Value::from(""))
        }
        _ => Err(raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object")),
    });
    environment.add_function("py_template", |_: Value| -> Outcome {
        Err(type_error("no loader for this environment specified"))
    });
}

fn calls(environment: &mut Environment<'static>) {
    native(environment, "py_call", |state, args| match args {
        [callee, args @ ..] => method::call(state, callee, args),
        [] => Err(unsupported("a call of nothing")),
    });
    native(environment, "py_method", |state, args| match args {
        [object, name, args @ ..] => method::call_method(state, object, name.as_str().unwrap_or_default(), args),
        _ => Err(unsupported("a call of nothing")),
    });
    native(environment, "py_filter", |state, args| match args {
        [name, value, args @ ..] => {
            filter::apply(state, name.as_str().unwrap_or_default(), value.clone(), Args::of(args)?)
        }
        _ => Err(unsupported("a filter of nothing")),
    });
    native(environment, "py_check", |_, args| match args {
        [name, value, args @ ..] => {
            check::apply(name.as_str().unwrap_or_default(), value, &Args::of(args)?).map(Value::from)
        }
        _ => Err(unsupported("a test of nothing")),
    });
    environment.add_function("py_args", |value: Value| Ok::<_, minijinja::Error>(Value::from(items(&value)?)));
    environment.add_function("py_kwargs", |value: Value| match view(&value) {
        View::Dict(dict) => Ok(Value::from_pairs(dict.pairs().map(|(key, value)| (key.clone(), value.clone())))),
        View::Undefined(undefined) => Err(undefined.fault()),
        _ => Err(type_error(format!("argument after ** must be a mapping, not {}", type_name(&value)))),
    });
}

fn globals(environment: &mut Environment<'static>) {
    native(environment, "range", |_, args| range(&Args::of(args)?));
    native(environment, "dict", |_, args| make_dict(&Args::of(args)?));
    native(environment, "namespace", |_, args| {
        let namespace = Namespace::default();
        if let View::Dict(found) = view(&make_dict(&Args::of(args)?)?) {
            for (name, value) in found.pairs() {
                namespace.set(name.as_str().unwrap_or_default().to_owned(), value.clone());
            }
        }
        Ok(Value::from_object(namespace))
    });
    native(environment, "cycler", |_, items| match items {
        [] => Err(raise("RuntimeError", "at least one item has to be provided")),
        items => Ok(Value::from_object(Cycler::new(items.to_vec()))),
    });
    native(environment, "joiner", |_, args| {
        let [separator] = Args::of(args)?.bind("joiner", ["sep"])?;
        Ok(Value::from_object(Joiner::new(separator.unwrap_or_else(|| Value::from(", ")))))
    });
    native(environment, "lipsum", |_, _| Err(unsupported("lipsum")));
}

/// A function that sees its arguments as they come, named ones among them.
#[derive(Debug)]
struct Native(fn(&mut State<'_, '_>, &[Value]) -> Outcome);

impl Object for Native {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Outcome {
        (self.0)(state, args)
    }
}

fn native(
    environment: &mut Environment<'static>,
    name: &'static str,
    function: fn(&mut State<'_, '_>, &[Value]) -> Outcome,
) {
    environment.add_global(name, Value::from_object(Native(function)));
}

fn make_dict(args: &Args) -> Outcome {
    let mut pairs: Vec<(Value, Value)> = Vec::new();
    if let Some(first) = args.positional.first() {
        match view(first) {
            View::Dict(dict) => pairs.extend(dict.pairs().map(|(key, value)| (key.clone(), value.clone()))),
            _ => {
                for item in items(first)? {
                    let pair = unpack(item, &Value::from(vec![0, 0]))?;
                    pairs.push((pair.get_item_by_index(0)?, pair.get_item_by_index(1)?));
                }
            }
        }
    }
    if args.positional.len() > 1 {
        let given = args.positional.len();
        return Err(type_error(format!("dict expected at most 1 argument, got {given}")));
    }
    pairs.extend(args.keywords.iter().map(|(name, value)| (Value::from(name.as_str()), value.clone())));
    dict(pairs)
}

fn range(args: &Args) -> Outcome {
    let numbers = args.positional.iter().map(|number| args.whole(number)).collect::<Outcome<Vec<_>>>()?;
    let (start, stop, step) = match numbers.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [start, stop, step] => (*start, *stop, *step),
        [] => return Err(type_error("range expected at least 1 argument, got 0")),
        many => return Err(type_error(format!("range expected at most 3 arguments, got {}", many.len()))),
    };
    if step == 0 {
        return Err(value_error("range() arg 3 must not be zero"));
    }
    let range = Range { start, stop, step };
    if range.length() > RANGE {
        let message = format!("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({RANGE}).");
        return Err(raise("OverflowError", message));
    }
    Ok(Value::from_object(range))
}
