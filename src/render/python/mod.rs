//! Python's values and what Python's operators, attributes and texts make of them.

pub(crate) mod attribute;
pub(crate) mod collection;
pub(crate) mod compare;
pub(crate) mod display;
pub(crate) mod float;
pub(crate) mod format;
pub(crate) mod iterate;
pub(crate) mod operator;
pub(crate) mod percent;
pub(crate) mod singleton;
pub(crate) mod subscript;
pub(crate) mod undefined;
pub(crate) mod unread;
pub(crate) mod value;

pub(crate) use display::{repr, repr_text, text};
pub(crate) use value::{View, dict, list, string, tuple, type_name, view};

/// White space as `str.isspace` and `\s` see it.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
