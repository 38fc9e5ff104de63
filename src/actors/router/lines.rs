//! What the Router's tasks work with: the lines to the other actors, and the few things said by all.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
};

use fulmar_contract::{Heard, Mention, MessageId, Offered, RoomId, Tone};
use jiff::Timestamp;
use serde_json::Value;
use tracing::error;

use super::{
    alarm::Alarm, announce::InFlight, gate::Gate, looks::Looks, runs::Tails, sequence::Sequence, whisper,
};
use crate::{
    actors::{
        aliases::Aliases,
        auth::Auth,
        delivery::{Delivery, Outlet, Say, bound},
        journal::{Begun, Journal},
        listener::Listener,
        progress::Progress,
        world::World,
    },
    config,
    journal::{self, Answered, Command, CommandId, Entry, Route, RunId, Speech},
    markup::Format,
    metrics::Metrics,
    st2,
    supervise::Line,
};

/// Everything that a task of the Router may speak to.
pub struct Lines {
    /// The gateway's own settings.
    pub gateway: config::Gateway,
    /// The chats, by name.
    pub chats: BTreeMap<String, Chat>,
    /// The StackStorms, by name.
    pub stackstorms: BTreeMap<String, Rc<StackStorm>>,
    /// What is known.
    pub journal: Line<Journal>,
    /// What is to be said.
    pub delivery: Line<Delivery>,
    /// Clock and ids.
    pub world: World,
    /// Counters.
    pub metrics: Metrics,
    /// The chats in which nobody will say anything any more.
    pub silent: RefCell<HashSet<String>>,
    /// Those announcements that are dealt with one after the other.
    pub sequence: Rc<Sequence>,
    /// Those that are being dealt with.
    pub in_flight: InFlight,
    /// The commands to which there was no answer yet when the process began. Whoever takes them, takes them up again.
    pub begun: RefCell<Vec<Begun>>,
    /// Who is shown what an execution prints.
    pub tails: Rc<Tails>,
    /// What administrators are still to be told.
    pub alarm: Alarm,
    /// How many tasks are under way. They outlive a life of the Router: a POST is not cut off by somebody else's panic.
    pub under_way: Cell<usize>,
}

/// Counts a task as long as it lives.
pub(super) struct UnderWay(Rc<Lines>);

impl UnderWay {
    pub(super) fn new(lines: &Rc<Lines>) -> Self {
        lines.under_way.set(lines.under_way.get() + 1);
        Self(Rc::clone(lines))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

/// A chat as the Router sees it.
pub struct Chat {
    /// Which StackStorms its commands go to.
    pub home: config::Home,
    /// How it is posted to.
    pub outlet: Outlet,
    /// The rooms in which it was, or should have been, when it was last asked while online.
    pub(super) rooms: RefCell<Option<BTreeSet<RoomId>>>,
    /// The commands that it has offered to people since the process began.
    pub(super) offered: RefCell<Option<Vec<Offered>>>,
}

impl Chat {
    /// A chat whose commands go where `home` says.
    pub fn new(home: config::Home, outlet: Outlet) -> Self {
        Self { home, outlet, rooms: RefCell::default(), offered: RefCell::default() }
    }
}

/// A StackStorm as the Router sees it.
pub struct StackStorm {
    /// Its name in the configuration.
    pub name: String,
    /// Its settings.
    pub settings: config::StackStorm,
    /// Its API.
    pub client: Rc<st2::Client>,
    /// Who owns the credential.
    pub auth: Line<Auth>,
    /// Who owns the registry.
    pub aliases: Line<Aliases>,
    /// Who follows the stream.
    pub listener: Line<Listener>,
    /// Who owns the live lines of what takes long.
    pub progress: Line<Progress>,
    /// Where calls wait for their turn.
    pub gate: Rc<Gate>,
    /// Where commands are looked for whose answer was lost.
    pub looks: Rc<Looks>,
}

/// An utterance, less its place.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) speech: Speech,
    pub(super) command: Option<CommandId>,
    pub(super) execution: Option<RunId>,
    /// The message that it answers, and the room of that one.
    pub(super) answers: Option<(RoomId, MessageId)>,
    /// Whom it is for, in a room.
    pub(super) mention: Option<Mention>,
    /// Whether only they may read it, even if its `extra` does not say so.
    pub(super) whisper: bool,
    pub(super) text: String,
    pub(super) format: Format,
    pub(super) tone: Tone,
    pub(super) link: Option<String>,
    pub(super) extra: Value,
}

impl Utterance {
    /// Words of our own to nobody in particular.
    pub(super) fn notice(text: impl Into<String>) -> Self {
        Self {
            speech: Speech::Notice,
            command: None,
            execution: None,
            answers: None,
            mention: None,
            whisper: false,
            text: text.into(),
            format: Format::Plain,
            tone: Tone::Neutral,
            link: None,
            extra: Value::Null,
        }
    }

    /// Words of our own to who wrote `heard`.
    pub(super) fn reply(heard: &Heard, text: impl Into<String>) -> Self {
        let mention = Mention { identity: heard.sender.identity.clone(), name: heard.sender.name.clone() };
        let answers = (heard.room.clone(), heard.id.clone());
        let is_public = !heard.direct;
        Self { answers: is_public.then_some(answers), mention: is_public.then_some(mention), ..Self::notice(text) }
    }

    /// Words of our own to who gave `command`.
    pub(super) fn answer(command: &Command, text: impl Into<String>) -> Self {
        let is_public = command.direct.as_ref() != Some(&command.route.room);
        let mention = is_public.then(|| command.author.clone());
        let answers = is_public.then(|| (command.route.room.clone(), command.message.clone()));
        Self { command: Some(command.id), answers, mention, ..Self::notice(text) }
    }
}

impl Lines {
    /// Has something said. A failure is logged: there is nobody else to tell.
    pub(super) async fn say(&self, route: Route, what: Utterance) {
        self.queue(route, what, Vec::new()).await.unwrap_or_default();
    }

    /// Has a message answered, once: whatever the network says again after a restart.
    pub(super) async fn reply(&self, chat: &str, heard: &Heard, text: impl Into<String>) {
        let (route, what) = (route_of(chat, heard), Utterance::reply(heard, text));
        self.queue(route, what, vec![answered(chat, heard)]).await.unwrap_or_default();
    }

    /// Has something said, and what it is said of journalled `with` it. Answered once that is done, or with why it cannot be,
    /// which is logged.
    pub(super) async fn queue(&self, route: Route, what: Utterance, with: Vec<Entry>) -> Result<(), String> {
        let (speech, delivery) = (what.speech, self.delivery_of(route, what));
        // It has a name, so it is not said twice.
        let said = self.delivery.send_again(Say { delivery, with }).await;
        let said =
            said.map_err(|down| down.to_string()).and_then(|said| said.map_err(|unsaid| unsaid.to_string()));
        said.inspect_err(|why| error!(error = %why, ?speech, "could not be said"))
    }

    /// An utterance with its place and a name.
    pub(super) fn delivery_of(&self, route: Route, what: Utterance) -> journal::Delivery {
        let Utterance { speech, command, execution, answers, mention, format, tone, link, .. } = what;
        let Utterance { mut text, mut extra, .. } = what;
        bound(&mut text, &mut extra);
        let id = self.world.delivery_id();
        let mention = mention.filter(|_| self.mentions(speech));
        let answers = answers.and_then(|answers| self.shown_to_answer(speech, &route, answers));
        journal::Delivery {
            id,
            command,
            execution,
            speech,
            route,
            answers,
            mention,
            text,
            format,
            tone,
            link,
            extra,
        }
    }

    /// Answers `command` where it was given, or in private if that is asked for.
    pub(super) async fn answer(&self, command: &Command, what: Utterance) {
        let (route, what) = self.placed(command, what);
        self.say(route, what).await;
    }

    /// Where an answer to `command` is said, and what is said there.
    pub(super) fn placed(&self, command: &Command, what: Utterance) -> (Route, Utterance) {
        whisper::placed(command, self.kind_of(command), what)
    }

    /// Something to be said of `command` in passing, where its results go: its alias's `result` says whether that is in
    /// private. `None` where nobody knows a private room.
    pub(in crate::actors) fn aside(
        &self,
        command: &Command,
        result: &Value,
        text: String,
    ) -> Option<journal::Delivery> {
        let whisper = self.is_whisper(command, result.get("extra"));
        if whisper && command.direct.is_none() {
            return None;
        }
        let (route, what) = self.placed(command, Utterance { whisper, ..Utterance::notice(text) });
        Some(self.delivery_of(route, what))
    }

    /// Whether an alias's `extra`, as it is written, asks for a whisper in answer to `command`. That counts even if a template
    /// fails and leaves no rendered `extra`.
    pub(super) fn is_whisper(&self, command: &Command, extra: Option<&Value>) -> bool {
        extra.is_some_and(|extra| whisper::is_asked_for(extra, self.kind_of(command)))
    }

    fn kind_of(&self, command: &Command) -> &'static str {
        self.chats.get(&command.route.chat).map_or("", |it| it.outlet.kind)
    }

    /// Whether `speech` begins with the name of the person it is for.
    const fn mentions(&self, speech: Speech) -> bool {
        match self.gateway.mention {
            config::Mention::Always => true,
            config::Mention::Never => false,
            config::Mention::Results => matches!(speech, Speech::Announcement | Speech::Result),
        }
    }

    /// The StackStorm that commands without a prefix of another's go to.
    pub(super) fn home_of(&self, chat: &str, room: &RoomId) -> Option<&Rc<StackStorm>> {
        self.stackstorms.get(self.chats.get(chat)?.home.of(room))
    }

    /// Whether there are several StackStorms, so that people must be told which.
    pub(super) fn has_several(&self) -> bool {
        self.stackstorms.len() > 1
    }

    /// Whether commands from `at` go to `storm` without a prefix of its own.
    pub(super) fn is_home(&self, storm: &StackStorm, at: &Route) -> bool {
        self.home_of(&at.chat, &at.room).is_some_and(|home| home.name == storm.name)
    }

    /// The other StackStorms that can be called from `at`, each with what a command to it begins with.
    pub(super) fn others(&self, than: &StackStorm, at: &Route, is_bare: bool) -> Vec<(&str, &str)> {
        let others = self.stackstorms.values().filter(|storm| {
            storm.name != than.name && (self.is_home(storm, at) || !storm.settings.bot_prefix.is_empty())
        });
        others.map(|storm| (storm.name.as_str(), self.prefix(storm, at, is_bare))).collect()
    }

    /// The name of a StackStorm and, if there are several, how it is called from `at`.
    pub(super) fn called(&self, storm: &StackStorm, at: &Route) -> String {
        let StackStorm { name, settings, .. } = storm;
        match settings.bot_prefix.first() {
            _ if !self.has_several() => name.clone(),
            _ if self.is_home(storm, at) => format!("{name} (here)"),
            Some(prefix) => format!("{name} ({prefix})"),
            None => name.clone(),
        }
    }

    /// The prefix of a command for `storm`, to show in examples; where none is needed, `is_bare` leaves it out.
    pub(in crate::actors) fn prefix<'a>(&'a self, storm: &'a StackStorm, at: &Route, is_bare: bool) -> &'a str {
        let (own, general) = (storm.settings.bot_prefix.first(), self.gateway.bot_prefix.first());
        let prefix = match own {
            Some(own) if !self.is_home(storm, at) => Some(own),
            Some(_) | None if is_bare => None,
            Some(_) | None => general.or(own),
        };
        prefix.map_or("", String::as_str)
    }
}

/// That a message is answered.
pub(super) fn answered(chat: &str, heard: &Heard) -> Entry {
    let at = Timestamp::try_from(heard.at).unwrap_or(Timestamp::UNIX_EPOCH);
    let (chat, room, message) = (chat.to_owned(), heard.room.clone(), heard.id.clone());
    Entry::Answered(Answered { chat, room, message, at })
}

/// Where the answer to a message goes.
pub(super) fn route_of(chat: &str, heard: &Heard) -> Route {
    Route { chat: chat.to_owned(), room: heard.room.clone(), thread: heard.thread.clone() }
}
