//! Our mention at the beginning of a message. Pure.

use matrix_sdk::ruma::OwnedUserId;

/// Who we are, as people call us.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) id: OwnedUserId,
    /// The display name.
    pub(crate) name: String,
}

/// What a message says of whom it means.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints<'a> {
    /// The text with marks, if there is one.
    pub(crate) html: Option<&'a str>,
    /// Whether we are among those whom the message names (`m.mentions`).
    pub(crate) named: bool,
}

/// Takes our mention off the beginning of `text`, and tells whether there was one.
///
/// A colon or a comma after our name makes it a mention; so does a blank, if the sender's program says that it is one,
/// by `m.mentions` or by a link to us ("pill").
pub(crate) fn cut<'a>(text: &'a str, hints: Hints<'_>, me: &Me) -> (&'a str, bool) {
    let pill = hints.html.and_then(|html| pill(html, me));
    let is_meant = hints.named || pill.is_some();
    if let Some(rest) = after_link(text, me) {
        return (unpunctuated(rest), true);
    }
    let mut names = vec![me.id.as_str(), me.id.localpart(), me.name.as_str()];
    names.extend(pill.as_deref());
    names.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    let text = text.trim_start();
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let rest = after_name(text, name).or_else(|| after_name(text.strip_prefix('@')?, name));
        match rest {
            Some(rest) if rest.starts_with([':', ',']) => return (unpunctuated(rest), true),
            Some(rest) if is_meant && rest.chars().next().is_none_or(char::is_whitespace) => {
                return (unpunctuated(rest), true);
            }
            _ => {}
        }
    }
    (text, false)
}

fn unpunctuated(rest: &str) -> &str {
    let rest = rest.trim_start();
    rest.strip_prefix([':', ',']).unwrap_or(rest).trim_start()
}

/// What comes after a name, however its letters are cased.
fn after_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for expected in name.chars() {
        let found = rest.next()?;
        if found != expected && !found.to_lowercase().eq(expected.to_lowercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}

/// What comes after a link to us in Markdown, as some programs write a pill in the plain text.
fn after_link<'a>(text: &'a str, me: &Me) -> Option<&'a str> {
    let (_, rest) = text.trim_start().strip_prefix('[')?.split_once("](")?;
    let (link, rest) = rest.split_once(')')?;
    (linked(link)? == me.id.as_str()).then_some(rest)
}

/// The text of a link to us at the beginning of `html`.
fn pill(html: &str, me: &Me) -> Option<String> {
    let html = html.trim_start();
    let html = html.strip_prefix("<p>").unwrap_or(html).trim_start();
    let (link, rest) = html.strip_prefix("<a href=\"")?.split_once('"')?;
    let (_, rest) = rest.split_once('>')?;
    let (text, _) = rest.split_once('<')?;
    (linked(link)? == me.id.as_str()).then(|| plain(text))
}

/// Whom a link means (`https://matrix.to/#/@ada:example.org`).
fn linked(link: &str) -> Option<String> {
    let id = link.strip_prefix("https://matrix.to/#/")?;
    let id = id.split_once('?').map_or(id, |(id, _)| id);
    Some(id.replace("%40", "@").replace("%3A", ":").replace("%3a", ":"))
}

fn plain(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::owned_user_id;
    use proptest::prelude::*;

    use super::*;

    fn me() -> Me {
        Me { id: owned_user_id!("@fulmar:example.org"), name: "Ful Mar".into() }
    }

    #[test]
    fn a_name_with_a_colon_is_a_mention() {
        for (text, expected) in [
            ("fulmar: run date", ("run date", true)),
            ("Fulmar, run date", ("run date", true)),
            ("ful mar: run date", ("run date", true)),
            ("@fulmar: run date", ("run date", true)),
            ("@fulmar:example.org: run date", ("run date", true)),
            ("  fulmar:run date", ("run date", true)),
            ("fulmar:", ("", true)),
            ("fulmar run date", ("fulmar run date", false)),
            ("fulmarine: run date", ("fulmarine: run date", false)),
            ("ask fulmar: run date", ("ask fulmar: run date", false)),
            ("run date", ("run date", false)),
            ("", ("", false)),
        ] {
            assert_eq!(cut(text, Hints::default(), &me()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_blank_is_enough_where_the_program_says_that_we_are_meant() {
        let named = Hints { named: true, html: None };
        let link = "<a href=\"https://matrix.to/#/%40fulmar:example.org\">the old name</a> run date";
        let linked = Hints { named: false, html: Some(link) };

        assert_eq!(cut("Ful Mar run date", named, &me()), ("run date", true));
        assert_eq!(cut("fulmarine run date", named, &me()), ("fulmarine run date", false));
        assert_eq!(cut("ask Ful Mar: run date", named, &me()), ("ask Ful Mar: run date", false));
        assert_eq!(cut("the old name run date", linked, &me()), ("run date", true));
        assert_eq!(cut("the old name: run date", linked, &me()), ("run date", true));
    }

    #[test]
    fn a_link_to_somebody_else_is_no_mention_of_us() {
        let link = "<p><a href=\"https://matrix.to/#/@ada:example.org\">fulmar</a> run date</p>";
        let hints = Hints { named: false, html: Some(link) };

        assert_eq!(cut("fulmar run date", hints, &me()), ("fulmar run date", false));
        assert_eq!(
            cut("[x](https://matrix.to/#/@fulmar:example.org): run date", Hints::default(), &me()),
            ("run date", true)
        );
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_left_is_the_end(text in "\\PC{0,40}", html in "\\PC{0,60}", named: bool) {
            let (rest, _) = cut(&text, Hints { html: Some(&html), named }, &me());

            prop_assert!(text.ends_with(rest));
        }
    }
}
