//! The laws every backend obeys, as tests.
//!
//! A backend's tests implement [`Harness`], which is the network as its other end sees it, and expand
//! [`laws!`](crate::laws), which makes one test of each law. A law that cannot hold on a network is named with the reason,
//! and shows up as an ignored test; what [`fulmar_contract::Capabilities`] says that a network lacks needs no exception:
//!
//! ```ignore
//! fulmar_conformance::laws!(Pigeon, except bad_login_is_credentials: "pigeons ask for no password");
//! ```
//!
//! The network is real or behaves as if: time is not virtual here, so laws await what must happen, and give
//! up after [`PATIENCE`].

mod chat;
mod harness;
pub mod law;
mod proxy;
mod real;
mod session;

pub use chat::Chat;
pub use harness::{Harness, Seen, skip};
pub use proxy::Proxy;
pub use real::{real, told, unique};
pub use session::{PATIENCE, Session, within};

/// Expands to one test for each law in [`law`], for the [`Harness`] given.
#[macro_export]
macro_rules! laws {
    ($harness:ty $(, except $name:ident: $why:literal)* $(,)?) => {
        $(const _: () = {
            // Only a law that exists can be excepted.
            #[allow(unused_imports)]
            use $crate::law::$name;
        };)*
        macro_rules! law {
            $(($name) => {
                #[test]
                #[ignore = $why]
                fn $name() {}
            };)*
            ($law:ident) => {
                #[tokio::test]
                async fn $law() {
                    if let Some(harness) = <$harness as $crate::Harness>::start().await {
                        $crate::law::$law(harness).await;
                    }
                }
            };
        }
        law!(says_online_first);
        law!(joins_its_rooms);
        law!(bad_login_is_credentials);
        law!(hears_a_room_message);
        law!(hears_a_direct_message);
        law!(knows_when_mentioned);
        law!(ignores_its_own_words);
        law!(hears_in_order);
        law!(no_id_comes_again_in_a_later_session);
        law!(survives_garbage);
        law!(receipt_after_the_network_accepts);
        law!(posts_in_order);
        law!(answers_a_direct_message);
        law!(names_who_is_mentioned);
        law!(keeps_what_is_within_the_limit_whole);
        law!(loses_nothing_of_what_is_split);
        law!(control_characters_do_not_escape);
        law!(refused_when_the_room_is_unknown);
        law!(an_edit_replaces_the_text_and_nothing_else);
        law!(refuses_to_edit_what_is_gone);
        law!(edits_what_an_earlier_life_posted);
        law!(joins_a_room_when_told);
        law!(leaves_a_room_when_told);
        law!(remembers_its_rooms_in_the_next_life);
        law!(a_second_attempt_is_the_same_message);
        law!(a_message_in_a_thread_says_so);
        law!(an_answer_stays_in_its_thread);
        law!(a_thread_can_be_opened_at_a_message);
        law!(a_post_shows_what_it_answers);
        law!(an_answer_to_what_is_gone_is_posted);
        law!(hears_a_reaction_come_and_go);
        law!(a_reaction_of_ours_takes_the_place_of_the_last);
        law!(survives_a_reaction_to_what_is_gone);
        law!(marks_are_shown_and_text_is_only_text);
        law!(a_file_arrives_whole_with_its_name);
        law!(hears_what_was_said_while_away);
        law!(hears_nothing_of_the_past_unasked);
        law!(an_edited_message_is_not_heard_again);
        law!(a_name_is_not_an_identity);
        law!(offers_what_it_is_told_last);
        law!(severed_is_lost);
        law!(leaves_when_orders_close);
        law!(dropping_the_session_closes_the_connection);
        law!(a_second_session_works_after_the_first);
    };
}
