//! One session: log in, then hear and obey until it ends.

use fulmar_contract::{Event, Failure, Link, RoomId, Sender};
use futures_util::future::join_all;
use matrix_sdk::{
    Client, Room, RoomState,
    ruma::{OwnedRoomId, RoomAliasId, UserId},
};
use tokio::sync::mpsc;
use tracing::debug;

use crate::{
    config::Config, failure, hearing::Hearing, lasting::Lasting, login, mention::Me, obeying::Obeying, people,
    store::Store,
};

/// Runs a session with what `lasting` remembers of earlier ones.
pub(crate) async fn run(config: &Config, lasting: &Lasting, link: Link) -> Result<(), Failure> {
    let _turn = lasting.turn().await;
    let store = Store::open(&config.store)?;
    let client = login::enter(config, &store, link.login).await?;
    let me = me(&client).await?;
    let session = Session { config, lasting, client, me, events: link.events };
    session.introduce().await?;
    session.find_rooms().await;
    let (turns, told) = mpsc::channel(MOST_TURNS);
    let mut hearing = Hearing::new(&session, &store, turns, link.since)?;
    let obeying = Obeying::new(&session, link.orders, told);
    // Both wait for the network nearly all the time, and end together.
    let end = tokio::select! {
        end = hearing.run() => end,
        end = obeying.run() => end,
    };
    end.and(hearing.close().await)
}

/// What hearing and obeying have in common.
pub(crate) struct Session<'a> {
    pub(crate) config: &'a Config,
    pub(crate) lasting: &'a Lasting,
    pub(crate) client: Client,
    pub(crate) me: Me,
    events: mpsc::Sender<Event>,
}

/// What is heard that something has to be done about.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Everything up to now is heard: what is said from now on in a room that we are in will be.
    Caught,
    /// Somebody wants us in a room.
    Invited(OwnedRoomId),
    /// We are not in a room any more.
    Out {
        /// The room.
        id: OwnedRoomId,
        /// Who put us out, and why.
        why: String,
    },
    /// A room has taken the place of another.
    Replaced(OwnedRoomId),
}

impl Session<'_> {
    async fn introduce(&self) -> Result<(), Failure> {
        let me = Sender { identity: people::vouched(&self.me.id), name: self.me.name.clone(), direct: None };
        let rooms = self.lasting.wanted().into_iter().map(|room| room.name).collect();
        self.report(Event::Online { me, rooms, vouches: true }).await
    }

    /// Says of the rooms to be in which ones we are in. Before anything is heard of them: answers can be given at once.
    pub(crate) async fn say_joined(&self) -> Result<(), Failure> {
        for wanted in self.lasting.wanted() {
            if self.is_in(&wanted.name) {
                self.report(Event::Joined(wanted.name)).await?;
            }
        }
        Ok(())
    }

    /// Whether we are in a room that nothing has taken the place of.
    pub(crate) fn is_in(&self, name: &RoomId) -> bool {
        self.joined(name).is_some_and(|room| room.successor_room().is_none())
    }

    /// Finds out where the aliases lead, so that from the first message on each room goes by its name.
    async fn find_rooms(&self) {
        join_all(self.lasting.wanted().iter().map(|room| self.find(&room.name))).await;
    }

    /// Where a name leads, asking the server about an alias; `None` if it leads nowhere, or the server does not say.
    pub(crate) async fn find(&self, name: &RoomId) -> Option<OwnedRoomId> {
        let Ok(alias) = RoomAliasId::parse(name.as_str()) else { return self.lasting.id(name) };
        if let Some(known) = self.lasting.id(name) {
            return Some(known);
        }
        match self.client.resolve_room_alias(&alias).await {
            Ok(answer) => {
                self.lasting.learn(name, &answer.room_id);
                Some(answer.room_id)
            }
            Err(error) => {
                debug!(%name, %error, "an alias leads nowhere");
                None
            }
        }
    }

    /// The room that a name means, if we are in it.
    pub(crate) fn joined(&self, name: &RoomId) -> Option<Room> {
        let room = self.client.get_room(&self.lasting.id(name)?)?;
        (room.state() == RoomState::Joined).then_some(room)
    }

    pub(crate) fn is_me(&self, who: &UserId) -> bool {
        self.me.id == who
    }

    pub(crate) async fn report(&self, event: Event) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
    }
}

async fn me(client: &Client) -> Result<Me, Failure> {
    let id = client.user_id().ok_or_else(|| Failure::lost("there is no login"))?.to_owned();
    let name = client.account().get_display_name().await.map_err(|error| failure::ending_of(&error))?;
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.localpart().to_owned());
    Ok(Me { id, name })
}

/// How much can be heard that is not done yet, before hearing waits for it.
const MOST_TURNS: usize = 64;
