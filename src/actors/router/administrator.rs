//! What only administrators may do: have rooms joined and left.

use std::{rc::Rc, time::Duration};

use fulmar_contract::{RoomId, Secret};
use tokio::time::timeout;
use tracing::info;

use super::{
    command::{Asked, Offer, reply},
    lines::{Lines, Utterance, route_of},
    person::Person,
    words,
};
use crate::{actors::chat, config::Administrator, journal::Route};

/// What somebody is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// An administrator.
    Administrator,
    /// Called like one, on a network that vouches for people but not for this one.
    Claimant,
    /// Nothing special.
    Other,
}

/// What is to become of a room.
#[derive(Debug)]
pub(super) enum Move {
    /// We are to be in it; this may open it.
    Join(Option<Secret>),
    /// We are to be in it no longer.
    Leave,
}

/// What `person` is; `vouches` says whether their network vouches for people at all.
pub(super) fn standing(admins: &[Administrator], person: &Person, vouches: bool) -> Standing {
    let is_meant = |it: &Administrator| it.chat == person.chat && it.identity == person.identity.as_str();
    if !admins.iter().any(is_meant) {
        return Standing::Other;
    }
    if person.identity.is_vouched() || !vouches { Standing::Administrator } else { Standing::Claimant }
}

/// Joins or leaves `name`, and says what the network said to it.
pub(super) async fn go(lines: Rc<Lines>, asked: Asked, name: String, order: Move) -> Option<Offer> {
    if asked.standing != Standing::Administrator {
        let text = words::administrators_only(&lines.gateway.admins, &asked.chat, asked.standing);
        return reply(&lines, &asked, text).await;
    }
    let (chat, room) = match destination(&lines, &asked.chat, &name) {
        Ok(destination) => destination,
        Err(why) => return reply(&lines, &asked, why).await,
    };
    info!(%chat, %room, ?order, by = asked.heard.sender.identity.as_str(), "told to move by an administrator");
    let leaves = matches!(order, Move::Leave);
    match (carry_out(&lines, chat, room.clone(), order).await, leaves) {
        (Ok(()), true) if chat == asked.chat && room == asked.heard.room => {
            // There is nobody to be told any more where it was asked.
            let direct = asked.heard.sender.direct.clone()?;
            let route = Route { room: direct, thread: None, ..route_of(chat, &asked.heard) };
            lines.say(route, Utterance::notice(format!("Left {name}."))).await;
            None
        }
        (Ok(()), true) => reply(&lines, &asked, format!("Left {name}.")).await,
        (Ok(()), false) => reply(&lines, &asked, format!("Joined {name}.")).await,
        (Err(why), true) => reply(&lines, &asked, format!("Not left {name}: {why}.")).await,
        (Err(why), false) => reply(&lines, &asked, format!("Not joined {name}: {why}.")).await,
    }
}

/// The chat and the room that `name` means to somebody in `here`: `CHAT/ROOM`, or a room of the same chat.
fn destination<'a>(lines: &Lines, here: &'a str, name: &'a str) -> Result<(&'a str, RoomId), String> {
    let elsewhere = name.split_once('/').filter(|(chat, _)| lines.chats.contains_key(*chat));
    let (chat, room) = elsewhere.unwrap_or((here, name));
    let backend = lines.chats.get(chat).map(|it| &it.outlet.backend);
    let backend = backend.filter(|backend| backend.capabilities().joins);
    let backend = backend.ok_or_else(|| format!("The rooms of {chat} cannot be joined or left by order."))?;
    let room = backend.room(room).ok_or_else(|| format!("No room of {chat} can be called {room}."))?;
    Ok((chat, room))
}

async fn carry_out(lines: &Lines, chat: &str, room: RoomId, order: Move) -> Result<(), String> {
    let line = lines.chats.get(chat).map(|it| it.outlet.line.clone()).unwrap_or_default();
    let carried_out = async {
        match order {
            Move::Join(key) => line.send_now(chat::Join { room, key }).await,
            Move::Leave => line.send_now(chat::Leave(room)).await,
        }
    };
    let outcome = timeout(ANSWER, carried_out).await.map_err(|_| "the network has not answered yet".to_owned())?;
    outcome.map_err(|down| format!("{chat} is {down}"))?
}

/// How long a network may take to let us in or out.
const ANSWER: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use fulmar_contract::{Identity, UserId};

    use super::*;

    fn is(identity: Identity, vouches: bool) -> Standing {
        let admins = [Administrator { chat: "ops".into(), identity: "ada".into() }];
        standing(&admins, &Person { chat: "ops".into(), identity }, vouches)
    }

    #[test]
    fn a_name_is_enough_only_where_the_network_vouches_for_nobody() {
        let vouched = || Identity::Vouched(UserId::new("ada"));
        let claimed = || Identity::Claimed("ada".into());

        assert_eq!(
            (is(vouched(), true), is(vouched(), false)),
            (Standing::Administrator, Standing::Administrator)
        );
        assert_eq!((is(claimed(), true), is(claimed(), false)), (Standing::Claimant, Standing::Administrator));
        assert_eq!(is(Identity::Vouched(UserId::new("bob")), true), Standing::Other);
    }

    #[test]
    fn an_administrator_of_one_chat_is_none_of_another() {
        let admins = [Administrator { chat: "ops".into(), identity: "ada".into() }];
        let person = Person { chat: "public".into(), identity: Identity::Vouched(UserId::new("ada")) };

        assert_eq!(standing(&admins, &person, true), Standing::Other);
    }
}
