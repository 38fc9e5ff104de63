//! Announcements that were made while the stream was away.

use std::{collections::HashMap, rc::Rc};

use jiff::Timestamp;

use super::{
    Missed,
    announce::News,
    lines::{Lines, Utterance},
    words,
};
use crate::journal::{Announced, Entry, Meaning, Route, Speech};

/// What is told of old announcements: how many there were, by place.
#[derive(Debug, Default)]
pub struct Tally(HashMap<Route, Span>);

#[derive(Debug)]
struct Span {
    from: Timestamp,
    to: Timestamp,
    /// What they are journalled as, with what is said of them.
    with: Vec<Entry>,
}

/// Says the announcements that were missed; those too old for that are counted. Results are results however old.
pub(super) async fn missed(lines: Rc<Lines>, missed: Missed) -> Tally {
    let Missed { stackstorm, announcements, old, mut tally, is_last } = missed;
    for (at, announcement) in announcements {
        if at >= old {
            tally.tell(&lines).await;
        }
        let Some(news) = News::new(&lines, stackstorm.clone(), announcement, at).await else { continue };
        let _turn = news.turn(&lines).await;
        let Some(meaning) = news.meaning(&lines).await else { continue };
        let is_result = matches!(meaning, Meaning::Repetition | Meaning::Result(_));
        match news.route(&lines).await {
            Ok((route, _)) if at < old && !is_result => {
                lines.metrics.announcement("summarised");
                tally.count(route, news.announced());
            }
            Ok(_) | Err(_) => drop(news.tell(&lines, meaning).await),
        }
    }
    if is_last {
        tally.tell(&lines).await;
    }
    tally
}

impl Tally {
    fn count(&mut self, route: Route, announced: Announced) {
        let at = announced.at;
        let span = self.0.entry(route).or_insert(Span { from: at, to: at, with: Vec::new() });
        (span.from, span.to) = (span.from.min(at), span.to.max(at));
        span.with.push(Entry::Announced(announced));
    }

    /// Says what was counted, and begins anew.
    async fn tell(&mut self, lines: &Lines) {
        for (route, Span { from, to, with }) in self.0.drain() {
            let text = words::missed(with.len(), from, to);
            let what = Utterance { speech: Speech::Announcement, ..Utterance::notice(text) };
            // What is not journalled is found again.
            lines.queue(route, what, with).await.unwrap_or_default();
        }
    }
}
