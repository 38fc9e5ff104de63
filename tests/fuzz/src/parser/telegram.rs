//! A Telegram that answers anything: what we write is what we were told to, and no secret is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use fulmar_contract::{Call, Failure, Link, Post, RoomId, Value};
use fulmar_telegram::Server;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use super::{
    Target,
    session::{self, SECRET, Session, options, word, words},
};
use crate::log;

pub(super) const TARGET: Target =
    Target { name: "telegram", words: include_str!("../../words/telegram.toml"), longest: 1 << 17, run };

/// Each line answers a call: a status, if it begins with one, and a body. After a first `+` we are let in, and lines that
/// begin with `>` answer what we write. After a first `!`, each line is posted to us.
fn run(input: &[u8]) {
    log::clear();
    let session = match input.split_first() {
        Some((b'!', calls)) => called(calls),
        Some((b'+', answers)) => session(&lines(answers), true, some_posts()),
        _ => session(&lines(input), false, some_posts()),
    };
    session.keeps_secrets();
    for text in texts(&session.written) {
        assert_eq!(text, TEXT, "nobody told us to say that");
    }
}

fn some_posts() -> Vec<Post> {
    ["-1001", "-1001/42", "1001"].map(|room| Post::plain(RoomId::new(room), TEXT, "1")).into()
}

fn lines(input: &[u8]) -> Vec<&[u8]> {
    input.split(|byte| *byte == b'\n').take(MOST).collect()
}

/// A call of ours: its method and its parameters.
type Asked = (String, Vec<u8>);

/// The texts that we wrote, as they are shown.
pub(super) fn texts(asked: &[Asked]) -> impl Iterator<Item = String> {
    #[derive(Deserialize)]
    struct Said {
        text: String,
        parse_mode: Option<String>,
    }
    let written = asked.iter().filter(|(method, _)| method.eq_ignore_ascii_case("sendMessage"));
    written.filter_map(|(_, parameters)| serde_json::from_slice(parameters).ok()).map(
        |Said { text, parse_mode }| match parse_mode {
            None => text,
            Some(_) => fulmar_botapi::shown(&text).unwrap_or_else(|error| panic!("{error}: {text:?}")),
        },
    )
}

/// A session in which calls are answered by one line after the other until there are none.
pub(super) fn session(answers: &[&[u8]], is_welcome: bool, posts: Vec<Post>) -> Session<Vec<Asked>> {
    let (over, ended) = oneshot::channel::<()>();
    let run = async |link: Link, played: Played| {
        let mut options = options([
            ("token", word(TOKEN)),
            ("rooms", words(&["-1001", "-1001/42", "-5"])),
            ("direct", Value::Bool(true)),
        ]);
        let end = fulmar_telegram::run_over(played, &mut options, link).await;
        drop(over);
        end
    };
    play(answers, is_welcome, posts, run, async { drop(ended.await) })
}

/// A session that is called with one line after the other.
fn called(calls: &[u8]) -> Session<Vec<Asked>> {
    let (line, calls_out) = mpsc::channel(1);
    let run = async |link: Link, played: Played| {
        let mut options = options([
            ("token", word(TOKEN)),
            ("mode", word("webhook")),
            ("secret", word(SECRET)),
            ("rooms", words(&["-1001", "-1001/42", "-5"])),
        ]);
        let address = Some("https://fulmar.example/chats/x".to_owned());
        fulmar_telegram::run_over(played, &mut options, Link { calls: calls_out, address, ..link }).await
    };
    play(&[], true, Vec::new(), run, async {
        for body in lines(calls) {
            let (answer, answered) = oneshot::channel();
            let headers = vec![("x-telegram-bot-api-secret-token".to_owned(), SECRET.to_owned())];
            let call = Call { path: String::new(), query: String::new(), headers, body: body.to_vec(), answer };
            if line.send(call).await.is_err() {
                return;
            }
            let status = answered.await.map(|answer| answer.status);
            assert!(matches!(status, Ok(200 | 400)), "{status:?}");
        }
    })
}

fn play(
    answers: &[&[u8]],
    is_welcome: bool,
    posts: Vec<Post>,
    run: impl AsyncFnOnce(Link, Played) -> Result<(), Failure>,
    server: impl Future<Output = ()>,
) -> Session<Vec<Asked>> {
    let (taken, rest): (Vec<&[u8]>, _) = answers.iter().partition(|line| is_welcome && line.starts_with(b">"));
    let owned = |lines: Vec<&[u8]>| lines.into_iter().map(<[u8]>::to_vec).collect();
    let (answers, taken) = (owned(rest), owned(taken));
    let played = Played(Arc::new(Mutex::new(Play { answers, taken, is_welcome, asked: Vec::new() })));
    let theirs = Played(Arc::clone(&played.0));
    let session = session::run(async |link| run(link, theirs).await, server, posts);
    let asked = std::mem::take(&mut played.0.lock().unwrap_or_else(PoisonError::into_inner).asked);
    Session { events: session.events, written: asked, end: session.end }
}

/// Telegram, played.
struct Played(Arc<Mutex<Play>>);

struct Play {
    answers: VecDeque<Vec<u8>>,
    /// Those to what we write.
    taken: VecDeque<Vec<u8>>,
    is_welcome: bool,
    asked: Vec<Asked>,
}

impl Server for Played {
    fn answer(&self, method: &str, parameters: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut play = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        play.asked.push((method.to_owned(), parameters.to_owned()));
        let good = |body: &str| Some((200, format!("{{\"ok\":true,\"result\":{body}}}").into_bytes()));
        match method {
            "getMe" if play.is_welcome => good(r#"{"id":7,"is_bot":true,"username":"fulmar_bot"}"#),
            "getChatMember" if play.is_welcome => good(r#"{"status":"member"}"#),
            "deleteWebhook" | "setWebhook" | "getChat" if play.is_welcome => good("true"),
            "getUpdates" => play.answers.pop_front().map(|line| answer(&line)),
            _ if play.is_welcome => match play.taken.pop_front() {
                Some(line) => Some(answer(line.get(1..).unwrap_or_default())),
                None => good(r#"{"message_id":9}"#),
            },
            _ => play.answers.pop_front().map(|line| answer(&line)),
        }
    }
}

/// The answer that a line is.
fn answer(line: &[u8]) -> (u16, Vec<u8>) {
    let status = line.get(..3).and_then(|status| str::from_utf8(status).ok()?.parse().ok());
    match status {
        Some(status) => (status, line.get(3..).unwrap_or_default().to_vec()),
        None => (200, line.to_vec()),
    }
}

const TOKEN: &str = "1:hunter2hunter2";
const TEXT: &str = "a < b & c > \"d\" 'e' &amp;";

/// How many calls a session has: the limit of time is one for what each costs, not for how many there are.
const MOST: usize = 10_000;
