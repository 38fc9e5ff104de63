//! What holds of any text in any dialect.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::markup::tests::checker;

/// Texts of what has a meaning somewhere, and of anything else.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z0-9]{1,6} ?",
        2 => prop::sample::select(vec!["\n", "\n\n", " ", "  ", "\t", "\n    ", "\n  "]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["*", "**", "_", "__", "~~", "~", "`", "``", "```", "\n```\n", "\\", "<", ">", "&", "|"])
            .prop_map(str::to_owned),
        2 => prop::sample::select(vec!["\n- ", "\n1. ", "\n7) ", "\n> ", "\n# ", "\n---\n", "\n===\n", "\n* ", "\n> - ", "\n+ a"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["@all", "@here ", "<!channel>", "@", "everyone", "!", "\n!x", "room ", "@every", "one"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["👩\u{200d}🚀", "e\u{301}", "ż", "日本", "🇵🇱"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\u{1b}[1m", "\r", "\0", "\u{2}", "\u{202e}", "\u{2028}", "<b>", "</pre>", "&lt;"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// The same with links and tables.
fn any_rich_text() -> impl Strategy<Value = String> {
    let rich = prop_oneof![
        3 => any_text(),
        1 => prop::sample::select(vec![
            "[a](https://x.org/y)", "[b](javascript:z)", "<https://x.org>", "<https://x.org|c>", "![d](http://e.org 'f')",
            "](", "[", ")", "https://x.org/@all/_a_", "<@U1>", "[https://y.org](https://z.org)", "[**g**](h)",
            "\n| a | b |\n|---|---|\n| c |\n| d | e | f |\n", "\n|", "\n\n|a|\n|-|\n",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(rich, 1..4).prop_map(|pieces| pieces.concat())
}

fn any_look() -> impl Strategy<Value = Look<'static>> {
    let names = prop::sample::select(vec!["ansi", "html", "inline_html", "mirc", "plain", "styling"]);
    let unit = prop::sample::select(vec![Unit::Bytes, Unit::Chars, Unit::Utf16]);
    let counts = prop::sample::select(vec![Counts::Both, Counts::Marked, Counts::Shown]);
    (names, unit, counts, 90_usize..500).prop_map(|(name, unit, counts, max)| Look {
        // In HTML, the deepest blocks take as much by themselves.
        limit: Limit { max: if name == "html" { 410 + max } else { max }, unit },
        counts,
        triggers: triggers(),
        ..look(name)
    })
}

fn triggers() -> &'static [String] {
    static TRIGGERS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["!".to_owned()]);
    &TRIGGERS
}

fn any_format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![Format::Markdown, Format::Mrkdwn, Format::Plain])
}

/// What people read of what is written in a dialect; fails if it is not well written.
fn read(part: &Part, look: &Look<'_>) -> Result<String, TestCaseError> {
    let Some(marked) = &part.marked else { return Ok(part.text.clone()) };
    let wrong = |why: String| TestCaseError::fail(format!("{why}: {marked:?}"));
    let shown = match look.markup {
        Markup::Html | Markup::InlineHtml => checker::read(marked, look.markup).map_err(wrong)?,
        Markup::Mirc => {
            for code in ['\u{2}', '\u{11}', '\u{1d}', '\u{1e}'] {
                if marked.split('\n').any(|line| line.matches(code).count() % 2 == 1) {
                    return Err(wrong(format!("{code:?} stays open")));
                }
            }
            marked.replace(['\u{2}', '\u{11}', '\u{1d}', '\u{1e}'], "")
        }
        Markup::Ansi => {
            let off = "\u{1b}[22;23;24;29m";
            for line in marked.split('\n') {
                if line.contains('\u{1b}') && line.rfind('\u{1b}') != line.rfind(off) {
                    return Err(wrong("a line ends with marks".into()));
                }
            }
            plain(marked).into_owned()
        }
        Markup::Styling => {
            if marked.split('\n').filter(|line| line.starts_with("```")).count() % 2 == 1 {
                return Err(wrong("a fence stays open".into()));
            }
            marked.clone()
        }
        Markup::Plain => return Err(wrong("plain text has no marks".into())),
    };
    Ok(shown)
}

/// Whether a text calls everybody: as the crudest client would look for it.
fn calls(text: &str) -> bool {
    let text = text.to_lowercase();
    ["@all", "@channel", "@everyone", "@here", "@room", "<!channel", "<!here", "<!everyone"].iter().any(|call| {
        text.match_indices(call)
            .any(|(at, call)| !text[at + call.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The letters and digits of parts, without the numbers of parts.
fn letters(parts: &[Part]) -> String {
    let text = |part: &Part| {
        let rest = part.text.strip_prefix('(').and_then(|text| text.split_once(") "));
        let is_number =
            |number: &str| number.split('/').all(|it| it.parse::<usize>().is_ok()) && number.contains('/');
        let text = rest.filter(|(number, _)| is_number(number)).map_or(part.text.as_str(), |(_, text)| text);
        solid(text)
    };
    parts.iter().map(text).collect()
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a word may stand where a fence has its language, which is a mark and not text.
fn has_language(text: &str) -> bool {
    let is_word = |rest: &str| {
        rest.trim_start_matches(['`', '~', ' ', '\t']).starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    ["```", "~~~"].iter().any(|fence| text.match_indices(fence).any(|(at, _)| is_word(&text[at..])))
}

fn counted(text: &str) -> HashMap<char, usize> {
    let mut counts = HashMap::new();
    text.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    counts
}

fn well_said(parts: &[Part], look: &Look<'_>) -> Result<(), TestCaseError> {
    for part in parts {
        prop_assert!(part.fits(look, look.limit), "{part:#?} is too long for {look:?}");
        let read = read(part, look)?;
        let marked = part.marked.as_deref().unwrap_or_default();
        prop_assert!(look.multiline || !part.text.contains('\n') && !marked.contains('\n'));
        for text in [&part.text, &read] {
            prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?} acts");
            prop_assert!(!text.contains(['\u{202e}', '\u{2066}']), "it is reversed");
            prop_assert!(!calls(text), "{text:?} calls everybody");
            prop_assert!(!text.trim_start().starts_with('!'), "{text:?} is a command");
        }
        prop_assert!(!part.text.trim().is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_letter_is_lost_or_moved(text in any_text(), format in any_format(), look in any_look()) {
        // What looks like the number of a part would be taken for one.
        let text = text.replace('(', "[");

        let parts = said(&text, format, &Value::Null, &look);

        well_said(&parts, &look)?;
        if format == Format::Mrkdwn {
            prop_assert!(letters(&parts).len() <= solid(&plain(&text)).len());
        } else if format == Format::Plain || !has_language(&plain(&text)) {
            prop_assert_eq!(letters(&parts), solid(&plain(&text)));
        }
    }

    #[test]
    fn whatever_is_a_link_or_a_table_is_read_and_harmless(text in any_rich_text(), look in any_look()) {
        let parts = said(&text, Format::Markdown, &Value::Null, &look);

        well_said(&parts, &look)?;
        prop_assume!(!has_language(&plain(&text)));
        let arrived = counted(&letters(&parts));
        for (letter, count) in counted(&solid(&plain(&text).replace("mailto:", ""))) {
            let there = arrived.get(&letter).copied().unwrap_or_default();
            // An address may be left out that the text of its link says, and be written otherwise if it calls everybody.
            prop_assert!(there >= count || "httpsxorgmailto".contains(letter), "{letter} in {text:?}: {parts:#?}");
        }
    }

    #[test]
    fn attachments_are_harmless(text in any_rich_text(), look in any_look(), key in "pretext|title|text|footer|author_name") {
        let fields = json!([{"title": text, "value": text}, {"title": "x", "value": 7}, 3]);
        let extra = json!({"slack": {key: text, "title_link": text, "fields": fields, "attachments": [{"text": text}, {}]}});

        well_said(&said("above", Format::of(&extra), &extra, &look), &look)?;
    }

    #[test]
    fn one_below_the_other_is_as_harmless(one in any_text(), other in any_text(), look in any_look()) {
        let first = |text: &str| said(text, Format::Markdown, &Value::Null, &look).into_iter().next();
        let (Some(one), Some(other)) = (first(&one), first(&other)) else { return Ok(()) };

        read(&one.above(&other, &look), &look)?;
    }
}
