//! Attachments, as packs describe them for Slack: on every network they are text below the text.
//!
//! The keys are those of Slack's attachments, which Mattermost and Rocket.Chat have, too.

use serde_json::{Map, Value};

use super::{
    Format,
    build::{Builder, linked},
    document::{Marks, Run},
    inert::plain,
    link, markdown, mrkdwn,
};

/// The `extra` of the network's own kind or, if that has no attachment, of the first that has one.
pub(super) fn chosen<'a>(extra: &'a Value, kind: &str) -> Option<(&'a Map<String, Value>, Format)> {
    [kind, "slack", "mattermost", "rocketchat"].into_iter().find_map(|kind| {
        let members = extra.get(kind)?.as_object()?;
        let format = if kind == "slack" { Format::Mrkdwn } else { Format::Markdown };
        (is_attachment(members) || members.contains_key("attachments")).then_some((members, format))
    })
}

/// Puts an attachment, and those in it, into a document.
pub(super) fn read(builder: &mut Builder<'_>, members: &Map<String, Value>, format: Format) {
    one(builder, members, format);
    let more = members.get("attachments").and_then(Value::as_array);
    for members in more.into_iter().flatten().filter_map(Value::as_object).take(MOST) {
        one(builder, members, format);
    }
}

fn one(builder: &mut Builder<'_>, members: &Map<String, Value>, format: Format) {
    let text =
        |key: &str| members.get(key).and_then(Value::as_str).map(str::trim_end).filter(|text| !text.is_empty());
    let mut blanks = 1;
    if let Some(pretext) = text("pretext") {
        words(builder, pretext, format, std::mem::take(&mut blanks));
    }
    if let Some(author) = text("author_name") {
        titled(builder, author, text("author_link"), Marks::EMPHASIS, std::mem::take(&mut blanks));
    }
    if let Some(title) = text("title") {
        titled(builder, title, text("title_link"), Marks::STRONG, std::mem::take(&mut blanks));
    }
    if let Some(body) = text("text") {
        words(builder, body, format, std::mem::take(&mut blanks));
    }
    let fields = members.get("fields").and_then(Value::as_array);
    for field in fields.into_iter().flatten().take(MOST) {
        one_field(builder, field, format, std::mem::take(&mut blanks));
    }
    for url in [text("image_url"), text("thumb_url")].into_iter().flatten() {
        titled(builder, url, Some(url), Marks::NONE, std::mem::take(&mut blanks));
    }
    if let Some(footer) = text("footer") {
        titled(builder, footer, None, Marks::EMPHASIS, blanks);
    }
}

/// A field: its title before its value, or above it if that has several lines.
fn one_field(builder: &mut Builder<'_>, field: &Value, format: Format, blanks: usize) {
    let title = plain(field.get("title").and_then(Value::as_str).unwrap_or_default()).replace('\n', " ");
    let value = match field.get("value") {
        Some(Value::String(value)) => value.clone(),
        None | Some(Value::Null) => String::new(),
        Some(value) => value.to_string(),
    };
    let value = plain(value.trim());
    if title.is_empty() && value.is_empty() {
        return;
    }
    builder.line(blanks, String::new());
    if !title.is_empty() {
        builder.run(Run::marked(format!("{title}:"), Marks::STRONG));
    }
    if value.contains('\n') || format != Format::Mrkdwn {
        return match value.split_once('\n') {
            None if !has_markup(&value) => builder.run(Run::plain(format!(" {value}"))),
            _ => words(builder, &value, format, 0),
        };
    }
    builder.run(Run::plain(" "));
    let runs = mrkdwn::runs(builder.look, &value, Marks::NONE);
    runs.into_iter().for_each(|run| builder.run(run));
}

fn has_markup(value: &str) -> bool {
    value.contains(['*', '_', '`', '~', '[', '<'])
}

fn words(builder: &mut Builder<'_>, text: &str, format: Format, blanks: usize) {
    let text = plain(text);
    match format {
        Format::Markdown => markdown::read(builder, &text, blanks),
        Format::Mrkdwn => mrkdwn::read(builder, &text, blanks),
        Format::Plain => builder.verbatim(&text, blanks),
    }
}

fn titled(builder: &mut Builder<'_>, text: &str, url: Option<&str>, marks: Marks, blanks: usize) {
    let run = Run::marked(plain(text).replace('\n', " "), marks);
    builder.line(blanks, String::new());
    let runs = match url.filter(|url| link::is_good(url)) {
        Some(url) => linked(builder.look, vec![run], url, ""),
        None => vec![run],
    };
    runs.into_iter().for_each(|run| builder.run(run));
}

/// Whether there is anything to show in it.
fn is_attachment(members: &Map<String, Value>) -> bool {
    ["pretext", "author_name", "title", "text", "fields", "image_url", "footer"]
        .into_iter()
        .any(|key| members.contains_key(key))
}

/// How many attachments, and fields of one, are shown.
const MOST: usize = 100;
