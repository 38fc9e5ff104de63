//! The laws on in-memory pipes, and what only a terminal does.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{io, sync::Arc};

use async_trait::async_trait;
use fulmar_conformance::{Harness, Session, laws, within};
use fulmar_contract::{Backend, Event, RoomId, Sender, Undelivered};
use fulmar_terminal::{Style, Terminal};
use tokio::{
    io::{AsyncBufReadExt, BufReader, DuplexStream, Lines},
    sync::mpsc,
};

struct Desk {
    terminal: Arc<Terminal>,
    keyboard: mpsc::Sender<io::Result<String>>,
    screen: Lines<BufReader<DuplexStream>>,
}

impl Desk {
    fn new() -> Self {
        let (keyboard, lines) = mpsc::channel(16);
        let (output, screen) = tokio::io::duplex(1 << 16);
        let terminal = Arc::new(Terminal::new("ada", Style::default(), lines, output));
        Self { terminal, keyboard, screen: BufReader::new(screen).lines() }
    }

    async fn session(&self) -> (Session, RoomId) {
        let room = self.terminal.room("terminal").unwrap();
        (Session::in_room(&*self.terminal, &room).await.0, room)
    }
}

#[async_trait]
impl Harness for Desk {
    async fn start() -> Option<Self> {
        Some(Self::new())
    }

    fn backend(&self) -> Arc<dyn Backend> {
        self.terminal.clone()
    }

    fn room(&self) -> &str {
        "terminal"
    }

    async fn peer_says(&mut self, _: &RoomId, text: &str) {
        self.keyboard.send(Ok(text.into())).await.unwrap();
    }

    async fn peer_says_directly(&mut self, _: &Sender, text: &str) {
        self.keyboard.send(Ok(text.into())).await.unwrap();
    }

    async fn peer_hears(&mut self, _: &RoomId) -> String {
        within("a line on the screen", self.screen.next_line()).await.unwrap().unwrap()
    }

    async fn sees_us_leave(&mut self) {}

    async fn garbage(&mut self) {
        self.keyboard.send(Ok("\0\u{1b}[2J\u{fffd}".into())).await.unwrap();
    }
}

laws!(
    Desk,
    except a_name_is_not_an_identity: "one person sits at a terminal",
    except bad_login_is_credentials: "a terminal asks for no login",
    except hears_nothing_of_the_past_unasked: "what is typed while nobody reads it waits to be read",
    except hears_what_was_said_while_away: "a terminal keeps no history",
    except joins_a_room_when_told: "a terminal has one room",
    except knows_when_mentioned: "a terminal has no mentions: everything written on it is for us",
    except leaves_a_room_when_told: "a terminal has one room",
    except remembers_its_rooms_in_the_next_life: "a terminal has one room",
    except refused_when_the_room_is_unknown: "a terminal has one room, and no name for another",
    except severed_is_lost: "the end of input is no failure"
);

#[tokio::test]
async fn the_end_of_input_is_told_once_and_the_session_goes_on() {
    let mut desk = Desk::new();
    let (mut session, room) = desk.session().await;

    desk.keyboard.send(Ok("last words".into())).await.unwrap();
    desk.keyboard = mpsc::channel(1).0;

    assert_eq!(session.heard().await.text, "last words");
    assert_eq!(session.event().await, Event::InputEnded);
    assert!(session.post(&room, "the result").await.is_ok());
    assert_eq!(desk.peer_hears(&room).await, "the result");
    assert!(session.leave().await.is_ok());
}

#[tokio::test]
async fn a_screen_that_goes_away_refuses_for_good() {
    let desk = Desk::new();
    let (mut session, room) = desk.session().await;

    drop(desk.screen);

    for text in ["anybody?", "nobody"] {
        let post = session.post(&room, text).await;
        assert!(matches!(post, Err(Undelivered::Refused { .. })), "{post:?}");
    }
    assert!(session.leave().await.is_ok());
}

#[tokio::test]
async fn a_prompt_is_overwritten_by_a_post_and_shown_again() {
    let (_keyboard, lines) = mpsc::channel(1);
    let (output, screen) = tokio::io::duplex(1024);
    let terminal = Terminal::new("ada", Style { prompt: true, colours: false }, lines, output);
    let room = terminal.room("terminal").unwrap();
    let (mut session, _) = Session::in_room(&terminal, &room).await;

    session.post(&room, "one\ntwo").await.unwrap();
    session.leave().await.unwrap();
    drop(terminal);

    let mut shown = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut BufReader::new(screen), &mut shown).await.unwrap();
    assert_eq!(shown, "> \r\u{1b}[Kone\ntwo\n> ");
}
