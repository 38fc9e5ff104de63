//! The filters that StackStorm adds (`st2common/expressions/functions`).

mod data;
mod jsonpath;
mod pattern;
mod regex;
mod time;
mod version;

use super::{Call, Filter};
use crate::render::fault::{Outcome, type_error, unsupported};
use crate::render::python::{View, string, type_name, view};

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "basename" => |call| path(call, true),
        // Secrets are decrypted where the key is.
        "decrypt_kv" => |call| Err(unsupported(call.name)),
        "dirname" => |call| path(call, false),
        "to_human_time_from_seconds" => time::human,
        name if name.starts_with("regex_") => return regex::find(name),
        name if name.starts_with("version_") => return version::find(name),
        name => return data::find(name),
    })
}

/// `os.path.basename` and `os.path.dirname`.
fn path(call: &mut Call<'_, '_, '_>, base: bool) -> Outcome {
    call.args.none(call.name)?;
    let View::Text(path) = view(&call.value) else {
        let name = type_name(&call.value);
        return Err(type_error(format!("expected str, bytes or os.PathLike object, not {name}")));
    };
    let (head, tail) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    if base {
        return string(tail);
    }
    let trimmed = head.trim_end_matches('/');
    string(if trimmed.is_empty() { head } else { trimmed })
}
