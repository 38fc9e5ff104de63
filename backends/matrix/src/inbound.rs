//! What Matrix's events mean to us. Pure.

use std::time::{Duration, SystemTime};

use matrix_sdk::ruma::{
    MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedUserId, UserId,
    events::{
        AnySyncMessageLikeEvent, AnySyncStateEvent, AnySyncTimelineEvent, SyncMessageLikeEvent, SyncStateEvent,
        reaction::OriginalSyncReactionEvent,
        room::{
            member::{MembershipState, SyncRoomMemberEvent},
            message::{
                MessageType, OriginalSyncRoomMessageEvent, Relation, sanitize::remove_plain_reply_fallback,
            },
            redaction::SyncRoomRedactionEvent,
        },
    },
    serde::Raw,
};

use crate::mention::{self, Hints, Me};

/// What an event means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Somebody reacted to a message.
    Reacted {
        /// The reaction's own id: by it, it is taken away.
        id: OwnedEventId,
        /// Who.
        sender: OwnedUserId,
        /// To which message.
        message: OwnedEventId,
        /// The emoji.
        emoji: String,
    },
    /// An event is not to be seen any more.
    Redacted(OwnedEventId),
    /// Somebody wrote something.
    Said(Said),
}

/// A text that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) id: OwnedEventId,
    pub(crate) sender: OwnedUserId,
    /// Without our mention at its beginning, and without what it quotes.
    pub(crate) text: String,
    pub(crate) mentioned: bool,
    /// The message at which its thread began.
    pub(crate) thread: Option<OwnedEventId>,
    pub(crate) at: SystemTime,
}

/// Reads an event; `None` if it means nothing to us. Our own events, notices and edits mean nothing.
pub(crate) fn read(event: &Raw<AnySyncTimelineEvent>, me: &Me) -> Option<Fact> {
    let Ok(AnySyncTimelineEvent::MessageLike(event)) = event.deserialize() else { return None };
    if event.sender() == me.id {
        return None;
    }
    match event {
        AnySyncMessageLikeEvent::RoomMessage(SyncMessageLikeEvent::Original(event)) => {
            said(event, me).map(Fact::Said)
        }
        AnySyncMessageLikeEvent::Reaction(SyncMessageLikeEvent::Original(event)) => Some(reacted(event)),
        AnySyncMessageLikeEvent::RoomRedaction(SyncRoomRedactionEvent::Original(event)) => {
            event.redacts.or(event.content.redacts).map(Fact::Redacted)
        }
        _ => None,
    }
}

fn said(event: OriginalSyncRoomMessageEvent, me: &Me) -> Option<Said> {
    let MessageType::Text(text) = event.content.msgtype else { return None };
    let (thread, is_reply) = match &event.content.relates_to {
        Some(Relation::Replacement(_)) => return None,
        Some(Relation::Thread(thread)) => (Some(thread.event_id.clone()), thread.in_reply_to.is_some()),
        Some(Relation::Reply(_)) => (None, true),
        _ => (None, false),
    };
    let html = text.formatted.as_ref().map(|formatted| own_html(&formatted.body, is_reply));
    let named = event.content.mentions.is_some_and(|mentions| mentions.user_ids.contains(&me.id));
    let body = if is_reply { remove_plain_reply_fallback(&text.body) } else { &text.body };
    let (text, mentioned) = mention::cut(body, Hints { html, named }, me);
    Some(Said {
        text: text.to_owned(),
        mentioned,
        thread,
        at: time(event.origin_server_ts),
        id: event.event_id,
        sender: event.sender,
    })
}

/// The marked text without what it quotes.
fn own_html(html: &str, is_reply: bool) -> &str {
    match html.split_once("</mx-reply>") {
        Some((_, own)) if is_reply => own,
        _ => html,
    }
}

fn reacted(event: OriginalSyncReactionEvent) -> Fact {
    let annotation = event.content.relates_to;
    Fact::Reacted { id: event.event_id, sender: event.sender, message: annotation.event_id, emoji: annotation.key }
}

/// How we came to be in a room, or not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// We are in.
    In,
    /// We may come in.
    Invited,
    /// We are out.
    Out {
        /// Who says so, and why.
        why: String,
    },
}

/// Reads an event that says where we are. What only changes our name or picture is none.
pub(crate) fn moved(event: &Raw<AnySyncTimelineEvent>, me: &UserId) -> Option<Move> {
    let Ok(AnySyncTimelineEvent::State(AnySyncStateEvent::RoomMember(event))) = event.deserialize() else {
        return None;
    };
    member_moved(event, me)
}

/// As [`moved`], of an event of a room's state.
pub(crate) fn moved_in_state(event: &Raw<AnySyncStateEvent>, me: &UserId) -> Option<Move> {
    let Ok(AnySyncStateEvent::RoomMember(event)) = event.deserialize() else { return None };
    member_moved(event, me)
}

fn member_moved(event: SyncRoomMemberEvent, me: &UserId) -> Option<Move> {
    let SyncStateEvent::Original(event) = event else { return None };
    if event.state_key != *me {
        return None;
    }
    let before = event.unsigned.prev_content.map(|content| content.membership);
    let reason = event.content.reason.map_or_else(String::new, |reason| format!(": {reason}"));
    let out = |what: &str| Move::Out { why: format!("{what} {}{reason}", event.sender) };
    match event.content.membership {
        now if before.as_ref() == Some(&now) => None,
        MembershipState::Ban => Some(out("banned by")),
        MembershipState::Invite => Some(Move::Invited),
        MembershipState::Join => Some(Move::In),
        MembershipState::Leave if event.sender == *me => Some(Move::Out { why: "we left".into() }),
        MembershipState::Leave => Some(out("put out by")),
        _ => None,
    }
}

/// The time that an event has.
pub(crate) fn time(at: MilliSecondsSinceUnixEpoch) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.get().into())
}

#[cfg(test)]
mod tests;
