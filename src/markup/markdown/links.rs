//! The links of Markdown, and what only looks like one.

use std::ops::Range;

use super::{
    super::{build::linked, link},
    Marks, Reader, Run,
};

/// A link whose text is being read.
pub(super) struct Link {
    url: String,
    title: String,
    pub(super) label: Vec<Run>,
    /// Whether that is all of it.
    pub(super) is_said: bool,
}

impl Reader<'_, '_, '_> {
    /// A link, or what looks like one and leads nowhere: that stays as it is written.
    pub(super) fn start_link(&mut self, range: &Range<usize>, sign: usize) {
        let link = self.target(range, sign);
        if link.is_some() {
            self.begin_line(range.start);
            (self.last, self.linking) = (range.start, self.linking + 1);
        } else {
            self.show(range.start..range.start + sign, Marks::NONE);
        }
        self.links.push(link);
    }

    fn target(&self, range: &Range<usize>, sign: usize) -> Option<Link> {
        let written = self.source.get(range.clone())?;
        // Of two in each other, the outer one counts.
        if self.linking > 0 {
            return None;
        }
        if let Some(address) = written.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            // As in Slack, where the text follows the address.
            let (url, label) = address.split_once('|').unwrap_or((address, address));
            let url = if url.contains(':') { url.to_owned() } else { format!("mailto:{url}") };
            let label = vec![Run::marked(label.strip_prefix("mailto:").unwrap_or(label), self.marks())];
            return link::is_good(&url).then(|| Link { url, title: String::new(), label, is_said: true });
        }
        let (url, title) = target_of(written.get(sign..)?)?;
        let (url, title) = (url.to_owned(), title.to_owned());
        link::is_good(&url).then(|| Link { url, title, label: Vec::new(), is_said: false })
    }

    pub(super) fn end_link(&mut self, range: &Range<usize>) {
        match self.links.pop().flatten() {
            Some(Link { url, title, mut label, .. }) => {
                self.linking -= 1;
                if label.iter().all(|run| run.text.trim().is_empty()) {
                    label = vec![Run::marked(url.as_str(), self.marks())];
                }
                let runs = linked(self.builder.look, label, &url, &title);
                runs.into_iter().for_each(|run| self.put(run));
                self.last = range.end;
            }
            None => {
                let rest = self.source.get(self.last..range.end).unwrap_or_default();
                let end = rest.find("](").map_or(range.end, |at| self.last + at);
                self.show(end..range.end, Marks::NONE);
            }
        }
    }
}

/// The address and the title of `text](address "title")`, as they are written.
fn target_of(written: &str) -> Option<(&str, &str)> {
    let inside = written.strip_suffix(')')?;
    let open =
        inside.rmatch_indices("](").find(|(at, _)| !inside.get(..*at).is_some_and(|it| it.ends_with('\\')))?;
    let target = inside.get(open.0 + 2..)?.trim();
    let (url, title) = target.split_once(char::is_whitespace).unwrap_or((target, ""));
    let title = title.trim().trim_matches(|c| matches!(c, '"' | '\'' | '(' | ')'));
    Some((url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap_or(url), title))
}
