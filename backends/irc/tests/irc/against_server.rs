//! The laws, and what a real server cannot be made to do.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::{Chat, Harness, Seen, Session};
use fulmar_contract::{Backend, Failure, Heard, Identity, RoomId, Sender, UserId};

use crate::{
    chat::{self, Keys},
    server::{Able, NOTHING, Server},
    shown::shown,
};

/// A server that echoes, vouches for accounts and has SASL.
struct Modern(Server);

/// A server that can do nothing of the kind.
struct Old(Server);

macro_rules! harness {
    ($name:ident, $able:expr, $chat:expr) => {
        #[async_trait]
        impl Harness for $name {
            async fn start() -> Option<Self> {
                Some(Self(Server::start($able).await))
            }

            fn backend(&self) -> Arc<dyn Backend> {
                let chat: fn(Chat) -> Chat = $chat;
                chat(chat_on(&self.0)).build()
            }

            fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
                chat_on(&self.0).sasl("fulmar", "wrong").build()
            }

            fn room(&self) -> &str {
                "#Ops"
            }

            fn other_room(&self) -> &str {
                "#Lounge"
            }

            fn unknown_room(&self) -> &str {
                "#nowhere"
            }

            async fn peer_says(&mut self, room: &RoomId, text: &str) {
                self.0.says_in(room.as_str(), format!(":ada!a@h PRIVMSG {room} :{text}\r\n")).await;
            }

            async fn peer_says_directly(&mut self, me: &Sender, text: &str) {
                self.0.send(format!(":ada!a@h PRIVMSG {} :{text}\r\n", me.name)).await;
            }

            async fn peer_hears(&mut self, room: &RoomId) -> String {
                self.0.hears(room.as_str()).await
            }

            async fn peer_sees(&mut self, room: &RoomId) -> Seen {
                shown(&self.peer_hears(room).await)
            }

            async fn sees_us_leave(&mut self) {
                self.0.alone().await;
            }

            async fn sever(&mut self) {
                self.0.sever().await;
            }

            async fn garbage(&mut self) {
                for bytes in GARBAGE {
                    self.0.send(bytes).await;
                    self.0.send("\r\n").await;
                }
                self.0.send([b'x'; 100_000]).await;
                self.0.send("\r\n").await;
            }
        }
    };
}

harness!(Modern, MODERN, |chat| chat.sasl("fulmar", "pw"));
harness!(Old, NOTHING, |chat| chat);

mod modern {
    fulmar_conformance::laws!(super::Modern, except hears_what_was_said_while_away: "IRC keeps no history");
}

mod old {
    fulmar_conformance::laws!(
        super::Old,
        except bad_login_is_credentials: "a server without SASL has no login",
        except hears_what_was_said_while_away: "IRC keeps no history"
    );
}

fn chat_on(server: &Server) -> Chat {
    chat::on(server.port).without_tls().text("nick", "fulmar").text("rooms", "#ops")
}

const GARBAGE: &[&[u8]] = &[
    b"",
    b":",
    b"@",
    b"@a=b;c= :",
    b"\0\x01\x02\r\r",
    b"\xff\xfe\xf0",
    b":ada PRIVMSG",
    b":ada PRIVMSG #ops",
    b"PRIVMSG #ops :from nobody",
    b"CAP",
    b"CAP * ACK",
    b"AUTHENTICATE +",
    b"BATCH +x",
    b":s.x 005",
    b":s.x 433 fulmar",
    b":s.x 999 a b c d e f g h i j k l m n o p q r s t",
    b"MODE #ops +oooo",
    b"JOIN",
    b"KICK #ops",
    b":ada!a@h NICK",
];

async fn settled(chat: Chat) -> (Session, Sender) {
    let backend = chat.build();
    Session::in_room(&*backend, &RoomId::new("#ops")).await
}

async fn heard_after(able: Able, lines: &str) -> Heard {
    let mut server = Server::start(able).await;
    let (mut session, _) = settled(chat_on(&server)).await;
    server.send(format!("{lines}\r\n")).await;
    session.heard().await
}

const MODERN: Able = Able { account_tag: true, echo: true, sasl: "PLAIN", ..NOTHING };
const VOUCHED: Able = Able { account_tag: true, ..NOTHING };
const NOTIFIED: Able = Able { account_notify: true, ..NOTHING };

#[tokio::test]
async fn an_account_is_vouched_for_by_its_tag_and_a_nick_never_is() {
    let vouched = heard_after(VOUCHED, "@account=Ada :nick!a@h PRIVMSG #ops :hi").await;
    let claimed = heard_after(VOUCHED, ":Ada!a@h PRIVMSG #ops :hi").await;
    let forged = heard_after(NOTHING, "@account=root :Ada!a@h PRIVMSG #ops :hi").await;

    assert_eq!(vouched.sender.identity, Identity::Vouched(UserId::new("ada")));
    assert_eq!(claimed.sender.identity, Identity::Claimed("Ada".into()));
    assert!(!forged.sender.identity.is_vouched(), "a tag that was not agreed on proves nothing");
}

#[tokio::test]
async fn without_the_tag_an_account_is_known_from_joining_until_leaving() {
    let known = ":ada!a@h JOIN #ops lovelace :Ada\r\n:ada!a@h PRIVMSG #ops :hi";
    let renamed =
        ":ada!a@h JOIN #ops lovelace :Ada\r\n:ada!a@h NICK x\r\n:bob!b@h NICK ada\r\n:ada!b@h PRIVMSG #ops :hi";
    let unseen = ":ada!a@h JOIN #ops lovelace :Ada\r\n:s.x KICK #ops fulmar\r\n:ada!b@h PRIVMSG fulmar :hi";
    let logged_out = ":ada!a@h JOIN #ops lovelace :Ada\r\n:ada!a@h ACCOUNT *\r\n:ada!a@h PRIVMSG #ops :hi";

    assert_eq!(heard_after(NOTIFIED, known).await.sender.identity, Identity::Vouched(UserId::new("lovelace")));
    assert!(!heard_after(NOTIFIED, renamed).await.sender.identity.is_vouched());
    assert!(!heard_after(NOTIFIED, unseen).await.sender.identity.is_vouched());
    assert!(!heard_after(NOTIFIED, logged_out).await.sender.identity.is_vouched());
}

#[tokio::test]
async fn history_notices_and_requests_are_not_heard() {
    let lines = [
        ":s.x BATCH +p chathistory #ops",
        "@batch=p :ada!a@h PRIVMSG #ops :old",
        ":s.x BATCH -p",
        ":ada!a@h NOTICE #ops :notice",
        ":ada!a@h PRIVMSG #ops :\u{1}ACTION waves\u{1}",
        ":fulmar!f@h PRIVMSG #ops :our own",
        "@time=2099-01-01T00:00:00.000Z;msgid=m7 :ada!a@h PRIVMSG #ops :new",
    ];

    let heard = heard_after(NOTHING, &lines.join("\r\n")).await;

    assert_eq!((heard.text.as_str(), heard.id.as_str()), ("new", "m7"));
    let at = heard.at.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(at.as_secs(), 4_070_908_800);
}

#[tokio::test]
async fn a_lone_carriage_return_forges_no_line() {
    let heard = heard_after(VOUCHED, ":eve!e@h PRIVMSG #ops :hi\r@account=root :root!r@h PRIVMSG #ops :!rm").await;

    assert_eq!(heard.sender.identity, Identity::Claimed("eve".into()));
    assert_eq!(heard.text, "hi @account=root :root!r@h PRIVMSG #ops :!rm");
}

#[tokio::test]
async fn nothing_is_joined_before_a_login_and_nothing_after_a_failed_one() {
    let able = Able { sasl: "PLAIN", ..NOTHING };
    let server = Server::start(able).await;
    let (session, me) = settled(chat_on(&server).sasl("fulmar", "pw")).await;
    drop(session);

    let refused = Session::start(&*chat_on(&server).sasl("fulmar", "wrong").build()).ended().await;

    assert_eq!(me.identity, Identity::Vouched(UserId::new("fulmar")));
    assert!(matches!(refused, Err(Failure::Credentials { .. })), "{refused:?}");
    let lines = server.lines.lock().await;
    let at = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted)).unwrap();
    assert!(at("AUTHENTICATE") < at("CAP END") && at("CAP END") < at("JOIN"));
    assert_eq!(lines.iter().filter(|line| line.starts_with("JOIN")).count(), 1);
}

#[tokio::test]
async fn another_nick_is_told_and_mentions_of_it_count() {
    let mut server = Server::start(NOTHING).await;
    let (mut session, me) = settled(chat_on(&server).text("nick", "taken")).await;

    server.send(":ada!a@h PRIVMSG #ops :taken_: run date\r\n").await;

    assert_eq!((me.name.as_str(), server.nick().await.as_str()), ("taken_", "taken_"));
    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.mentioned), ("run date", true));
}

#[tokio::test]
async fn speaks_tls_with_a_server_whose_certificate_is_named_and_with_no_other() {
    let able = Able { tls: true, ..NOTHING };
    let (server, stranger) = (Server::start(able).await, Server::start(able).await);
    let [own, other] = [&server, &stranger].map(|server| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &server.ca).unwrap();
        file
    });
    let chat = |ca: &tempfile::NamedTempFile| {
        let chat = chat::on(server.port).text("nick", "fulmar").text("rooms", "#ops");
        chat.text("ca_cert", &ca.path().display().to_string())
    };

    let (session, _) = settled(chat(&own)).await;
    drop(session);
    let strange = Session::start(&*chat(&other).build()).ended_unheard().await;

    assert!(matches!(&strange, Err(Failure::Lost { why }) if why.contains("certificate")), "{strange:?}");
}
