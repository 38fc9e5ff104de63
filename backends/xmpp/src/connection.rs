//! One connection: elements in, elements out, and what the server has taken (XEP-0198).

use std::{io, time::Duration};

use fulmar_contract::Failure;
use fulmar_transport::in_time;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_xmpp::xmlstream::{ReadError, Timeouts, XmlStream};
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    wire::Wire,
    xml::{self, Build, element},
};

/// A connection to a server. Dropped, it is closed.
pub(crate) struct Connection {
    stream: XmlStream<Wire, Element>,
    counting: Counting,
    /// How many stanzas were sent.
    sent: u32,
    /// How many stanzas came.
    received: u32,
}

/// How the server says what it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// By answering a ping: it takes everything in order (RFC 6120, section 10.1).
    Pings,
    /// By stream management.
    Stanzas,
}

/// What a server says.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// It asks how many stanzas came: [`Connection::account`] says it.
    Asked,
    /// It said nothing for a while.
    Silence,
    /// A stanza, or whatever else came.
    Stanza(Element),
    /// It has taken so many of our stanzas.
    Taken(u32),
}

impl Connection {
    pub(crate) const fn new(stream: XmlStream<Wire, Element>) -> Self {
        Self { stream, counting: Counting::Pings, sent: 0, received: 0 }
    }

    /// From here on stanzas are counted.
    pub(crate) const fn count(&mut self) {
        self.counting = Counting::Stanzas;
        self.sent = 0;
        self.received = 0;
    }

    /// The stream itself, to begin anew on it.
    pub(crate) fn into_stream(self) -> XmlStream<Wire, Element> {
        self.stream
    }

    /// What the server says next. Loses nothing when it is dropped.
    pub(crate) async fn next(&mut self) -> Result<Incoming, Failure> {
        loop {
            let said = match self.stream.next().await {
                Some(Ok(element)) => self.read(element)?,
                Some(Err(ReadError::SoftTimeout)) => Some(Incoming::Silence),
                Some(Err(ReadError::HardError(error))) => return Err(silent_or_broken(&error)),
                Some(Err(ReadError::ParseError(error))) => return Err(Failure::lost(error)),
                Some(Err(ReadError::StreamFooterReceived)) | None => {
                    return Err(Failure::lost("the server closed the connection"));
                }
            };
            if let Some(said) = said {
                return Ok(said);
            }
        }
    }

    fn read(&mut self, element: Element) -> Result<Option<Incoming>, Failure> {
        if element.is("error", ns::STREAM) {
            return Err(ended(&element));
        }
        if element.has_ns(ns::SM) {
            return match element.name() {
                "r" => Ok(Some(Incoming::Asked)),
                "a" => self.taken(element.attr("h")).map(Some),
                _ => Ok(Some(Incoming::Stanza(element))),
            };
        }
        self.received = self.received.wrapping_add(u32::from(is_stanza(&element)));
        if let Some(number) = self.pinged(&element) {
            return Ok(Some(Incoming::Taken(number)));
        }
        Ok(Some(Incoming::Stanza(element)))
    }

    fn taken(&self, h: Option<&str>) -> Result<Incoming, Failure> {
        let number = h.and_then(|h| h.parse::<u32>().ok()).filter(|number| *number <= self.sent);
        number.map(Incoming::Taken).ok_or_else(|| Failure::lost("the server counts stanzas that we did not send"))
    }

    /// Which of our stanzas a ping followed, if `element` answers it.
    fn pinged(&self, element: &Element) -> Option<u32> {
        if self.counting == Counting::Stanzas || element.name() != "iq" || element.attr("type") == Some("get") {
            return None;
        }
        let number = element.attr("id")?.strip_prefix(PING)?.parse().ok();
        number.filter(|number| *number <= self.sent)
    }

    /// Sends a stanza, and returns its number.
    pub(crate) async fn send(&mut self, stanza: &Element) -> Result<u32, Failure> {
        self.sent = self.sent.wrapping_add(u32::from(is_stanza(stanza)));
        self.write(stanza).await?;
        Ok(self.sent)
    }

    /// Asks the server how much it has taken, which also shows whether it is still there.
    pub(crate) async fn ask(&mut self) -> Result<(), Failure> {
        if self.counting == Counting::Stanzas {
            return self.write(&element("r", ns::SM)).await;
        }
        let ping =
            element("iq", ns::JABBER_CLIENT).with("type", "get").with("id", &format!("{PING}{}", self.sent));
        self.write(&ping.holding(element("ping", ns::PING))).await
    }

    /// Says how many stanzas came.
    pub(crate) async fn account(&mut self) -> Result<(), Failure> {
        self.write(&element("a", ns::SM).with("h", &self.received.to_string())).await
    }

    async fn write(&mut self, element: &Element) -> Result<(), Failure> {
        in_time("write", self.stream.send(element)).await
    }

    /// Says goodbye and waits a little for the server to do so, too.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            if self.stream.shutdown().await.is_ok() {
                while self.next().await.is_ok() {}
            }
        };
        // In time or not, we have left.
        timeout(GOODBYE, goodbye).await.unwrap_or_default();
    }
}

fn is_stanza(element: &Element) -> bool {
    matches!(element.name(), "iq" | "message" | "presence")
}

fn silent_or_broken(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::TimedOut {
        Failure::lost(format!("the server has been silent for {} s", (SILENCE + PATIENCE).as_secs()))
    } else {
        Failure::lost(error)
    }
}

/// Why the server ends the stream (RFC 6120, section 4.9.3).
fn ended(error: &Element) -> Failure {
    let (condition, words) = xml::condition(error, ns::XMPP_STREAMS);
    let why = words.map_or_else(|| condition.clone(), |words| format!("{condition}: {words}"));
    match condition.as_str() {
        "conflict" => {
            Failure::lost(format!("another session took our place, with the same jid and resource ({why})"))
        }
        "host-unknown" => {
            Failure::Misconfigured { why: format!("the server does not serve the domain of jid ({why})") }
        }
        _ => Failure::lost(format!("the server ended the stream: {why}")),
    }
}

/// How long a server may be silent before it is asked, and then how long it may take: together less than a minute.
pub(crate) const TIMEOUTS: Timeouts = Timeouts { read_timeout: SILENCE, response_timeout: PATIENCE };
const SILENCE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the server has to answer our goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// How the ids of pings that ask what was taken begin.
const PING: &str = "taken-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_stream_ended_is_told() {
        let error = |condition: &str| {
            element("error", ns::STREAM)
                .holding(element(condition, ns::XMPP_STREAMS))
                .holding(element("text", ns::XMPP_STREAMS).saying("so it is"))
        };

        assert!(matches!(ended(&error("host-unknown")), Failure::Misconfigured { .. }));
        assert_eq!(
            ended(&error("system-shutdown")).to_string(),
            "session lost: the server ended the stream: system-shutdown: so it is"
        );
        assert!(ended(&error("conflict")).to_string().contains("another session"));
    }
}
