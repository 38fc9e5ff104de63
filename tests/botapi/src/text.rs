//! Text as Telegram keeps it: the characters that are shown, and the entities that mark parts of them.

use serde::Serialize;

/// A marked part of a text. Positions count code units of UTF-16.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// As `bold`, `text_link`, `bot_command`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// Of a `text_link`: where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of a `pre`: the language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A text with its marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) shown: String,
    pub(crate) entities: Vec<Entity>,
}

impl Text {
    /// Text without marks.
    pub(crate) fn plain(text: &str) -> Self {
        Self { shown: text.to_owned(), entities: Vec::new() }
    }

    /// The text as it is kept: control characters are spaces, carriage returns are gone, and white space around it, too.
    pub(crate) fn clean(self) -> Self {
        let Self { shown, mut entities } = self;
        let shown: String =
            shown.chars().filter(|c| *c != '\r').map(|c| if is_control(c) { ' ' } else { c }).collect();
        let shown = shown.trim_end();
        let first = entities.iter().map(|entity| entity.offset).min();
        let blank = shown.len() - shown.trim_start().len();
        let leading = if first.is_none_or(|first| first >= blank) { blank } else { 0 };
        let length = utf16(shown);
        for entity in &mut entities {
            let end = (entity.offset + entity.length).min(length);
            entity.length = end.saturating_sub(entity.offset);
            entity.offset -= leading;
        }
        entities.retain(|entity| entity.length > 0);
        // Documented: no more than 100 entities are kept.
        entities.truncate(100);
        Self { shown: shown.get(leading..).unwrap_or_default().to_owned(), entities }
    }

    /// The pieces that are marked as `kind`.
    pub(crate) fn pieces(text: &str, entities: &[Entity], kind: &str) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let piece = |entity: &Entity| {
            let range = entity.offset..entity.offset + entity.length;
            String::from_utf16_lossy(units.get(range).unwrap_or_default())
        };
        entities.iter().filter(|entity| entity.kind == kind).map(piece).collect()
    }
}

/// The commands and mentions that Telegram finds in what a person writes.
pub(crate) fn found(text: &str) -> Vec<Entity> {
    let mut entities = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let name = bare.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@'));
        let kind = match name.strip_prefix(['/', '@']) {
            Some(rest) if rest.is_empty() || !is_name(rest) => None,
            Some(_) if name.starts_with('/') => Some("bot_command"),
            Some(rest) if rest.len() >= 5 => Some("mention"),
            Some(_) | None => None,
        };
        if let Some(kind) = kind {
            entities.push(Entity { kind: kind.into(), offset, length: utf16(name), url: None, language: None });
        }
        offset += utf16(word);
    }
    entities
}

/// The length of `text` in code units of UTF-16.
pub(crate) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_without_what_nobody_sees() {
        let kept = |text: &str| Text::plain(text).clean().shown;

        assert_eq!(kept(" \n a\r\nb\0\tc\n "), "a\nb  c");
        assert_eq!(kept(" \r\n\u{7} "), "");
    }

    #[test]
    fn commands_and_mentions_are_found_where_they_stand() {
        let places = |text| found(text).into_iter().map(|e| (e.kind, e.offset, e.length)).collect::<Vec<_>>();

        assert_eq!(places("/run@fulmar_bot date"), [("bot_command".into(), 0, 15)]);
        assert_eq!(places("🐢 @fulmar_bot, run"), [("mention".into(), 3, 11)]);
        assert_eq!(places("a/b x@y / @ @me"), []);
    }
}
