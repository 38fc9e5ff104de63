//! What is offered, what is chosen, what is said.

use fulmar_contract::Secret;

use super::*;

fn password(by: Way, length: usize) -> Login {
    Login::Password(Credentials { account: "ada".into(), password: Secret::new("x".repeat(length)), by })
}

fn lengths(length: usize) -> Vec<usize> {
    let mut exchange = Exchange::begin(Mechanism::Plain, &password(Way::Plain, length)).unwrap();
    exchange.take("+").unwrap().iter().map(|line| line.len() - "AUTHENTICATE ".len()).collect()
}

#[test]
fn the_mechanism_is_the_best_of_what_is_offered_and_configured() {
    use Mechanism::{External, Plain, Scram};
    let certificate = Login::Certificate { account: None };
    for (login, offered, expected) in [
        (password(Way::Any, 1), Some("PLAIN,scram-sha-256"), Some(Scram)),
        (password(Way::Any, 1), Some("EXTERNAL,PLAIN"), Some(Plain)),
        (password(Way::Any, 1), Some(""), Some(Plain)),
        (password(Way::Any, 1), Some("EXTERNAL"), None),
        (password(Way::Any, 1), None, None),
        (password(Way::Plain, 1), Some("PLAIN,SCRAM-SHA-256"), Some(Plain)),
        (password(Way::Scram, 1), Some("PLAIN,SCRAM-SHA-256"), Some(Scram)),
        (password(Way::Scram, 1), Some(""), Some(Scram)),
        (certificate, Some("PLAIN,EXTERNAL"), Some(External)),
    ] {
        assert_eq!(login.mechanism(offered).unwrap(), expected, "{login:?} {offered:?}");
    }
}

#[test]
fn a_password_is_never_shown_to_a_server_that_was_to_be_proved_it() {
    let end = password(Way::Scram, 1).mechanism(Some("PLAIN")).unwrap_err();

    let expected = "cannot work as configured: the server offers no SASL SCRAM-SHA-256, only PLAIN: change sasl";
    assert_eq!(end.to_string(), expected);
    let away = password(Way::Scram, 1).mechanism(None);
    assert!(matches!(away, Err(Failure::Lost { .. })), "{away:?}");
}

#[test]
fn a_piece_of_exactly_400_is_followed_by_a_plus() {
    assert_eq!(lengths(2), [16]);
    assert_eq!(lengths(292), [400, 1]);
    assert_eq!(lengths(293), [400, 4]);
    assert_eq!(lengths(592), [400, 400, 1]);
}

#[test]
fn a_certificate_needs_no_words() {
    let said = |account: Option<&str>| {
        let login = Login::Certificate { account: account.map(str::to_owned) };
        Exchange::begin(Mechanism::External, &login).unwrap().take("+").unwrap()[0].to_string()
    };

    assert_eq!(said(None), "AUTHENTICATE +");
    assert_eq!(said(Some("ada")), "AUTHENTICATE YWRh");
}

#[test]
fn a_challenge_in_pieces_is_one_challenge() {
    let mut exchange = Exchange::begin(Mechanism::Scram, &password(Way::Scram, 1)).unwrap();
    exchange.take("+").unwrap();
    let challenge = STANDARD.encode([b'x'; 500]);
    let (first, rest) = challenge.split_at(400);

    assert!(exchange.take(first).unwrap().is_empty(), "there is more to come");

    assert!(matches!(exchange.take(rest), Err(Failure::Lost { .. })), "it makes no sense, but is whole");
    assert!(matches!(exchange.take("?"), Err(Failure::Lost { .. })), "it is no base64");
}

#[test]
fn an_endless_challenge_ends() {
    let mut exchange = Exchange::begin(Mechanism::Plain, &password(Way::Plain, 1)).unwrap();
    let piece = "A".repeat(400);

    let answered = (0..100).find(|_| !exchange.take(&piece).unwrap().is_empty());

    assert_eq!(answered, Some(20));
}
