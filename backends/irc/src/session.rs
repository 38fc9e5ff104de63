//! One session: connect, register, then hear and obey until it ends.

mod react;

use std::time::{Duration, SystemTime};

use fulmar_contract::{Event, Failure, Link, Order, RoomId, Undelivered};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{
    casemap::CaseMapping,
    config::Config,
    connection::Connection,
    handshake::{Handshake, Next, Registered},
    hearing,
    history::History,
    outbound::{self, Envelope},
    outbox::{self, Outbox, Step},
    people::People,
    rooms::Rooms,
    throttle::Throttle,
};

/// Runs a session, and tells `casemapping` how the network folds names.
pub(crate) async fn run(
    config: &Config,
    casemapping: &watch::Sender<CaseMapping>,
    link: Link,
) -> Result<(), Failure> {
    let Link { login: _, events, orders } = link;
    let outbox = Outbox::new(orders, Throttle::new(config.rate, config.burst, Instant::now()));
    let connection = Connection::open(&config.server).await?;
    on(connection, config, casemapping, events, outbox).await
}

async fn on(
    mut connection: Connection,
    config: &Config,
    casemapping: &watch::Sender<CaseMapping>,
    events: mpsc::Sender<Event>,
    outbox: Outbox,
) -> Result<(), Failure> {
    let registered = match timeout(REGISTRATION, register(&mut connection, config)).await {
        Ok(registered) => registered?,
        Err(_) => return Err(Failure::lost("the server did not finish the registration")),
    };
    let casemap = registered.support.casemapping;
    casemapping.send_replace(casemap);
    let now = Instant::now();
    let session = Session {
        config,
        connection,
        events,
        outbox,
        rooms: Rooms::new(&config.rooms, casemap, now),
        people: People::default(),
        history: History::default(),
        us: registered,
        heard_at: now,
        pinged: false,
        renamed_at: now,
        replied_at: None,
        began: SystemTime::now(),
        messages: 0,
    };
    session.talk().await
}

async fn register(connection: &mut Connection, config: &Config) -> Result<Registered, Failure> {
    let (mut handshake, mut lines) = Handshake::begin(config);
    loop {
        for line in &lines {
            connection.send(line).await?;
        }
        let Ok(message) = connection.line().await?.parse() else { continue };
        match handshake.take(message)? {
            Next::Done(registered) => return Ok(registered),
            Next::Send(next) => lines = next,
        }
    }
}

/// A registered session.
struct Session<'a> {
    config: &'a Config,
    connection: Connection,
    events: mpsc::Sender<Event>,
    outbox: Outbox,
    rooms: Rooms,
    people: People,
    history: History,
    /// Who we are, at the moment, and what the server can do.
    us: Registered,
    /// When the server last said anything.
    heard_at: Instant,
    /// Whether the server's silence has been questioned.
    pinged: bool,
    /// When we last asked for the nick that we want.
    renamed_at: Instant,
    /// When we last answered a CTCP request.
    replied_at: Option<Instant>,
    began: SystemTime,
    messages: u64,
}

impl Session<'_> {
    async fn talk(mut self) -> Result<(), Failure> {
        let direct = RoomId::new(self.fold(&self.us.nick));
        let me = hearing::sender(self.us.nick.clone(), self.us.account.clone(), direct);
        let rooms = self.rooms.names().map(RoomId::new).collect();
        let vouches = self.can("account-tag") || self.can("account-notify");
        self.report(Event::Online { me, rooms, vouches }).await?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = self.connection.line() => self.hear(&line?).await?,
                step = self.outbox.step() => match step {
                    Step::Closed => return self.leave().await,
                    Step::Order(order) => self.obey(order),
                    Step::Write => {
                        for line in self.outbox.write(Instant::now()) {
                            self.connection.send(&line).await?;
                        }
                    }
                },
                now = tick.tick() => self.look_around(now).await?,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let (post, receipt) = match order {
            Order::Join { done, .. } | Order::Leave { done, .. } => {
                return drop(done.send(Err("only configured rooms can be joined".into())));
            }
            Order::Post { post, receipt } => (post, receipt),
        };
        let target = self.fold(post.room.as_str());
        if self.rooms.is_missing(&target) {
            let why = format!("{} is not joined", post.room);
            outbox::tell(receipt, Err(Undelivered::Later { after: None, why }));
            return;
        }
        match outbound::lines(&post, &Envelope::new(&self.us.nick, &self.us.support)) {
            Ok(lines) => self.outbox.begin(target, lines, receipt, self.can("echo-message"), Instant::now()),
            Err(undelivered) => outbox::tell(receipt, Err(undelivered)),
        }
    }

    /// What is done because time has passed.
    async fn look_around(&mut self, now: Instant) -> Result<(), Failure> {
        let silence = now.duration_since(self.heard_at);
        if silence >= SILENCE {
            return Err(Failure::lost(format!("the server has been silent for {} s", silence.as_secs())));
        }
        if silence >= SILENCE / 2 && !self.pinged {
            self.pinged = true;
            self.connection.send("PING :alive").await?;
        }
        self.outbox.give_up(now);
        for line in self.rooms.joins(now) {
            self.command(&line).await?;
        }
        if self.us.nick != self.config.nick && now.duration_since(self.renamed_at) >= REGAIN {
            self.regain_nick().await?;
        }
        Ok(())
    }

    async fn regain_nick(&mut self) -> Result<(), Failure> {
        self.renamed_at = Instant::now();
        let line = format!("NICK {}", self.config.nick);
        self.command(&line).await
    }

    /// Says goodbye and waits a little for the server to close, so that it gets to read our last words.
    async fn leave(mut self) -> Result<(), Failure> {
        let goodbye = async {
            let mut open = self.connection.send("QUIT :leaving").await.is_ok();
            while open {
                open = self.connection.line().await.is_ok();
            }
        };
        // In time or not, we have left.
        timeout(GOODBYE, goodbye).await.unwrap_or_default();
        Ok(())
    }

    /// Sends a line that does not wait its turn but counts.
    async fn command(&mut self, line: &str) -> Result<(), Failure> {
        self.outbox.spend(Instant::now());
        self.connection.send(line).await
    }

    async fn report(&self, event: Event) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
    }

    fn fold(&self, name: &str) -> String {
        self.us.support.casemapping.fold(name)
    }

    fn is_us(&self, nick: &str) -> bool {
        self.us.support.casemapping.same(nick, &self.us.nick)
    }

    fn can(&self, capability: &str) -> bool {
        self.us.capabilities.contains(capability)
    }
}

/// How long the registration may take, look-ups by the server included.
const REGISTRATION: Duration = Duration::from_secs(40);
/// How often a session looks at the clock.
const TICK: Duration = Duration::from_secs(1);
/// How long a server may be silent: with a tick, less than a minute.
const SILENCE: Duration = Duration::from_secs(58);
/// How often we ask for the nick that we want and somebody else has.
const REGAIN: Duration = Duration::from_mins(1);
/// How long the server has to close the connection after our QUIT.
const GOODBYE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
