//! [`Client`]: one person, or one bare bot, whatever the network.

use std::{future::Future, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::Outcome;

/// Somebody on a network. Leaves without a word when dropped.
#[derive(Debug)]
pub struct Client {
    words: mpsc::Sender<Words>,
    heard: mpsc::Receiver<Said>,
    unheard: Vec<Said>,
    task: JoinHandle<()>,
}

/// Something that somebody else wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where, as the network calls it; our own name where it was written to us alone.
    pub room: String,
    /// The thread within the room.
    pub thread: Option<String>,
    /// Who wrote it, as the network calls them.
    pub by: String,
    /// What.
    pub text: String,
}

/// Something to be written.
pub(crate) struct Words {
    pub(crate) room: String,
    pub(crate) thread: Option<String>,
    pub(crate) text: String,
    /// Told what the message is called, where it is called anything.
    pub(crate) written: oneshot::Sender<String>,
}

/// A client's ends, for the network's code.
pub(crate) struct Ends {
    pub(crate) words: mpsc::Receiver<Words>,
    pub(crate) heard: mpsc::Sender<Said>,
}

impl Client {
    /// A client whose session is `session`.
    pub(crate) fn run<F: Future<Output = Outcome<()>> + Send + 'static>(session: impl FnOnce(Ends) -> F) -> Self {
        let ((words, to_write), (hear, heard)) = (mpsc::channel(16), mpsc::channel(1_000));
        let session = session(Ends { words: to_write, heard: hear });
        let task = tokio::spawn(async move {
            // Whoever waits for it learns that nothing more comes.
            drop(session.await);
        });
        Self { words, heard, unheard: Vec::new(), task }
    }

    /// Writes `text`. Returns what the network calls the message.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn say(&self, room: &str, thread: Option<&str>, text: &str) -> Outcome<String> {
        let (written, id) = oneshot::channel();
        let thread = thread.map(str::to_owned);
        let words = Words { room: room.to_owned(), thread, text: text.to_owned(), written };
        self.words.send(words).await.map_err(|_| "the session is over")?;
        Ok(id.await?)
    }

    /// The next thing that somebody else writes.
    ///
    /// # Errors
    /// When the session is over, or nothing comes in half a minute.
    pub async fn hear(&mut self) -> Outcome<Said> {
        if !self.unheard.is_empty() {
            return Ok(self.unheard.remove(0));
        }
        let said = timeout(PATIENCE, self.heard.recv()).await.map_err(|_| "nothing was said")?;
        Ok(said.ok_or("the session is over")?)
    }

    /// The next thing that has `what` in it; what comes before that can still be heard.
    ///
    /// # Errors
    /// As [`Client::hear`].
    pub async fn hear_of(&mut self, what: &str) -> Outcome<Said> {
        if let Some(at) = self.unheard.iter().position(|said| said.text.contains(what)) {
            return Ok(self.unheard.remove(at));
        }
        loop {
            let said = timeout(PATIENCE, self.heard.recv()).await;
            let said = said.map_err(|_| format!("{what:?} was not said, but {:?}", self.unheard))?;
            let said = said.ok_or("the session is over")?;
            if said.text.contains(what) {
                return Ok(said);
            }
            self.unheard.push(said);
        }
    }

    /// What was said until now and nobody has looked at.
    pub fn rest(&mut self) -> Vec<Said> {
        while let Ok(said) = self.heard.try_recv() {
            self.unheard.push(said);
        }
        std::mem::take(&mut self.unheard)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);
