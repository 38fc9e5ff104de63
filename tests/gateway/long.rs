//! Long texts: they are cut into posts beside everything else.

use fulmar::{journal::Entry, sandbox::Sandbox, supervise::Shutdown};
use fulmar_contract::RoomId;
use fulmar_memory::Network;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    disk::Disk,
    stage::{AS_USER, PATIENCE, Stage, config, sandbox, story},
};

impl Stage {
    /// StackStorm announces a text of 200 kB, which is work to cut, for a room.
    fn announces_long(&self, room: &str, first: &str) {
        self.announces_short(room, &format!("{first} {}", "**a** *b* `c` ".repeat(15_000)));
    }

    fn announces_short(&self, room: &str, message: &str) {
        let payload = json!({"message": message, "channel": format!("mem/{room}")});
        let data = json!({ "payload": payload });
        self.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data}));
    }

    /// Waits until so many texts are to be said.
    async fn journalled(&self, texts: usize) {
        let queued = |entries: Vec<Entry>| entries.iter().filter(|it| matches!(it, Entry::Queued(_))).count();
        self.until("they are journalled", |_| queued(self.disk.entries()) == texts).await;
    }

    /// How each text of a room begins, less the numbers of parts, in the order in which they were said.
    fn begun_in(&self, room: &str) -> Vec<String> {
        let posts = self.network.posts().into_iter().filter(|post| post.room == RoomId::new(room));
        let first = posts.filter_map(|post| match post.text.split_once(") ") {
            Some((number, text)) if number.starts_with("(1/") => Some(text.to_owned()),
            _ if post.text.starts_with(['(', '…']) => None,
            _ => Some(post.text),
        });
        first.map(|text| text.split(' ').next().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn what_is_short_goes_before_what_is_still_to_be_cut_in_another_room_and_after_it_in_its_own() {
    story(async || {
        let stage = Stage::configured(|_| {}).await;

        for first in ["one", "two", "three"] {
            stage.announces_long("ops", first);
        }
        stage.announces_short("ops", "four");
        stage.announces_short("dev", "quick");
        let heard = timeout(PATIENCE, stage.network.hear(&RoomId::new("dev"))).await;
        let (begun, status) = (stage.begun_in("ops"), stage.status().await);
        stage.hears_of("four").await;

        assert_eq!(heard.as_deref(), Ok("quick"));
        assert!(!begun.contains(&"three".to_owned()), "{begun:?}");
        assert_ne!(status["journal"]["pending"], 0, "it is told meanwhile");
        assert_eq!(stage.begun_in("ops"), ["one", "two", "three", "four"]);
        stage.ends().await;
    });
}

#[test]
fn a_panic_while_texts_are_cut_neither_loses_nor_repeats_nor_disorders_any() {
    story(async || {
        let stage = Stage::configured(|_| {}).await;

        for first in ["one", "two", "three"] {
            stage.announces_long("ops", first);
        }
        stage.announces_short("ops", "four");
        stage.journalled(4).await;
        assert_eq!(stage.post("/test/delivery/panic").await.0, 202);
        stage.hears_of("four").await;

        assert_eq!(stage.begun_in("ops"), ["one", "two", "three", "four"]);
        stage.until("the journal knows", |status| status["journal"]["pending"] == 0).await;
        stage.ends().await;
    });
}

#[test]
fn what_was_not_cut_at_the_end_is_said_by_the_next_process() {
    story(async || {
        let disk = Disk::default();
        let over = |sandbox: Sandbox| {
            let network = Network::new(["ops"]);
            let config = config(&sandbox.url(), AS_USER, &network);
            Stage::kept(&disk, sandbox, network, &config)
        };
        let first = over(Sandbox::start(sandbox()).unwrap());
        first.until_ready().await;

        for text in ["one", "two"] {
            first.announces_long("ops", text);
        }
        first.announces_short("ops", "three");
        first.journalled(3).await;
        first.gateway.supervisor.send(Shutdown).await.unwrap();
        let second = over(first.sandbox.clone());
        second.hears_of("three").await;

        let mut both = [first.begun_in("ops"), second.begun_in("ops")].concat();
        // The posts of one may be divided between the two.
        both.dedup();
        assert_eq!(both, ["one", "two", "three"]);
        second.until("the journal knows", |status| status["journal"]["pending"] == 0).await;
        second.ends().await;
    });
}
