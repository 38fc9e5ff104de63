//! JSON as Python's `json.dumps` writes it and as `orjson.loads` reads it, down to its error messages.

mod read;
mod write;

pub(crate) use read::loads;
pub(crate) use write::{Style, dumps};
