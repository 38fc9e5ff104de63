//! One client's connection: registration, rooms, and what it writes.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, atomic::Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::mpsc,
    time::Instant,
};

use super::{Client, Line, Receipts, Shared};

/// Serves a client until its connection ends.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let (lines, outgoing) = mpsc::unbounded_channel();
    let (nick, is_negotiating, echoes, entered, is_confirmed) = (None, false, false, false, true);
    let mut serving = Serving { shared, lines, nick, is_negotiating, echoes, entered, is_confirmed };
    // A client that goes away is no news.
    drop(serving.talk(stream, outgoing).await);
    serving.leave();
}

struct Serving {
    shared: Arc<Shared>,
    lines: mpsc::UnboundedSender<String>,
    nick: Option<String>,
    is_negotiating: bool,
    echoes: bool,
    entered: bool,
    /// Whether the last line that was written is confirmed.
    is_confirmed: bool,
}

impl Serving {
    async fn talk(&mut self, stream: TcpStream, mut outgoing: mpsc::UnboundedReceiver<String>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader).lines();
        loop {
            tokio::select! {
                line = reader.next_line() => match line? {
                    Some(line) if !line.starts_with("QUIT") => self.take(&line),
                    _ => return Ok(()),
                },
                Some(line) = outgoing.recv() => writer.write_all(format!("{line}\r\n").as_bytes()).await?,
            }
        }
    }

    fn take(&mut self, line: &str) {
        let (head, text) = line.split_once(" :").unwrap_or((line, ""));
        let (command, rest) = head.split_once(' ').unwrap_or((head, ""));
        let target = rest.split(' ').next().unwrap_or_default();
        match command {
            "CAP" => self.negotiate(target, text),
            "NICK" => self.name(target),
            "JOIN" => target.split(',').for_each(|room| self.join(room)),
            "PING" => self.pong(if text.is_empty() { rest } else { text }),
            "PRIVMSG" => self.hear(target, text),
            _ => {}
        }
        if matches!(command, "CAP" | "NICK" | "USER") && !self.is_negotiating && !self.entered {
            self.enter();
        }
    }

    fn negotiate(&mut self, word: &str, list: &str) {
        match word {
            "LS" => {
                self.is_negotiating = true;
                let offered = if self.shared.receipts == Receipts::Echo { "echo-message" } else { "batch" };
                self.reply(&format!(":irc.test CAP * LS :{offered}"));
            }
            "REQ" => {
                self.echoes |= list.contains("echo-message");
                self.reply(&format!(":irc.test CAP * ACK :{list}"));
            }
            _ => self.is_negotiating = false,
        }
    }

    fn name(&mut self, nick: &str) {
        if self.entered {
            return;
        }
        if self.shared.clients().contains_key(nick) {
            self.reply(&format!(":irc.test 433 * {nick} :Nickname is already in use"));
        } else {
            self.nick = Some(nick.to_owned());
        }
    }

    fn enter(&mut self) {
        let Some(nick) = self.nick.clone() else { return };
        self.entered = true;
        let lines = self.lines.clone();
        let client = Client { lines, rooms: BTreeSet::new(), entered: Instant::now() };
        self.shared.clients().insert(nick.clone(), client);
        self.reply(&format!(":irc.test 001 {nick} :Welcome"));
        self.reply(&format!(":irc.test 422 {nick} :No message of the day"));
    }

    fn join(&self, room: &str) {
        let Some(nick) = &self.nick else { return };
        if let Some(client) = self.shared.clients().get_mut(nick) {
            client.rooms.insert(room.to_owned());
        }
        self.reply(&format!(":{nick}!{nick}@gateway.test JOIN {room}"));
        self.reply(&format!(":irc.test 366 {nick} {room} :End of /NAMES list."));
    }

    fn hear(&mut self, room: &str, text: &str) {
        let line = Line { at: Instant::now(), room: room.to_owned(), text: text.to_owned() };
        self.shared.lines().push(line);
        let less = |left: usize| left.checked_sub(usize::from(left < usize::MAX));
        self.is_confirmed = self.shared.confirmed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if !self.is_confirmed {
            return;
        }
        if let (true, Some(nick)) = (self.echoes, &self.nick) {
            self.reply(&format!(":{nick}!{nick}@gateway.test PRIVMSG {room} :{text}"));
        }
    }

    fn pong(&self, token: &str) {
        // That is a receipt, too.
        if !self.is_confirmed {
            return;
        }
        self.reply(&format!(":irc.test PONG irc.test :{token}"));
    }

    fn reply(&self, line: &str) {
        // Its connection may have ended.
        drop(self.lines.send(line.to_owned()));
    }

    fn leave(&self) {
        if let (true, Some(nick)) = (self.entered, &self.nick) {
            let mut clients = self.shared.clients();
            if clients.get(nick).is_some_and(|client| client.lines.same_channel(&self.lines)) {
                clients.remove(nick);
            }
        }
    }
}
