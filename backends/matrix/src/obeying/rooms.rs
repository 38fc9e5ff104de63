//! From room to room: joining, leaving, following.

use std::{collections::HashMap, time::Duration};

use fulmar_contract::{Done as Answer, Event, Failure, RoomId};
use matrix_sdk::{
    Room, RoomState,
    ruma::{OwnedRoomId, OwnedRoomOrAliasId, RoomOrAliasId},
};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::{Done, Obeying};
use crate::{
    address::Wanted,
    failure,
    session::{Session, Turn},
};

/// When rooms that we are not in are tried again.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<RoomId, Attempt>);

#[derive(Debug)]
struct Attempt {
    /// When it is made; `None` while one is being made.
    due: Option<Instant>,
    /// How long to wait after it.
    pause: Duration,
}

impl Attempts {
    /// When the next is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().filter_map(|attempt| attempt.due).min()
    }

    /// A room is to be tried again, each time later.
    fn again(&mut self, room: RoomId, now: Instant) {
        let attempt = self.0.entry(room).or_insert(Attempt { due: None, pause: FIRST_PAUSE });
        attempt.due = Some(now + attempt.pause);
        attempt.pause = (attempt.pause * 2).min(LONGEST_PAUSE);
    }

    /// A room is being tried; `false` if it is already.
    fn begin(&mut self, room: &RoomId) -> bool {
        match self.0.get_mut(room) {
            Some(attempt) => attempt.due.take().is_some(),
            None => {
                self.0.insert(room.clone(), Attempt { due: None, pause: FIRST_PAUSE });
                true
            }
        }
    }

    fn take_due(&self, now: Instant) -> Vec<RoomId> {
        let is_due = |attempt: &Attempt| attempt.due.is_some_and(|due| due <= now);
        self.0.iter().filter(|(_, attempt)| is_due(attempt)).map(|(room, _)| room.clone()).collect()
    }
}

impl Obeying<'_> {
    /// Does what has to be done about something that was heard.
    pub(super) async fn follow(&mut self, turn: Turn) -> Result<(), Failure> {
        match turn {
            Turn::Caught => {
                for room in self.session.lasting.wanted() {
                    // Of those where we are it has been said.
                    if !self.session.is_in(&room.name) {
                        self.enter(room);
                    }
                }
                Ok(())
            }
            Turn::Invited(id) => {
                self.invited(id).await;
                Ok(())
            }
            Turn::Out { id, why } => {
                let room = self.session.lasting.name(&id);
                if !self.session.lasting.is_wanted(&room) {
                    return Ok(());
                }
                self.attempts.again(room.clone(), Instant::now());
                self.session.report(Event::Left { room, why }).await
            }
            Turn::Replaced(id) => {
                self.enter(Wanted { name: self.session.lasting.name(&id), via: Vec::new() });
                Ok(())
            }
        }
    }

    /// Tries those rooms again whose time has come.
    pub(super) fn enter_due(&mut self) {
        for name in self.attempts.take_due(Instant::now()) {
            match self.session.lasting.wanted().into_iter().find(|wanted| wanted.name == name) {
                Some(wanted) => self.enter(wanted),
                None => drop(self.attempts.0.remove(&name)),
            }
        }
    }

    fn enter(&mut self, wanted: Wanted) {
        if !self.attempts.begin(&wanted.name) {
            return;
        }
        let session = self.session;
        self.tasks.push(Box::pin(async move {
            let end = session.enter(&wanted).await;
            Done::Entry { room: wanted.name, end }
        }));
    }

    /// An attempt to be in a room has ended.
    pub(super) async fn entered(&mut self, room: RoomId, end: Result<(), String>) -> Result<(), Failure> {
        let is_wanted = self.session.lasting.is_wanted(&room);
        match end {
            Ok(()) => {
                self.attempts.0.remove(&room);
                if is_wanted { self.session.report(Event::Joined(room)).await } else { Ok(()) }
            }
            Err(why) if is_wanted => {
                self.attempts.again(room.clone(), Instant::now());
                self.session.report(Event::Left { room, why }).await
            }
            Err(why) => {
                warn!(%room, why, "a room was replaced by one that does not let us in");
                self.attempts.0.remove(&room);
                Ok(())
            }
        }
    }

    /// Follows an invitation to a room that we are to be in, or by somebody who may invite us.
    async fn invited(&mut self, id: OwnedRoomId) {
        let session = self.session;
        let name = session.lasting.name(&id);
        if let Some(wanted) = session.lasting.wanted().into_iter().find(|wanted| wanted.name == name) {
            self.attempts.0.remove(&name);
            self.enter(wanted);
            return;
        }
        let Some(room) = session.client.get_room(&id) else { return };
        match room.invite_details().await {
            Ok(invite) if session.config.invites.allow(&invite.inviter_id, &id) => {
                info!(room = %id, by = %invite.inviter_id, "following an invitation");
                self.tasks.push(Box::pin(async move {
                    if let Err(error) = room.join().await {
                        warn!(room = %room.room_id(), %error, "an invitation led nowhere");
                    }
                    Done::Other
                }));
            }
            Ok(invite) => debug!(room = %id, by = %invite.inviter_id, "an invitation is not followed"),
            Err(error) => debug!(room = %id, %error, "nobody seems to have invited us"),
        }
    }
}

impl Session<'_> {
    /// Sees to it that we are in a room, or in what took its place. Returns why we are not.
    async fn enter(&self, wanted: &Wanted) -> Result<(), String> {
        let name = &wanted.name;
        for _ in 0..MOST_REPLACEMENTS {
            let Some(id) = self.lasting.id(name) else {
                let room = self.join(&name_or_id(name)?, wanted.servers()).await?;
                self.lasting.learn(name, room.room_id());
                continue;
            };
            let room = self.client.get_room(&id).filter(|room| room.state() == RoomState::Joined);
            match room.as_ref().and_then(|room| Some((room, room.successor_room()?.room_id))) {
                Some((room, new)) => {
                    let servers = room.route().await.unwrap_or_default();
                    self.join(&new.clone().into(), servers).await?;
                    info!(old = %id, %new, "a room was replaced");
                    self.lasting.replace(&id, &new);
                }
                None if room.is_some() => {
                    self.lasting.learn(name, &id);
                    return Ok(());
                }
                None => drop(self.join(&id.into(), wanted.servers()).await?),
            }
        }
        Err("it was replaced too often".into())
    }

    async fn join(
        &self,
        room: &OwnedRoomOrAliasId,
        servers: Vec<matrix_sdk::ruma::OwnedServerName>,
    ) -> Result<Room, String> {
        self.client.join_room_by_id_or_alias(room, &servers).await.map_err(|error| failure::told(&error))
    }

    /// Carries an order out to be in a room.
    pub(super) async fn obey_join(&self, room: RoomId, done: Answer) {
        let Some(wanted) = Wanted::parse(room.as_str()) else {
            drop(done.send(Err(format!("{room} is no room that can be joined"))));
            return;
        };
        let end = self.enter(&wanted).await;
        if end.is_ok() {
            self.lasting.want(wanted);
            // Should nobody listen any more, the session is about to end.
            self.report(Event::Joined(room)).await.unwrap_or_default();
        }
        drop(done.send(end));
    }

    /// Carries an order out to be out of a room.
    pub(super) async fn obey_leave(&self, room: RoomId, done: Answer) {
        let was_wanted = self.lasting.unwant(&room);
        let end = match self.joined(&room) {
            Some(there) => there.leave().await.map_err(|error| failure::told(&error)),
            None if was_wanted => Ok(()),
            None => Err(format!("we are not in {room}")),
        };
        match &end {
            Ok(()) => self.report(Event::Parted(room)).await.unwrap_or_default(),
            Err(_) if was_wanted => {
                if let Some(wanted) = Wanted::parse(room.as_str()) {
                    self.lasting.want(wanted);
                }
            }
            Err(_) => {}
        }
        drop(done.send(end));
    }
}

fn name_or_id(name: &RoomId) -> Result<OwnedRoomOrAliasId, String> {
    RoomOrAliasId::parse(name.as_str()).map_err(|error| error.to_string())
}

/// How long after we were put out we try to be in again; later twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const MOST_REPLACEMENTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_room_is_tried_each_time_later() {
        let mut attempts = Attempts::default();
        let room = RoomId::new("#ops:example.org");
        for seconds in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            attempts.again(room.clone(), Instant::now());

            assert_eq!(attempts.due(), Some(Instant::now() + Duration::from_secs(seconds)));
            assert!(attempts.take_due(Instant::now()).is_empty());
            assert!(attempts.begin(&room) && !attempts.begin(&room));
        }
    }
}
