//! JSON, YAML and JSONPath.

use minijinja::Value;

use super::super::{Args, Call, Filter};
use super::jsonpath;
use crate::render::fault::Outcome;
use crate::render::json::{self, Style, dumps};
use crate::render::python::value::from_json;
use crate::render::python::{list, string, text};
use crate::render::yaml;

/// What `use_none` makes of nothing, so that the server can turn it back.
const NONE: &str = "%*****__%NONE%__*****%";

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "from_json_string" => |call| from_json(&json::loads(&text(&call.value)?)?),
        "from_yaml_string" => |call| yaml::load(&text(&call.value)?),
        "json_escape" => |call| string(dumps(&call.value, &Style::default())?.trim_matches('"')),
        "jsonpath_query" => query,
        "to_complex" => |call| string(dumps(&call.value, &Style::default())?),
        "to_json_string" => to_json,
        "to_yaml_string" => to_yaml,
        "use_none" => |call| if call.value.is_none() { string(NONE) } else { Ok(call.value.clone()) },
        _ => return None,
    })
}

fn query(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [query] = call.args.bind(call.name, ["query"])?;
    let query = call.args.text(&call.args.required(query, call.name, "query")?)?;
    let found = jsonpath::find(&query, &call.value)?;
    if found.is_empty() { Ok(Value::from(())) } else { list(found) }
}

fn to_json(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [indent, sort, separators] = call.args.bind(call.name, ["indent", "sort_keys", "separators"])?;
    let indent = indent.filter(|indent| !indent.is_none());
    let mut style = Style::with_indent(indent.as_ref())?;
    style.item = ",".to_owned();
    style.key = ": ".to_owned();
    style.sort_keys = sort.is_some_and(|sort| sort.is_true());
    if let Some(separators) = separators {
        (style.item, style.key) = separator_pair(&call.args, &separators, &style)?;
    }
    string(dumps(&call.value, &style)?)
}

fn separator_pair(args: &Args, separators: &Value, style: &Style) -> Outcome<(String, String)> {
    if separators.is_none() {
        let item = if style.indent.is_some() { "," } else { ", " };
        return Ok((item.to_owned(), ": ".to_owned()));
    }
    let pair = crate::render::python::iterate::unpack(separators.clone(), &Value::from(vec![0, 0]))?;
    Ok((args.text(&pair.get_item_by_index(0)?)?, args.text(&pair.get_item_by_index(1)?)?))
}

fn to_yaml(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [indent, unicode] = call.args.bind(call.name, ["indent", "allow_unicode"])?;
    let indent = indent.filter(|indent| !indent.is_none()).map_or(Ok(2), |indent| call.args.whole(&indent))?;
    let unicode = unicode.is_none_or(|unicode| unicode.is_true());
    string(yaml::dump(&call.value, indent, unicode)?)
}
