//! One session: log in, then hear and obey until it ends.

mod hear;
mod moves;
mod say;
mod upload;

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use fulmar_contract::{Event, Failure, Identity, Link, RoomId, Sender, Undelivered, UserId};
use fulmar_transport::Stream;
use jid::{BareJid, FullJid};
use sasl::common::ChannelBinding;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    archive::Archives,
    config::Config,
    connection::{Connection, Incoming},
    hearing::Ears,
    id::Mint,
    lasting::Lasting,
    login::{self, Entered},
    outbox::{Outbox, Step},
    questions::Questions,
    rooms::Rooms,
    service,
    uploads::Uploads,
    xml::{Build, element},
};

/// Runs a session with what `lasting` remembers of earlier ones.
pub(crate) async fn run(config: &Config, lasting: &Lasting, link: Link) -> Result<(), Failure> {
    run_in(login::enter(config), config, lasting, link).await
}

/// As [`run`], over a stream that nobody else can read.
pub(crate) async fn run_over(
    stream: Box<dyn Stream>,
    config: &Config,
    lasting: &Lasting,
    link: Link,
) -> Result<(), Failure> {
    run_in(login::enter_secure(stream, ChannelBinding::None, config), config, lasting, link).await
}

async fn run_in(
    entering: impl Future<Output = Result<Entered, Failure>>,
    config: &Config,
    lasting: &Lasting,
    link: Link,
) -> Result<(), Failure> {
    let Link { events, orders, since, .. } = link;
    let outbox = Outbox::new(orders);
    let Entered { connection, me } = entering.await?;
    Session::new(config, lasting, connection, &me, events, outbox, since).talk().await
}

/// A session that is logged in.
struct Session<'a> {
    config: &'a Config,
    lasting: &'a Lasting,
    connection: Connection,
    events: mpsc::Sender<Event>,
    outbox: Outbox,
    rooms: Rooms,
    archives: Archives,
    questions: Questions,
    uploads: Uploads,
    mint: Mint,
    /// Who we are.
    account: BareJid,
    /// Since when something may have been missed.
    since: Option<SystemTime>,
    /// Since when we are out of rooms that we were in.
    out_since: HashMap<BareJid, SystemTime>,
    /// What goes with our presence.
    caps: Element,
    /// When we last tried to get the nick that we want.
    renamed_at: Instant,
}

impl<'a> Session<'a> {
    fn new(
        config: &'a Config,
        lasting: &'a Lasting,
        connection: Connection,
        me: &FullJid,
        events: mpsc::Sender<Event>,
        outbox: Outbox,
        since: Option<SystemTime>,
    ) -> Self {
        let now = Instant::now();
        Self {
            config,
            lasting,
            connection,
            events,
            outbox,
            rooms: Rooms::new(lasting.rooms(), &config.nick, now),
            archives: Archives::default(),
            questions: Questions::default(),
            uploads: Uploads::default(),
            mint: Mint::new(),
            account: me.to_bare(),
            since,
            out_since: HashMap::new(),
            caps: service::capabilities(),
            renamed_at: now,
        }
    }

    async fn talk(mut self) -> Result<(), Failure> {
        let identity = Identity::Vouched(UserId::new(self.account.as_str()));
        let direct = Some(RoomId::new(self.account.as_str()));
        let me = Sender { identity, name: self.config.nick.clone(), direct };
        self.report(Event::Online { me, rooms: self.rooms.ids(), vouches: true }).await?;
        self.introduce().await?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                said = self.connection.next() => self.take(said?).await?,
                step = self.outbox.step() => match step {
                    Step::Closed => {
                        self.connection.close().await;
                        return Ok(());
                    }
                    Step::Order(order) => self.obey(order).await?,
                },
                outcome = self.uploads.put() => self.uploaded(outcome).await?,
                now = tick.tick() => self.look_around(now).await?,
            }
        }
    }

    /// Says that we are there, and reads up what was said to us alone.
    async fn introduce(&mut self) -> Result<(), Failure> {
        let id = self.mint.next();
        let copies = element("iq", ns::JABBER_CLIENT).with("type", "set").with("id", &id);
        self.connection.send(&copies.holding(element("enable", ns::CARBONS))).await?;
        let presence = element("presence", ns::JABBER_CLIENT).holding(self.caps.clone());
        self.connection.send(&presence).await?;
        self.ask_for_uploads().await?;
        self.read_up(None).await
    }

    /// Reads up what was said in `room`, or to us alone, while we were away.
    async fn read_up(&mut self, room: Option<BareJid>) -> Result<(), Failure> {
        let out_since = room.as_ref().and_then(|room| self.out_since.remove(room));
        let Some(since) = out_since.or(self.since).and_then(|since| since.checked_sub(OVERLAP)) else {
            return Ok(());
        };
        let Some(question) = self.archives.begin(room, since, &mut self.mint, Instant::now()) else {
            return Ok(());
        };
        self.connection.send(&question).await.map(drop)
    }

    async fn take(&mut self, said: Incoming) -> Result<(), Failure> {
        match said {
            Incoming::Asked => self.connection.account().await,
            Incoming::Silence => self.connection.ask().await,
            Incoming::Stanza(stanza) => self.hear(&stanza).await,
            Incoming::Taken(number) => {
                for id in self.outbox.taken(number) {
                    self.lasting.posted(id);
                }
                Ok(())
            }
        }
    }

    /// What is done because time has passed.
    async fn look_around(&mut self, now: Instant) -> Result<(), Failure> {
        self.outbox.give_up(now);
        if let Some(answer) = self.uploads.give_up(now) {
            let why = "the server does not say where to put the file".into();
            self.not_uploaded(answer, Undelivered::Later { after: None, why });
        }
        for room in self.rooms.ours.give_up(now) {
            self.parted(&room).await?;
        }
        for read in self.archives.give_up(now) {
            self.read(read).await?;
        }
        for (room, nick) in self.rooms.doubtful(now) {
            self.doubt(&room, &nick).await?;
        }
        if now.duration_since(self.renamed_at) >= RENAME {
            self.renamed_at = now;
            for (room, nick) in self.rooms.misnamed() {
                self.rename(&room, &nick).await?;
            }
        }
        self.join_due(now).await
    }

    async fn report(&self, event: Event) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
    }

    fn ears(&self) -> Ears<'_> {
        Ears { me: &self.account, nick: &self.config.nick, rooms: &self.rooms }
    }
}

/// How often a session looks at the clock.
const TICK: Duration = Duration::from_secs(1);
/// How often it asks for the nick that it wants, if somebody else has it.
const RENAME: Duration = Duration::from_mins(5);
/// How far the server's clock may differ from ours. What is heard twice is known to the gateway.
const OVERLAP: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests;
