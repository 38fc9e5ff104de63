//! Announcements that were made while the stream was away.

use std::{collections::HashMap, rc::Rc};

use jiff::Timestamp;

use super::{
    Missed,
    announce::News,
    lines::{Lines, Utterance},
    words,
};
use crate::journal::{Meaning, Route, Speech};

/// What is told of old announcements: how many there were, by place.
#[derive(Debug, Default)]
pub struct Tally(HashMap<Route, Span>);

#[derive(Debug)]
struct Span {
    count: usize,
    from: Timestamp,
    to: Timestamp,
}

/// Says the announcements that were missed; those too old for that are counted. Results are results however old.
pub(super) async fn missed(lines: Rc<Lines>, missed: Missed) -> Tally {
    let Missed { stackstorm, announcements, old, mut tally, is_last } = missed;
    for (at, announcement) in announcements {
        if at >= old {
            tally.tell(&lines).await;
        }
        let Some(news) = News::new(&lines, stackstorm.clone(), announcement, at).await else { continue };
        let Some(meaning) = news.meaning(&lines).await else { continue };
        let is_result = matches!(meaning, Meaning::Repetition | Meaning::Result(_));
        match news.route(&lines).await {
            Ok((route, _)) if at < old && !is_result => {
                lines.metrics.announcement("summarised");
                tally.count(route, at);
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
    fn count(&mut self, route: Route, at: Timestamp) {
        let span = self.0.entry(route).or_insert(Span { count: 0, from: at, to: at });
        *span = Span { count: span.count + 1, from: span.from.min(at), to: span.to.max(at) };
    }

    /// Says what was counted, and begins anew.
    async fn tell(&mut self, lines: &Lines) {
        for (route, Span { count, from, to }) in self.0.drain() {
            let what =
                Utterance { speech: Speech::Announcement, ..Utterance::notice(words::missed(count, from, to)) };
            lines.say(route, what).await;
        }
    }
}
