//! Somebody on XMPP, on a connection without TLS.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    Outcome,
    client::{Client, Ends, Said, Words},
};

/// Logs in to the account `user` of `domain` and enters `rooms`, by the same name.
///
/// # Errors
/// When the server does not let us.
pub(crate) async fn enter(
    server: &str,
    domain: &str,
    (user, password): (&str, &str),
    rooms: &[&str],
) -> Outcome<Client> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = Stanzas { reader, buffer: String::new() };
    let open = format!(
        "<stream:stream to='{domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    );
    writer.write_all(open.as_bytes()).await?;
    reader.until("<stream:features").await?;
    let response = STANDARD.encode(format!("\0{user}\0{password}"));
    let auth = format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{response}</auth>");
    writer.write_all(auth.as_bytes()).await?;
    reader.until("<success").await?;
    writer.write_all(open.as_bytes()).await?;
    reader.until("<stream:features").await?;
    let bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>";
    writer.write_all(bind.as_bytes()).await?;
    reader.until("<bind").await?;
    for room in rooms {
        let presence = format!(
            "<presence to='{room}/{user}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
        );
        writer.write_all(presence.as_bytes()).await?;
        // A name for the moment at which we are in.
        reader.until("code='110'").await?;
    }
    let me = user.to_owned();
    Ok(Client::run(|ends| session(reader, writer, me, ends)))
}

async fn session(mut reader: Stanzas, mut writer: OwnedWriteHalf, me: String, mut ends: Ends) -> Outcome<()> {
    let mut count = 0;
    loop {
        tokio::select! {
            words = ends.words.recv() => {
                let Some(words) = words else { return Ok(()) };
                count += 1;
                let id = format!("{me}-{count}-{}", fastrand::u64(..));
                writer.write_all(message(&words, &id).as_bytes()).await?;
                words.written.send(id).unwrap_or_default();
            }
            stanza = reader.next() => {
                let stanza = stanza?;
                if let Some(pong) = pong(&stanza) {
                    writer.write_all(pong.as_bytes()).await?;
                } else if let Some(said) = said(&stanza, &me) {
                    ends.heard.send(said).await?;
                }
            }
        }
    }
}

fn message(Words { room, thread, text, .. }: &Words, id: &str) -> String {
    let kind = if room.contains("conference.") && !room.contains('/') { "groupchat" } else { "chat" };
    let thread = thread.as_ref().map(|thread| format!("<thread>{}</thread>", escaped(thread)));
    let body = escaped(text);
    format!(
        "<message to='{room}' type='{kind}' id='{id}'><body>{body}</body>{}</message>",
        thread.unwrap_or_default()
    )
}

fn said(stanza: &str, me: &str) -> Option<Said> {
    let is_old = stanza.contains("urn:xmpp:delay");
    if !stanza.starts_with("<message") || is_old || attribute(stanza, "type").as_deref() == Some("error") {
        return None;
    }
    let from = attribute(stanza, "from")?;
    let (room, by) = from.split_once('/').unwrap_or((&from, &from));
    if by == me {
        return None;
    }
    let text = content(stanza, "body")?;
    Some(Said { room: room.to_owned(), thread: content(stanza, "thread"), by: by.to_owned(), text })
}

fn pong(stanza: &str) -> Option<String> {
    let is_ping = stanza.starts_with("<iq") && stanza.contains("urn:xmpp:ping");
    let (from, id) = (attribute(stanza, "from").filter(|_| is_ping)?, attribute(stanza, "id")?);
    (attribute(stanza, "type")? == "get").then(|| format!("<iq type='result' to='{from}' id='{id}'/>"))
}

/// An attribute of the stanza itself.
fn attribute(stanza: &str, name: &str) -> Option<String> {
    let head = stanza.split('>').next()?;
    ['\'', '"'].into_iter().find_map(|quote| {
        let (_, rest) = head.split_once(&format!(" {name}={quote}"))?;
        rest.split_once(quote).map(|(value, _)| unescaped(value))
    })
}

/// What stands in the first element called `name`.
fn content(stanza: &str, name: &str) -> Option<String> {
    let (_, rest) = stanza.split_once(&format!("<{name}"))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once(&format!("</{name}>")).map(|(content, _)| unescaped(content))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;")
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&apos;", "'").replace("&quot;", "\"");
    text.replace("&amp;", "&")
}

/// Takes a stream apart into its stanzas.
struct Stanzas {
    reader: OwnedReadHalf,
    buffer: String,
}

impl Stanzas {
    async fn next(&mut self) -> Outcome<String> {
        loop {
            if let Some(end) = end_of_first(&self.buffer) {
                let rest = self.buffer.split_off(end);
                return Ok(std::mem::replace(&mut self.buffer, rest).trim().to_owned());
            }
            let mut bytes = [0; 4096];
            let count = self.reader.read(&mut bytes).await?;
            if count == 0 {
                return Err("the server closed the stream".into());
            }
            // Servers leave Nagle's algorithm on: without this, the second of two stanzas waits 40 ms for our kernel's word
            // that it has the first.
            self.reader.as_ref().set_quickack(true)?;
            // No text of the tests is cut within a letter: they are ASCII.
            self.buffer.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
        }
    }

    async fn until(&mut self, wanted: &str) -> Outcome<String> {
        loop {
            let stanza = self.next().await?;
            if stanza.contains(wanted) || stanza.contains(&wanted.replace('\'', "\"")) {
                return Ok(stanza);
            }
            if stanza.contains("<failure") || stanza.contains("<stream:error") {
                return Err(stanza.into());
            }
        }
    }
}

/// Where the first stanza ends; the opening of a stream counts as one.
fn end_of_first(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_u32);
    while let Some(start) = text.get(at..)?.find('<').map(|found| at + found) {
        let end = start + text.get(start..)?.find('>')? + 1;
        let tag = text.get(start..end)?;
        if tag.starts_with("<stream:stream") {
            return Some(end);
        }
        match tag {
            _ if tag.starts_with("<?") || tag.ends_with("/>") => {}
            _ if tag.starts_with("</") => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
        at = end;
        if depth == 0 && !tag.starts_with("<?") {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_told_apart() {
        let first = "<message from='a@b/joe' type='groupchat'><body>a &lt; b</body><thread>t</thread></message>";
        let text = format!("{first}<presence/>");

        assert_eq!(end_of_first(&text), Some(first.len()));
        assert_eq!(end_of_first("<presence/>"), Some(11));
        assert_eq!(end_of_first("<message><body>x</body>"), None);
        assert_eq!(end_of_first("<?xml version='1.0'?><stream:stream id='x'><a/>"), Some(43));
        let said = said(first, "ann").unwrap();
        assert_eq!((said.room.as_str(), said.by.as_str(), said.text.as_str()), ("a@b", "joe", "a < b"));
        assert_eq!(said.thread.as_deref(), Some("t"));
    }
}
