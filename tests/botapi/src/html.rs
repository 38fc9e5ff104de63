//! Telegram's HTML, as its Bot API reads it: a few tags, strictly nested, and errors in its own words.

use crate::text::{Entity, Text, utf16};

/// Reads marked-up text.
///
/// # Errors
/// What is wrong, as the Bot API says it after "can't parse entities: ".
pub(crate) fn parse(html: &str) -> Result<Text, String> {
    let mut reader = Reader { html, at: 0, shown: String::new(), open: Vec::new(), entities: Vec::new() };
    while let Some(rest) = reader.html.get(reader.at..).filter(|rest| !rest.is_empty()) {
        match rest.as_bytes().first() {
            Some(b'<') if rest.starts_with("</") => reader.end_tag()?,
            Some(b'<') => reader.start_tag()?,
            Some(b'&') => reader.reference(),
            _ => reader.characters(),
        }
    }
    match reader.open.pop() {
        Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.name)),
        None => {
            // Of two with the same length, the outer one was closed last.
            reader.entities.reverse();
            reader.entities.sort_by_key(|entity| (entity.offset, usize::MAX - entity.length));
            Ok(Text { shown: reader.shown, entities: alone(reader.entities) })
        }
    }
}

/// Documented: `pre` and `code` contain no other entities, and quotations no other quotations.
fn alone(entities: Vec<Entity>) -> Vec<Entity> {
    let mut kept: Vec<Entity> = Vec::new();
    for entity in entities {
        let is_within = |around: &Entity| entity.offset + entity.length <= around.offset + around.length;
        let forbids = |around: &Entity| match around.kind.as_str() {
            "code" | "pre" => true,
            "blockquote" => entity.kind == "blockquote",
            _ => false,
        };
        if !kept.iter().any(|around| is_within(around) && forbids(around)) {
            kept.push(entity);
        }
    }
    kept
}

struct Reader<'a> {
    html: &'a str,
    at: usize,
    shown: String,
    open: Vec<Open>,
    entities: Vec<Entity>,
}

struct Open {
    name: String,
    attribute: Option<String>,
    offset: usize,
}

impl Reader<'_> {
    fn characters(&mut self) {
        let rest = self.html.get(self.at..).unwrap_or_default();
        let length = rest.find(['<', '&']).unwrap_or(rest.len());
        self.shown.push_str(rest.get(..length).unwrap_or_default());
        self.at += length;
    }

    /// Only four names are known; what is no reference is text.
    fn reference(&mut self) {
        let rest = self.html.get(self.at + 1..).unwrap_or_default();
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '#').next().unwrap_or_default();
        let Some(decoded) = decode(name) else {
            self.shown.push('&');
            self.at += 1;
            return;
        };
        self.shown.push(decoded);
        self.at += 1 + name.len();
        if self.html.get(self.at..).is_some_and(|rest| rest.starts_with(';')) {
            self.at += 1;
        }
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let rest = self.html.get(begin + 1..).unwrap_or_default();
        let name: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != '>').collect();
        let lower = name.to_ascii_lowercase();
        if !TAGS.contains(&lower.as_str()) {
            return Err(format!("Unsupported start tag \"{lower}\" at byte offset {begin}"));
        }
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        let end = closing(rest).ok_or_else(unclosed)?;
        let attributes = rest.get(name.len()..end).unwrap_or_default();
        let wanted = if lower == "a" { "href" } else { "class" };
        let attribute = attribute(attributes, wanted);
        if lower == "span" && attribute.as_deref() != Some("tg-spoiler") {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.open.push(Open { name: lower, attribute, offset: utf16(&self.shown) });
        self.at = begin + 1 + end + 1;
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let rest = self.html.get(begin + 2..).unwrap_or_default();
        let Some(end) = rest.find('>') else { return Err(format!("Unclosed end tag at byte offset {begin}")) };
        let name = rest.get(..end).unwrap_or_default().trim().to_ascii_lowercase();
        let Some(open) = self.open.pop() else { return Err(format!("Unexpected end tag at byte offset {begin}")) };
        if !name.is_empty() && name != open.name {
            let expected = &open.name;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{name}>\""
            ));
        }
        self.at = begin + 2 + end + 1;
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let length = utf16(&self.shown) - open.offset;
        let language =
            open.attribute.as_deref().and_then(|class| class.strip_prefix("language-")).map(str::to_owned);
        let (kind, url) = match open.name.as_str() {
            "b" | "strong" => ("bold", None),
            "i" | "em" => ("italic", None),
            "u" | "ins" => ("underline", None),
            "s" | "strike" | "del" => ("strikethrough", None),
            "span" | "tg-spoiler" => ("spoiler", None),
            "code" if language.is_some() => {
                // It belongs to the `pre` around it.
                if let Some(pre) = self.open.last_mut().filter(|around| around.name == "pre") {
                    pre.attribute = open.attribute;
                }
                return;
            }
            "a" => match open.attribute {
                Some(url) if !url.is_empty() => ("text_link", Some(url)),
                _ => return,
            },
            other => (TAGS.iter().find(|tag| **tag == other).copied().unwrap_or("code"), None),
        };
        if length > 0 {
            let language = if kind == "pre" { language } else { None };
            self.entities.push(Entity { kind: kind.into(), offset: open.offset, length, url, language });
        }
    }
}

/// Where the tag ends: at the first `>` outside of quotes.
fn closing(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let value = attributes.split_once(name)?.1.trim_start().strip_prefix('=')?.trim_start();
    let raw = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    Some(parse(raw).map_or_else(|_| raw.to_owned(), |text| text.shown))
}

fn decode(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')
        }
    }
}

const TAGS: [&str; 16] = [
    "a",
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "tg-emoji",
    "tg-spoiler",
    "u",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(html: &str) -> Vec<(String, String)> {
        let text = parse(html).unwrap();
        let pieces = |entity: &Entity| {
            (entity.kind.clone(), Text::pieces(&text.shown, std::slice::from_ref(entity), &entity.kind).concat())
        };
        text.entities.iter().map(pieces).collect()
    }

    #[test]
    fn tags_mark_what_is_between_them() {
        assert_eq!(
            marks("🐢 <b>bold <i>both</i></b>"),
            [("bold".into(), "bold both".into()), ("italic".into(), "both".into())]
        );
        let text =
            parse("<a href=\"tg://user?id=1&amp;x\">Ada</a><pre><code class=\"language-sh\">ls</code></pre>")
                .unwrap();
        assert_eq!(text.entities[0].url.as_deref(), Some("tg://user?id=1&x"));
        assert_eq!((text.entities[1].kind.as_str(), text.entities[1].language.as_deref()), ("pre", Some("sh")));
        assert_eq!(parse("1 &lt; 2 &amp;&amp; 3 &#62; &copy; &").unwrap().shown, "1 < 2 && 3 > &copy; &");
    }

    #[test]
    fn code_holds_no_other_marks_and_a_quotation_no_other() {
        assert_eq!(
            marks("<code>a <b>b</b></code> <b>c</b>"),
            [("code".into(), "a b".into()), ("bold".into(), "c".into())]
        );
        let quotations = marks("<blockquote>a <blockquote><i>b</i></blockquote></blockquote>");
        assert_eq!(quotations, [("blockquote".into(), "a b".into()), ("italic".into(), "b".into())]);
    }

    #[test]
    fn what_is_wrong_is_said_in_telegrams_words() {
        for (html, expected) in [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("1 <2", "Unsupported start tag \"2\" at byte offset 2"),
            ("<h1>x</h1>", "Unsupported start tag \"h1\" at byte offset 0"),
            ("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b", "Unclosed start tag at byte offset 0"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ] {
            assert_eq!(parse(html).unwrap_err(), expected, "{html}");
        }
    }
}
