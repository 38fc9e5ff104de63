//! The announcements that StackStorm made while its stream was away, found by the executions that made them.
//!
//! A watermark, in StackStorm's own time, says up to which execution all is dealt with. It stays [`OVERLAP`] behind, as an
//! execution may take a while to announce.

use std::time::Duration;

use actix::SpawnHandle;
use jiff::Timestamp;
use tokio::time::sleep;
use tracing::{info, warn};

use super::{
    Setup,
    sieve::{Made, Multiset, Opening, Sieve},
};
use crate::{
    actors::{
        auth,
        journal::{Watched, keep},
        router::{Missed, Tally},
    },
    journal::Entry,
    st2::wire::{Announcement, Execution, Status},
};

/// What is known of the announcements that were made before the stream was opened.
#[derive(Default)]
pub(super) enum Announcements {
    /// They are being asked for.
    Asking(SpawnHandle),
    /// All are dealt with; from here on they come on the stream.
    CaughtUp,
    /// Nothing: the stream is not open, or has not settled.
    #[default]
    Unknown,
}

/// What is known when a stream is opened, before anything comes on it.
///
/// # Errors
/// When the Journal does not answer.
pub(super) async fn opening(setup: &Setup) -> Result<Opening, String> {
    let at = setup.time();
    let (since, seen) = watched(setup).await?;
    if since.is_none() {
        // So that nothing is lost if this first stream does not last.
        note(setup, at).await;
    }
    Ok(Opening { at, since, seen })
}

/// Deals with what was announced before the stream was opened.
pub(super) async fn catch_up(setup: &Setup, opening: &Opening) {
    match opening.since {
        // What was made before the first start is not for us.
        None => return note(setup, opening.surely()).await,
        Some(since) if !setup.settings.catch_up.is_zero() => {
            let missed = find(setup, opening, since).await;
            if missed > 0 {
                info!(stackstorm = %setup.name, missed, "announcements were missed");
            }
        }
        Some(_) => {}
    }
    watch(setup, opening.at).await;
}

/// Has the Journal know that all that was announced until `now` is dealt with.
pub(super) async fn watch(setup: &Setup, now: Timestamp) {
    note(setup, now.checked_sub(OVERLAP).unwrap_or(now)).await;
}

async fn note(setup: &Setup, until: Timestamp) {
    if let Err(error) = keep(&setup.journal, vec![Entry::Watched(setup.name.clone(), until)]).await {
        warn!(stackstorm = %setup.name, %error, "watermark of announcements not journalled");
    }
}

async fn watched(setup: &Setup) -> Result<(Option<Timestamp>, Vec<u64>), String> {
    let watched = setup.journal.send(Watched(setup.name.clone())).await;
    watched.map_err(|down| format!("the journal is {down}"))
}

/// Has the Router deal with what was missed, page by page. Returns how much it was.
async fn find(setup: &Setup, opening: &Opening, since: Timestamp) -> usize {
    let (mut sieve, mut dealt_with) = (Sieve::new(opening), Multiset::of(&opening.seen));
    let (mut offset, mut count, mut tally) = (Some(0), 0, Tally::default());
    while let Some(from) = offset {
        let Some((page, next)) = ask(setup, since, from).await else { break };
        offset = next;
        let made = page.iter().filter_map(|execution| made(setup, execution));
        let missed: Vec<_> = made.filter_map(|made| sieve.pass(made)).collect();
        missed.iter().for_each(|made| dealt_with.add(made.announcement.fingerprint()));
        count += missed.len();
        tally = pass_on(setup, opening, missed, tally, false).await;
    }
    let (_, all) = watched(setup).await.unwrap_or_default();
    let mut came = Multiset::of(&all);
    came.subtract(&dealt_with);
    let rest = sieve.rest(came);
    count += rest.len();
    pass_on(setup, opening, rest, tally, true).await;
    count
}

/// Asks for a page until there is an answer; `None` if there will be none.
async fn ask(setup: &Setup, since: Timestamp, offset: usize) -> Option<(Vec<Execution>, Option<usize>)> {
    loop {
        let asked =
            auth::call(&setup.auth, async |access| setup.client.announcements_since(access, since, offset).await);
        let error = match asked.await {
            Ok(page) => return Some(page),
            Err(error) => error,
        };
        let goes_on = !error.is_final();
        warn!(stackstorm = %setup.name, %error, goes_on, "missed announcements not asked for");
        if !goes_on {
            return None;
        }
        sleep(AGAIN).await;
    }
}

async fn pass_on(setup: &Setup, opening: &Opening, missed: Vec<Made>, tally: Tally, is_last: bool) -> Tally {
    let old = opening.at.checked_sub(setup.settings.catch_up).unwrap_or(opening.at);
    let announcements = missed.into_iter().map(|made| (made.began, made.announcement)).collect();
    let missed = Missed { stackstorm: setup.name.clone(), announcements, old, tally, is_last };
    setup.router.send(missed).await.unwrap_or_else(|error| {
        warn!(stackstorm = %setup.name, %error, "the router died over missed announcements");
        Tally::default()
    })
}

/// What an execution announced to us.
fn made(setup: &Setup, execution: &Execution) -> Option<Made> {
    let ended = execution.ended().filter(|_| *execution.status() == Status::Succeeded)?;
    let announcement = Announcement::from_execution(execution)?;
    let is_foreign = announcement.mark().is_some_and(|mark| mark.gateway != setup.gateway);
    let is_heard = setup.settings.announcement_routes.contains(&announcement.route);
    let began = execution.started().unwrap_or(ended);
    (is_heard && !is_foreign).then_some(Made { began, ended, announcement })
}

/// How long an execution may take from its start to its announcement.
const OVERLAP: Duration = Duration::from_secs(120);

/// How long to wait before asking again.
const AGAIN: Duration = Duration::from_secs(30);
