//! matrix-nio as a peer: an implementation of encryption that is not ours.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use fulmar_conformance::{skip, within};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// A person with matrix-nio, as `tests/second_client.py` runs it.
pub(crate) struct Nio {
    orders: ChildStdin,
    told: mpsc::Receiver<String>,
    child: Child,
    _store: TempDir,
}

impl Nio {
    /// Logs somebody in; `None` after saying so if there is no matrix-nio.
    pub(crate) async fn login(server: &str, user: &str, password: &str) -> Option<Self> {
        let Ok(python) = env::var("FULMAR_TEST_NIO") else {
            skip("matrix-nio (FULMAR_TEST_NIO)");
            return None;
        };
        let store = tempfile::tempdir().unwrap();
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/second_client.py"))
            .args([server, user, password])
            .arg(store.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, told_lines) = mpsc::channel(1024);
        thread::spawn(move || {
            let lines = BufReader::new(told).lines().map_while(Result::ok);
            lines.take_while(|line| tell.blocking_send(line.clone()).is_ok()).for_each(drop);
        });
        let mut nio = Self { orders, told: told_lines, child, _store: store };
        nio.tells("online").await;
        Some(nio)
    }

    /// Makes an encrypted room with somebody. Returns its id.
    pub(crate) async fn makes_room(&mut self, with: &str) -> String {
        self.order(&json!({ "make": with }));
        self.tells("made").await["made"].as_str().unwrap().to_owned()
    }

    /// Says something to somebody in a room, once they are there.
    pub(crate) async fn says(&mut self, room: &str, to: &str, text: &str) {
        self.order(&json!({ "say": [room, to, text] }));
        self.tells("said").await;
    }

    /// The next that it tells of something.
    pub(crate) async fn tells(&mut self, what: &str) -> Value {
        within(what, async {
            loop {
                let line = self.told.recv().await.unwrap();
                let told: Value = serde_json::from_str(&line).unwrap();
                assert!(told.get("sealed").is_none(), "it could not decrypt: {told}");
                if told.get(what).is_some() {
                    return told;
                }
            }
        })
        .await
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").unwrap();
    }
}

impl Drop for Nio {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
