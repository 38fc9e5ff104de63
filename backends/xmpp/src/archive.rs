//! Reading up what was said while nobody listened (XEP-0313): page by page backwards, as far as we were away and no further
//! than [`MOST`] messages. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, SystemTime},
};

use fulmar_contract::Heard;
use jid::{BareJid, Jid};
use tokio::time::Instant;
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    id::Mint,
    inbound::Archived,
    time,
    xml::{self, Build, element},
};

/// The archives that are being read.
#[derive(Debug, Default)]
pub(crate) struct Archives {
    /// By the id of the request for the present page.
    readings: HashMap<String, Reading>,
}

/// One archive that is being read.
#[derive(Debug)]
struct Reading {
    /// The room; nobody for our own account.
    room: Option<BareJid>,
    /// How this page's messages are marked. Only we and the archive know it.
    query: String,
    since: String,
    page: Vec<Archived>,
    /// The pages after it.
    later: VecDeque<Archived>,
    /// What was said meanwhile.
    live: Vec<Heard>,
    asked_at: Instant,
}

/// All that there was to read, and after it what was said meanwhile.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// The room; nobody for our own account.
    pub(crate) room: Option<BareJid>,
    pub(crate) archived: VecDeque<Archived>,
    pub(crate) live: Vec<Heard>,
}

/// What follows from an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// This is to be sent.
    Ask(Element),
    /// It is read.
    Done(Read),
}

impl Archives {
    /// Begins to read the archive of `room`, or our account's. Returns what is to be sent.
    pub(crate) fn begin(
        &mut self,
        room: Option<BareJid>,
        since: SystemTime,
        mint: &mut Mint,
        now: Instant,
    ) -> Option<Element> {
        let reading = Reading {
            room,
            query: mint.next(),
            since: time::write(since)?,
            page: Vec::new(),
            later: VecDeque::new(),
            live: Vec::new(),
            asked_at: now,
        };
        Some(self.ask(reading, "", mint))
    }

    fn ask(&mut self, reading: Reading, before: &str, mint: &mut Mint) -> Element {
        let field = |name: &str, value: &str| {
            let field = element("field", ns::DATA_FORMS).with("var", name);
            field.holding(element("value", ns::DATA_FORMS).saying(value))
        };
        let form = element("x", ns::DATA_FORMS)
            .with("type", "submit")
            .holding(field("FORM_TYPE", ns::MAM).with("type", "hidden"))
            .holding(field("start", &reading.since));
        let page = element("set", ns::RSM)
            .holding(element("max", ns::RSM).saying(&PAGE.to_string()))
            .holding(element("before", ns::RSM).saying(before));
        let query = element("query", ns::MAM).with("queryid", &reading.query).holding(form).holding(page);
        let id = mint.next();
        let mut iq = element("iq", ns::JABBER_CLIENT).with("type", "set").with("id", &id).holding(query);
        if let Some(room) = &reading.room {
            iq = iq.with("to", room.as_str());
        }
        self.readings.insert(id, reading);
        iq
    }

    /// Holds back what was said in `room`, or to us alone, while the archive of that is being read, so that it is heard after
    /// what was said before. Returns it if it need not wait.
    pub(crate) fn hold(&mut self, room: Option<&BareJid>, heard: Heard) -> Option<Heard> {
        let reading = self.readings.values_mut().find(|reading| reading.room.as_ref() == room);
        match reading.filter(|reading| reading.live.len() < MOST) {
            Some(reading) => {
                reading.live.push(heard);
                None
            }
            None => Some(heard),
        }
    }

    /// Gives up archives that do not answer. Returns what was read of them.
    pub(crate) fn give_up(&mut self, now: Instant) -> Vec<Read> {
        let overdue = |_: &String, reading: &mut Reading| now.duration_since(reading.asked_at) >= PATIENCE;
        self.readings.extract_if(overdue).map(|(_, reading)| reading.finish()).collect()
    }

    /// Takes a message, if it comes from an archive that we asked, as we asked it. Anybody could send one.
    pub(crate) fn take(&mut self, archived: Archived, me: &BareJid) {
        let reading = self.readings.values_mut().find(|reading| reading.query == archived.query);
        if let Some(reading) = reading.filter(|reading| reading.is_from(archived.from.as_ref(), me))
            && reading.page.len() < PAGE
        {
            reading.page.push(archived);
        }
    }

    /// The request called `id` was answered. Returns nothing if it was none of ours, or not answered by whom it was sent to.
    pub(crate) fn answered(
        &mut self,
        id: &str,
        from: Option<&Jid>,
        me: &BareJid,
        answer: Option<&Element>,
        mint: &mut Mint,
        now: Instant,
    ) -> Option<Next> {
        if !self.readings.get(id)?.is_from(from, me) {
            return None;
        }
        let mut reading = self.readings.remove(id)?;
        let fin = answer.filter(|answer| answer.is("fin", ns::MAM));
        let first = fin.and_then(|fin| fin.get_child("set", ns::RSM)).and_then(|set| xml::text_of(set, "first"));
        let is_complete = fin.and_then(|fin| fin.attr("complete")).is_some_and(|it| it == "true" || it == "1");
        let is_empty = reading.page.is_empty();
        reading.turn();
        match first {
            Some(first) if !is_complete && !is_empty && reading.later.len() < MOST => {
                reading.query = mint.next();
                reading.asked_at = now;
                Some(Next::Ask(self.ask(reading, &first, mint)))
            }
            _ => Some(Next::Done(reading.finish())),
        }
    }
}

impl Reading {
    /// Puts the present page before the later ones.
    fn turn(&mut self) {
        for archived in self.page.drain(..).rev() {
            self.later.push_front(archived);
        }
    }

    fn finish(mut self) -> Read {
        self.turn();
        Read { room: self.room, archived: self.later, live: self.live }
    }

    /// Whether `from` is the archive that is being read.
    fn is_from(&self, from: Option<&Jid>, me: &BareJid) -> bool {
        match (&self.room, from) {
            (None, None) => true,
            (None, Some(from)) => from == me,
            (Some(room), Some(from)) => from == room,
            (Some(_), None) => false,
        }
    }
}

/// So many messages are read up, about.
const MOST: usize = 1_000;
/// So many at once. Servers may give fewer.
const PAGE: usize = 100;
/// How long an archive may take for a page.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
