//! What was heard and is not known to be taken yet.

use std::{collections::VecDeque, future::pending};

use fulmar_contract::Taking;
use futures_util::FutureExt;

use crate::store::Progress;

/// Places up to which was heard, the earliest first, each with the wait for what was heard before it.
#[derive(Debug, Default)]
pub(super) struct Backlog(VecDeque<(Progress, Taking)>);

impl Backlog {
    /// Up to a place was heard.
    pub(super) fn push(&mut self, progress: Progress, taking: Taking) {
        self.0.push_back((progress, taking));
    }

    /// Whether so much is not taken that no more is to be heard.
    pub(super) fn is_long(&self) -> bool {
        self.0.len() >= MOST
    }

    /// The last place before which everything is taken, once there is one. May be dropped and called anew.
    pub(super) async fn next(&mut self) -> Progress {
        loop {
            let Some((_, taking)) = self.0.front_mut() else { return pending().await };
            taking.all().await;
            let Some((progress, _)) = self.0.pop_front() else { continue };
            let goes_on = self.0.front_mut().is_some_and(|(_, taking)| taking.all().now_or_never().is_some());
            if !goes_on {
                return progress;
            }
        }
    }
}

/// How many syncs may be ahead of what is taken.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use fulmar_contract::Taken;

    use super::*;

    fn place(token: &str) -> Progress {
        Progress { token: Some(token.into()), sealed: Vec::new() }
    }

    #[test]
    fn a_place_counts_once_everything_before_it_is_taken() {
        let mut backlog = Backlog::default();
        let [(one, first), (two, second), (three, third)] = [Taken::new(), Taken::new(), Taken::new()];
        for (token, taking) in [("1", first), ("2", second), ("3", third)] {
            backlog.push(place(token), taking);
        }
        assert!(backlog.next().now_or_never().is_none());

        drop(two);
        assert!(backlog.next().now_or_never().is_none(), "the first is not taken yet");
        drop(one);
        let next = backlog.next().now_or_never().and_then(|progress| progress.token);
        assert_eq!(next.as_deref(), Some("2"));

        drop(three);
        let next = backlog.next().now_or_never().and_then(|progress| progress.token);
        assert_eq!(next.as_deref(), Some("3"));
        assert!(backlog.next().now_or_never().is_none());
    }

    #[test]
    fn it_is_bounded() {
        let mut backlog = Backlog::default();
        let mut held = Vec::new();
        while !backlog.is_long() {
            let (taken, taking) = Taken::new();
            held.push(taken);
            backlog.push(place("1"), taking);
        }

        assert_eq!(held.len(), MOST);
    }
}
