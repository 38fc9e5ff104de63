//! An IRC server that says anything: what we answer are lines that it takes, and what we tell is no secret.

use fulmar_contract::{Post, RoomId, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};

use super::{
    Target,
    session::{self, SECRET, Session, options, word, words},
};
use crate::log;

pub(super) const TARGET: Target =
    Target { name: "irc", words: include_str!("../../words/irc.toml"), longest: 1 << 16, run };

/// After a first `+` we are welcome already.
fn run(input: &[u8]) {
    let said = match input.strip_prefix(b"+") {
        Some(rest) => [WELCOME.as_bytes(), rest].concat(),
        None => input.to_vec(),
    };
    log::clear();
    let posts = ["#ops", "ada", "~ada"].map(|room| Post::plain(RoomId::new(room), "done\r\nQUIT :x", "1"));
    let session = session(&said, posts.into());
    session.keeps_secrets();
    let longest = if input.windows(7).any(|window| window == b"LINELEN") { 16_384 } else { 512 };
    lines(&session.written, longest);
    for text in session.heard() {
        assert!(!text.contains(char::is_control), "{text:?} is not only text");
    }
}

/// Each line that was written is one line, and no longer than the server takes.
pub(super) fn lines(written: &[u8], longest: usize) {
    let text = String::from_utf8_lossy(written);
    for line in text.split_inclusive("\r\n") {
        assert!(line.len() <= longest, "{} bytes: {line:?}", line.len());
        let is_one = line.strip_suffix("\r\n").is_some_and(|body| !body.contains(['\r', '\n', '\0']));
        assert!(is_one, "{line:?} is one line");
    }
}

/// A session whose server says `said` and then closes.
pub(super) fn session(said: &[u8], posts: Vec<Post>) -> Session<Vec<u8>> {
    let (ours, theirs) = duplex(1 << 16);
    let mut options = options([
        ("server", word("irc.example.org")),
        ("nick", word("fulmar")),
        ("password", word(SECRET)),
        ("account", word("fulmar")),
        ("sasl_password", word(SECRET)),
        ("rate", Value::Integer(0)),
        ("colors", Value::Bool(true)),
        ("rooms", words(&["#ops"])),
    ]);
    session::run(async |link| fulmar_irc::run_over(ours, &mut options, link).await, serve(theirs, said), posts)
}

async fn serve(stream: DuplexStream, said: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let mut written = Vec::new();
    let say = async {
        // Nobody need listen to the end.
        drop(writer.write_all(said).await);
        drop(writer.shutdown().await);
    };
    let (_, read) = tokio::join!(say, reader.read_to_end(&mut written));
    drop(read);
    written
}

/// What a server says to let us in, up to our room.
pub(super) const WELCOME: &str = ":s.x CAP * LS :account-tag echo-message server-time batch labeled-response\r\n\
    :s.x CAP * ACK :account-tag echo-message server-time batch labeled-response\r\n\
    :s.x 001 fulmar :Welcome\r\n:s.x 005 fulmar CHANTYPES=# WHOX MONITOR=100 :are supported\r\n:s.x 422 fulmar :No MOTD\r\n\
    :fulmar!f@h JOIN #ops\r\n";
