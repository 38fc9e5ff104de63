//! What a session does about what it is told.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use fulmar_contract::{Event, Failure, Reaction, RoomId};
use jid::{BareJid, Jid};
use tokio::time::Instant;
use tracing::debug;
use xmpp_parsers::minidom::Element;

use super::Session;
use crate::{
    archive::{Next, Read},
    hearing::Way,
    id::Names,
    inbound::{self, Fact, Fault, Reacted, Said},
    questions::Question,
    refusal::Reason,
    service,
};

impl Session<'_> {
    /// Takes a stanza. One that makes no sense is ignored.
    pub(super) async fn hear(&mut self, stanza: &Element) -> Result<(), Failure> {
        match inbound::read(stanza, &self.account) {
            None => Ok(()),
            Some(Fact::Answered { from, id, answer }) => self.answered(from.as_ref(), &id, answer).await,
            Some(Fact::Archived(archived)) => {
                self.archives.take(*archived, &self.account);
                Ok(())
            }
            Some(Fact::Asked { from, id, question }) => {
                let answer = service::answer(from.as_ref(), &id, question.as_ref(), SystemTime::now());
                self.connection.send(&answer).await.map(drop)
            }
            Some(Fact::Bounced { from, id, fault }) => self.bounced(&from, &id, &fault).await,
            Some(Fact::Invited { room }) => {
                self.rooms.ours.invited(&room.to_bare(), Instant::now());
                Ok(())
            }
            Some(Fact::Present(present)) => self.present(present).await,
            Some(Fact::Reacted(reacted)) => self.reacted(reacted).await,
            Some(Fact::Reconfigured { room, codes }) => self.reconfigured(&room, &codes).await,
            Some(Fact::Said(said)) => self.said(*said).await,
        }
    }

    async fn said(&mut self, said: Said) -> Result<(), Failure> {
        let room = said.from.to_bare();
        if said.in_room {
            if !self.rooms.is_ours(&room) {
                return Ok(());
            }
            self.rooms.seen(&room, Instant::now());
            if self.rooms.nick(&room) == said.from.resource().map(|nick| nick.as_str()) {
                self.shown(&room, said);
                return Ok(());
            }
        }
        let way = Way::Live { id: self.mint.next(), at: SystemTime::now() };
        let room = said.in_room.then_some(room);
        let heard = self.ears().hear(said, way);
        match heard.and_then(|heard| self.archives.hold(room.as_ref(), heard)) {
            Some(heard) => self.report(Event::Heard(heard)).await,
            None => Ok(()),
        }
    }

    /// A room showed us our own words.
    fn shown(&mut self, room: &BareJid, said: Said) {
        let stamp = said.stamp(room).map(str::to_owned);
        let Some(own) = said.id else { return };
        let names = Names { stable: stamp.unwrap_or_else(|| own.clone()), own: Some(own) };
        if let Some(id) = self.outbox.shown(room, &names) {
            self.lasting.posted(id);
        }
    }

    async fn reacted(&mut self, reacted: Reacted) -> Result<(), Failure> {
        let Reacted { from, in_room, message, emoji } = reacted;
        let place = from.to_bare();
        let nick = from.resource().map(|nick| nick.as_str());
        let is_ours = place == self.account || (in_room && self.rooms.nick(&place) == nick);
        let is_there = !in_room || self.rooms.is_ours(&place);
        if is_ours || !is_there {
            return Ok(());
        }
        let real = match nick {
            Some(nick) if self.rooms.is_ours(&place) => self.rooms.real(&place, nick).cloned(),
            _ => Some(place.clone()),
        };
        let Some(sender) = self.ears().sender(&from, in_room, real.as_ref()) else { return Ok(()) };
        let who = sender.identity.as_str();
        let Some((message, changes)) = self.lasting.reacted(&message, who, emoji) else { return Ok(()) };
        let room = if in_room { Some(RoomId::new(place.as_str())) } else { sender.direct.clone() };
        let Some(room) = room else { return Ok(()) };
        for (emoji, is_there) in changes {
            let (room, message, sender) = (room.clone(), message.clone(), sender.clone());
            self.report(Event::Reacted(Reaction { room, message, sender, emoji, is_there })).await?;
        }
        Ok(())
    }

    async fn answered(
        &mut self,
        from: Option<&Jid>,
        id: &str,
        answer: Result<Option<Element>, Fault>,
    ) -> Result<(), Failure> {
        if let Some(question) = self.questions.answered(id, from) {
            return match question {
                Question::Info(service) => {
                    self.uploads.found(service, answer.ok().flatten().as_ref());
                    self.ask_for_slot().await
                }
                Question::Items => self.look_for_uploads(answer.ok().flatten().as_ref()).await,
                Question::Room(room) => self.doubted(&room, answer.err()).await,
                Question::Slot => self.slot(answer).await,
            };
        }
        if let Err(fault) = &answer {
            debug!(why = fault.why(), "a request was refused");
        }
        let answer = answer.ok().flatten();
        match self.archives.answered(id, from, &self.account, answer.as_ref(), &mut self.mint, Instant::now()) {
            None => Ok(()),
            Some(Next::Ask(question)) => self.connection.send(&question).await.map(drop),
            Some(Next::Done(read)) => self.read(read).await,
        }
    }

    /// An archive is read: what stood in it is heard, and then what was said meanwhile, of which some may stand in it, too.
    pub(super) async fn read(&mut self, read: Read) -> Result<(), Failure> {
        let Read { room, archived, live } = read;
        let mut ids = HashSet::new();
        for archived in archived {
            let Some(said) = archived.said else { continue };
            let is_of_it =
                said.in_room == room.is_some() && room.as_ref().is_none_or(|room| said.from.to_bare() == *room);
            let way = Way::Archive { id: archived.id, at: self.after_the_last(archived.at) };
            if let Some(heard) = self.ears().hear(said, way).filter(|_| is_of_it) {
                ids.insert(heard.id.clone());
                self.report(Event::Heard(heard)).await?;
            }
        }
        for heard in live {
            if !ids.contains(&heard.id) {
                self.report(Event::Heard(heard)).await?;
            }
        }
        Ok(())
    }

    /// The time of an archive, which may count whole seconds: what seems to have been said within the second before we missed
    /// anything was said after that.
    fn after_the_last(&self, at: SystemTime) -> SystemTime {
        let since =
            self.since.filter(|since| since.duration_since(at).is_ok_and(|gap| gap < Duration::from_secs(1)));
        since.unwrap_or(at)
    }

    async fn bounced(&mut self, from: &Jid, id: &str, fault: &Fault) -> Result<(), Failure> {
        let is_ours = self.outbox.bounced(id, fault);
        let room = from.to_bare();
        if is_ours && fault.condition == "not-acceptable" && !self.rooms.ours.is_missing(&room) {
            // We are not in the room, though it did not say so (XEP-0045, section 7.4).
            return self.out(&room, &Reason::Kicked("the room has forgotten us".into())).await;
        }
        Ok(())
    }
}
