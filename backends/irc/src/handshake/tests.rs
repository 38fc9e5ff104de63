//! Registrations, played line by line.

use fulmar_contract::Secret;
use fulmar_transport::Trust;
use proptest::prelude::*;

use super::*;
use crate::config::{Credentials, Login, Server, Way};

fn config(sasl: bool) -> Config {
    by(sasl.then_some(Way::Plain))
}

fn by(way: Option<Way>) -> Config {
    let password = Secret::new("pw");
    Config {
        server: Server {
            host: "localhost".into(),
            port: 6667,
            tls: false,
            trust: Trust::System,
            certificate: None,
        },
        password: None,
        nick: "fulmar".into(),
        username: "fulmar".into(),
        realname: "Fulmar".into(),
        login: way.map(|by| Login::Password(Credentials { account: "fulmar".into(), password, by })),
        rate: 0,
        burst: 0,
        colours: false,
        marks: true,
        rooms: Vec::new(),
    }
}

/// Plays the server's lines and returns ours, or how it ended.
fn play(config: &Config, lines: &[&str]) -> Result<(Vec<String>, Option<Registered>), Failure> {
    let (mut handshake, _) = Handshake::begin(config, true);
    let mut sent = Vec::new();
    for line in lines {
        match handshake.take(line.parse().unwrap())? {
            Next::Done(registered) => return Ok((sent, Some(registered))),
            Next::Secure(port) => panic!("no TLS here, at {port}"),
            Next::Send(lines) => sent.extend(lines.iter().map(|line| line.as_str().to_owned())),
        }
    }
    Ok((sent, None))
}

#[test]
fn a_plain_server_is_enough() {
    let (sent, registered) = play(
        &config(false),
        &[
            ":s.x NOTICE * :looking up",
            "PING :cookie",
            ":s.x 421 * CAP :Unknown command",
            ":s.x 001 fulmar :Welcome",
            ":s.x 005 fulmar CASEMAPPING=ascii CHANTYPES=# :are supported",
            ":s.x 422 fulmar :No MOTD",
        ],
    )
    .unwrap();

    let registered = registered.unwrap();
    assert_eq!(sent, ["PONG :cookie"]);
    assert_eq!((registered.nick.as_str(), registered.support.chantypes.as_str()), ("fulmar", "#"));
}

#[test]
fn login_comes_before_the_end_of_the_negotiation() {
    let (sent, registered) = play(
        &config(true),
        &[
            ":s.x CAP * LS * :sasl=EXTERNAL,PLAIN account-tag unheard-of",
            ":s.x CAP * LS :echo-message",
            ":s.x CAP * ACK :sasl ",
            ":s.x CAP * NAK :account-tag echo-message",
            "AUTHENTICATE +",
            ":s.x 900 * *!u@h Fulmar :You are now logged in",
            ":s.x 903 * :done",
            ":s.x 001 fulmar :Welcome",
            ":s.x 376 fulmar :End",
        ],
    )
    .unwrap();

    assert_eq!(
        sent,
        [
            "CAP REQ :sasl",
            "CAP REQ :account-tag echo-message",
            "AUTHENTICATE PLAIN",
            "AUTHENTICATE ZnVsbWFyAGZ1bG1hcgBwdw==",
            "CAP END",
        ]
    );
    let registered = registered.unwrap();
    assert_eq!(registered.account.as_deref(), Some("Fulmar"));
    assert_eq!(registered.capabilities.into_iter().collect::<Vec<_>>(), ["sasl"]);
}

#[test]
fn a_refused_login_is_credentials() {
    for refusal in [":s.x 904 * :failed", ":s.x 905 * :too long", ":s.x 902 * :locked", ":s.x 464 * :bad"] {
        let end = play(&config(true), &[":s.x CAP * LS :sasl", ":s.x CAP * ACK :sasl", refusal]);

        assert!(matches!(end, Err(Failure::Credentials { .. })), "{refusal}");
    }
}

#[test]
fn a_login_that_is_not_offered_never_becomes_a_session() {
    let end = |lines: &[&str]| play(&config(true), lines).unwrap_err();

    assert!(matches!(end(&[":s.x CAP * LS :account-tag"]), Failure::Lost { .. }));
    assert!(matches!(end(&[":s.x CAP * LS :sasl=EXTERNAL"]), Failure::Misconfigured { .. }));
    assert!(matches!(end(&[":s.x 421 * CAP :Unknown"]), Failure::Misconfigured { .. }));
    assert!(matches!(end(&[":s.x 001 fulmar :Welcome"]), Failure::Lost { .. }));
    let taken_back = [":s.x CAP * LS :sasl", ":s.x CAP * NAK :sasl"];
    assert!(matches!(end(&taken_back), Failure::Lost { .. }));
}

#[test]
fn the_server_names_what_it_offers_when_it_did_not_before() {
    let lines = [":s.x CAP * LS :sasl", ":s.x CAP * ACK :sasl", ":s.x 908 fulmar SCRAM-SHA-512 :are available"];

    let end = play(&config(true), &[&lines[..], &[":s.x 904 * :failed"]].concat()).unwrap_err();

    let why = "the server offers no SASL PLAIN, only SCRAM-SHA-512: change sasl";
    assert_eq!(end.to_string(), format!("cannot work as configured: {why}"));
}

const GREETING: [&str; 2] = [":s.x 001 fulmar :Welcome", ":s.x 422 fulmar :No MOTD"];
const IDENTIFY: &str = "PRIVMSG NickServ :IDENTIFY fulmar pw";

#[test]
fn nickserv_is_told_where_there_is_no_sasl_and_its_word_is_awaited() {
    for (offer, yes) in [
        (":s.x CAP * LS :", ":NickServ!s@h NOTICE fulmar :You are now identified for fulmar."),
        (":s.x 421 * CAP :Unknown", ":s.x 900 fulmar fulmar!f@h fulmar :You are now logged in"),
        (":s.x CAP * LS :sasl=EXTERNAL", ":fulmar!f@h ACCOUNT fulmar"),
        ("PING :no capabilities at all", ":nickserv!s@h NOTICE fulmar :Password accepted"),
    ] {
        let start = [&[offer][..], &GREETING, &[":NickServ!s@h NOTICE fulmar :This nickname is registered."]];

        let (sent, waiting) = play(&by(Some(Way::Any)), &start.concat()).unwrap();
        let (_, registered) = play(&by(Some(Way::Any)), &[&start.concat()[..], &[yes]].concat()).unwrap();

        assert_eq!(sent.last().map(String::as_str), Some(IDENTIFY), "{offer}");
        assert!(waiting.is_none(), "nothing is joined before the login");
        assert_eq!(registered.unwrap().account.as_deref(), Some("fulmar"), "{yes}");
    }
}

#[test]
fn nickserv_is_not_told_where_sasl_is_configured_or_has_worked() {
    let sasl = [":s.x CAP * LS :sasl=PLAIN", ":s.x CAP * ACK :sasl", "AUTHENTICATE +", ":s.x 903 * :done"];

    let (sent, registered) = play(&by(Some(Way::Any)), &[&sasl[..], &GREETING].concat()).unwrap();

    assert!(registered.is_some() && !sent.iter().any(|line| line.contains("NickServ")), "{sent:?}");
    for way in [Way::Plain, Way::Scram] {
        let end = play(&by(Some(way)), &[&[":s.x CAP * LS :"][..], &GREETING].concat());
        assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
    }
}

#[test]
fn nickservs_no_is_a_refusal_and_its_absence_is_not() {
    let told = |answer| play(&by(Some(Way::Any)), &[&[":s.x CAP * LS :"][..], &GREETING, &[answer]].concat());

    let refused = told(":NickServ!s@h NOTICE fulmar :Password incorrect.");
    let absent = told(":s.x 401 fulmar NickServ :No such nick");
    let forged = told(":mallory!s@h NOTICE fulmar :Password accepted").unwrap();

    assert!(matches!(refused, Err(Failure::Credentials { .. })), "{refused:?}");
    assert!(matches!(absent, Err(Failure::Lost { .. })), "{absent:?}");
    assert!(forged.1.is_none(), "only NickServ's word counts");
}

#[test]
fn a_nick_that_services_change_meanwhile_is_ours() {
    let lines = [":fulmar!f@h NICK Guest7", ":s.x 900 Guest7 Guest7!f@h fulmar :You are now logged in"];

    let start = [&[":s.x CAP * LS :"][..], &GREETING, &lines].concat();
    let (_, registered) = play(&by(Some(Way::Any)), &start).unwrap();

    assert_eq!(registered.unwrap().nick, "Guest7");
}

#[test]
fn a_demand_for_tls_is_followed_where_somebody_can_read_along_and_noted_elsewhere() {
    let offer = ":s.x CAP * LS :sts=duration=60,port=6697 account-tag".parse::<Message>().unwrap();
    let config = config(false);

    let exposed = Handshake::begin(&config, false).0.take(offer.clone()).unwrap();
    let (mut handshake, _) = Handshake::begin(&config, true);
    let secure = handshake.take(offer).unwrap();

    assert!(matches!(exposed, Next::Secure(6697)), "{exposed:?}");
    assert!(matches!(secure, Next::Send(_)), "{secure:?}");
    assert_eq!(handshake.done.demand, Some(Duration::from_secs(60)));
}

#[test]
fn another_nick_is_tried_when_ours_is_taken() {
    let mut lines = vec![":s.x 433 * fulmar :in use"; 5];
    lines.extend([":s.x 001 fulmar5 :Welcome", ":s.x 422 fulmar5 :No MOTD"]);

    let (sent, registered) = play(&config(false), &lines).unwrap();

    assert_eq!(sent, ["NICK fulmar_", "NICK fulmar__", "NICK fulmar___", "NICK fulmar4", "NICK fulmar5"]);
    assert_eq!(registered.unwrap().nick, "fulmar5");
}

#[test]
fn a_storm_of_collisions_ends() {
    let end = |line| play(&config(false), &vec![line; 50]).unwrap_err();

    assert!(matches!(end(":s.x 433 * fulmar :in use"), Failure::Lost { .. }));
    assert!(matches!(end(":s.x 432 * fulmar :erroneous"), Failure::Misconfigured { .. }));
}

#[test]
fn an_error_is_lost_with_its_text() {
    let end = play(&config(false), &["ERROR :Trying to reconnect too fast."]).unwrap_err();

    assert_eq!(end.to_string(), "session lost: Trying to reconnect too fast.");
}

#[test]
fn a_refused_server_password_is_credentials() {
    let config = Config { password: Some(Secret::new("pw")), ..config(false) };

    let end = play(&config, &["ERROR :Access denied: Bad password?"]).unwrap_err();

    assert!(matches!(end, Failure::Credentials { .. }), "{end:?}");
}

#[test]
fn what_comes_out_of_turn_does_nothing() {
    let lines = ["AUTHENTICATE +", ":s.x CAP * ACK :sasl", ":s.x 376 * :End", ":s.x CAP * NEW :sasl"];

    let (sent, registered) = play(&config(false), &lines).unwrap();

    assert!(sent.is_empty() && registered.is_none());
}

proptest! {
    #[test]
    fn no_server_makes_it_panic(
        lines in prop::collection::vec(
            "(:[a-zN!]{1,8} )?(CAP|AUTHENTICATE|00[15]|90[0-8]|43[237]|376|NOTICE|NICK|ACCOUNT|401|\\PC{0,5})\
             ( [*a-zA-Z=+]{0,9}){0,4}( :\\PC{0,20})?",
            0..20,
        ),
    ) {
        for way in [Way::Any, Way::Plain, Way::Scram] {
            let config = by(Some(way));
            let (mut handshake, _) = Handshake::begin(&config, true);
            for message in lines.iter().filter_map(|line| line.parse().ok()) {
                if handshake.take(message).is_err() {
                    break;
                }
            }
        }
    }
}
