//! Sessions in virtual time, over a stream in memory.

mod moves;
mod nick;
mod people;

use fulmar_contract::{Heard, Login, Post, Receipt, RoomId, Secret, Undelivered};
use fulmar_transport::Trust;
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
        let mut bench = Self::begin(config);
        bench.welcomes(tokens).await;
        bench
    }

    /// In #ops, on a server that offers `capabilities` and supports `tokens`.
    async fn able(capabilities: &str, tokens: &str) -> Self {
        let mut bench = Self::begin(config());
        bench.says(&format!(":s.x CAP * LS :{capabilities}")).await;
        bench.hears(&format!("CAP REQ :{capabilities}")).await;
        bench.says(&format!(":s.x CAP * ACK :{capabilities}")).await;
        bench.welcomes(tokens).await;
        bench.enters("#ops").await;
        bench
    }

    fn begin(config: Config) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (events_in, events) = mpsc::channel(64);
        let (orders, orders_out) = mpsc::channel(64);
        let link = Link::new(Login::Usual, events_in, orders_out);
        let session = tokio::spawn(async move {
            let lasting = Lasting::new(config.rooms.clone());
            run_over(Connection::over(ours), &config, &lasting, link).await
        });
        let (reader, server) = tokio::io::split(theirs);
        Self { session, events, orders, lines: BufReader::new(reader).lines(), seen: Vec::new(), server }
    }

    async fn welcomes(&mut self, tokens: &str) {
        self.says(&format!(":s.x 001 fulmar :Welcome\r\n:s.x 005 fulmar {tokens} :are supported")).await;
        self.says(":s.x 422 fulmar :No MOTD").await;
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

    async fn heard(&mut self) -> Heard {
        loop {
            if let Event::Heard(heard) = self.events.recv().await.unwrap() {
                return heard;
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
        marks: true,
        rooms: vec![Wanted { name: "#ops".into(), key: None }],
    }
}

#[tokio::test(start_paused = true)]
async fn no_line_is_longer_than_the_server_takes_even_of_its_own_words() {
    for (tokens, longest) in [("CHANTYPES=#", 512), ("CHANTYPES=# LINELEN=1024", 1024)] {
        let mut bench = Bench::with(config(), tokens).await;

        bench.says(&format!("PING :{}", "ż".repeat(2000))).await;

        let line = loop {
            let line = bench.line().await;
            if line.starts_with("PONG") {
                break line;
            }
        };
        assert!((longest - 3..=longest).contains(&(line.len() + "\r\n".len())), "{} bytes", line.len());
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
async fn the_ping_for_a_receipt_costs_a_line_only_while_the_server_is_behind() {
    let mut bench = Bench::start(1, 1).await;
    let mut times = Vec::new();

    for text in ["one", "two", "three", "four"] {
        let answer = bench.order("#ops", text).await;
        bench.hears(&format!("PRIVMSG #ops :{text}")).await;
        times.push(Instant::now());
        // From here on the server answers nothing.
        if text == "one" {
            bench.says(":s.x PONG s.x fulmar-1").await;
            assert!(answer.await.unwrap().is_ok());
        }
    }

    let waits: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(waits, [1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_and_not_confirmed_is_unknown_and_the_rest_may_be_sent_later() {
    let mut bench = Bench::start(1, 1).await;
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
async fn posts_do_not_wait_for_each_others_receipts_and_an_error_belongs_to_the_oldest_without_one() {
    let mut bench = Bench::start(0, 0).await;
    let first = bench.order("#ops", "one").await;
    let second = bench.order("#ops", "two").await;
    let third = bench.order("nobody", "three").await;
    let fourth = bench.order("#ops", "four").await;

    bench.hears("PING :fulmar-4").await;
    bench.says(":s.x PONG s.x fulmar-1\r\n:s.x 404 fulmar #ops :No\r\n:s.x PONG s.x fulmar-2").await;
    bench.says(":s.x 401 fulmar nobody :No\r\n:s.x PONG s.x fulmar-3\r\n:s.x PONG s.x fulmar-4").await;

    let why = String::from("No");
    assert!(first.await.unwrap().is_ok());
    assert_eq!(second.await.unwrap(), Err(Undelivered::Refused { why: why.clone() }));
    assert_eq!(third.await.unwrap(), Err(Undelivered::Refused { why }));
    assert!(fourth.await.unwrap().is_ok());
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
