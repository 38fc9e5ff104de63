//! A strict reader of the HTML that we write: every tag is known, closed and where it may be, every character escaped.

use fulmar_contract::Markup;

/// What is read in `html`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(html: &str, markup: Markup) -> Result<String, String> {
    let (mut shown, mut open, mut rest) = (String::new(), Vec::<String>::new(), html);
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '<' => {
                let (tag, after) = rest[1..].split_once('>').ok_or("a tag without an end")?;
                element(tag, markup, &mut open, &mut shown)?;
                after
            }
            '&' => {
                let (entity, after) = rest[1..].split_once(';').ok_or("an entity without an end")?;
                shown.push(character(entity)?);
                after
            }
            '>' | '"' => return Err(format!("{c} is not escaped in {html}")),
            c => {
                if matches!(
                    open.last().map(String::as_str),
                    Some("ul" | "ol" | "table" | "thead" | "tbody" | "tr")
                ) {
                    return Err(format!("text {c:?} in {:?}", open.last()));
                }
                shown.push(c);
                &rest[c.len_utf8()..]
            }
        };
    }
    if open.is_empty() { Ok(shown) } else { Err(format!("{open:?} is open at the end of {html}")) }
}

fn character(entity: &str) -> Result<char, String> {
    match entity {
        "amp" => Ok('&'),
        "gt" => Ok('>'),
        "lt" => Ok('<'),
        "quot" => Ok('"'),
        other => Err(format!("&{other};")),
    }
}

fn element(tag: &str, markup: Markup, open: &mut Vec<String>, shown: &mut String) -> Result<(), String> {
    if let Some(name) = tag.strip_prefix('/') {
        if !INLINE.contains(&name) {
            shown.push('\n');
        }
        return match open.pop() {
            Some(last) if last == name => Ok(()),
            last => Err(format!("</{name}> closes {last:?}")),
        };
    }
    let (name, attribute) = tag.split_once(' ').map_or((tag, ""), |(name, attribute)| (name, attribute));
    let known = if markup == Markup::Html { FULL.as_slice() } else { SHORT.as_slice() };
    if !known.contains(&name) {
        return Err(format!("<{tag}> is not allowed"));
    }
    if !has_good(name, attribute, open) || !may_stand(name, markup, open) {
        return Err(format!("<{tag}> in {open:?}"));
    }
    match name {
        "br" => shown.push('\n'),
        "hr" => shown.push('-'),
        name => {
            if !INLINE.contains(&name) {
                shown.push('\n');
            }
            open.push(name.to_owned());
        }
    }
    Ok(())
}

fn has_good(name: &str, attribute: &str, open: &[String]) -> bool {
    match (name, attribute) {
        ("a", attribute) => attribute.strip_prefix("href=\"").is_some_and(is_url),
        (_, "") => true,
        ("code", attribute) => {
            attribute.starts_with("class=\"language-") && open.last().is_some_and(|it| it == "pre")
        }
        ("ol", attribute) => {
            let number = attribute.strip_prefix("start=\"").and_then(|rest| rest.strip_suffix('"'));
            number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
        }
        _ => false,
    }
}

fn may_stand(name: &str, markup: Markup, open: &[String]) -> bool {
    let parent = open.last().map(String::as_str);
    match name {
        "li" => matches!(parent, Some("ul" | "ol")),
        "thead" | "tbody" => parent == Some("table"),
        "tr" => matches!(parent, Some("thead" | "tbody")),
        "th" | "td" => parent == Some("tr"),
        "blockquote" if markup == Markup::InlineHtml => parent.is_none(),
        "p" | "table" | "ul" | "ol" | "hr" => matches!(parent, None | Some("li" | "blockquote")),
        "code" | "a" if markup == Markup::InlineHtml => !open.iter().any(|it| it == "code" || it == "a"),
        _ => !matches!(parent, Some("ul" | "ol" | "table" | "thead" | "tbody" | "tr")),
    }
}

fn is_url(value: &str) -> bool {
    let Some(url) = value.strip_suffix('"') else { return false };
    ["http:", "https:", "mailto:", "ftp:", "xmpp:", "matrix:", "tg:", "irc:", "ircs:"]
        .iter()
        .any(|scheme| url.to_lowercase().starts_with(scheme))
        && !url.contains(['"', '<', '>', ' ', '\n'])
}

/// Elements that stand within a line.
const INLINE: [&str; 8] = ["a", "b", "code", "del", "em", "i", "s", "strong"];

/// Those of Matrix that we write.
const FULL: [&str; 25] = [
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "em",
    "del",
    "br",
    "hr",
    "blockquote",
    "pre",
    "code",
    "a",
];

/// Those of Telegram.
const SHORT: [&str; 7] = ["b", "i", "s", "code", "pre", "a", "blockquote"];
