//! The status as a page: plain HTML, no script, renewed every five seconds.

use minijinja::{
    AutoEscape, Environment, context,
    value::{Serde, Value},
};

use super::Status;

/// The page. Whatever a name or an error says, it is shown as text.
pub(super) fn page(status: &Status) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let context = context! { missing => status.missing(), ..Value::from(Serde(status)) };
    environment.render_str(TEMPLATE, context).unwrap_or_else(|error| format!("the page cannot be shown: {error}"))
}

const TEMPLATE: &str = include_str!("page.html");
