//! How everything is, asked of everybody.

use std::{borrow::Cow, collections::BTreeMap, net::SocketAddr, time::Duration};

use actix::{Actor, Handler, Message, dev::ToEnvelope};
use fulmar_contract::RoomId;
use serde::Serialize;
use tokio::time::timeout;

use super::Admin;
use crate::{
    actors::{aliases, auth, chat, journal, listener},
    alias::Registry,
    config::Home,
    metrics::{self, Gauge},
    supervise::{ChildStatus, Line, Phase, Snapshot},
};

/// The answer of `/status`. Holds no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The gateway's name.
    pub name: String,
    /// The version of this program.
    pub version: &'static str,
    /// Seconds since the process began.
    pub uptime: u64,
    /// Where the web routes are, if they are served.
    pub web: Option<SocketAddr>,
    /// Every child, in the order in which they start.
    pub children: Vec<ChildStatus>,
    /// Every StackStorm, by name.
    pub stackstorm: BTreeMap<String, Storm>,
    /// Every chat, by name.
    pub chats: BTreeMap<String, Chat>,
    /// The journal; absent while it does not answer.
    pub journal: Option<journal::Condition>,
}

/// How a StackStorm is.
#[derive(Clone, Debug, Serialize)]
pub struct Storm {
    /// The credential; absent while nobody answers for it.
    pub auth: Option<auth::State>,
    /// How many aliases are known; absent until they have been loaded once.
    pub aliases: Option<usize>,
    /// Aliases that are refused because their name stands in several packs.
    pub duplicates: Vec<String>,
    /// Why the aliases could not be refreshed, if so.
    pub error: Option<String>,
    /// The stream.
    pub stream: listener::State,
    /// The calls that people's commands need.
    pub calls: metrics::Calls,
}

/// How a chat is.
#[derive(Clone, Debug, Serialize)]
pub struct Chat {
    /// The kind of network.
    pub kind: &'static str,
    /// The StackStorm that commands go to.
    pub stackstorm: String,
    /// Those of single rooms, where it is another.
    pub stackstorms: BTreeMap<RoomId, String>,
    /// Where it is in its life.
    pub phase: Phase,
    /// Who we are there and which rooms are joined.
    #[serde(flatten)]
    pub session: chat::Status,
    /// Messages heard since the process began.
    pub heard: u64,
    /// Posts that the network took.
    pub posted: u64,
    /// Posts that it refused or lost.
    pub failed: u64,
}

impl Status {
    /// Asks everybody; who does not answer at once is shown as absent.
    pub async fn of(admin: &Admin) -> Self {
        let children = admin.supervisor.send(Snapshot).await.unwrap_or_default();
        let mut stackstorm = BTreeMap::new();
        for (name, lines) in &admin.reach.stackstorms {
            let known = ask(&lines.aliases, aliases::Current).await;
            let loaded = known.as_ref().filter(|known| known.loaded.is_some());
            let storm = Storm {
                auth: ask(&lines.auth, auth::Report).await,
                aliases: loaded.map(|known| known.registry.aliases().len()),
                duplicates: loaded.map(|known| duplicates(&known.registry)).unwrap_or_default(),
                error: known.and_then(|known| known.error),
                stream: ask(&lines.listener, listener::Report).await.unwrap_or_default(),
                calls: admin.reach.metrics.calls(name),
            };
            stackstorm.insert(name.clone(), storm);
        }
        let mut chats = BTreeMap::new();
        for (name, (kind, line)) in &admin.reach.chats {
            let session = ask(line, chat::Report).await.unwrap_or_default();
            chats.insert(name.clone(), Chat::new(admin, name, kind, session, &children));
        }
        Self {
            name: admin.name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            uptime: admin.began.elapsed().as_secs(),
            web: admin.web,
            children,
            stackstorm,
            chats,
            journal: ask(&admin.reach.journal, journal::Count).await,
        }
    }

    /// What keeps commands from being taken and answered; empty when ready. A parked chat is no reason.
    pub fn missing(&self) -> Vec<Cow<'static, str>> {
        let storm = |storm: &Storm| storm.aliases.is_some() && storm.stream.phase == listener::Phase::Open;
        let chat = |chat: &Chat| chat.phase == Phase::Up && chat.session.missing.is_empty();
        let wants = [
            (self.journal.is_some(), "the journal does not answer"),
            (self.chats.values().any(chat), "no chat is online with its rooms joined"),
            (self.stackstorm.values().any(storm), "no StackStorm has its aliases loaded and its stream open"),
        ];
        let missing = wants.into_iter().filter_map(|(met, what)| (!met).then_some(Cow::Borrowed(what)));
        let trouble = self.journal.iter().filter_map(|journal| journal.trouble.as_ref());
        missing.chain(trouble.map(|why| Cow::Owned(format!("the journal takes no commands: {why}")))).collect()
    }

    /// The figures that are asked for, not counted.
    pub fn gauges(&self) -> Vec<Gauge> {
        let child = |child: &ChildStatus| vec![("child".to_owned(), child.name.clone())];
        let storm = |name: &str| vec![("stackstorm".to_owned(), name.to_owned())];
        let up = |status: &ChildStatus| f64::from(u8::from(status.phase == Phase::Up));
        let gauge = |name, help, values| Gauge { name, help, values };
        let storms = |value: fn(&Storm) -> Option<f64>| {
            self.stackstorm.iter().filter_map(|(name, it)| Some((storm(name), value(it)?))).collect()
        };
        let mut gauges = self.journal_gauges();
        gauges.extend([
            gauge(
                "child_up",
                "Whether a child does what it is for",
                self.children.iter().map(|it| (child(it), up(it))).collect(),
            ),
            gauge(
                "child_restarts",
                "Lives of a child after its first",
                self.children.iter().map(|it| (child(it), it.restarts as f64)).collect(),
            ),
            gauge("aliases", "Aliases known", storms(|it| it.aliases.map(|count| count as f64))),
            gauge(
                "stream_last_byte_age_seconds",
                "Age of the stream's last byte",
                storms(|it| it.stream.last_byte_age),
            ),
        ]);
        gauges
    }

    fn journal_gauges(&self) -> Vec<Gauge> {
        let journal::Condition { counts, damaged, trouble } = self.journal.clone().unwrap_or_default();
        let gauge = |name, help, value| Gauge { name, help, values: vec![(Vec::new(), value)] };
        vec![
            gauge("journal_open", "Commands whose end is still to come", counts.open as f64),
            gauge("journal_pending", "Deliveries still to be made", counts.pending as f64),
            gauge("journal_dead", "Deliveries given up", counts.dead as f64),
            gauge("journal_damaged", "Places where the journal could not be read", damaged as f64),
            gauge("journal_trouble", "Whether the journal cannot be written to", f64::from(trouble.is_some())),
        ]
    }
}

/// Asks one child, and does not wait for it for long.
async fn ask<A, M>(line: &Line<A>, question: M) -> Option<M::Result>
where
    M: Message + Send + 'static,
    M::Result: Send,
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
{
    timeout(ANSWER, line.send_now(question)).await.ok()?.ok()
}

fn duplicates(registry: &Registry) -> Vec<String> {
    registry.duplicates().iter().map(|duplicate| duplicate.name.clone()).collect()
}

impl Chat {
    fn new(
        admin: &Admin,
        name: &str,
        kind: &'static str,
        session: chat::Status,
        children: &[ChildStatus],
    ) -> Self {
        let metrics = &admin.reach.metrics;
        let labels = metrics::Chat { chat: name.to_owned() };
        let child = children.iter().find(|child| child.name.strip_prefix("chat/") == Some(name));
        let Home { stackstorm, rooms } = admin.reach.homes.get(name).cloned().unwrap_or_default();
        Self {
            kind,
            stackstorm,
            stackstorms: rooms,
            phase: child.map_or(Phase::Stopped, |child| child.phase),
            session,
            heard: metrics.heard.get_or_create(&labels).get(),
            posted: metrics.posted.get_or_create(&labels).get(),
            failed: metrics.failed.get_or_create(&labels).get(),
        }
    }
}

/// How long a child may take to say how it is.
const ANSWER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn with(journal: journal::Condition) -> Status {
        Status {
            name: "fulmar".into(),
            version: "0",
            uptime: 0,
            web: None,
            children: Vec::new(),
            stackstorm: BTreeMap::new(),
            chats: BTreeMap::new(),
            journal: Some(journal),
        }
    }

    #[test]
    fn without_a_disk_no_commands_are_taken_and_it_is_said() {
        let trouble = Some("the disk is full".to_owned());

        let (good, bad) = (
            with(journal::Condition::default()),
            with(journal::Condition { trouble, ..journal::Condition::default() }),
        );

        let why = "the journal takes no commands: the disk is full";
        assert!(!good.missing().iter().any(|what| what.contains("journal")));
        assert!(bad.missing().iter().any(|what| what == why));
        assert!(bad.gauges().iter().any(|gauge| gauge.name == "journal_trouble" && gauge.values[0].1 == 1.0));
    }
}
