//! What a session does about what the server tells, one long poll after the other.

mod backlog;
mod reactions;
mod sealed;
mod telling;

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use fulmar_contract::{Failure, Taken};
use futures_util::FutureExt;
use matrix_sdk::{
    Room,
    config::{SyncSettings, SyncToken},
    deserialized_responses::TimelineEvent,
    ruma::{
        OwnedRoomId, UInt, UserId,
        api::client::{
            filter::{Filter as Unroomed, FilterDefinition, RoomEventFilter},
            sync::sync_events::v3::Filter,
        },
    },
    sync::{JoinedRoomUpdate, LeftRoomUpdate, State, SyncResponse, Timeline},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{
    failure,
    history::{self, Until},
    inbound::{self, Move},
    session::{Session, Turn},
    store::{Progress, Store},
};
use backlog::Backlog;
use reactions::Reactions;
use sealed::Sealings;

/// The hearing part of a session.
pub(crate) struct Hearing<'a> {
    session: &'a Session<'a>,
    store: &'a Store,
    turns: mpsc::Sender<Turn>,
    /// Since when something may have been missed.
    since: Option<SystemTime>,
    began: SystemTime,
    /// The place up to which the server has told.
    token: Option<String>,
    /// Whether what is told now was said before the session began.
    is_catching_up: bool,
    /// The rooms that we are in, as far as we were told.
    inside: HashSet<OwnedRoomId>,
    /// The rooms that are known to be replaced.
    replaced: HashSet<OwnedRoomId>,
    sealings: Sealings,
    reactions: Reactions,
    backlog: Backlog,
}

impl<'a> Hearing<'a> {
    /// Goes on where an earlier session ended.
    pub(crate) fn new(
        session: &'a Session<'a>,
        store: &'a Store,
        turns: mpsc::Sender<Turn>,
        since: Option<SystemTime>,
    ) -> Result<Self, Failure> {
        let Progress { token, sealed } = store.progress()?;
        let sealed = if since.is_some() { sealed } else { Vec::new() };
        Ok(Self {
            session,
            store,
            turns,
            since,
            began: SystemTime::now(),
            token,
            is_catching_up: true,
            inside: session.client.joined_rooms().iter().map(|room| room.room_id().to_owned()).collect(),
            replaced: HashSet::new(),
            sealings: Sealings::new(sealed),
            reactions: Reactions::default(),
            backlog: Backlog::default(),
        })
    }

    /// Hears until the session is lost. May be dropped.
    pub(crate) async fn run(&mut self) -> Result<(), Failure> {
        loop {
            let asked_at = Instant::now();
            let response = self.sync().await?;
            let token = response.next_batch.clone();
            let (taken, taking) = Taken::new();
            self.take_in(response, &taken).await?;
            drop(taken);
            if self.token.as_ref() == Some(&token) {
                // A server that does not wait is not to be asked all the time.
                sleep_until(asked_at + LEAST_PAUSE).await;
            } else {
                self.backlog.push(Progress { token: Some(token.clone()), sealed: self.sealings.all() }, taking);
                self.token = Some(token);
            }
            if self.is_catching_up {
                self.is_catching_up = false;
                self.tell(Turn::Caught).await?;
            }
            while self.backlog.is_long() {
                let progress = self.backlog.next().await;
                self.store.keep_progress(progress).await?;
            }
        }
    }

    /// Keeps how far everything is taken by now.
    pub(crate) async fn close(mut self) -> Result<(), Failure> {
        while let Some(progress) = self.backlog.next().now_or_never() {
            self.store.keep_progress(progress).await?;
        }
        Ok(())
    }

    /// Asks the server for what is new, and meanwhile keeps how far everything is taken.
    async fn sync(&mut self) -> Result<SyncResponse, Failure> {
        let token = self.token.clone().map_or(SyncToken::NoToken, SyncToken::Specific);
        let wait = if self.is_catching_up { Duration::ZERO } else { LONG_POLL };
        let settings = SyncSettings::new().token(token).timeout(wait).filter(filter());
        let mut response = Box::pin(self.session.client.sync_once(settings));
        loop {
            tokio::select! {
                response = &mut response => return response.map_err(|error| failure::ending_of(&error)),
                progress = self.backlog.next() => self.store.keep_progress(progress).await?,
            }
        }
    }

    async fn take_in(&mut self, response: SyncResponse, taken: &Taken) -> Result<(), Failure> {
        if self.is_catching_up {
            self.session.say_joined().await?;
        }
        if self.is_catching_up || !response.to_device.is_empty() {
            self.unseal(taken).await?;
        }
        for (id, update) in response.rooms.joined {
            if let Some(room) = self.session.client.get_room(&id) {
                self.joined(&room, update, taken).await?;
            }
        }
        for (id, update) in response.rooms.left {
            if self.inside.remove(&id) {
                let why = why_out(&update, &self.session.me.id);
                self.tell(Turn::Out { id, why }).await?;
            }
        }
        let invited: Vec<OwnedRoomId> = if self.is_catching_up {
            self.session.client.invited_rooms().iter().map(|room| room.room_id().to_owned()).collect()
        } else {
            response.rooms.invited.into_keys().collect()
        };
        for id in invited {
            self.tell(Turn::Invited(id)).await?;
        }
        Ok(())
    }

    async fn joined(&mut self, room: &Room, update: JoinedRoomUpdate, taken: &Taken) -> Result<(), Failure> {
        let was_inside = !self.inside.insert(room.room_id().to_owned());
        if room.successor_room().is_some() && self.replaced.insert(room.room_id().to_owned()) {
            self.tell(Turn::Replaced(room.room_id().to_owned())).await?;
        }
        if self.is_catching_up && self.since.is_none() {
            return Ok(());
        }
        for event in self.missed(room, update.timeline, was_inside).await? {
            self.event(room, &event, taken).await?;
        }
        Ok(())
    }

    /// What is for us of what was said in a room since the last sync, the oldest first.
    async fn missed(
        &self,
        room: &Room,
        timeline: Timeline,
        was_inside: bool,
    ) -> Result<Vec<TimelineEvent>, Failure> {
        let me = &self.session.me.id;
        let (until, is_complete) = match &self.token {
            None => (Until::Time(self.since.unwrap_or(self.began)), false),
            Some(_) if entry(&timeline.events, me).is_some() => (Until::Entry(me), true),
            Some(_) if !was_inside => (Until::Entry(me), false),
            Some(token) => (Until::Token(token), !timeline.limited),
        };
        let mut events = match &timeline.prev_batch {
            Some(place) if !is_complete => history::before(room, place, until).await?,
            _ => Vec::new(),
        };
        events.extend(timeline.events);
        match until {
            Until::Entry(me) => {
                let at = entry(&events, me).unwrap_or_default();
                events = self.lately(events, at);
            }
            Until::Time(time) => events.retain(|event| !history::said_before(event, time)),
            Until::Token(_) => {}
        }
        Ok(events)
    }

    /// The events from `at` on, without those of old: somebody may have invited us long ago.
    fn lately(&self, mut events: Vec<TimelineEvent>, at: usize) -> Vec<TimelineEvent> {
        let begin = self.since.unwrap_or(self.began);
        let begin = begin.checked_sub(CLOCKS_DIFFER).unwrap_or(begin);
        events.drain(..at.min(events.len()));
        events.retain(|event| !history::said_before(event, begin));
        events
    }

    async fn tell(&self, turn: Turn) -> Result<(), Failure> {
        self.turns.send(turn).await.map_err(|_| Failure::lost("nobody obeys any more"))
    }
}

fn entry(events: &[TimelineEvent], me: &UserId) -> Option<usize> {
    let moves: Vec<Option<Move>> = events.iter().map(|event| inbound::moved(event.raw(), me)).collect();
    history::entry(&moves)
}

/// Who put us out, and why.
fn why_out(update: &LeftRoomUpdate, me: &UserId) -> String {
    let (State::Before(state) | State::After(state)) = &update.state;
    let said = update.timeline.events.iter().rev().find_map(|event| inbound::moved(event.raw(), me));
    match said.or_else(|| state.iter().rev().find_map(|event| inbound::moved_in_state(event, me))) {
        Some(Move::Out { why }) => why,
        _ => "we are not in it any more".into(),
    }
}

/// What we want to be told: not who is online, types or has read something, and of large rooms only those who speak.
fn filter() -> Filter {
    let mut definition = FilterDefinition::with_lazy_loading();
    definition.presence = Unroomed::ignore_all();
    definition.room.ephemeral = RoomEventFilter::ignore_all();
    definition.room.timeline.limit = Some(UInt::from(MOST_EVENTS));
    Filter::FilterDefinition(definition)
}

/// For how long the server may wait for something new. What it says may take as long again, so that a server that is gone
/// is noticed within a minute.
const LONG_POLL: Duration = Duration::from_secs(30);
/// How often a server is asked that does not wait.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// How many events of a room the server may tell at once; others are asked for.
const MOST_EVENTS: u32 = 50;
/// By how much the server's clock may differ from ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
