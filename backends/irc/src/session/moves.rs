//! How a session comes into rooms and out of them.

use fulmar_contract::{Done, Event, Failure, RoomId, Secret};
use fulmar_rooms::{Arrival, Departure, Dismissal};
use tokio::time::Instant;

use super::Session;
use crate::{config::Wanted, inbound, outbound, rooms};

impl Session<'_> {
    /// Obeys an order to join.
    pub(super) async fn join(&mut self, room: &RoomId, key: Option<Secret>, done: Done) -> Result<(), Failure> {
        let wanted = Wanted { name: room.as_str().to_owned(), key };
        let why = match (outbound::is_room_name(&wanted.name), wanted.has_good_key()) {
            (false, _) => "that is no name of a room",
            (true, false) => "that is no key: it has no spaces, commas or colons",
            (true, true) if !self.rooms.has_place() => "we are in as many rooms as we may be",
            (true, true) => {
                let now = Instant::now();
                let ours = self.rooms.order(self.room(room.as_str()), wanted.clone(), done, now);
                ours.key = wanted.key.or_else(|| ours.key.take());
                return self.join_due(now).await;
            }
        };
        drop(done.send(Err(why.into())));
        Ok(())
    }

    /// Obeys an order to leave.
    pub(super) async fn part(&mut self, room: &RoomId, done: Done) -> Result<(), Failure> {
        let room = self.room(room.as_str());
        match self.rooms.dismiss(&room, done, Instant::now()) {
            Dismissal::Leaving => self.command(&format!("PART {room} :leaving")).await,
            Dismissal::Out => self.parted(room).await,
            Dismissal::Unknown => Ok(()),
        }
    }

    /// Joins what is due to be joined.
    pub(super) async fn join_due(&mut self, now: Instant) -> Result<(), Failure> {
        for line in rooms::joins(&mut self.rooms, now) {
            self.command(&line).await?;
        }
        Ok(())
    }

    /// Somebody, perhaps we, joined a room.
    pub(super) async fn joined(&mut self, nick: &str, room: &str, account: Option<String>) -> Result<(), Failure> {
        if !self.is_us(nick) {
            self.know(nick, account);
            return Ok(());
        }
        let ours = self.room(room);
        match self.rooms.joined(&ours, Instant::now()) {
            Arrival::Known => return Ok(()),
            Arrival::Unwanted => return self.command(&format!("PART {room} :not one of our rooms")).await,
            Arrival::Wanted => {}
            Arrival::Won => {
                if let Some(wanted) = self.rooms.get(&ours) {
                    self.lasting.add(wanted.clone());
                }
            }
        }
        self.report(Event::Joined(ours.clone())).await?;
        self.rooms.confirm(&ours);
        self.ask_who(room).await
    }

    /// Asks for the accounts of those in `room`, if we are told when they change, and not with each message.
    async fn ask_who(&mut self, room: &str) -> Result<(), Failure> {
        if self.us.support.whox && self.can("account-notify") && !self.can("account-tag") {
            self.command(&format!("WHO {room} %tna,{}", inbound::WHO_TOKEN)).await?;
        }
        Ok(())
    }

    /// Somebody, perhaps we, left a room or was put out.
    pub(super) async fn left(&mut self, nick: &str, room: &str, why: String) -> Result<(), Failure> {
        if !self.is_us(nick) {
            self.people.forget(&self.fold(nick));
            return Ok(());
        }
        let room = self.room(room);
        let departure = self.rooms.put_out(&room, &why, Instant::now());
        self.departed(room, departure).await?;
        // Whom we still see is to be known again.
        self.people.forget_all();
        let joined: Vec<RoomId> = self.rooms.joined_ones().map(|(room, _)| room.clone()).collect();
        for room in joined {
            self.ask_who(room.as_str()).await?;
        }
        Ok(())
    }

    /// The server did not let us in or out of a room.
    pub(super) async fn kept(&mut self, room: &str, code: u16, why: &str) -> Result<(), Failure> {
        let room = self.room(room);
        let departure = rooms::refused(&mut self.rooms, &room, code, why, Instant::now());
        self.departed(room, departure).await
    }

    async fn departed(&mut self, room: RoomId, departure: Departure) -> Result<(), Failure> {
        match departure {
            Departure::Nothing => Ok(()),
            Departure::Missing(why) => self.report(Event::Left { room, why }).await,
            Departure::Parted => self.parted(room).await,
        }
    }

    /// We are out of `room` and shall stay out.
    pub(super) async fn parted(&mut self, room: RoomId) -> Result<(), Failure> {
        self.lasting.remove(room.as_str());
        self.report(Event::Parted(room.clone())).await?;
        self.rooms.forget(&room);
        Ok(())
    }
}
