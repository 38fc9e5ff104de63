//! Cutting a delivery into posts that its chat takes. Pure.

use fulmar_contract::{Capabilities, Mention, Post, split};

use crate::journal::Delivery;

/// The posts that say `delivery` on a chat of `kind` with these capabilities, at most [`MOST`] and a word on what was
/// left out.
pub(super) fn posts(delivery: &Delivery, kind: &str, capabilities: &Capabilities) -> Vec<Post> {
    let texts = texts(&delivery.text, capabilities);
    let extra = delivery.extra.get(kind).cloned().unwrap_or_default();
    let post = |(number, text)| Post {
        room: delivery.route.room.clone(),
        thread: delivery.route.thread.clone().filter(|_| capabilities.threads),
        mention: delivery.mention.clone().filter(|_: &Mention| number == 0),
        text,
        extra: extra.clone(),
        key: format!("{}.{number}", delivery.id),
    };
    texts.into_iter().enumerate().map(post).collect()
}

/// The texts of the posts, each within the limit.
fn texts(text: &str, capabilities: &Capabilities) -> Vec<String> {
    // What stands before `{~}` is to stand above the rest; where there are no attachments, that is a line of its own.
    let text = text.replace("{~}", "\n");
    let mut parts: Vec<&str> = if capabilities.multiline {
        split(text.trim(), capabilities.limit)
    } else {
        text.lines().flat_map(|line| split(line, capabilities.limit)).collect()
    };
    let left = parts.len().saturating_sub(MOST);
    parts.truncate(MOST);
    let mut texts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    if left > 0 {
        texts.push(format!("… {left} more parts were left out."));
    }
    texts
}

/// How many posts one delivery may take.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use fulmar_contract::{Identity, Limit, Markup, RoomId, ThreadId, Unit};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::journal::{DeliveryId, Route, Speech};

    fn capabilities(multiline: bool, max: usize) -> Capabilities {
        Capabilities {
            markup: Markup::Plain,
            limit: Limit { max, unit: Unit::Bytes },
            multiline,
            threads: false,
            idempotent: false,
            joins: false,
        }
    }

    fn delivery(text: &str, extra: Value) -> Delivery {
        Delivery {
            id: DeliveryId(Uuid::from_u128(1)),
            command: None,
            execution: None,
            speech: Speech::Result,
            route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: Some(ThreadId::new("7")) },
            mention: Some(Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() }),
            text: text.into(),
            extra,
        }
    }

    fn said(text: &str, capabilities: &Capabilities) -> Vec<String> {
        posts(&delivery(text, Value::Null), "x", capabilities).into_iter().map(|post| post.text).collect()
    }

    #[test]
    fn each_line_is_a_post_where_posts_have_one_line_and_blank_ones_vanish() {
        assert_eq!(said("\none\n\n two\n", &capabilities(false, 80)), ["one", " two"]);
    }

    #[test]
    fn a_text_is_one_post_where_it_fits() {
        assert_eq!(said("\none\n\ntwo\n", &capabilities(true, 80)), ["one\n\ntwo"]);
    }

    #[test]
    fn the_pretext_stands_on_a_line_of_its_own() {
        assert_eq!(said("above{~}below", &capabilities(false, 80)), ["above", "below"]);
    }

    #[test]
    fn no_post_is_longer_than_the_limit_and_the_rest_is_counted() {
        let said = said(&"x".repeat(10_000), &capabilities(false, 10));

        assert!(said[..MOST].iter().all(|text| text.len() <= 10));
        assert_eq!(said[MOST], "… 800 more parts were left out.");
    }

    #[test]
    fn only_the_first_post_names_somebody_and_each_has_a_key_of_its_own() {
        let posts = posts(&delivery("one\ntwo", Value::Null), "x", &capabilities(false, 80));

        assert!(posts[0].mention.is_some() && posts[1].mention.is_none());
        assert_ne!(posts[0].key, posts[1].key);
    }

    #[test]
    fn a_chat_is_given_the_extra_of_its_own_kind_and_no_thread_that_it_cannot_have() {
        let posts = posts(&delivery("one", json!({"x": {"a": 1}, "y": {}})), "x", &capabilities(false, 80));

        assert_eq!(posts[0].extra, json!({"a": 1}));
        assert_eq!(posts[0].thread, None);
    }
}
