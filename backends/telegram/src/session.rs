//! One session: who we are, which rooms we are in, then hear and obey until it ends.

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fulmar_contract::{Event, Failure, Identity, Link, Order, RoomId, Sender, UserId};
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};
use tracing::{info, warn};

use crate::{
    api::{ANSWER, Api},
    config::{Config, Mode},
    fault::Fault,
    inbound::Me,
    outbox::{Key, Outbox, Step},
    place,
    polling::Polling,
    rooms::Rooms,
    webhook::Webhook,
};

/// A session that is logged in.
pub(crate) struct Session<'a> {
    pub(crate) api: Api,
    pub(crate) rooms: &'a Rooms,
    pub(crate) me: Me,
    events: mpsc::Sender<Event>,
    /// Chats that are not configured and were told of.
    strangers: Mutex<HashSet<i64>>,
}

/// Runs a session with what `rooms` remember of earlier ones.
pub(crate) async fn run(config: &Config, rooms: &Rooms, link: Link) -> Result<(), Failure> {
    run_over(Api::new(config)?, config, rooms, link).await
}

/// As [`run`], by a way that is there.
pub(crate) async fn run_over(api: Api, config: &Config, rooms: &Rooms, link: Link) -> Result<(), Failure> {
    let Link { events, orders, calls, address, since, .. } = link;
    let outbox = Outbox::new(orders, config.pace);
    let account: Account = api.ask("getMe", &json!({}), ANSWER).await.map_err(Fault::failure)?;
    if !account.can_read_all_group_messages {
        info!(
            "privacy mode is on: in groups in which the bot is no administrator, it hears commands as /run only"
        );
    }
    let me = Me { id: account.id, username: account.username };
    let session = Session { api, rooms, me, events, strangers: Mutex::default() };
    match &config.mode {
        Mode::Polling => {
            let mut polling = Polling::begin(&session, since.is_none()).await?;
            session.go(outbox, polling.hear()).await?;
            polite(polling.end()).await;
        }
        Mode::Webhook(secret) => {
            let mut webhook = Webhook::begin(&session, address, secret.as_ref(), since.is_none()).await?;
            session.go(outbox, webhook.hear(calls)).await?;
            polite(webhook.end()).await;
        }
    }
    Ok(())
}

/// In time or not, we have left.
async fn polite(goodbye: impl Future<Output = ()>) {
    timeout(GOODBYE, goodbye).await.unwrap_or_default();
}

impl Session<'_> {
    /// Says that we are there, then hears and obeys. Returns `Ok` once the orders are closed and carried out.
    async fn go(
        &self,
        outbox: Outbox,
        hearing: impl Future<Output = Result<Infallible, Failure>>,
    ) -> Result<(), Failure> {
        let online = Event::Online { me: self.sender(), rooms: self.rooms.wanted(), vouches: true };
        self.report(online).await?;
        let heard = async {
            self.look_around().await?;
            hearing.await
        };
        tokio::select! {
            Err(failure) = heard => Err(failure),
            () = self.obey(outbox) => Ok(()),
        }
    }

    /// Carries orders out, many at once, until they are closed.
    async fn obey(&self, mut outbox: Outbox) {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((key, rest)) = under_way.next() => outbox.settled(key, rest),
                step = outbox.step() => match step {
                    Step::Closed => return,
                    Step::Order(order) => match self.key(&order) {
                        Some(key) => outbox.line_up(key, order),
                        None => order.refuse("Telegram has no such thing"),
                    },
                    Step::Start(key, order) => under_way.push(async move { (key, self.carry_out(order).await) }),
                },
            }
        }
    }

    /// What an order must not overtake; nothing if it makes no sense.
    fn key(&self, order: &Order) -> Option<Key> {
        let chat = |room: &RoomId| place::Place::read(room.as_str()).map(|place| self.rooms.now(place.chat));
        match order {
            Order::Edit { message, .. } => place::message(message).map(|(chat, _)| Key::Chat(chat)),
            Order::Join { .. } | Order::Leave { .. } => None,
            Order::Offer { .. } => Some(Key::Offers),
            Order::Post { post, .. } => chat(&post.room).map(Key::Chat),
            Order::React { message, .. } => place::message(message).map(|(chat, _)| Key::Reactions(chat)),
        }
    }

    /// Finds out in which of our rooms we are.
    async fn look_around(&self) -> Result<(), Failure> {
        for chat in self.rooms.chats() {
            let mut standing = self.standing(self.rooms.now(chat)).await;
            if let Some(to) = standing.as_ref().err().and_then(Fault::moved_to) {
                self.rooms.note(chat, to);
                warn_of_move(chat, to);
                standing = self.standing(to).await;
            }
            match standing {
                Ok(None) => self.entered(chat).await?,
                Ok(Some(why)) => self.left(chat, &why).await?,
                Err(Fault::Refused(refusal)) if matches!(refusal.code, 400 | 403) => {
                    self.left(chat, &refusal.description).await?;
                }
                Err(fault) => return Err(fault.failure()),
            }
        }
        Ok(())
    }

    /// Why we are not in a chat, or nothing if we are.
    async fn standing(&self, chat: i64) -> Result<Option<String>, Fault> {
        let parameters = json!({"chat_id": chat, "user_id": self.me.id});
        if chat > 0 {
            let _: serde::de::IgnoredAny = self.api.ask("getChat", &parameters, ANSWER).await?;
            return Ok(None);
        }
        let Membership { status, is_member } = self.api.ask("getChatMember", &parameters, ANSWER).await?;
        let is_in = is_member.unwrap_or(!matches!(status.as_str(), "kicked" | "left"));
        Ok((!is_in).then(|| format!("the bot is no member of the chat: {status}")))
    }

    /// We are in a chat.
    pub(crate) async fn entered(&self, chat: i64) -> Result<(), Failure> {
        for room in self.rooms.of(chat) {
            self.report(Event::Joined(room)).await?;
        }
        Ok(())
    }

    /// We are not, or no longer, in a chat.
    pub(crate) async fn left(&self, chat: i64, why: &str) -> Result<(), Failure> {
        for room in self.rooms.of(chat) {
            self.report(Event::Left { room, why: why.to_owned() }).await?;
        }
        Ok(())
    }

    /// A group has another id from now on.
    pub(crate) async fn moved(&self, from: i64, to: i64) -> Result<(), Failure> {
        let is_news = self.rooms.note(from, to);
        if is_news && !self.rooms.of(to).is_empty() {
            warn_of_move(from, to);
            self.entered(to).await?;
        }
        Ok(())
    }

    /// Tells once of a chat that is not configured, so that whoever wants it to be can read its id.
    pub(crate) fn meet(&self, chat: i64, title: &str) {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() < MOST_STRANGERS && strangers.insert(chat) {
            info!(chat, title, "not heard, since it is not among rooms");
        }
    }

    pub(crate) async fn report(&self, event: Event) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
    }

    fn sender(&self) -> Sender {
        let identity = Identity::Vouched(UserId::new(self.me.id.to_string()));
        Sender { identity, name: self.me.username.clone(), direct: None }
    }
}

fn warn_of_move(from: i64, to: i64) {
    warn!(
        from,
        to, "a group became a supergroup: write its new id in rooms, the old one works until the process ends"
    );
}

/// What `getMe` tells of us.
#[derive(Deserialize)]
struct Account {
    id: u64,
    username: String,
    #[serde(default)]
    can_read_all_group_messages: bool,
}

/// What we are in a chat.
#[derive(Deserialize)]
struct Membership {
    status: String,
    /// Said of those who are restricted.
    is_member: Option<bool>,
}

/// How long leaving may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How many chats that are not configured are told of in one session.
const MOST_STRANGERS: usize = 100;
