//! Registrations, played line by line.

use fulmar_contract::Secret;

use super::*;
use crate::config::Server;

fn config(sasl: bool) -> Config {
    let password = Secret::new("pw");
    Config {
        server: Server { host: "localhost".into(), port: 6667, trust: None },
        password: None,
        nick: "fulmar".into(),
        username: "fulmar".into(),
        realname: "Fulmar".into(),
        sasl: sasl.then(|| Sasl::Plain { account: "fulmar".into(), password }),
        rate: 0,
        burst: 0,
        colours: false,
        rooms: Vec::new(),
    }
}

/// Plays the server's lines and returns ours, or how it ended.
fn play(config: &Config, lines: &[&str]) -> Result<(Vec<String>, Option<Registered>), Failure> {
    let (mut handshake, _) = Handshake::begin(config);
    let mut sent = Vec::new();
    for line in lines {
        match handshake.take(line.parse().unwrap())? {
            Next::Done(registered) => return Ok((sent, Some(registered))),
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
