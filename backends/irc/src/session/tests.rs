//! Sessions in virtual time, over a stream in memory.

use fulmar_contract::{Post, Receipt, RoomId, Secret};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::{
    config::{Server, Wanted},
    tls::Trust,
};

/// A session in virtual time, and the server's end of its connection.
struct Bench {
    session: JoinHandle<Result<(), Failure>>,
    events: mpsc::Receiver<Event>,
    orders: mpsc::Sender<Order>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    /// What the session said and somebody waited past.
    seen: Vec<String>,
    server: WriteHalf<DuplexStream>,
}

impl Bench {
    /// In #ops, on a server that can do nothing special.
    async fn start(rate: u32, burst: u32) -> Self {
        let mut bench = Self::with(Config { rate, burst, ..config() }, "CHANTYPES=#").await;
        bench.enters("#ops").await;
        bench
    }

    /// Welcomed by a server that supports `tokens`.
    async fn with(config: Config, tokens: &str) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (events_in, events) = mpsc::channel(64);
        let (orders, orders_out) = mpsc::channel(64);
        let session = tokio::spawn(async move {
            let outbox = Outbox::new(orders_out, Throttle::new(config.rate, config.burst, Instant::now()));
            let mut connection = Connection::over(ours);
            let Entry::In(us) = register(&mut connection, &config, false).await? else { panic!("no TLS here") };
            let lasting = Lasting::new(config.rooms.clone());
            Session::new(&config, &lasting, connection, us, events_in, outbox).talk().await
        });
        let (reader, server) = tokio::io::split(theirs);
        let mut bench =
            Self { session, events, orders, lines: BufReader::new(reader).lines(), seen: Vec::new(), server };
        bench.says(&format!(":s.x 001 fulmar :Welcome\r\n:s.x 005 fulmar {tokens} :are supported")).await;
        bench.says(":s.x 422 fulmar :No MOTD").await;
        bench
    }

    /// The session is let into `room`.
    async fn enters(&mut self, room: &str) {
        self.hears(&format!("JOIN {room}")).await;
        self.says(&format!(":fulmar!f@h JOIN {room}")).await;
        self.sees(Event::Joined(RoomId::new(room))).await;
    }

    async fn sees(&mut self, wanted: Event) {
        while self.events.recv().await.unwrap() != wanted {}
    }

    async fn says(&mut self, line: &str) {
        self.server.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    async fn hears(&mut self, wanted: &str) {
        while self.line().await != wanted {}
    }

    async fn line(&mut self) -> String {
        let line = self.lines.next_line().await.unwrap().unwrap();
        self.seen.push(line.clone());
        line
    }

    async fn heard(&mut self) -> Option<Event> {
        loop {
            let event = self.events.recv().await?;
            if matches!(event, Event::Heard(_)) {
                return Some(event);
            }
        }
    }

    async fn order(&self, room: &str, text: &str) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        let (receipt, answer) = oneshot::channel();
        let post = Post::plain(RoomId::new(room), text, "1");
        self.orders.send(Order::Post { post, receipt }).await.unwrap();
        answer
    }
}

fn config() -> Config {
    let server =
        Server { host: "localhost".into(), port: 6667, tls: false, trust: Trust::System, certificate: None };
    Config {
        server,
        password: None,
        nick: "fulmar".into(),
        username: "fulmar".into(),
        realname: "Fulmar".into(),
        login: None,
        rate: 0,
        burst: 0,
        colours: false,
        rooms: vec![Wanted { name: "#ops".into(), key: None }],
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_questioned_and_then_lost_within_a_minute() {
    let mut bench = Bench::start(0, 0).await;
    let start = Instant::now();

    bench.hears("PING :alive").await;

    let end = bench.session.await.unwrap();
    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
    assert!(start.elapsed() <= Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_is_not_lost() {
    let mut bench = Bench::start(0, 0).await;

    for _ in 0..10 {
        bench.hears("PING :alive").await;
        bench.says(":s.x PONG s.x alive").await;
    }

    assert!(!bench.session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_kick_is_told_and_the_room_is_joined_again() {
    let mut bench = Bench::start(0, 0).await;

    bench.says(":ada!a@h KICK #ops fulmar :enough").await;

    let left = Event::Left { room: RoomId::new("#ops"), why: "kicked by ada: enough".into() };
    assert_eq!(bench.events.recv().await, Some(left));
    let meanwhile = bench.order("#ops", "anybody?").await.await.unwrap();
    assert!(matches!(meanwhile, Err(Undelivered::Later { .. })), "{meanwhile:?}");
    bench.hears("JOIN #ops").await;
    bench.says(":s.x 474 fulmar #ops :Cannot join (+b)").await;
    let Some(Event::Left { why, .. }) = bench.events.recv().await else { panic!("the ban is not told") };
    assert_eq!(why, "we are banned from it: lift the ban (-b), or except us from it (+e) (Cannot join (+b))");
}

#[tokio::test(start_paused = true)]
async fn lines_keep_the_rate_while_a_ping_is_answered_at_once() {
    let mut bench = Bench::start(1, 1).await;
    let start = Instant::now();
    let _answer = bench.order("#ops", "one\ntwo\nthree").await;

    bench.hears("PRIVMSG #ops :one").await;
    bench.says("PING :now").await;
    let waited = start.elapsed();
    bench.hears("PONG :now").await;

    assert_eq!(start.elapsed(), waited);
    bench.hears("PRIVMSG #ops :three").await;
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_written_and_not_confirmed_is_unknown_and_the_rest_may_be_sent_later() {
    let mut bench = Bench::start(0, 0).await;
    let written = bench.order("#ops", "written").await;
    let waiting = bench.order("#ops", "waiting").await;
    bench.hears("PRIVMSG #ops :written").await;

    bench.says("ERROR :Closing Link").await;

    assert!(matches!(written.await.unwrap(), Err(Undelivered::Unknown { .. })));
    assert!(matches!(waiting.await.unwrap(), Err(Undelivered::Later { .. })));
    assert_eq!(bench.session.await.unwrap().unwrap_err().to_string(), "session lost: Closing Link");
}

#[tokio::test(start_paused = true)]
async fn an_error_before_the_pong_is_a_refusal_and_one_about_another_target_is_not() {
    let mut bench = Bench::start(0, 0).await;

    let refused = bench.order("nobody", "hello").await;
    bench.hears("PING :fulmar-1").await;
    bench.says(":s.x 401 fulmar Nobody :No such nick\r\n:s.x PONG s.x fulmar-1").await;
    let taken = bench.order("#ops", "hello").await;
    bench.hears("PING :fulmar-2").await;
    bench.says(":s.x 401 fulmar nobody :No such nick\r\n:s.x PONG s.x fulmar-2").await;

    let why = "No such nick".into();
    assert_eq!(refused.await.unwrap(), Err(Undelivered::Refused { why }));
    assert!(taken.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_wanted_nick_is_taken_back_when_it_is_free() {
    let mut bench = Bench::start(0, 0).await;
    bench.says(":fulmar!f@h NICK fulmar_").await;
    bench.says(":fulmar!x@y JOIN #ops").await;

    bench.says(":fulmar!x@y QUIT :bye").await;

    bench.hears("NICK fulmar").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_seldom() {
    let mut bench = Bench::start(0, 0).await;

    for request in ["VERSION", "PING 1", "VERSION"] {
        bench.says(&format!(":ada!a@h PRIVMSG fulmar :\u{1}{request}\u{1}")).await;
    }
    bench.says("PING :end").await;

    let version = concat!("NOTICE ada :\u{1}VERSION Fulmar ", env!("CARGO_PKG_VERSION"), "\u{1}");
    assert_eq!(bench.lines.next_line().await.unwrap().as_deref(), Some(version));
    assert_eq!(bench.lines.next_line().await.unwrap().as_deref(), Some("PONG :end"));
}

#[tokio::test(start_paused = true)]
async fn what_a_living_server_never_confirms_is_unknown() {
    let mut bench = Bench::start(0, 0).await;
    let answer = bench.order("#ops", "hello").await;
    let mut answer = Box::pin(timeout(Duration::from_mins(2), answer));

    let outcome = loop {
        tokio::select! {
            outcome = &mut answer => break outcome.unwrap().unwrap(),
            () = bench.hears("PING :alive") => bench.says(":s.x PONG s.x alive").await,
        }
    };

    assert!(matches!(outcome, Err(Undelivered::Unknown { .. })), "{outcome:?}");
    assert!(!bench.session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn too_long_a_line_is_refused_though_the_error_names_no_target() {
    let mut bench = Bench::start(0, 0).await;

    let refused = bench.order("#ops", "hello").await;
    bench.hears("PING :fulmar-1").await;
    bench.says(":s.x 417 fulmar :Input line was too long\r\n:s.x PONG s.x fulmar-1").await;

    assert!(matches!(refused.await.unwrap(), Err(Undelivered::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_line_is_never_two() {
    let mut bench = Bench::start(0, 0).await;

    bench.says("PING :a\rQUIT\0 b").await;

    bench.hears("PONG :a").await;
}

#[tokio::test(start_paused = true)]
async fn leaving_is_said() {
    let mut bench = Bench::start(0, 0).await;
    let (orders, _) = mpsc::channel(1);

    bench.orders = orders;

    bench.hears("QUIT :leaving").await;
    assert!(bench.session.await.unwrap().is_ok(), "though the server does not close the connection");
}

#[tokio::test(start_paused = true)]
async fn a_bot_says_that_it_is_one_where_that_can_be_said() {
    let mut bench = Bench::with(config(), "BOT=B").await;

    bench.hears("MODE fulmar +B").await;
}

#[tokio::test(start_paused = true)]
async fn a_nick_is_watched_where_the_server_can_and_taken_when_nobody_has_it() {
    let taken = Config { nick: "Boss".into(), ..config() };
    let mut bench = Bench::with(taken, "MONITOR=100 NICKLEN=30").await;
    bench.hears("MONITOR + Boss").await;
    let start = Instant::now();
    bench.hears("NICK Boss").await;
    bench.says(":s.x 433 fulmar Boss :In use").await;

    bench.says(":s.x 731 fulmar :boss").await;

    bench.hears("NICK Boss").await;
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    bench.says(":fulmar!f@h NICK Boss").await;
    bench.says(":ada!a@h PRIVMSG boss :hi").await;
    let Some(Event::Heard(heard)) = bench.heard().await else { panic!("nothing heard") };
    assert!(heard.direct, "the nick is ours");
}

#[tokio::test(start_paused = true)]
async fn a_nick_that_the_server_cut_is_not_asked_for_again() {
    let long = Config { nick: "fulmarissimo".into(), ..config() };
    let mut bench = Bench::with(long, "NICKLEN=6").await;
    bench.enters("#ops").await;

    bench.hears("PING :alive").await;

    assert!(!bench.seen.iter().any(|line| line.starts_with("NICK fulmar") && line != "NICK fulmarissimo"));
}

#[tokio::test(start_paused = true)]
async fn kicks_again_and_again_are_followed_ever_more_seldom() {
    let mut bench = Bench::start(0, 0).await;
    let start = Instant::now();

    for _ in 0..5 {
        bench.says(":ada!a@h KICK #ops fulmar :out").await;
        bench.enters("#ops").await;
    }

    assert!(start.elapsed() >= Duration::from_secs(2 + 4 + 8 + 16 + 32), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_invitation_opens_a_configured_room_at_once_and_no_other() {
    let mut bench = Bench::with(config(), "CHANTYPES=#").await;
    bench.hears("JOIN #ops").await;
    bench.says(":s.x 473 fulmar #ops :Cannot join (+i)").await;
    let start = Instant::now();

    bench.says(":ada!a@h INVITE fulmar #trap\r\n:ada!a@h INVITE fulmar #Ops").await;

    bench.enters("#ops").await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(!bench.seen.iter().any(|line| line.contains("#trap")));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_we_are_put_in_is_left() {
    let mut bench = Bench::start(0, 0).await;

    bench.says(":fulmar!f@h JOIN #trap").await;

    bench.hears("PART #trap :not one of our rooms").await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_does_not_let_us_in_is_not_ours_by_order() {
    let bench = &mut Bench::start(0, 0).await;
    let (done, refused) = oneshot::channel();

    bench
        .orders
        .send(Order::Join { room: RoomId::new("#shut"), key: Some(Secret::new("k")), done })
        .await
        .unwrap();
    bench.hears("JOIN #shut k").await;
    bench.says(":s.x 475 fulmar #shut :Cannot join (+k)").await;

    assert!(refused.await.unwrap().unwrap_err().contains("its key is missing or wrong"));
    bench.hears("PING :alive").await;
    assert_eq!(bench.seen.iter().filter(|line| line.contains("#shut")).count(), 1, "it is tried once");
}

#[tokio::test(start_paused = true)]
async fn an_order_for_what_cannot_be_a_room_is_refused_at_once() {
    let bench = Bench::start(0, 0).await;

    for (room, key) in [("ada", None), ("#a,#b", None), ("#a\r\nQUIT", None), ("#a", Some(Secret::new("a,b")))] {
        let (done, told) = oneshot::channel();
        bench.orders.send(Order::Join { room: RoomId::new(room), key, done }).await.unwrap();
        assert!(told.await.unwrap().is_err(), "{room}");
    }
}
