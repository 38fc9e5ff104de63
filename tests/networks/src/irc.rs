//! Somebody on IRC.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, tcp::OwnedWriteHalf},
};

use crate::{
    Outcome,
    client::{Client, Ends, Said},
};

type Reader = BufReader<tokio::net::tcp::OwnedReadHalf>;

/// Enters `rooms` as `nick`.
///
/// # Errors
/// When the server does not let us.
pub(crate) async fn enter(server: &str, nick: &str, rooms: &[&str]) -> Outcome<Client> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes()).await?;
    until(&mut reader, &mut writer, " 001 ").await?;
    for room in rooms {
        writer.write_all(format!("JOIN {room}\r\n").as_bytes()).await?;
        until(&mut reader, &mut writer, " 366 ").await?;
    }
    Ok(Client::run(|ends| session(reader, writer, ends)))
}

async fn session(mut reader: Reader, mut writer: OwnedWriteHalf, mut ends: Ends) -> Outcome<()> {
    let mut line = String::new();
    loop {
        tokio::select! {
            words = ends.words.recv() => {
                let Some(words) = words else { return Ok(()) };
                writer.write_all(format!("PRIVMSG {} :{}\r\n", words.room, words.text).as_bytes()).await?;
                words.written.send(String::new()).unwrap_or_default();
            }
            read = reader.read_line(&mut line) => {
                if read? == 0 {
                    return Ok(());
                }
                // Servers leave Nagle's algorithm on.
                reader.get_ref().as_ref().set_quickack(true)?;
                if let Some(pong) = pong_to(&line) {
                    writer.write_all(pong.as_bytes()).await?;
                } else if let Some(said) = said(line.trim_end()) {
                    ends.heard.send(said).await?;
                }
                line.clear();
            }
        }
    }
}

async fn until(reader: &mut Reader, writer: &mut OwnedWriteHalf, wanted: &str) -> Outcome<()> {
    let mut line = String::new();
    while !line.contains(wanted) {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Err(format!("the server closed the connection before{wanted}came").into());
        }
        if let Some(pong) = pong_to(&line) {
            writer.write_all(pong.as_bytes()).await?;
        }
    }
    Ok(())
}

fn pong_to(line: &str) -> Option<String> {
    line.strip_prefix("PING ").map(|token| format!("PONG {}\r\n", token.trim_end()))
}

fn said(line: &str) -> Option<Said> {
    let (source, rest) = line.strip_prefix(':')?.split_once(" PRIVMSG ")?;
    let (room, text) = rest.split_once(' ')?;
    let (by, _) = source.split_once('!')?;
    let text = text.strip_prefix(':').unwrap_or(text);
    Some(Said { room: room.into(), thread: None, by: by.into(), text: text.into() })
}
