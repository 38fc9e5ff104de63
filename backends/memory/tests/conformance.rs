//! The laws, and the switches that other tests rely on.

use std::{mem, sync::Arc};

use async_trait::async_trait;
use fulmar_conformance::{Harness, Seen, Session, laws};
use fulmar_contract::{Backend, Event, MessageId, RoomId, Sender, Undelivered};
use fulmar_memory::{Answer, Memory, Network};

/// A network, and how the peer reacts at the moment.
struct InMemory(Network, Option<String>);

#[async_trait]
impl Harness for InMemory {
    async fn start() -> Option<Self> {
        let network = Network::new(["ops"]);
        network.add("lounge");
        Some(Self(network, None))
    }

    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(Memory::new(self.0.clone()).with_capabilities(Memory::all_capabilities()))
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

    async fn peer_sees(&mut self, room: &RoomId) -> Seen {
        let (line, post) = self.0.see(room).await;
        let (text, bold) = post.marked.as_deref().map_or((line, Vec::new()), read);
        Seen { text, bold, thread: post.thread, answers: post.answers, file: post.file }
    }

    async fn peer_says_in_thread(&mut self, room: &RoomId, text: &str) {
        self.0.say_in_thread(room.as_str(), "a thread", "ada", text).await;
    }

    async fn peer_edits(&mut self, _: &RoomId, _: &MessageId, text: &str) {
        self.0.edit_last(text).await;
    }

    async fn peer_reacts(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let before = mem::replace(&mut self.1, emoji.map(str::to_owned));
        for (emoji, is_there) in [(before.as_deref(), false), (emoji, true)] {
            if let Some(emoji) = emoji {
                assert!(self.0.react_to(room, message, "ada", emoji, is_there).await);
            }
        }
    }

    async fn peer_sees_reaction(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        self.0.reaction(room, message, emoji).await;
    }

    async fn peer_is_offered(&mut self, words: &[&str]) {
        self.0.offers(|offers| offers.iter().map(|offer| offer.word.as_str()).eq(words.iter().copied())).await;
    }

    async fn peer_is_renamed(&mut self) {
        self.0.rename("ada", "lovelace");
    }

    async fn impostor_says(&mut self, room: &RoomId, name: &str, text: &str) {
        self.0.rename("mallory", name);
        self.0.say(room.as_str(), "mallory", text).await;
    }

    async fn forget(&mut self, _: &RoomId, message: &MessageId) {
        self.0.forget(message);
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

/// A marked-up text as it is shown, and what of it is bold.
fn read(marked: &str) -> (String, Vec<String>) {
    let plain = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let bold = marked.split("<b>").skip(1).filter_map(|rest| rest.split("</b>").next()).map(plain).collect();
    (plain(&marked.replace("<b>", "").replace("</b>", "")), bold)
}

laws!(InMemory);

#[tokio::test]
async fn what_is_not_taken_is_said_in_the_next_session_again() {
    let network = Network::new(["ops"]);
    network.repeat_untaken();
    let memory = Memory::new(network.clone());
    let room = memory.room("ops").unwrap();
    let (mut session, _) = Session::in_room(&memory, &room).await;
    network.say("ops", "ada", "one").await;
    drop(session.heard().await);
    network.all_taken().await;
    network.say("ops", "ada", "two").await;

    let Event::Heard(held) = session.event().await else { panic!("something else came first") };
    network.sever();
    let (mut next, _) = Session::in_room(&memory, &room).await;

    let again = next.heard().await;
    assert_eq!((again.text.as_str(), again.id), ("two", held.id));
    drop(again.taken);
    network.all_taken().await;
}

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
