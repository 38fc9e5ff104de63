//! The announcements that StackStorm made and its stream did not bring, found by the executions that made them.
//!
//! A watermark, in StackStorm's own time, says up to which execution all is dealt with: see [`super::reach`].

use std::{rc::Rc, time::Duration};

use actix::SpawnHandle;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::sleep};
use tracing::{error, info, warn};

use super::{
    Setup,
    reach::Reach,
    sieve::{Made, Multiset, Opening, Sieve, surely},
};
use crate::{
    actors::{
        auth,
        journal::{Watched, keep},
        rounds::Rounds,
        router::{Announcing, Missed, Tally},
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

/// Looks for what was missed, once at a time, and goes on when the stream ends: one that never lasts delays it no further.
#[derive(Clone, Default)]
pub struct Lookout(Rc<Rounds<oneshot::Sender<()>>>);

impl Lookout {
    /// Looks once more; tells when a look is over that began after now.
    pub(super) fn look(&self, setup: Setup) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.0.retain(|waiter| !waiter.is_closed());
        self.0.ask(tell, move |waiting| {
            let setup = setup.clone();
            async move {
                look(&setup).await;
                waiting.into_iter().for_each(|waiter| waiter.send(()).unwrap_or_default());
            }
        });
        told
    }
}

/// Makes sure, before a stream is opened, that there is a watermark: nothing is lost if the first stream does not last.
/// Returns the time from which on all comes on that first one: what was made before the first start is not for us.
///
/// # Errors
/// When the Journal does not answer.
pub(super) async fn begin(setup: &Setup) -> Result<Option<Timestamp>, String> {
    let at = setup.time();
    if known(setup).await?.0.is_some() {
        return Ok(None);
    }
    note(setup, at).await;
    Ok(Some(surely(at)))
}

/// Deals with what was announced until now and did not come.
async fn look(setup: &Setup) {
    if setup.settings.catch_up.is_zero() {
        return note(setup, Reach::new(setup.time()).watermark()).await;
    }
    let opening = match opening(setup).await {
        Ok(Some(opening)) => opening,
        Ok(None) => return,
        Err(error) => return warn!(stackstorm = %setup.name, %error, "missed announcements not looked for"),
    };
    let mut reach = Reach::new(opening.at);
    let missed = find(setup, &opening, &mut reach).await;
    if missed > 0 {
        info!(stackstorm = %setup.name, missed, "announcements were missed");
    }
    if opening.seen.len() > MOST
        && let Some(since) = reach.give_up()
    {
        error!(stackstorm = %setup.name, %since, "missed announcements given up: too many others came meanwhile");
    }
    note(setup, reach.watermark()).await;
}

/// What is known now, unless there is no watermark; once what was on its way has come.
async fn opening(setup: &Setup) -> Result<Option<Opening>, String> {
    let at = setup.time();
    let (since, seen) = watched(setup).await?;
    sleep(SETTLING).await;
    let (_, settled) = watched(setup).await?;
    Ok(since.map(|since| Opening { at, since, seen, settled }))
}

/// Has the Journal know that all that was announced until then is dealt with.
pub(super) async fn note(setup: &Setup, until: Timestamp) {
    if let Err(error) = keep(&setup.journal, vec![Entry::Watched(setup.name.clone(), until)]).await {
        warn!(stackstorm = %setup.name, %error, "watermark of announcements not journalled");
    }
}

/// Until when all announcements are dealt with, and the fingerprints of those that came since.
async fn watched(setup: &Setup) -> Result<(Option<Timestamp>, Vec<u64>), String> {
    // In this order, so that what is journalled meanwhile is not overlooked.
    let in_flight = setup.router.send(Announcing(setup.name.clone())).await;
    let in_flight = in_flight.map_err(|down| format!("the router is {down}"))?;
    let (until, mut seen) = known(setup).await?;
    seen.extend(in_flight);
    Ok((until, seen))
}

/// As [`watched`], of what is journalled.
async fn known(setup: &Setup) -> Result<(Option<Timestamp>, Vec<u64>), String> {
    let watched = setup.journal.send(Watched(setup.name.clone())).await;
    watched.map_err(|down| format!("the journal is {down}"))
}

/// Has the Router deal with what was missed, page by page. Returns how much it was.
async fn find(setup: &Setup, opening: &Opening, reach: &mut Reach) -> usize {
    let (mut sieve, mut dealt_with) = (Sieve::new(opening), Multiset::of(&opening.seen));
    let (mut offset, mut count, mut tally) = (Some(0), 0, Tally::default());
    let mut read = opening.since;
    while let Some(from) = offset {
        let Some((page, next)) = ask(setup, opening.since, from).await else {
            reach.leaves(read);
            break;
        };
        read = page.last().and_then(Execution::started).unwrap_or(read);
        offset = next.filter(|next| *next < MOST);
        if offset != next {
            reach.ends(read);
            warn!(stackstorm = %setup.name, until = %read, "many announcements to look through, the rest follows");
        }
        let made: Vec<_> = page.iter().filter_map(|execution| made(setup, execution)).collect();
        made.iter().filter(|made| sieve.leaves(made)).for_each(|made| reach.awaits(made.began));
        let missed: Vec<_> = made.into_iter().filter_map(|made| sieve.pass(made)).collect();
        missed.iter().for_each(|made| dealt_with.add(made.announcement.fingerprint()));
        count += missed.len();
        tally = pass_on(setup, opening, missed, tally, false).await;
    }
    let Ok((_, all)) = watched(setup).await else {
        reach.leaves(opening.since);
        return count;
    };
    let mut came = Multiset::of(&all);
    came.subtract(&dealt_with);
    let rest = sieve.rest(came);
    count += rest.len();
    let unsaid = pass_on(setup, opening, rest, tally, true).await.unsaid();
    unsaid.into_iter().for_each(|began| reach.leaves(began));
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
    setup.router.send(missed).await.ok().flatten().unwrap_or_else(|| {
        warn!(stackstorm = %setup.name, "the router died over missed announcements");
        Tally::unsaid_since(opening.since)
    })
}

/// What an execution announced to us, or will.
fn made(setup: &Setup, execution: &Execution) -> Option<Made> {
    let ended = match execution.status() {
        Status::Succeeded => Some(execution.ended()?),
        status if status.is_terminal() => return None,
        _ => None,
    };
    let announcement = Announcement::from_execution(execution)?;
    let is_foreign = announcement.mark().is_some_and(|mark| mark.gateway != setup.gateway);
    let is_heard = setup.settings.announcement_routes.contains(&announcement.route);
    let began = execution.started().or(ended)?;
    (is_heard && !is_foreign).then_some(Made { began, ended, announcement })
}

/// How long to wait before asking again.
const AGAIN: Duration = Duration::from_secs(30);

/// How long after a look has begun it is asked what was missed: what was on its way has come by then, and is not taken for
/// missed.
pub(super) const SETTLING: Duration = Duration::from_secs(3);

/// How many announcements one look goes through, in some hundred calls: it is to be over before the next one begins. Where more came
/// since the watermark, nothing is left for the next look: the Journal knows only so many again, and what it forgets would be said twice.
const MOST: usize = 10_000;
