//! [`Ears`]: takes in what a session reports.

use std::time::Duration;

use actix::{Handler, Message};
use fulmar_contract::{Event, Heard, Taken, Taking};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tracing::warn;

use super::Setup;
use crate::{
    actors::{
        journal::keep,
        router::{self, Router},
    },
    journal::Entry,
};

/// Takes in a session's events. What concerns the Router goes there, and nothing more is heard until it has it; this
/// is apart from the actor, which goes on posting and telling how it is.
pub(super) struct Ears {
    setup: Setup,
    me: Option<String>,
    vouches: bool,
    events: mpsc::Receiver<Event>,
    /// What was heard since the Journal was last told until when we heard.
    news: Option<News>,
    /// Dropped when there is nothing more to hear.
    _listening: oneshot::Sender<()>,
}

/// Messages that are heard and, as far as the Journal knows, not dealt with yet.
struct News {
    hold: Taken,
    taking: Taking,
    /// When the Journal is told.
    due: Instant,
}

impl Ears {
    pub(super) const fn new(setup: Setup, events: mpsc::Receiver<Event>, listening: oneshot::Sender<()>) -> Self {
        Self { setup, me: None, vouches: true, events, news: None, _listening: listening }
    }

    /// The next event that concerns the Chat.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            let due = self.news.as_ref().map(|news| news.due);
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.tell();
                    continue;
                }
            };
            let Some(event) = event else {
                self.tell();
                return None;
            };
            let chat = self.setup.name.clone();
            match event {
                Event::Heard(heard) => self.hear(heard).await,
                Event::InputEnded => self.pass_on(router::InputEnded { chat }).await,
                Event::Online { ref me, vouches, .. } => {
                    self.me = Some(me.name.clone());
                    self.vouches = vouches;
                    if self.setup.hearing.borrow_mut().begin(self.setup.world.now().into()) {
                        self.news.get_or_insert_with(News::new);
                    }
                    return Some(event);
                }
                Event::Reacted(_) => {
                    self.setup.metrics.reacted.get_or_create(&self.setup.labels()).inc();
                }
                Event::Joined(_) | Event::Left { .. } | Event::Parted(_) => return Some(event),
            }
        }
    }

    async fn hear(&mut self, heard: Heard) {
        if !self.setup.hearing.borrow_mut().note(&heard, self.setup.world.now().into()) {
            return;
        }
        self.setup.metrics.heard.get_or_create(&self.setup.labels()).inc();
        let news = self.news.get_or_insert_with(News::new);
        let heard = Heard { taken: heard.taken.along_with(&news.hold), ..heard };
        let (chat, me) = (self.setup.name.clone(), self.me.clone());
        self.pass_on(router::Heard { chat, me, vouches: self.vouches, heard }).await;
    }

    /// Has the Journal know until when we heard, once all that was heard until then is dealt with.
    fn tell(&mut self) {
        let mut hearing = self.setup.hearing.borrow_mut();
        let Some((News { hold, mut taking, .. }, until)) = self.news.take().zip(hearing.until()) else { return };
        let Ok(until) = Timestamp::try_from(until) else { return };
        drop(hold);
        let (journal, chat) = (self.setup.journal.clone(), self.setup.name.clone());
        let before = hearing.telling.take();
        hearing.telling = Some(actix::spawn(async move {
            if let Some(before) = before {
                before.await.unwrap_or_default();
            }
            taking.all().await;
            if let Err(error) = keep(&journal, vec![Entry::HeardUntil(chat, until)]).await {
                warn!(%error, "not journalled until when was heard");
            }
        }));
    }

    async fn pass_on<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        Router: Handler<M>,
    {
        if let Err(error) = self.setup.router.send(message).await {
            warn!(%error, "message not routed");
        }
    }
}

impl News {
    fn new() -> Self {
        let (hold, taking) = Taken::new();
        Self { hold, taking, due: Instant::now() + SOON }
    }
}

/// How long after something was heard the Journal is told until when we heard.
const SOON: Duration = Duration::from_secs(60);
