//! Our own nick.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_wanted_nick_is_taken_back_when_it_is_free() {
    let mut bench = Bench::start(0, 0).await;
    bench.says(":fulmar!f@h NICK fulmar_").await;
    bench.says(":fulmar!x@y JOIN #ops").await;

    bench.says(":fulmar!x@y QUIT :bye").await;

    bench.hears("NICK fulmar").await;
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
    assert!(bench.heard().await.direct, "the nick is ours");
}

#[tokio::test(start_paused = true)]
async fn a_nick_that_the_server_cut_is_not_asked_for_again() {
    let long = Config { nick: "fulmarissimo".into(), ..config() };
    let mut bench = Bench::with(long, "NICKLEN=6").await;
    bench.enters("#ops").await;

    bench.hears("PING :alive").await;

    assert!(!bench.seen.iter().any(|line| line.starts_with("NICK fulmar") && line != "NICK fulmarissimo"));
}
