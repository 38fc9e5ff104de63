//! The terminal as a chat: one room in which the local user writes lines on standard input and reads posts on
//! standard output.
//!
//! Identity is the operating system's: whoever can write to our standard input runs as that user already.

mod config;
mod inbound;
mod outbound;
mod session;
mod standard;

use std::{fmt, io, sync::Arc};

use fulmar_contract::{Backend, BoxFuture, Capabilities, Failure, Kind, Limit, Link, Markup, RoomId, Unit};
use tokio::{
    io::AsyncWrite,
    sync::{Mutex, mpsc},
};

use outbound::Screen;

/// `kind = "terminal"`.
pub const KIND: Kind = Kind { name: "terminal", build: config::build };

/// How the terminal is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether a prompt invites the user to write.
    pub prompt: bool,
    /// Whether colours are shown.
    pub colours: bool,
}

/// The chat on a terminal.
pub struct Terminal {
    user: String,
    style: Style,
    ends: Arc<Mutex<Ends>>,
}

/// Both directions. Kept between lives, so that a line written meanwhile is not lost.
struct Ends {
    lines: Option<mpsc::Receiver<io::Result<String>>>,
    screen: Screen,
}

impl Terminal {
    /// The chat on this process's standard input and output. Reads nothing before the first life.
    pub fn standard() -> Self {
        Self::with(standard::user(), standard::style(), None, tokio::io::stdout())
    }

    /// A chat in which `user` writes `lines`, whose end is the end of input, and reads `output`.
    pub fn new(
        user: impl Into<String>,
        style: Style,
        lines: mpsc::Receiver<io::Result<String>>,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self::with(user.into(), style, Some(lines), output)
    }

    fn with(
        user: String,
        style: Style,
        lines: Option<mpsc::Receiver<io::Result<String>>>,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let ends = Ends { lines, screen: Screen::new(output, style) };
        Self { user, style, ends: Arc::new(Mutex::new(ends)) }
    }
}

impl Backend for Terminal {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            colours: self.style.colours,
            markup: if self.style.colours { Markup::Ansi } else { Markup::Plain },
            multiline: true,
            ..Capabilities::plain(Limit { max: 16_384, unit: Unit::Chars })
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        (name == inbound::ROOM).then(inbound::room)
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        (name == self.user).then(inbound::room)
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (user, ends) = (self.user.clone(), Arc::clone(&self.ends));
        Box::pin(async move {
            let mut ends = ends.lock().await;
            let Ends { lines, screen } = &mut *ends;
            let lines = lines.get_or_insert_with(standard::lines);
            session::run(&user, lines, screen, link).await
        })
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("user", &self.user).field("style", &self.style).finish_non_exhaustive()
    }
}
