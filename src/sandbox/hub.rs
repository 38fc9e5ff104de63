//! The stream: who listens to which events, and what is sent to whom.

use std::collections::VecDeque;

use actix_web::web::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::execution::Status;

/// The listeners of `GET /v1/stream`.
pub(crate) struct Hub {
    buffer: usize,
    listeners: Vec<Listener>,
    /// When anything happened last, heard or not: it puts every heart-beat off.
    last_event: Instant,
    lost: VecDeque<(String, u32)>,
}

/// A stream was cut: its body ends in an error, not in a last chunk.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the stream was cut")]
pub(crate) struct Cut;

/// What a listener is sent.
pub(crate) type Chunk = Result<Bytes, Cut>;

/// What a listener asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// Globs; empty is StackStorm's default set.
    pub(crate) events: Vec<String>,
    pub(crate) action_refs: Vec<String>,
    pub(crate) execution_ids: Vec<String>,
    /// Ends the stream with the last event of this name about that execution.
    pub(crate) end_event: Option<String>,
    pub(crate) end_execution_id: Option<String>,
}

/// What an event is about, as far as listeners filter by it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) action_ref: Option<&'a str>,
    pub(crate) status: Option<Status>,
}

struct Listener {
    wish: Wish,
    chunks: mpsc::Sender<Chunk>,
}

impl Hub {
    pub(crate) fn new(buffer: usize) -> Self {
        Self { buffer: buffer.max(1), listeners: Vec::new(), last_event: Instant::now(), lost: VecDeque::new() }
    }

    pub(crate) fn listen(&mut self, wish: Wish) -> mpsc::Receiver<Chunk> {
        let (chunks, received) = mpsc::channel(self.buffer);
        self.listeners.push(Listener { wish, chunks });
        received
    }

    /// How many listen; those that went away are not counted.
    pub(crate) fn listeners(&mut self) -> usize {
        self.listeners.retain(|listener| !listener.chunks.is_closed());
        self.listeners.len()
    }

    pub(crate) fn last_event(&self) -> Instant {
        self.last_event
    }

    /// Loses the next `times` events whose name the glob `events` covers.
    pub(crate) fn lose(&mut self, events: String, times: u32) {
        self.lost.push_back((events, times));
        self.lost.truncate(MOST_LOSSES);
    }

    /// Sends an event to all who asked for it; `data` is called only when somebody did.
    /// One who cannot keep up is dropped.
    pub(crate) fn publish(&mut self, event: &str, subject: Subject<'_>, data: impl FnOnce() -> String) {
        self.last_event = Instant::now();
        if self.is_lost(event) || !self.listeners.iter().any(|listener| listener.wish.covers(event, subject)) {
            return;
        }
        let chunk = Bytes::from(format!("event: {event}\ndata: {}\n\n", data()));
        self.listeners.retain(|listener| {
            if !listener.wish.covers(event, subject) {
                return true;
            }
            listener.chunks.try_send(Ok(chunk.clone())).is_ok() && !listener.wish.ends_with(event, subject)
        });
    }

    /// Sends bytes to everybody, whatever they mean.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let chunk = Bytes::copy_from_slice(bytes);
        self.listeners.retain(|listener| listener.chunks.try_send(Ok(chunk.clone())).is_ok());
    }

    /// Cuts every stream; a full one just ends.
    pub(crate) fn cut(&mut self) {
        for listener in self.listeners.drain(..) {
            drop(listener.chunks.try_send(Err(Cut)));
        }
    }

    fn is_lost(&mut self, event: &str) -> bool {
        let Some((_, left)) = self.lost.iter_mut().find(|(glob, _)| is_covered(glob, event)) else { return false };
        *left = left.saturating_sub(1);
        self.lost.retain(|(_, left)| *left > 0);
        true
    }
}

impl Wish {
    fn covers(&self, event: &str, subject: Subject<'_>) -> bool {
        let named = if self.events.is_empty() {
            DEFAULT_EVENTS.iter().any(|glob| is_covered(glob, event))
        } else {
            self.events.iter().any(|glob| is_covered(glob, event))
        };
        let among = |wanted: &[String], given: Option<&str>| {
            wanted.is_empty() || given.is_some_and(|given| wanted.iter().any(|one| one == given))
        };
        named && among(&self.action_refs, subject.action_ref) && among(&self.execution_ids, subject.id)
    }

    fn ends_with(&self, event: &str, subject: Subject<'_>) -> bool {
        let about = self.end_execution_id.as_deref().is_none_or(|wanted| subject.id == Some(wanted));
        self.end_event.as_deref() == Some(event) && about && subject.status.is_none_or(Status::is_terminal)
    }
}

/// Whether the glob `*`, `?` covers `text`, as Python's fnmatch does.
pub(crate) fn is_covered(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut from, mut retry) = (0, 0, None);
    while let Some(c) = text.get(from) {
        match glob.get(at) {
            Some('*') => {
                at += 1;
                retry = Some((at, from));
                continue;
            }
            Some(g) if *g == '?' || g == c => {
                (at, from) = (at + 1, from + 1);
                continue;
            }
            _ => {}
        }
        let Some((star, taken)) = retry else { return false };
        retry = Some((star, taken + 1));
        (at, from) = (star, taken + 1);
    }
    glob.iter().skip(at).all(|g| *g == '*')
}

/// The event of something printed.
pub(crate) const OUTPUT: &str = "st2.execution.output__create";

const DEFAULT_EVENTS: [&str; 3] = ["st2.announcement__*", "st2.execution__*", "st2.liveaction__*"];
const MOST_LOSSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(events: &[&str]) -> Wish {
        Wish { events: events.iter().map(|glob| (*glob).to_owned()).collect(), ..Wish::default() }
    }

    #[test]
    fn globs_cover_what_fnmatch_covers() {
        assert!(is_covered("st2.announcement__*", "st2.announcement__errbot"));
        assert!(is_covered("*__up?ate", "st2.execution__update"));
        assert!(is_covered("*", ""));
        assert!(!is_covered("st2.execution__*", "st2.execution.output__create"));
        assert!(!is_covered("st2", "st2.x"));
    }

    #[test]
    fn hears_only_what_was_asked_for() {
        let mut hub = Hub::new(8);
        let mut chunks = hub.listen(wish(&["st2.announcement__errbot"]));

        hub.publish("st2.announcement__chatops", Subject::default(), || "1".to_owned());
        hub.publish("st2.announcement__errbot", Subject::default(), || "2".to_owned());

        assert_eq!(chunks.try_recv().unwrap().unwrap(), "event: st2.announcement__errbot\ndata: 2\n\n");
        assert!(chunks.try_recv().is_err());
    }

    #[test]
    fn one_who_cannot_keep_up_is_dropped() {
        let mut hub = Hub::new(1);
        let _chunks = hub.listen(wish(&["*"]));

        hub.publish("a", Subject::default(), String::new);
        hub.publish("b", Subject::default(), String::new);

        assert_eq!(hub.listeners(), 0);
    }

    #[test]
    fn action_refs_hide_announcements() {
        let mut hub = Hub::new(8);
        let wish = Wish { action_refs: vec!["a.b".to_owned()], ..Wish::default() };
        let mut chunks = hub.listen(wish);

        hub.publish("st2.announcement__errbot", Subject::default(), String::new);

        assert!(chunks.try_recv().is_err());
    }
}
