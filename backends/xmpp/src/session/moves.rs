//! How a session comes into rooms and out of them.

use std::time::SystemTime;

use fulmar_contract::{Done, Event, Failure, RoomId, Secret};
use fulmar_rooms::{Arrival, Departure, Dismissal};
use jid::{BareJid, Jid};
use tokio::time::Instant;

use super::Session;
use crate::{
    config::{self, Anonymous, Wanted},
    inbound::{Fault, Present, Standing},
    outbound,
    questions::Question,
    refusal::Reason,
    rooms::Entry,
};

impl Session<'_> {
    /// Obeys an order to join.
    pub(super) async fn join(&mut self, room: &RoomId, key: Option<Secret>, done: Done) -> Result<(), Failure> {
        let why = match config::address(room.as_str()) {
            None => "that is no address of a room",
            Some(_) if !self.rooms.ours.has_place() => "we are in as many rooms as we may be",
            Some(room) => {
                let now = Instant::now();
                self.rooms.order(Wanted { room, key }, done, now);
                return self.join_due(now).await;
            }
        };
        drop(done.send(Err(why.into())));
        Ok(())
    }

    /// Obeys an order to leave.
    pub(super) async fn part(&mut self, room: &RoomId, done: Done) -> Result<(), Failure> {
        let Some(room) = config::address(room.as_str()) else {
            drop(done.send(Err("that is no address of a room".into())));
            return Ok(());
        };
        match self.rooms.ours.dismiss(&room, done, Instant::now()) {
            Dismissal::Leaving => self.leave(&room).await,
            Dismissal::Out => self.parted(&room).await,
            Dismissal::Unknown => Ok(()),
        }
    }

    /// Joins what is due to be joined.
    pub(super) async fn join_due(&mut self, now: Instant) -> Result<(), Failure> {
        for entry in self.rooms.due(now) {
            self.enter(&entry).await?;
        }
        Ok(())
    }

    async fn enter(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.connection.send(&outbound::join(entry, self.caps.clone())).await.map(drop)
    }

    async fn leave(&mut self, room: &BareJid) -> Result<(), Failure> {
        let nick = self.rooms.nick(room).unwrap_or(&self.config.nick);
        self.connection.send(&outbound::leave(room, nick)).await.map(drop)
    }

    /// Asks for another nick.
    pub(super) async fn rename(&mut self, room: &BareJid, nick: &str) -> Result<(), Failure> {
        self.connection.send(&outbound::rename(room, nick)).await.map(drop)
    }

    /// Asks a room that has been silent whether we are in it.
    pub(super) async fn doubt(&mut self, room: &BareJid, nick: &str) -> Result<(), Failure> {
        let id = self.mint.next();
        self.connection.send(&outbound::self_ping(room, nick, &id)).await?;
        self.questions.asked(id, room.clone().into(), Question::Room(room.clone()));
        Ok(())
    }

    /// A room said whether we are in it (XEP-0410, section 3.2).
    pub(super) async fn doubted(&mut self, room: &BareJid, fault: Option<Fault>) -> Result<(), Failure> {
        match fault.as_ref().map(|fault| fault.condition.as_str()) {
            Some("item-not-found" | "not-acceptable" | "not-allowed") => {
                self.out(room, &Reason::Kicked("the room has forgotten us".into())).await
            }
            Some("remote-server-not-found" | "remote-server-timeout") => Ok(()),
            Some(_) | None => {
                self.rooms.seen(room, Instant::now());
                Ok(())
            }
        }
    }

    /// Somebody, perhaps we, is in a room or not any more.
    pub(super) async fn present(&mut self, present: Present) -> Result<(), Failure> {
        let Present { room, nick, standing, codes } = present;
        if !self.rooms.is_ours(&room) {
            return Ok(());
        }
        // While we try to come in, our nick may be somebody else's.
        let is_named_so = nick.is_some() && nick.as_deref() == self.rooms.nick(&room);
        let is_us = codes.contains(&OURSELVES) || (is_named_so && !self.rooms.ours.is_missing(&room));
        match (standing, nick) {
            (Standing::Refused(fault), _) => self.refused(&room, fault).await,
            (Standing::In { real, is_moderator }, Some(nick)) => {
                self.rooms.came(&room, &nick, real);
                if codes.contains(&OURSELVES) {
                    self.rooms.known_as(&room, &nick);
                    return self.arrived(&room, is_moderator, &codes).await;
                }
                Ok(())
            }
            (Standing::Out { renamed, why, is_destroyed }, Some(nick)) => {
                let free = self.rooms.went(&room, &nick).map(str::to_owned);
                match (is_us, renamed, free) {
                    (true, Some(nick), _) if codes.contains(&RENAMED) => self.rooms.known_as(&room, &nick),
                    (true, ..) => return self.out(&room, &reason(&codes, why, is_destroyed)).await,
                    (false, _, Some(free)) => return self.rename(&room, &free).await,
                    (false, ..) => {}
                }
                Ok(())
            }
            (Standing::In { .. } | Standing::Out { .. }, None) => Ok(()),
        }
    }

    /// We are in `room`. Whether we stay depends on how it is.
    async fn arrived(&mut self, room: &BareJid, is_moderator: bool, codes: &[u16]) -> Result<(), Failure> {
        if codes.contains(&CREATED) {
            let id = self.mint.next();
            self.connection.send(&outbound::destroy(room, &id)).await?;
            self.leave(room).await?;
            return self.out(room, &Reason::Unknown).await;
        }
        let is_anonymous = !codes.contains(&SHOWS_REAL) && !is_moderator;
        if is_anonymous && self.rooms.ours.is_missing(room) && self.config.anonymous == Anonymous::Refuse {
            self.leave(room).await?;
            return self.out(room, &Reason::Anonymous).await;
        }
        match self.rooms.joined(room, Instant::now()) {
            Arrival::Known => return Ok(()),
            Arrival::Unwanted => return self.leave(room).await,
            Arrival::Wanted => {}
            Arrival::Won => self.lasting.add(self.rooms.wanted(room)),
        }
        self.report(Event::Joined(RoomId::new(room.as_str()))).await?;
        self.rooms.ours.confirm(room);
        self.read_up(Some(room.clone())).await
    }

    /// A room was configured anew while we are in it.
    pub(super) async fn reconfigured(&mut self, room: &Jid, codes: &[u16]) -> Result<(), Failure> {
        let room = room.to_bare();
        let is_anonymous = codes.contains(&HIDES_REAL) && self.config.anonymous == Anonymous::Refuse;
        if is_anonymous && self.rooms.is_ours(&room) && !self.rooms.ours.is_missing(&room) {
            self.leave(&room).await?;
            return self.out(&room, &Reason::Anonymous).await;
        }
        Ok(())
    }

    /// A room did not let us in, or not do what we asked.
    async fn refused(&mut self, room: &BareJid, fault: Fault) -> Result<(), Failure> {
        if !self.rooms.ours.is_missing(room) {
            // Only the nick that we wanted is somebody else's.
            return Ok(());
        }
        if fault.condition == "conflict"
            && let Some(entry) = self.rooms.renamed(room)
        {
            return self.enter(&entry).await;
        }
        let why = fault.why();
        self.out(room, &Reason::Refused { condition: fault.condition, why }).await
    }

    /// We are not in `room`, or not any more.
    pub(super) async fn out(&mut self, room: &BareJid, reason: &Reason) -> Result<(), Failure> {
        if self.rooms.is_ours(room) && !self.rooms.ours.is_missing(room) {
            self.out_since.insert(room.clone(), SystemTime::now());
        }
        match self.rooms.out(room, reason, Instant::now()) {
            Departure::Nothing => Ok(()),
            Departure::Missing(why) => self.report(Event::Left { room: RoomId::new(room.as_str()), why }).await,
            Departure::Parted => self.parted(room).await,
        }
    }

    /// We are out of `room` and shall stay out.
    pub(super) async fn parted(&mut self, room: &BareJid) -> Result<(), Failure> {
        self.lasting.remove(room);
        self.out_since.remove(room);
        self.report(Event::Parted(RoomId::new(room.as_str()))).await?;
        self.rooms.ours.forget(room);
        Ok(())
    }
}

/// Why we were put out.
fn reason(codes: &[u16], why: Option<String>, is_destroyed: bool) -> Reason {
    let has = |code| codes.contains(&code);
    let what = match () {
        () if is_destroyed => "it was destroyed",
        () if has(BANNED) => "we were banned",
        () if has(KICKED) => "we were kicked",
        () if has(MEMBERS_ONLY) => "it is for members only now",
        () if has(DISAFFILIATED) => "we are no member any more",
        () if has(SHUT_DOWN) => "the rooms' server is going down",
        () => "the room put us out",
    };
    let why = why.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"));
    match () {
        () if is_destroyed => Reason::Destroyed(why),
        () if has(BANNED) => Reason::Banned(why),
        () if has(MEMBERS_ONLY) || has(DISAFFILIATED) => {
            Reason::Refused { condition: "registration-required".into(), why }
        }
        () => Reason::Kicked(why),
    }
}

// XEP-0045, section 15.6.
const SHOWS_REAL: u16 = 100;
const OURSELVES: u16 = 110;
const HIDES_REAL: u16 = 173;
const CREATED: u16 = 201;
const BANNED: u16 = 301;
const RENAMED: u16 = 303;
const KICKED: u16 = 307;
const DISAFFILIATED: u16 = 321;
const MEMBERS_ONLY: u16 = 322;
const SHUT_DOWN: u16 = 332;
