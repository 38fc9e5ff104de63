//! The laws, and the switches that other tests rely on.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::{Harness, Session, laws};
use fulmar_contract::{Backend, Event, MessageId, RoomId, Sender, Undelivered};
use fulmar_memory::{Answer, Memory, Network};

struct InMemory(Network);

#[async_trait]
impl Harness for InMemory {
    async fn start() -> Option<Self> {
        let network = Network::new(["ops"]);
        network.add("lounge");
        Some(Self(network))
    }

    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(Memory::new(self.0.clone()))
    }

    fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
        self.0.refuse_logins(true);
        self.backend()
    }

    fn room(&self) -> &str {
        "#Ops"
    }

    fn other_room(&self) -> &str {
        "#Lounge"
    }

    fn unknown_room(&self) -> &str {
        "nowhere"
    }

    async fn peer_says(&mut self, room: &RoomId, text: &str) {
        // Whether we are in the room, the law knows.
        self.0.say(room.as_str(), "ada", text).await;
    }

    async fn peer_says_directly(&mut self, _: &Sender, text: &str) {
        assert!(self.0.whisper("ada", text).await);
    }

    async fn peer_hears(&mut self, room: &RoomId) -> String {
        self.0.hear(room).await
    }

    async fn peer_sees_edit(&mut self, room: &RoomId) -> String {
        self.0.see_edit(room).await
    }

    async fn forget(&mut self, _: &RoomId, _: &MessageId) {
        self.0.forget_messages();
    }

    async fn sees_us_leave(&mut self) {
        self.0.offline().await;
    }

    async fn sever(&mut self) {
        self.0.sever();
    }

    async fn garbage(&mut self) {
        self.0.say("ops", "", "\0\u{1b}").await;
    }
}

laws!(InMemory);

#[tokio::test]
async fn a_failing_network_answers_as_told() {
    let network = Network::new(["ops"]);
    let memory = Memory::new(network.clone());
    let room = memory.room("ops").unwrap();
    let (mut session, _) = Session::in_room(&memory, &room).await;
    let later = Undelivered::Later { after: None, why: "busy".into() };

    network.answer(Answer::Fail(later.clone()));

    assert_eq!(session.post(&room, "lost").await, Err(later));
    assert!(network.posts().is_empty());
}

#[tokio::test]
async fn a_silent_network_leaves_a_post_unknown_when_the_session_ends() {
    let network = Network::new(["ops"]);
    let memory = Memory::new(network.clone());
    let room = memory.room("ops").unwrap();
    let (mut session, _) = Session::in_room(&memory, &room).await;
    network.answer(Answer::Silence);

    let answer = session.order(&room, "taken").await;
    network.hear(&room).await;
    network.sever();

    assert!(answer.await.is_err(), "the receipt was dropped, which counts as unknown");
    assert_eq!(network.posts().len(), 1);
}

#[tokio::test]
async fn a_second_attempt_with_the_same_key_is_one_message() {
    let network = Network::new(["ops"]);
    let memory = Memory::new(network.clone());
    let room = memory.room("ops").unwrap();

    for _ in 0..2 {
        let (mut first_of_its_life, _) = Session::in_room(&memory, &room).await;
        assert!(first_of_its_life.post(&room, "once").await.is_ok());
    }

    assert_eq!(network.posts().len(), 1);
}

#[tokio::test]
async fn a_removed_room_is_left() {
    let network = Network::new(["ops"]);
    let memory = Memory::new(network.clone());
    let room = memory.room("ops").unwrap();
    let (mut session, _) = Session::in_room(&memory, &room).await;

    network.remove("ops", "closed").await;

    assert_eq!(session.event().await, Event::Left { room, why: "closed".into() });
}

#[tokio::test]
#[should_panic(expected = "the session panicked")]
async fn the_session_panics_when_told() {
    let network = Network::new(["ops"]);
    let memory = Memory::new(network.clone());
    let (session, _) = Session::in_room(&memory, &memory.room("ops").unwrap()).await;

    network.make_it_panic().await;

    drop(session.ended().await);
}
