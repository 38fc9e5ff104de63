//! What is asked of help: every page is bounded, and the next one is what the page says.

use fulmar::alias::HelpQuery;

use super::{Target, command::STACKSTORMS, text};

pub(super) const TARGET: Target =
    Target { name: "help", words: include_str!("../../words/help.toml"), longest: 1 << 14, run };

fn run(input: &[u8]) {
    let text = text(input);
    let Ok(query) = HelpQuery::parse(&text) else { return };
    let Ok(page) = STACKSTORMS.help(&query, |_| true) else { return };
    assert!(page.lines.len() <= 100 && page.lines.len() <= page.total, "a page is never endless");
    let shown = page.text(&query, "");
    let Some((_, more)) = shown.rsplit_once("; more: help ") else { return };
    if text.contains(['"', '\'']) {
        // A filter with quotes cannot always be written again.
        return;
    }
    let next = HelpQuery::parse(more).and_then(|query| STACKSTORMS.help(&query, |_| true));
    assert_eq!(next.map(|page| page.total), Ok(page.total), "{more:?} goes on where {text:?} ended");
}
