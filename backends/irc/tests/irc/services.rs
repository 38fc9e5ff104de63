//! Real services: accounts, certificates, nicks and the people behind them.

use fulmar_conformance::Session;
use fulmar_contract::{Failure, Identity, RoomId, Undelivered, UserId};
use tempfile::NamedTempFile;

use crate::{
    chat::{self, Keys},
    peer::{Peer, Way},
    place,
};

const PASSWORD: &str = "a-password";

impl Peer {
    /// Tells NickServ something, and returns its answer.
    async fn tells_nickserv(&mut self, text: &str, wanted: &str) -> String {
        self.says(&format!("PRIVMSG NickServ :{text}")).await;
        self.until("NickServ", |line| line.contains("NickServ") && line.contains(wanted)).await
    }

    /// Makes an account that is called as the peer.
    async fn registers(&mut self) {
        self.tells_nickserv(&format!("REGISTER {PASSWORD} test@example.org"), " registered").await;
    }
}

fn vouched(account: &str) -> Identity {
    Identity::Vouched(UserId::new(account.to_lowercase()))
}

/// A certificate and its key, in files.
fn certificate() -> [NamedTempFile; 2] {
    let signed = rcgen::generate_simple_self_signed(vec!["fulmar".into()]).unwrap();
    [signed.cert.pem(), signed.signing_key.serialize_pem()].map(|pem| {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        file
    })
}

#[tokio::test]
async fn a_certificate_logs_in_once_nickserv_knows_it() {
    let Some(place) = place::inspircd().await else { return };
    let files = certificate();
    let [chain, key] = files.each_ref().map(|file| file.path().to_str().unwrap().to_owned());
    let chat = chat::on(place.proxy.port).text("nick", &place.nick).text("rooms", &place.room);
    let chat = chat.text("ca_cert", place.way.ca.as_ref().unwrap()).text("sasl", "external");
    let chat = chat.text("client_cert", &chain).text("client_key", &key).build();
    let way = Way { certificate: Some([chain, key]), ..place.way.clone() };
    let mut owner = Peer::enter(&way, &format!("{}o", place.nick)).await;
    owner.registers().await;

    let unknown = Session::start(&*chat).ended_unheard().await;
    owner.tells_nickserv("CERT ADD", "added").await;
    let (mut session, me) = Session::in_room(&*chat, &RoomId::new(&place.room)).await;

    let Err(Failure::Credentials { why }) = unknown else { panic!("expected a refusal, got {unknown:?}") };
    assert!(why.contains("CERT ADD"), "{why}");
    assert_eq!(me.identity, vouched(&owner.nick));
    assert!(session.post(&RoomId::new(&place.room), "hello").await.is_ok());
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_named() {
    let Some(place) = place::inspircd().await else { return };

    let end = Session::start(&*place.chat().text("sasl", "scram-sha-256").build()).ended_unheard().await;

    let Err(Failure::Misconfigured { why }) = end else { panic!("expected to park, got {end:?}") };
    assert!(why.starts_with("the server offers no SASL SCRAM-SHA-256, only ") && why.contains("PLAIN"), "{why}");
}

#[tokio::test]
async fn nickserv_logs_in_where_there_is_no_sasl() {
    let Some(place) = place::ngircd().await else { return };
    let (account, password) = place::account();
    let chat = |password| place.chat().text("account", &account).text("sasl_password", password);

    let me = Session::start(&*chat(&password).build()).online().await;
    let refused = Session::start(&*chat("wrong").build()).ended_unheard().await;

    assert_eq!(me.identity, vouched(&account));
    assert!(matches!(refused, Err(Failure::Credentials { .. })), "{refused:?}");
}

#[tokio::test]
async fn services_give_our_nick_back() {
    let Some(mut place) = place::inspircd().await else { return };
    let mut owner = Peer::enter(&place.way, &place.nick).await;
    owner.registers().await;
    let chat = place.chat().sasl(&place.nick, PASSWORD).build();

    let (_session, me) = Session::in_room(&*chat, &RoomId::new(&place.room)).await;

    assert_eq!(me.name, format!("{}_", place.nick));
    let renamed = format!("NICK :{}", place.nick);
    place.peer.until("our nick", |line| line.contains(&renamed)).await;
}

#[tokio::test]
async fn a_nick_that_becomes_free_is_taken_though_we_cannot_see_who_had_it() {
    let Some(mut place) = place::inspircd().await else { return };
    let thief = Peer::enter(&place.way, &place.nick).await;
    let (_session, me) = Session::in_room(&*place.chat().build(), &RoomId::new(&place.room)).await;

    drop(thief);

    assert_eq!(me.name, format!("{}_", place.nick));
    let renamed = format!("NICK :{}", place.nick);
    place.peer.until("our nick", |line| line.contains(&renamed)).await;
}

#[tokio::test]
async fn everybody_can_see_that_we_are_a_program() {
    let Some(mut place) = place::inspircd().await else { return };
    let (_session, _) = place.session().await;

    place.peer.says(&format!("WHOIS {}", place.nick)).await;

    let line = place.peer.until("who we are", |line| line.contains(" 335 ") || line.contains(" 318 ")).await;
    assert!(line.contains(" 335 "), "{line}");
}

#[tokio::test]
async fn a_whisper_follows_its_account_and_not_its_nick() {
    let Some(place) = place::inspircd().await else { return };
    let (mut session, _) = place.session().await;
    let [nick, new_nick] = ["a", "b"].map(|letter| format!("{}{letter}", place.nick));
    let mut ada = Peer::enter(&place.way, &nick).await;
    ada.registers().await;
    ada.says(&format!("PRIVMSG {} :it is me", place.nick)).await;
    let heard = session.heard().await;
    assert_eq!(heard.sender.identity, vouched(&nick));

    ada.says(&format!("NICK {new_nick}")).await;
    ada.until("the nick", |line| line.contains(" NICK ")).await;
    let mut mallory = Peer::enter(&place.way, &nick).await;
    let stolen = session.post(&heard.room, "for ada alone").await;
    ada.says(&format!("PRIVMSG {} :it is me again", place.nick)).await;
    session.heard().await;
    let receipt = session.post(&heard.room, "for ada alone").await;

    assert!(matches!(stolen, Err(Undelivered::Later { .. })), "{stolen:?}");
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(ada.hears(&new_nick).await, "for ada alone");
    mallory.says("PING end").await;
    let line = mallory.until("an answer", |line| line.contains("PONG") || line.contains("alone")).await;
    assert!(line.contains("PONG"), "{line}");
}

#[tokio::test]
async fn a_closed_room_says_what_opens_it_and_an_invitation_does() {
    for mut place in place::both().await {
        let room = RoomId::new(&place.room);
        place.peer.says(&format!("MODE {room} +i")).await;
        place.peer.until("the mode", |line| line.contains("+i")).await;
        let mut session = Session::start(&*place.chat().build());

        let why = session.left(&room).await;
        place.peer.says(&format!("INVITE {} {room}", place.nick)).await;
        session.joined(&room).await;

        assert!(why.starts_with("it is for invited people only"), "{why}");
    }
}

#[tokio::test]
async fn what_a_room_wants_is_named() {
    let Some(mut place) = place::inspircd().await else { return };
    let chat = chat::on(place.proxy.port).text("nick", &place.nick).text("rooms", &place.room);
    let nobody = chat.text("ca_cert", place.way.ca.as_ref().unwrap()).build();
    for (mode, expected) in [
        ("+l 1", "it is full"),
        ("-l+k secret", "its key is missing or wrong"),
        ("-k+b secret *!*@*", "we are banned from it"),
        ("-b+R *!*@*", "it is for those who are logged in"),
    ] {
        place.peer.says(&format!("MODE {} {mode}", place.room)).await;
        place.peer.until("the mode", |line| line.contains(" MODE ")).await;

        let why = Session::start(&*nobody).left(&RoomId::new(&place.room)).await;

        assert!(why.starts_with(expected), "{mode}: {why}");
    }
}
