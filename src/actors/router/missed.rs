//! Announcements that were made while the stream was away.

use std::{collections::HashMap, mem::take, rc::Rc};

use jiff::Timestamp;

use super::{
    Missed, Outcome,
    announce::{News, bury},
    lines::{Lines, Utterance},
    words,
};
use crate::journal::{Announced, Entry, Meaning, Route, Speech};

/// What became of announcements that were missed, as far as they are not said.
#[derive(Debug, Default)]
pub struct Tally {
    /// What is told of old ones: how many there were, by place.
    counted: HashMap<Route, Span>,
    unsaid: Option<Timestamp>,
}

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
        let Some(meaning) = news.meaning(&lines).await else {
            tally.leave(at);
            continue;
        };
        let is_result = matches!(meaning, Meaning::Repetition | Meaning::Result(_));
        match news.route(&lines).await {
            Ok((route, _)) if at < old && !is_result => {
                lines.metrics.announcement("summarised");
                tally.count(route, news.announced());
            }
            Ok(_) | Err(_) => {
                if let Outcome::Unsaid { .. } = news.tell(&lines, meaning).await {
                    tally.leave(at);
                }
            }
        }
    }
    if is_last {
        tally.tell(&lines).await;
    }
    tally
}

impl Tally {
    /// Of announcements of which nothing is known but that all are from `since` or later.
    pub fn unsaid_since(since: Timestamp) -> Self {
        Self { unsaid: Some(since), ..Self::default() }
    }

    /// When the oldest was made that could not be said and is not given up: it is to be found again.
    pub const fn unsaid(&self) -> Option<Timestamp> {
        self.unsaid
    }

    fn leave(&mut self, at: Timestamp) {
        self.unsaid = Some(self.unsaid.map_or(at, |unsaid| unsaid.min(at)));
    }

    fn count(&mut self, route: Route, announced: Announced) {
        let at = announced.at;
        let span = self.counted.entry(route).or_insert(Span { from: at, to: at, with: Vec::new() });
        (span.from, span.to) = (span.from.min(at), span.to.max(at));
        span.with.push(Entry::Announced(announced));
    }

    /// Says what was counted, and begins anew. What cannot be said is given up, as it will not grow younger.
    async fn tell(&mut self, lines: &Lines) {
        for (route, Span { from, to, with }) in take(&mut self.counted) {
            let text = words::missed(with.len(), from, to);
            let what = || Utterance { speech: Speech::Announcement, ..Utterance::notice(text.clone()) };
            let Err(why) = lines.queue(route.clone(), what(), with.clone()).await else { continue };
            if bury(lines, route, what(), with, why).await.is_err() {
                self.leave(from);
            }
        }
    }
}
