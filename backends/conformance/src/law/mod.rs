//! The laws, one function each.

mod editing;
mod ending;
mod hearing;
mod login;
mod missing;
mod moving;
mod offering;
mod people;
mod posting;
mod reacting;
mod showing;
mod threading;

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
pub use missing::{
    an_edited_message_is_not_heard_again, hears_nothing_of_the_past_unasked, hears_what_was_said_while_away,
};
pub use moving::{joins_a_room_when_told, leaves_a_room_when_told, remembers_its_rooms_in_the_next_life};
pub use offering::offers_what_it_is_told_last;
pub use people::a_name_is_not_an_identity;
pub use posting::{
    a_second_attempt_is_the_same_message, answers_a_direct_message, control_characters_do_not_escape,
    keeps_what_is_within_the_limit_whole, loses_nothing_of_what_is_split, names_who_is_mentioned, posts_in_order,
    receipt_after_the_network_accepts, refused_when_the_room_is_unknown,
};
pub use reacting::{
    a_reaction_of_ours_takes_the_place_of_the_last, hears_a_reaction_come_and_go,
    survives_a_reaction_to_what_is_gone,
};
pub use showing::{a_file_arrives_whole_with_its_name, marks_are_shown_and_text_is_only_text};
pub use threading::{
    a_message_in_a_thread_says_so, a_post_shows_what_it_answers, a_thread_can_be_opened_at_a_message,
    an_answer_stays_in_its_thread, an_answer_to_what_is_gone_is_posted,
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
