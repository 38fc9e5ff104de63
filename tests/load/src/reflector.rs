//! The floor: a bot that answers each command with an ack and a result at once, by itself.

use std::io;

use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf};

use crate::{
    irc::{self, Reader, pong_to, said},
    words,
};

/// Runs a reflector until the server closes the connection.
pub(crate) async fn reflect(server: &str, nick: &str, rooms: &[String]) -> io::Result<()> {
    let (mut reader, mut writer) = enter(server, nick, rooms).await?;
    let mut out = String::new();
    loop {
        reader
            .lines(|line| {
                if let Some((room, service, host)) = command(line) {
                    for answer in words::answers(service, host) {
                        say(&mut out, room, &answer);
                    }
                } else if let Some(pong) = pong_to(line) {
                    out.push_str(&pong);
                }
            })
            .await?;
        writer.write_all(out.as_bytes()).await?;
        out.clear();
    }
}

/// Enters, and says on standard output that it has.
pub(crate) async fn enter(server: &str, nick: &str, rooms: &[String]) -> io::Result<(Reader, OwnedWriteHalf)> {
    let entered = irc::enter(server, nick, rooms).await?;
    println!("ready");
    Ok(entered)
}

/// The room, the service and the host of a line that is a command.
pub(crate) fn command(line: &str) -> Option<(&str, &str, &str)> {
    let said = said(line)?;
    let (service, host) = words::asked(said.text.strip_prefix('!')?)?;
    Some((said.room, service, host))
}

pub(crate) fn say(out: &mut String, room: &str, text: &str) {
    for part in ["PRIVMSG ", room, " :", text, "\r\n"] {
        out.push_str(part);
    }
}
