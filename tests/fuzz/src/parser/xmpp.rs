//! An XMPP server that says anything: what we answer is XML, what we say is what we were told to, and what we tell is no secret.

use std::{
    future::ready,
    time::{Duration, SystemTime},
};

use fulmar_contract::{Link, Post, RoomId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split},
    task::yield_now,
};
use xmpp_parsers::{minidom::Element, ns};

use super::{
    Target,
    session::{self, SECRET, Session, options, word, words},
};
use crate::log;

pub(super) const TARGET: Target =
    Target { name: "xmpp", words: include_str!("../../words/xmpp.toml"), longest: 1 << 17, run };

/// After a first `+` we are welcome already. [`OUR_ID`] and [`OUR_QUERY`] stand for what only we can know.
fn run(input: &[u8]) {
    let said = match input.strip_prefix(b"+") {
        Some(rest) => [WELCOME.as_bytes(), rest].concat(),
        None => input.to_vec(),
    };
    log::clear();
    let posts = [ROOM, "ada@localhost", "ops@conference.localhost/ada"];
    let session = session(&said, posts.map(|room| Post::plain(RoomId::new(room), TEXT, "1")).into());
    session.keeps_secrets();
    for text in session.heard() {
        assert!(is_only_text(text), "{text:?} is not only text");
    }
    for body in bodies(&session.written) {
        assert_eq!(body, TEXT, "nobody told us to say that");
    }
}

/// Whether nothing in it acts.
pub(super) fn is_only_text(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// What we said to people, in a stream that is XML up to where it ends.
pub(super) fn bodies(written: &[u8]) -> Vec<String> {
    let written = String::from_utf8_lossy(written);
    let Some((_, said)) = written.rsplit_once("<stream:stream ") else { return Vec::new() };
    let end = if said.contains("</stream:stream>") { "" } else { "</stream:stream>" };
    let stream: Result<Element, _> = format!("<stream:stream {said}{end}").parse();
    let stream = stream.unwrap_or_else(|error| panic!("{error}: {written:?}"));
    let messages = stream.children().filter(|child| child.is("message", ns::JABBER_CLIENT));
    messages.filter_map(|message| message.get_child("body", ns::JABBER_CLIENT)).map(Element::text).collect()
}

/// A session whose server says `said` and then closes.
pub(super) fn session(said: &[u8], posts: Vec<Post>) -> Session<Vec<u8>> {
    let (ours, theirs) = duplex(1 << 20);
    let mut options =
        options([("jid", word("fulmar@localhost")), ("password", word(SECRET)), ("rooms", words(&[ROOM]))]);
    let run = async |link: Link| {
        let since = SystemTime::now().checked_sub(Duration::from_secs(60));
        fulmar_xmpp::run_over(ours, &mut options, Link { since, ..link }).await
    };
    session::run(run, serve(theirs, said), posts)
}

/// Says all of it, with our own names where they are asked for, and hears until we close.
async fn serve(stream: DuplexStream, said: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let mut written = Vec::new();
    for (number, piece) in said.split_inclusive(|byte| [OUR_ID, OUR_QUERY].contains(byte)).enumerate() {
        let asked = piece.last().filter(|last| number < MOST_NAMES && [OUR_ID, OUR_QUERY].contains(last));
        let text = if asked.is_some() { piece.split_last().map_or(piece, |(_, text)| text) } else { piece };
        // Nobody need listen to the end.
        drop(writer.write_all(text).await);
        let Some(asked) = asked else { continue };
        for _ in 0..TURNS {
            yield_now().await;
            tokio::select! {
                biased;
                read = reader.read_buf(&mut written) => drop(read),
                () = ready(()) => {}
            }
        }
        drop(writer.write_all(last_name(&written, *asked).as_bytes()).await);
    }
    drop(writer.shutdown().await);
    drop(reader.read_to_end(&mut written).await);
    written
}

/// How we called our last request, or our last look into an archive.
fn last_name(written: &[u8], asked: u8) -> String {
    let (tag, name) = if asked == OUR_ID { ("<iq ", " id=") } else { ("<query ", " queryid=") };
    let written = String::from_utf8_lossy(written);
    let (_, tag) = written.rsplit_once(tag).unwrap_or_default();
    let (_, value) = tag.split_once(name).unwrap_or_default();
    value.split(['\'', '"']).nth(1).unwrap_or_default().to_owned()
}

/// Stands for the id of our last request.
const OUR_ID: u8 = 5;
/// Stands for the name of our last look into an archive.
const OUR_QUERY: u8 = 6;
/// So often a server knows our names.
const MOST_NAMES: usize = 8;
/// So often we may run before our last request is looked for.
const TURNS: usize = 8;
const TEXT: &str = "done</body></message>&amp;";
pub(super) const ROOM: &str = "ops@conference.localhost";

/// What a server says to let us in, up to our room, in which ada is.
pub(super) const WELCOME: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
    <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
    <?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>\
    <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>\
    <iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>fulmar@localhost/fulmar</jid></bind></iq>\
    <enabled xmlns='urn:xmpp:sm:3'/>\
    <presence from='ops@conference.localhost/ada'><x xmlns='http://jabber.org/protocol/muc#user'>\
    <item jid='ada@localhost/ada'/></x></presence>\
    <presence from='ops@conference.localhost/fulmar'><x xmlns='http://jabber.org/protocol/muc#user'><item/>\
    <status code='110'/><status code='100'/></x></presence>";
