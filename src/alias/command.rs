//! What chat networks and phones do to a typed command, undone.

use std::borrow::Cow;

/// The command as it was meant: typographic quotes made straight, and spaces of every width made plain ones.
///
/// Everything else stays, line breaks and zero-width characters too. hubot-stackstorm does the same for Slack.
pub fn tidy(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| plain(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(plain).collect())
    }
}

const fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' => '"',
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_become_straight_and_spaces_plain() {
        let typed = "run\u{a0}\u{201c}uptime\u{201d}\u{3000}on \u{2018}web\u{2019}\u{202f}it\u{2019}s";

        assert_eq!(tidy(typed), "run \"uptime\" on 'web' it's");
    }

    #[test]
    fn everything_else_stays() {
        for typed in
            ["", "run {{ x }}\n\tdate", "k=«v»", "zero\u{200b}width", "👩\u{200d}🔧 é ß 执行", "--flag –long"]
        {
            assert!(matches!(tidy(typed), Cow::Borrowed(same) if same == typed), "{typed}");
        }
    }
}
