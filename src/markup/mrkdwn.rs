//! Slack's mrkdwn, as packs write it for Slack (docs.slack.dev, "Formatting message text").

use std::borrow::Cow;

use super::{
    build::{Builder, append, linked},
    document::{Block, Look, Marks, Run},
    fence::{self, Piece},
    link,
    markdown::blanks_at_end,
};

/// Puts `text` into a document, `blanks` blank lines below what stands there.
pub(super) fn read(builder: &mut Builder<'_>, text: &str, blanks: usize) {
    let mut blanks = blanks;
    for piece in fence::pieces(text) {
        match piece {
            Piece::Code { language, text } => builder.code(&decoded(text), language, blanks),
            Piece::Text(text) => lines(builder, text, blanks),
        }
        blanks = if let Piece::Text(text) = piece { blanks_at_end(text) } else { 0 };
    }
}

fn lines(builder: &mut Builder<'_>, text: &str, blanks: usize) {
    let (mut blanks, mut quoted) = (blanks, false);
    for line in text.lines() {
        if line.trim().is_empty() {
            blanks += 1;
            continue;
        }
        let quote = line.strip_prefix("> ").or_else(|| line.strip_prefix("&gt; "));
        match (quote, quoted) {
            (Some(_), false) => builder.open(Block::Quote),
            (None, true) => builder.close(),
            _ => {}
        }
        quoted = quote.is_some();
        builder.line(std::mem::take(&mut blanks), String::new());
        for run in runs(builder.look, quote.unwrap_or(line), Marks::NONE) {
            builder.run(run);
        }
    }
    if quoted {
        builder.close();
    }
}

/// The runs of a line. Marks stand in each other four deep at most: each of them once.
pub(super) fn runs(look: &Look<'_>, line: &str, marks: Marks) -> Vec<Run> {
    let (mut runs, mut plain, mut at) = (Vec::new(), 0, 0);
    let ends = Ends::of(line);
    while let Some(sign) = line.as_bytes().get(at) {
        let found = match sign {
            b'<' => reference(look, line, at, marks),
            b'*' | b'_' | b'~' | b'`' => marked(look, line, at, marks, &ends),
            _ => None,
        };
        let Some((inner, after)) = found else {
            at += 1;
            continue;
        };
        put(&mut runs, line.get(plain..at), marks);
        inner.into_iter().for_each(|run| append(&mut runs, run));
        (plain, at) = (after, after);
    }
    put(&mut runs, line.get(plain..), marks);
    runs
}

fn put(runs: &mut Vec<Run>, text: Option<&str>, marks: Marks) {
    append(runs, Run::marked(decoded(text.unwrap_or_default()), marks));
}

/// Where signs stand that may end a mark, each for itself.
struct Ends([Vec<usize>; 4]);

impl Ends {
    fn of(line: &str) -> Self {
        let mut ends: [Vec<usize>; 4] = Default::default();
        for (at, byte) in line.bytes().enumerate() {
            let Some(sign) = SIGNS.iter().position(|(sign, _)| *sign == byte) else { continue };
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + 1..).and_then(|after| after.chars().next());
            let is_end = before.is_some_and(|c| byte == b'`' || !c.is_whitespace())
                && !after.is_some_and(|c| c.is_alphanumeric() || c as u32 == u32::from(byte));
            if is_end && let Some(ends) = ends.get_mut(sign) {
                ends.push(at);
            }
        }
        Self(ends)
    }

    /// The first end of a mark behind `at`.
    fn next(&self, sign: usize, at: usize) -> Option<usize> {
        let ends = self.0.get(sign)?;
        ends.get(ends.partition_point(|end| *end <= at)).copied()
    }
}

/// What is marked from `at` on, and where it ends.
fn marked(look: &Look<'_>, line: &str, at: usize, marks: Marks, ends: &Ends) -> Option<(Vec<Run>, usize)> {
    let sign = SIGNS.iter().position(|(sign, _)| line.as_bytes().get(at) == Some(sign))?;
    let (_, mark) = SIGNS.get(sign)?;
    let before = line.get(..at)?.chars().next_back();
    let after = line.get(at + 1..)?.chars().next()?;
    let begins = !before.is_some_and(char::is_alphanumeric) && (*mark == Marks::CODE || !after.is_whitespace());
    let end = ends.next(sign, at + 1).filter(|_| begins && !marks.has(*mark))?;
    let inner = line.get(at + 1..end)?;
    let inner = if *mark == Marks::CODE {
        vec![Run::marked(decoded(inner), marks | *mark)]
    } else {
        runs(look, inner, marks | *mark)
    };
    Some((inner, end + 1))
}

/// What stands between `<` and `>`: an address, somebody, a room, a date. Nobody is called by it.
fn reference(look: &Look<'_>, line: &str, at: usize, marks: Marks) -> Option<(Vec<Run>, usize)> {
    let rest = line.get(at + 1..)?;
    let length = rest.bytes().take(LONGEST).position(|byte| matches!(byte, b'>' | b'<'))?;
    let (inside, after) = (rest.get(..length)?, rest.get(length..)?);
    after.strip_prefix('>')?;
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let named = |sign: &str, name: &str| {
        let name = decoded(label.unwrap_or(name)).into_owned();
        vec![Run::marked(if name.starts_with(sign) { name } else { format!("{sign}{name}") }, marks)]
    };
    let runs = match target.chars().next()? {
        '@' => named("@", target.get(1..)?),
        '#' => named("#", target.get(1..)?),
        '!' if target.starts_with("!date^") => vec![Run::marked(decoded(label?), marks)],
        '!' => named("@", target.get(1..)?),
        _ => {
            let url = decoded(target);
            if !link::is_good(&url) {
                return None;
            }
            let label = label.filter(|label| !label.trim().is_empty()).map_or(url.clone(), decoded);
            linked(look, vec![Run::marked(label, marks)], &url, "")
        }
    };
    Some((runs, at + 1 + length + 1))
}

/// The three characters that Slack wants to be written otherwise.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// The signs and what they mean.
const SIGNS: [(u8, Marks); 4] =
    [(b'*', Marks::STRONG), (b'_', Marks::EMPHASIS), (b'~', Marks::STRIKE), (b'`', Marks::CODE)];

/// How long an address with its text may be, in bytes.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use fulmar_contract::{Counts, Limit, Markup, Unit};

    use super::*;

    fn read(line: &str) -> String {
        let limit = Limit { max: 4096, unit: Unit::Bytes };
        let look = Look {
            kind: "x",
            markup: Markup::Plain,
            limit,
            counts: Counts::Marked,
            multiline: true,
            triggers: &[],
            calls_all: false,
        };
        let mark = |run: Run| {
            let marks: String =
                SIGNS.iter().filter(|(_, mark)| run.marks.has(*mark)).map(|(sign, _)| char::from(*sign)).collect();
            format!("[{marks}{}]", run.text)
        };
        runs(&look, line, Marks::NONE).into_iter().map(mark).collect()
    }

    #[test]
    fn signs_mark_whole_words() {
        for (line, expected) in [
            ("*bold* _it_ ~gone~ `x*y*`", "[*bold][ ][_it][ ][~gone][ ][`x*y*]"),
            ("*a _b_*", "[*a ][*_b]"),
            ("2*3*4 a_b_c * no * *.txt", "[2*3*4 a_b_c * no * *.txt]"),
            ("*open", "[*open]"),
            ("a &lt;b&gt; &amp;amp;", "[a <b> &amp;]"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn references_are_said_as_people_know_them() {
        for (line, expected) in [
            ("<https://x.org|docs>", "[docs (https://x.org)]"),
            ("<https://x.org>", "[https://x.org]"),
            ("<@U123> <@U1|ada> <#C1|ops>", "[@U123 @ada #ops]"),
            ("<!channel> <!here|here> <!subteam^S1|@admins>", "[@channel @here @admins]"),
            ("<!date^1392734382^{date}|2014-02-18>", "[2014-02-18]"),
            ("a < b > c <javascript:x|y> <b>", "[a < b > c <javascript:x|y> <b>]"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }
}
