//! Small cases, each with its reason.

use serde_json::json;

use super::*;

fn plain_of(text: &str) -> String {
    markdown(text, &look("plain")).into_iter().map(|part| part.text).collect::<Vec<_>>().join("|")
}

fn html_of(text: &str) -> String {
    let parts = markdown(text, &look("html")).into_iter();
    parts.map(|part| part.marked.unwrap_or(part.text)).collect::<Vec<_>>().join("|")
}

#[test]
fn the_signs_of_lists_within_lists_never_make_a_post_too_long() {
    let text = format!("{}1. x", "- ".repeat(400));
    for (name, mut look) in looks() {
        look.limit.max = 500;

        let parts = markdown(&text, &look);

        assert!(parts.iter().all(|part| part.fits(&look, look.limit)), "{name}: {parts:?}");
        assert!(parts.iter().any(|part| part.text.contains('x')), "{name}: {parts:?}");
    }
}

#[test]
fn white_space_at_the_beginning_of_a_line_never_makes_a_post_too_long() {
    let limit = Limit { max: 200, unit: Unit::Utf16 };
    let look = Look {
        kind: "x",
        markup: Markup::Html,
        limit,
        counts: Counts::Both,
        multiline: true,
        triggers: &[],
        calls_all: false,
    };
    let text = format!("# Plan\n\n1. build\n    - api\n  0- *web*\n{}still\n5. deploy\n\n- one", " ".repeat(235));

    let parts = document(&text, Format::Markdown, &Value::Null, &look).parts(0, &look, limit, usize::MAX).0;

    assert!(parts.iter().all(|part| part.fits(&look, limit)), "{parts:?}");
    assert!(parts.iter().any(|part| part.text.ends_with("still")), "{parts:?}");
}

#[test]
fn what_programs_print_stays_as_it_is() {
    for text in [
        "*.txt and *.md",
        "__init__ __init__.py",
        "a_b_c _d",
        "2 * 3 * 4 = 2*3*4",
        "#1 is open\n#2 is not\n#",
        "a > 5 and b < 6\n>>> print(1)",
        "* * * * * /usr/bin/cron",
        "*/5 * * * * root x",
        "name : x\n--------\nvalue\n=====\n",
        "    four\n  two\n\teight",
        "C:\\Users\\_x_\\*.* \\\\host\\share",
        "^\\d+\\.\\d+\\(x\\)$",
        "cat foo \\\n  bar",
        "`this' and `that'",
        "a ` b\nc ` d",
        "<b>bold</b> &amp; <!-- no --> </body>",
        "[section]\nkey = [1](2)\n[x]: y",
        "def f(*args, **kwargs): ~/x ~/y",
        "- - -\n-\n+\n* ",
        "a | b\nc | d",
        "https://x.org/_a_/*b*?c=d&e=f~g~",
        "   + git: x\n     y",
    ] {
        assert_eq!(plain_of(text), text.trim_matches('\n').trim_end(), "{text:?}");
    }
}

#[test]
fn marks_are_taken_off_and_escapes_obeyed() {
    for (text, expected) in [
        ("**a** *b* _c_ ~~d~~ `e` ***f***", "a b c d e f"),
        ("\\*a\\* snake\\_case 1\\. \\`x\\`", "*a* snake_case 1\\. `x`"),
        ("1\\. a", "1. a"),
        ("**two\nlines**", "two\nlines"),
        ("# One\n## Two ##\ntext", "One\nTwo\ntext"),
        ("> a\nb\n> c", "> a\nb\n> c"),
        ("- a\nb\n  c", "- a\nb\n  c"),
        ("above{~}below", "above\nbelow"),
        ("```{\"a\": 1}\nb``` c", "{\"a\": 1}\nb\n c"),
    ] {
        assert_eq!(plain_of(text), expected, "{text:?}");
    }
}

#[test]
fn blocks_are_html_where_there_is_html() {
    for (text, expected) in [
        ("a **b**", "a <strong>b</strong>"),
        ("a\n *b*", "a<br>\u{a0}<em>b</em>"),
        ("3. a\n4. b\n9. c", "<ol start=\"3\"><li>a</li><li>b</li></ol><ol start=\"9\"><li>c</li></ol>"),
        ("- a\n  ```\n  x\n  ```\n- b", "<ul><li>a<pre><code>x</code></pre></li><li>b</li></ul>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("> a\n>\n> b", "<blockquote><p>a</p><p>b</p></blockquote>"),
        ("[a *b*](https://x.org)", "<a href=\"https://x.org\">a <em>b</em></a>"),
        ("plain  &  simple", "plain  &  simple"),
    ] {
        assert_eq!(html_of(text), expected, "{text:?}");
    }
}

#[test]
fn a_part_ends_at_a_block_then_a_line_then_a_word() {
    let look = Look { limit: Limit { max: 30, unit: Unit::Chars }, ..look("plain") };
    let said = |text: &str| markdown(text, &look).into_iter().map(|part| part.text).collect::<Vec<_>>();

    assert_eq!(
        said("one two three\n\nfour five\nsix seven"),
        ["(1/2) one two three", "(2/2) four five\nsix seven"]
    );
    assert_eq!(said("one two three four\nfive six seven"), ["(1/2) one two three four", "(2/2) five six seven"]);
    assert_eq!(said("one two three four five six seven"), ["(1/2) one two three four five", "(2/2) six seven"]);
}

#[test]
fn what_is_cut_is_closed_and_opened_again() {
    let cut = |name: &str, max: usize, text: &str| {
        let look = Look { limit: Limit { max, unit: Unit::Bytes }, ..look(name) };
        markdown(text, &look).into_iter().map(|part| part.marked.unwrap_or(part.text)).collect::<Vec<_>>()
    };

    assert_eq!(
        cut("styling", 40, "```sh\none one one\ntwo two two\nthree three\nfour four\n```"),
        ["(1/2)\n```sh\none one one\ntwo two two\n```", "(2/2)\n```sh\nthree three\nfour four\n```"]
    );
    assert_eq!(
        cut("mirc", 19, "**one two three four**"),
        ["(1/2) \u{2}one two\u{2}", "(2/2) \u{2}three four\u{2}"]
    );
    assert_eq!(
        cut("html", 90, "- **one two three four**\n- five six"),
        ["(1/2) <ul><li><strong>one two three four</strong></li></ul>", "(2/2) <ul><li>five six</li></ul>"]
    );
}

/// Most of what is written is marks then, and of what is read hardly anything fits.
#[test]
fn a_line_of_marks_or_links_fills_each_post() {
    for name in ["html", "inline_html", "styling", "mirc", "ansi", "plain"] {
        for (text, largest) in [("**a**b*c*`d`", 20), ("[a](https://x.org/y) ", 48), ("\"&\"&<\t", 24)] {
            let look = Look { limit: Limit { max: 400, unit: Unit::Bytes }, counts: Counts::Marked, ..look(name) };

            let parts = markdown(&text.repeat(400), &look);

            let length = |part: &Part| part.marked.as_ref().unwrap_or(&part.text).len();
            let (last, all) = parts.split_last().unwrap();
            assert!(all.iter().all(|part| (400 - largest..=400).contains(&length(part))), "{name} {all:#?}");
            assert!(length(last) <= 400, "{name} {last:#?}");
        }
    }
}

#[test]
fn everybody_is_called_by_none_of_many_calls() {
    let parts = markdown(&"**@all** @**her**e and ".repeat(300), &look("html"));

    let expected = "@\u{200b}all @\u{200b}here and ".repeat(300);
    assert_eq!(parts[0].text, expected.trim_end());
}

#[test]
fn a_table_that_is_too_wide_is_told_row_by_row() {
    let look = Look { limit: Limit { max: 90, unit: Unit::Bytes }, ..look("mirc") };

    let said = markdown("| host | state |\n|---|---|\n| web1 | up |\n| web2 | gone for a day |", &look);

    let said: Vec<_> = said.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(said, ["host: web1", "state: up", "host: web2", "state: gone for a day"]);
}

#[test]
fn typed_marks_are_made_only_where_they_are_taken_for_marks() {
    let styled = |text: &str| {
        let part = markdown(text, &look("styling")).into_iter().next().unwrap();
        part.marked.unwrap_or(part.text)
    };

    assert_eq!(styled("a **b** c"), "a *b* c");
    assert_eq!(styled("日本の**重要**な"), "日本の重要な");
    assert_eq!(styled("\\*a\\* b*c 2 * 3 * 4"), "\u{2060}*a* b*c 2 * 3 * 4");
    assert_eq!(styled("**a\\*b**"), "a*b");
    assert_eq!(styled("\\> no quote"), "\u{2060}> no quote");
    assert_eq!(styled("***both***"), "*_both_*");
}

#[test]
fn everybody_may_be_called_where_that_is_allowed() {
    let look = Look { calls_all: true, ..look("plain") };

    assert_eq!(markdown("@all: done", &look)[0].text, "@all: done");
}

#[test]
fn the_networks_own_attachment_goes_before_slacks() {
    let extra = json!({"x": {"title": "ours"}, "slack": {"title": "theirs", "color": "danger"}});
    let other = json!({"x": {"notice": true}, "slack": {"title": "theirs", "color": "danger"}});
    let shown = |extra: &Value| said("a", Format::Markdown, extra, &look("plain"))[0].text.clone();

    assert_eq!((shown(&extra).as_str(), shown(&other).as_str()), ("a\n\nours", "a\n\ntheirs"));
    assert_eq!((tone(&extra, "x"), tone(&other, "x")), (None, Some(Tone::Bad)));
}

#[test]
fn the_whole_is_one_text_and_knows_if_it_is_code() {
    let whole = |text: &str| {
        let look = look("plain");
        document(text, Format::Markdown, &Value::Null, &look).whole(&look)
    };

    assert_eq!(whole("```json\n{}\n\n[]\n```"), ("{}\n\n[]".into(), Some("json".into())));
    assert_eq!(whole("a\n```json\n{}\n```"), ("a\n{}".into(), None));
}

#[test]
fn code_within_a_line_stays_in_one_line() {
    for text in ["\n*\n00. ```\n*\n00. ```\n", "a `b\nc` d", "> a `b\n> c` d"] {
        let said = markdown(text, &look("mirc"));

        assert!(!said.is_empty() && said.iter().all(|part| !part.text.contains('\n')), "{text:?}: {said:?}");
    }
}

#[test]
fn a_wide_letter_for_which_marks_leave_no_space_is_said_and_ends() {
    let text = format!("\n  - **\n{}é{}*{}>", "\t".repeat(96), "\t".repeat(48), "\t".repeat(25));
    let html = Look { limit: Limit { max: 500, unit: Unit::Bytes }, ..look("html") };

    let said = said(&text, Format::Markdown, &Value::Null, &html);

    assert!(said.iter().any(|part| part.text.contains('é')), "{said:?}");
}
