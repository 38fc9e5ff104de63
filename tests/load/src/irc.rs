//! The least of IRC that users and reflectors need: entering, reading lines, writing them.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// Reads lines, as many at once as have come.
pub(crate) struct Reader {
    stream: OwnedReadHalf,
    buffer: Vec<u8>,
}

/// What somebody wrote.
pub(crate) struct Said<'a> {
    /// Their nick.
    pub(crate) nick: &'a str,
    /// Where.
    pub(crate) room: &'a str,
    /// The text.
    pub(crate) text: &'a str,
}

impl Reader {
    /// Waits for at least one line and gives `each` all that are there, without their ends.
    pub(crate) async fn lines(&mut self, mut each: impl FnMut(&str)) -> io::Result<()> {
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Servers leave Nagle's algorithm on: without this, the second line of a pair waits 40 ms for our kernel's
            // word that it has the first. The kernel forgets it, so it is said each time.
            self.stream.as_ref().set_quickack(true)?;
            let Some(end) = self.buffer.iter().rposition(|byte| *byte == b'\n') else { continue };
            for line in self.buffer.get(..end).unwrap_or_default().split(|byte| *byte == b'\n') {
                each(String::from_utf8_lossy(line).trim_end());
            }
            self.buffer.drain(..=end);
            return Ok(());
        }
    }
}

/// Connects as `nick` and joins `rooms`.
pub(crate) async fn enter(server: &str, nick: &str, rooms: &[String]) -> io::Result<(Reader, OwnedWriteHalf)> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (stream, mut writer) = stream.into_split();
    let mut reader = Reader { stream, buffer: Vec::new() };
    let entering = async {
        writer.write_all(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes()).await?;
        until(&mut reader, &mut writer, " 001 ", 1).await?;
        writer.write_all(format!("JOIN {}\r\n", rooms.join(",")).as_bytes()).await?;
        until(&mut reader, &mut writer, " 366 ", rooms.len()).await
    };
    let late = |_| io::Error::other(format!("{nick} did not get into {rooms:?}"));
    timeout(PATIENCE, entering).await.map_err(late)??;
    Ok((reader, writer))
}

/// Reads until `count` lines with `wanted` have come.
async fn until(
    reader: &mut Reader,
    writer: &mut OwnedWriteHalf,
    wanted: &str,
    mut count: usize,
) -> io::Result<()> {
    while count > 0 {
        let mut pong = None;
        reader
            .lines(|line| {
                count = count.saturating_sub(usize::from(line.contains(wanted)));
                pong = pong_to(line).or(pong.take());
            })
            .await?;
        if let Some(pong) = pong {
            writer.write_all(pong.as_bytes()).await?;
        }
    }
    Ok(())
}

/// The answer to a PING.
pub(crate) fn pong_to(line: &str) -> Option<String> {
    line.strip_prefix("PING ").map(|token| format!("PONG {token}\r\n"))
}

/// Reads a line that is somebody's words: `:nick!user@host PRIVMSG room :text`.
pub(crate) fn said(line: &str) -> Option<Said<'_>> {
    let (source, rest) = line.strip_prefix(':')?.split_once(" PRIVMSG ")?;
    let (room, text) = rest.split_once(' ')?;
    let (nick, _) = source.split_once('!')?;
    Some(Said { nick, room, text: text.strip_prefix(':').unwrap_or(text) })
}

/// How long entering may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_read_and_nothing_else() {
        let said_here = said(":joe!j@host PRIVMSG #ops :one: two").unwrap();

        assert_eq!((said_here.nick, said_here.room, said_here.text), ("joe", "#ops", "one: two"));
        assert!(said(":server 366 joe #ops :End of /NAMES list.").is_none());
        assert_eq!(pong_to("PING :a b").as_deref(), Some("PONG :a b\r\n"));
    }
}
