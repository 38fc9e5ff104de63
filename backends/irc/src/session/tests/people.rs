//! Who somebody is, and how they are found again.

use fulmar_contract::{Identity, UserId};

use tokio::time::sleep;

use super::*;

const NOTIFIED: &str = "account-notify extended-join";

fn vouched(account: &str) -> Identity {
    Identity::Vouched(UserId::new(account))
}

impl Bench {
    /// Lovelace whispers to us. Returns the room with her.
    async fn whispered(&mut self, line: &str) -> String {
        self.says(line).await;
        let heard = self.heard().await;
        assert_eq!(heard.sender.identity, vouched("lovelace"));
        assert_eq!(heard.sender.direct.as_ref(), Some(&heard.room));
        heard.room.as_str().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_finds_its_account_under_another_nick() {
    let mut bench = Bench::able(NOTIFIED, "CHANTYPES=#").await;
    bench.says(":ada!a@h JOIN #ops Lovelace :Ada").await;
    let room = bench.whispered(":ada!a@h PRIVMSG fulmar :hi").await;

    bench.says(":ada!a@h NICK countess\r\n:mallory!m@h NICK ada\r\nPING :seen").await;
    bench.hears("PONG :seen").await;
    let answer = bench.order(&room, "for you alone").await;

    bench.hears("PRIVMSG countess :for you alone").await;
    bench.says(":s.x PONG s.x fulmar-1").await;
    assert!(answer.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_not_for_whoever_took_the_nick() {
    let mut bench = Bench::able(NOTIFIED, "CHANTYPES=#").await;
    bench.says(":ada!a@h JOIN #ops lovelace :Ada").await;
    let room = bench.whispered(":ada!a@h PRIVMSG fulmar :hi").await;
    bench.says(":ada!a@h QUIT :bye\r\n:mallory!m@h NICK ada\r\nPING :seen").await;
    bench.hears("PONG :seen").await;

    for known in ["", ":s.x 330 fulmar ada mallory :is logged in as\r\n"] {
        let answer = bench.order(&room, "for you alone").await;
        bench.hears("WHOIS ada").await;
        bench.says(&format!("{known}:s.x 318 fulmar ada :End")).await;

        let Err(Undelivered::Later { why, .. }) = answer.await.unwrap() else { panic!("it went somewhere") };
        assert_eq!(why, "nobody who is logged in as lovelace is to be found, least of all as ada");
    }
    assert!(!bench.seen.iter().any(|line| line.starts_with("PRIVMSG")), "{:?}", bench.seen);
}

#[tokio::test(start_paused = true)]
async fn who_stays_away_gets_nothing_and_who_comes_back_in_time_does() {
    let mut bench = Bench::able(NOTIFIED, "CHANTYPES=#").await;
    bench.says(":ada!a@h JOIN #ops lovelace :Ada").await;
    let room = bench.whispered(":ada!a@h PRIVMSG fulmar :hi").await;
    bench.says(":ada!a@h QUIT :a.net b.net\r\nPING :split").await;
    bench.hears("PONG :split").await;

    let start = Instant::now();
    let refused = loop {
        let answer = bench.order(&room, "for you alone").await;
        bench.hears("WHOIS ada").await;
        bench.says(":s.x 318 fulmar ada :End").await;
        match answer.await.unwrap() {
            Err(Undelivered::Later { after, .. }) => sleep(after.unwrap()).await,
            other => break other,
        }
    };

    assert!(matches!(refused, Err(Undelivered::Refused { .. })), "{refused:?}");
    assert_eq!(start.elapsed().as_secs() / 60, 10);
    bench.says(":ada!a@h JOIN #ops lovelace :Ada\r\nPING :seen").await;
    bench.hears("PONG :seen").await;
    let _answer = bench.order(&room, "welcome back").await;
    bench.hears("PRIVMSG ada :welcome back").await;
}

#[tokio::test(start_paused = true)]
async fn somebody_out_of_sight_is_asked_for_and_what_follows_waits() {
    let mut bench = Bench::able("account-tag", "CHANTYPES=#").await;
    let room = bench.whispered("@account=lovelace :Ada!a@h PRIVMSG fulmar :hi").await;

    let first = bench.order(&room, "first").await;
    let second = bench.order("#ops", "second").await;
    bench.hears("WHOIS ada").await;
    bench.says(":s.x 330 fulmar Ada lovelace :is logged in as\r\n:s.x 318 fulmar Ada :End").await;

    for (text, token) in [("PRIVMSG ada :first", "fulmar-1"), ("PRIVMSG #ops :second", "fulmar-2")] {
        bench.hears(text).await;
        bench.says(&format!(":s.x PONG s.x {token}")).await;
    }
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_say_who_somebody_is_holds_nothing_up_for_ever() {
    let mut bench = Bench::able("account-tag", "CHANTYPES=#").await;
    let room = bench.whispered("@account=lovelace :ada!a@h PRIVMSG fulmar :hi").await;
    let whisper = bench.order(&room, "for you alone").await;
    let mut whisper = Box::pin(timeout(Duration::from_mins(2), whisper));

    let outcome = loop {
        tokio::select! {
            outcome = &mut whisper => break outcome.unwrap().unwrap(),
            () = bench.hears("PING :alive") => bench.says(":s.x PONG s.x alive").await,
        }
    };

    assert!(matches!(outcome, Err(Undelivered::Later { .. })), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_split_nobody_is_who_they_were_until_it_is_vouched_for_again() {
    let mut bench = Bench::able(NOTIFIED, "CHANTYPES=#").await;
    let mut after = async |lines: &str| {
        bench.says(lines).await;
        bench.says(":ada!a@h PRIVMSG #ops :it is me").await;
        bench.heard().await.sender.identity
    };
    let split = ":s.x BATCH +n netsplit a.net b.net\r\n@batch=n :ada!a@h QUIT :a.net b.net\r\n:s.x BATCH -n";

    let before = after(":ada!a@h JOIN #ops lovelace :Ada").await;
    let gone = after(split).await;
    let returned = after(":ada!a@h JOIN #ops * :Ada").await;
    let logged_in = after(":ada!a@h ACCOUNT lovelace").await;
    let again = after(":ada!a@h QUIT :*.net *.split\r\n:ada!a@h JOIN #ops lovelace :Ada").await;

    assert_eq!([before, logged_in, again], [vouched("lovelace"), vouched("lovelace"), vouched("lovelace")]);
    assert_eq!([gone, returned], [Identity::Claimed("ada".into()), Identity::Claimed("ada".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_quits_and_joins_is_weathered() {
    let mut bench = Bench::able(NOTIFIED, "CHANTYPES=#").await;

    for number in 0..2000 {
        bench.says(&format!(":p{number}!a@h JOIN #ops account{number} :P")).await;
    }
    for number in 0..2000 {
        bench.says(&format!(":p{number}!a@h QUIT :*.net *.split")).await;
    }
    bench.says(":p7!a@h JOIN #ops account7 :P").await;
    bench.says(":p7!a@h PRIVMSG #ops :back\r\n:p8!a@h PRIVMSG #ops :back").await;

    assert_eq!(bench.heard().await.sender.identity, vouched("account7"));
    assert_eq!(bench.heard().await.sender.identity, Identity::Claimed("p8".into()));
}

#[tokio::test(start_paused = true)]
async fn those_who_were_there_before_us_are_asked_for() {
    let mut bench = Bench::able("account-notify", "WHOX").await;

    bench.hears("WHO #ops %tna,152").await;
    bench.says(":s.x 354 fulmar 152 ada lovelace\r\n:s.x 354 fulmar 152 bob 0").await;
    bench.says(":s.x 354 fulmar 9 eve root").await;

    for (nick, identity) in [
        ("ada", vouched("lovelace")),
        ("bob", Identity::Claimed("bob".into())),
        ("eve", Identity::Claimed("eve".into())),
    ] {
        bench.says(&format!(":{nick}!a@h PRIVMSG #ops :hi")).await;
        assert_eq!(bench.heard().await.sender.identity, identity);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_bouncer_plays_back_without_saying_so_is_not_heard() {
    let mut bench = Bench::able("server-time", "CHANTYPES=#").await;

    bench.says("@time=2020-01-01T00:00:00.000Z :ada!a@h PRIVMSG #ops :!deploy").await;
    bench.says(":ada!a@h PRIVMSG #ops :now").await;

    assert_eq!(bench.heard().await.text, "now");
}

#[tokio::test(start_paused = true)]
async fn when_we_leave_one_room_those_in_the_others_are_asked_for_again() {
    let two = ["#a", "#b"].map(|name| Wanted { name: name.into(), key: None });
    let mut bench = Bench::begin(Config { rooms: two.into(), ..config() });
    bench.says(":s.x CAP * LS :account-notify\r\n:s.x CAP * ACK :account-notify").await;
    bench.welcomes("WHOX").await;
    bench.says(":fulmar!f@h JOIN #a\r\n:fulmar!f@h JOIN #b").await;
    bench.hears("WHO #b %tna,152").await;
    bench.says(":s.x 354 fulmar 152 ada lovelace").await;

    bench.says(":bob!b@h KICK #a fulmar :out\r\n:ada!a@h PRIVMSG #b :hi").await;
    let unknown = bench.heard().await.sender.identity;
    bench.hears("WHO #b %tna,152").await;
    bench.says(":s.x 354 fulmar 152 ada lovelace\r\n:ada!a@h PRIVMSG #b :hi").await;

    assert_eq!(unknown, Identity::Claimed("ada".into()));
    assert_eq!(bench.heard().await.sender.identity, vouched("lovelace"));
}
