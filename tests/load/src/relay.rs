//! The floor with StackStorm in it: a bot that sends each command there and takes ack and result from what it hears,
//! reading no JSON beyond finding the words. It does not see to it that the ack goes first.

use std::{cell::RefCell, io, rc::Rc};

use memchr::memmem::find;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::Notify,
    task::{LocalSet, spawn_local},
};

use crate::{
    irc::{Reader, pong_to},
    reflector::{command, enter, say},
    words,
};

/// Runs a relay until the server closes the connection.
pub(crate) async fn relay(server: &str, nick: &str, rooms: &[String], storm: &str) -> io::Result<()> {
    let events = follow(storm).await?;
    let (reader, writer) = enter(server, nick, rooms).await?;
    let relay = Rc::new(Relay {
        storm: storm.into(),
        rooms: rooms.to_owned(),
        idle: RefCell::default(),
        out: RefCell::default(),
        more: Notify::new(),
        has_all: Notify::new(),
    });
    let tasks = LocalSet::new();
    tasks.spawn_local(write(Rc::clone(&relay), writer));
    tasks.spawn_local(listen(Rc::clone(&relay), events));
    tasks.run_until(serve(relay, reader)).await
}

/// What the relay's tasks share.
struct Relay {
    storm: String,
    rooms: Vec<String>,
    idle: RefCell<Vec<TcpStream>>,
    out: RefCell<String>,
    more: Notify,
    has_all: Notify,
}

impl Relay {
    fn say(&self, room: &str, text: &str) {
        say(&mut self.out.borrow_mut(), room, text);
        self.more.notify_one();
    }

    /// Sends a command and says what StackStorm answers.
    async fn run(self: Rc<Self>, room: String, command: String) -> io::Result<()> {
        let idle = self.idle.borrow_mut().pop();
        let mut stream = match idle {
            Some(stream) => stream,
            None => connect(&self.storm).await?,
        };
        let body = format!(
            r##"{{"name":"restart","format":"restart","command":"{command}","user":"u","source_channel":"{room}","source_context":null}}"##
        );
        let request = format!(
            "POST /api/v1/aliasexecution HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.storm,
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(8192);
        while !answer.ends_with(b"}") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.idle.borrow_mut().push(stream);
        self.say(&room, value(&answer, b"\"message\":\"Restarting", "Restarting").unwrap_or("?"));
        Ok(())
    }
}

async fn serve(relay: Rc<Relay>, mut reader: Reader) -> io::Result<()> {
    loop {
        reader
            .lines(|line| {
                if let Some((room, service, host)) = command(line) {
                    let asked = format!("restart {service} on {host}");
                    let running = Rc::clone(&relay).run(room.to_owned(), asked);
                    spawn_local(async move {
                        if let Err(error) = running.await {
                            eprintln!("a command was not relayed: {error}");
                        }
                    });
                } else if line.contains(" PONG ") {
                    relay.has_all.notify_one();
                } else if let Some(pong) = pong_to(line) {
                    relay.out.borrow_mut().push_str(&pong);
                    relay.more.notify_one();
                }
            })
            .await?;
    }
}

/// Opens the stream.
async fn follow(storm: &str) -> io::Result<TcpStream> {
    let mut stream = connect(storm).await?;
    let request = format!(
        "GET /stream/v1/stream?events=st2.execution__update,st2.announcement__errbot HTTP/1.1\r\nHost: {storm}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Says what the stream tells.
async fn listen(relay: Rc<Relay>, mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::new();
    while stream.read_buf(&mut buffer).await? > 0 {
        let mut rest = buffer.as_slice();
        while let Some(end) = find(rest, b"\n\n\r\n") {
            let (event, after) = rest.split_at(end);
            told(&relay, event);
            rest = after.get(4..).unwrap_or_default();
        }
        let left = rest.len();
        buffer.drain(..buffer.len() - left);
    }
    Ok(())
}

fn told(relay: &Relay, event: &[u8]) {
    let room = |key: &[u8]| value(event, key, "").filter(|room| relay.rooms.iter().any(|ours| ours == room));
    if find(event, b"\"status\":\"succeeded\",\"start").is_some() {
        let (Some(room), Some(host)) = (room(b"\"source_channel\":\""), value(event, b"\"host\":\"", "")) else {
            return;
        };
        let [_, result] = words::answers("service", host);
        relay.say(room, &result);
    } else if let Some(text) = value(event, b"\"message\":\"Deployed", "Deployed")
        && let Some(room) = room(b"\"channel\":\"")
    {
        relay.say(room, text);
    }
}

/// Writes what is to be said, all at once that has come. A server that is given more than it reads at once takes up the
/// rest only when something else happens, so after much it is asked whether it has all.
async fn write(relay: Rc<Relay>, mut writer: OwnedWriteHalf) -> io::Result<()> {
    loop {
        relay.more.notified().await;
        let out = relay.out.take();
        let mut rest = out.as_str();
        while let Some(end) = rest.get(..MUCH).and_then(|piece| piece.rfind('\n')) {
            let (piece, after) = rest.split_at(end + 1);
            writer.write_all(format!("{piece}PING :all\r\n").as_bytes()).await?;
            relay.has_all.notified().await;
            rest = after;
        }
        writer.write_all(rest.as_bytes()).await?;
    }
}

async fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The text up to the next quotation mark after `key`, whose last characters `start` belong to it.
fn value<'a>(text: &'a [u8], key: &[u8], start: &str) -> Option<&'a str> {
    let from = text.get(find(text, key)? + key.len() - start.len()..)?;
    std::str::from_utf8(from.split(|byte| *byte == b'"').next()?).ok()
}

/// As much as a server reads at once, in bytes, and less than the least of them do.
const MUCH: usize = 4096;
