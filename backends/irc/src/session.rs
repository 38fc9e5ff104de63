//! One session: connect, register, then hear and obey until it ends.

mod moves;
mod react;
mod whisper;

use std::time::{Duration, SystemTime};

use fulmar_contract::{Event, Failure, Link, Order, Post, RoomId};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout, timeout_at},
};
use tracing::info;

use crate::{
    config::Config,
    connection::Connection,
    handshake::{Handshake, Next, Registered},
    hearing,
    history::History,
    lasting::Lasting,
    nick::Regain,
    outbound::{self, Envelope},
    outbox::{self, Answer, Outbox, Step},
    people::People,
    rooms::{self, Rooms},
    throttle::Throttle,
};

/// Runs a session with what `lasting` remembers of earlier ones.
pub(crate) async fn run(config: &Config, lasting: &Lasting, link: Link) -> Result<(), Failure> {
    let Link { events, orders, .. } = link;
    let outbox = Outbox::new(orders, Throttle::new(config.rate, config.burst, Instant::now()));
    let mut port = lasting.secure_port(Instant::now());
    loop {
        let mut connection = Connection::open(&config.server, port).await?;
        let is_secure = config.server.tls || port.is_some();
        match register(&mut connection, config, is_secure).await? {
            Entry::In(registered) => {
                if let (false, Some(port), Some(duration)) = (config.server.tls, port, registered.demand) {
                    lasting.demand(port, duration, Instant::now());
                }
                return Session::new(config, lasting, connection, registered, events, outbox).talk().await;
            }
            Entry::Secure(demanded) => {
                info!(port = demanded, "the server demands TLS");
                port = Some(demanded);
            }
        }
    }
}

/// Runs a session over a connection that is there already. A server that wants us back by TLS ends it.
pub(crate) async fn run_over(
    mut connection: Connection,
    config: &Config,
    lasting: &Lasting,
    link: Link,
) -> Result<(), Failure> {
    let Link { events, orders, .. } = link;
    let outbox = Outbox::new(orders, Throttle::new(config.rate, config.burst, Instant::now()));
    match register(&mut connection, config, config.server.tls).await? {
        Entry::In(us) => Session::new(config, lasting, connection, us, events, outbox).talk().await,
        Entry::Secure(port) => Err(Failure::lost(format!("the server demands TLS at port {port}"))),
    }
}

/// How a registration ends.
enum Entry {
    In(Registered),
    /// The server wants us back by TLS at this port. Said over a connection without TLS only.
    Secure(u16),
}

async fn register(connection: &mut Connection, config: &Config, is_secure: bool) -> Result<Entry, Failure> {
    let (mut handshake, mut lines) = Handshake::begin(config, is_secure);
    let deadline = Instant::now() + REGISTRATION;
    loop {
        for line in &lines {
            connection.send(line).await?;
        }
        let Ok(line) = timeout_at(deadline, connection.line()).await else {
            return Err(Failure::lost(format!("{} in {} s", handshake.wanting(), REGISTRATION.as_secs())));
        };
        lines = match line?.parse().map(|message| handshake.take(message)) {
            Ok(Ok(Next::Done(registered))) => return Ok(Entry::In(registered)),
            Ok(Ok(Next::Secure(port))) => return Ok(Entry::Secure(port)),
            Ok(Ok(Next::Send(next))) => next,
            Ok(Err(failure)) => return Err(failure),
            // What is no message says nothing.
            Err(_) => Vec::new(),
        };
    }
}

/// A registered session.
struct Session<'a> {
    lasting: &'a Lasting,
    connection: Connection,
    events: mpsc::Sender<Event>,
    outbox: Outbox,
    rooms: Rooms,
    people: People,
    history: History,
    nick: Regain,
    /// Who we are, at the moment, and what the server can do.
    us: Registered,
    /// When the server last said anything.
    heard_at: Instant,
    /// Whether the server's silence has been questioned.
    pinged: bool,
    /// When we last answered a CTCP request.
    replied_at: Option<Instant>,
    began: SystemTime,
    messages: u64,
}

impl<'a> Session<'a> {
    fn new(
        config: &Config,
        lasting: &'a Lasting,
        mut connection: Connection,
        us: Registered,
        events: mpsc::Sender<Event>,
        outbox: Outbox,
    ) -> Self {
        lasting.fold_by(us.support.casemapping);
        connection.allow(us.support.linelen);
        let now = Instant::now();
        let wanted: String = config.nick.chars().take(us.support.nicklen).collect();
        Self {
            lasting,
            connection,
            events,
            outbox,
            rooms: rooms::new(lasting.rooms(), us.support.casemapping, now),
            people: People::default(),
            history: History::since(us.clock),
            nick: Regain::new(&wanted, us.account.is_some(), now),
            us,
            heard_at: now,
            pinged: false,
            replied_at: None,
            began: SystemTime::now(),
            messages: 0,
        }
    }

    async fn talk(mut self) -> Result<(), Failure> {
        let me = hearing::sender(self.us.nick.clone(), self.us.account.clone(), self.us.support.casemapping);
        let vouches = self.can("account-tag") || self.can("account-notify");
        self.report(Event::Online { me, rooms: self.rooms.names().cloned().collect(), vouches }).await?;
        self.introduce().await?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = self.connection.line() => self.hear(&line?).await?,
                step = self.outbox.step() => match step {
                    Step::Closed => return self.leave().await,
                    Step::Order(order) => self.obey(order).await?,
                    Step::Write => {
                        let lines = self.outbox.write(Instant::now());
                        self.connection.send_all(&lines).await?;
                    }
                },
                now = tick.tick() => self.look_around(now).await?,
            }
            self.outbox.parked().sort(|room| self.rooms.is_missing(room), Instant::now());
        }
    }

    /// Says what we are, and what we want to be told.
    async fn introduce(&mut self) -> Result<(), Failure> {
        if let Some(bot) = self.us.support.bot {
            self.command(&format!("MODE {} +{bot}", self.us.nick)).await?;
        }
        if self.us.support.monitor && !self.is_us(self.nick.wanted()) {
            self.command(&format!("MONITOR + {}", self.nick.wanted())).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            order @ (Order::Edit { .. } | Order::Offer { .. } | Order::React { .. }) => {
                order.refuse("IRC has no such thing");
                Ok(())
            }
            Order::Join { room, key, done } => self.join(&room, key, done).await,
            Order::Leave { room, done } => self.part(&room, done).await,
            Order::Post { post, receipt } => self.post(post, receipt).await,
        }
    }

    async fn post(&mut self, post: Post, receipt: Answer) -> Result<(), Failure> {
        let target = self.room(post.room.as_str());
        if self.rooms.is_missing(&target) || self.outbox.parked().holds(&target) {
            self.outbox.parked().wait(&target, post, receipt, Instant::now());
            return Ok(());
        }
        self.address(post, receipt).await
    }

    /// Has `post` written to its room, which is a room or a nick.
    fn write(&mut self, post: &Post, receipt: Answer) {
        let target = self.fold(post.room.as_str());
        match outbound::lines(post, &Envelope::new(&self.us.nick, &self.us.support)) {
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
        for room in self.rooms.give_up(now) {
            self.parted(room).await?;
        }
        self.join_due(now).await?;
        self.regain_nick(now).await
    }

    /// Asks for the nick that we want, if we do not have it and it is time to.
    async fn regain_nick(&mut self, now: Instant) -> Result<(), Failure> {
        if self.is_us(self.nick.wanted()) {
            return Ok(());
        }
        for line in self.nick.lines(now) {
            self.command(&line).await?;
        }
        Ok(())
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

    fn room(&self, name: &str) -> RoomId {
        RoomId::new(self.fold(name))
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
/// How long the server has to close the connection after our QUIT.
const GOODBYE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
