//! The laws, one function each.

mod editing;
mod ending;
mod hearing;
mod login;
mod moving;
mod posting;

use std::sync::Arc;

use fulmar_contract::{Backend, RoomId, Sender};

pub use editing::{
    an_edit_replaces_the_text_and_nothing_else, edits_what_an_earlier_life_posted, refuses_to_edit_what_is_gone,
};
pub use ending::{
    a_second_session_works_after_the_first, dropping_the_session_closes_the_connection, leaves_when_orders_close,
    severed_is_lost,
};
pub use hearing::{
    hears_a_direct_message, hears_a_room_message, hears_in_order, ignores_its_own_words, knows_when_mentioned,
    no_id_comes_again_in_a_later_session, survives_garbage,
};
pub use login::{bad_login_is_credentials, joins_its_rooms, says_online_first};
pub use moving::{joins_a_room_when_told, leaves_a_room_when_told, remembers_its_rooms_in_the_next_life};
pub use posting::{
    answers_a_direct_message, control_characters_do_not_escape, keeps_what_is_within_the_limit_whole,
    loses_nothing_of_what_is_split, names_who_is_mentioned, posts_in_order, receipt_after_the_network_accepts,
    refused_when_the_room_is_unknown,
};

use crate::{Harness, Session};

/// A session that has joined the harness's room.
struct Settled {
    backend: Arc<dyn Backend>,
    session: Session,
    me: Sender,
    room: RoomId,
}

async fn settle(harness: &impl Harness) -> Settled {
    let backend = harness.backend();
    let room = named(&*backend, harness.room());
    let (session, me) = Session::in_room(&*backend, &room).await;
    Settled { backend, session, me, room }
}

fn named(backend: &dyn Backend, name: &str) -> RoomId {
    match backend.room(name) {
        Some(room) => room,
        None => panic!("the backend knows no room that is called {name}"),
    }
}
