//! Sessions in virtual time, over a stream in memory.

use fulmar_contract::{Post, Receipt};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::config::{Server, Wanted};

/// A session in virtual time, and the server's end of its connection.
struct Bench {
    session: JoinHandle<Result<(), Failure>>,
    events: mpsc::Receiver<Event>,
    orders: mpsc::Sender<Order>,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    server: WriteHalf<DuplexStream>,
}

impl Bench {
    async fn start(rate: u32, burst: u32) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (events_in, events) = mpsc::channel(64);
        let (orders, orders_out) = mpsc::channel(64);
        let config = config(rate, burst);
        let session = tokio::spawn(async move {
            let outbox = Outbox::new(orders_out, Throttle::new(config.rate, config.burst, Instant::now()));
            on(Connection::over(ours), &config, &watch::Sender::default(), events_in, outbox).await
        });
        let (reader, server) = tokio::io::split(theirs);
        let mut bench = Self { session, events, orders, lines: BufReader::new(reader).lines(), server };
        bench.says(":s.x 001 fulmar :Welcome\r\n:s.x 422 fulmar :No MOTD").await;
        bench.hears("JOIN #ops").await;
        bench.says(":fulmar!f@h JOIN #ops").await;
        while bench.events.recv().await != Some(Event::Joined(RoomId::new("#ops"))) {}
        bench
    }

    async fn says(&mut self, line: &str) {
        self.server.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    async fn hears(&mut self, wanted: &str) {
        while self.lines.next_line().await.unwrap().unwrap() != wanted {}
    }

    async fn order(&self, room: &str, text: &str) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        let (receipt, answer) = oneshot::channel();
        let post = Post::plain(RoomId::new(room), text, "1");
        self.orders.send(Order::Post { post, receipt }).await.unwrap();
        answer
    }
}

fn config(rate: u32, burst: u32) -> Config {
    Config {
        server: Server { host: "localhost".into(), port: 6667, trust: None },
        password: None,
        nick: "fulmar".into(),
        username: "fulmar".into(),
        realname: "Fulmar".into(),
        sasl: None,
        rate,
        burst,
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
    let banned = Event::Left { room: RoomId::new("#ops"), why: "Cannot join (+b)".into() };
    assert_eq!(bench.events.recv().await, Some(banned));
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
