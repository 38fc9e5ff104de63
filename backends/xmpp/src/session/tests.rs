use std::time::Duration;

use fulmar_contract::{Event, Item, Login, Options, Order, Post, Receipt, Undelivered, Value};
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::Builder,
    sync::oneshot,
    task::JoinHandle,
};

use super::*;

/// What a server says to let us in, up to our room, in which ada is.
const WELCOME: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
    <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
    <?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>\
    <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>\
    <iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>fulmar@example.org/fulmar</jid></bind></iq>\
    <enabled xmlns='urn:xmpp:sm:3'/>\
    <presence from='ops@rooms.example/ada'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='ada@example.org'/></x></presence>\
    <presence from='ops@rooms.example/fulmar'><x xmlns='http://jabber.org/protocol/muc#user'><item/>\
    <status code='110'/><status code='100'/></x></presence>";

struct Running {
    events: mpsc::Receiver<Event>,
    orders: mpsc::Sender<Order>,
    server: DuplexStream,
    session: JoinHandle<Result<(), Failure>>,
}

fn config() -> Config {
    let item = |value: &str| Item { value: Value::Text(value.into()), line: 1 };
    let entries = [("jid", "fulmar@example.org"), ("password", "x"), ("rooms", "ops@rooms.example")];
    let entries = entries.map(|(key, value)| (key.to_owned(), item(value)));
    crate::config::read(&mut Options::new("x".into(), 1, entries.into_iter().collect())).unwrap()
}

/// A session whose server has let it in.
async fn running() -> Running {
    let (ours, mut server) = duplex(1 << 20);
    let (events_in, events) = mpsc::channel(1024);
    let (orders, orders_out) = mpsc::channel(16);
    let session = tokio::spawn(async move {
        let (config, lasting) = (config(), Lasting::new(config().rooms));
        let link = Link::new(Login::Usual, events_in, orders_out);
        run_over(Box::new(ours), &config, &lasting, link).await
    });
    server.write_all(WELCOME.as_bytes()).await.unwrap();
    Running { events, orders, server, session }
}

impl Running {
    async fn in_room() -> Self {
        let mut running = running().await;
        while !matches!(running.events.recv().await, Some(Event::Joined(_))) {}
        running
    }

    async fn says(&mut self, text: &str) {
        self.server.write_all(text.as_bytes()).await.unwrap();
    }

    /// What comes next from the session, until `end` was in it.
    async fn until(&mut self, end: &str) -> String {
        let mut said = String::new();
        while !said.contains(end) {
            let mut byte = [0];
            assert_eq!(self.server.read(&mut byte).await.unwrap(), 1, "{said}");
            said.push(byte[0].into());
        }
        said
    }

    async fn posts(&mut self, room: &str) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        let (receipt, told) = oneshot::channel();
        let post = Post::plain(RoomId::new(room), "done", "1");
        self.orders.send(Order::Post { post, receipt }).await.unwrap();
        told
    }
}

/// The value of the first attribute `id` after `start`.
fn id_after<'a>(said: &'a str, start: &str) -> &'a str {
    let (_, rest) = said.split_once(start).unwrap();
    let (_, id) = rest.split_once("id=").unwrap();
    id[1..].split(['\'', '"']).next().unwrap()
}

/// How many stanzas were said since they are counted.
fn stanzas(said: &str) -> usize {
    let (_, counted) = said.split_once("<enable xmlns='urn:xmpp:sm:3'>").unwrap();
    ["<iq ", "<message ", "<presence"].map(|start| counted.matches(start).count()).iter().sum()
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_asked_and_then_lost_within_a_minute() {
    let mut running = Running::in_room().await;
    let began = Instant::now();

    running.until("<r xmlns").await;
    let asked = began.elapsed();
    let end = running.session.await.unwrap();

    assert!(asked >= Duration::from_secs(15) && began.elapsed() < Duration::from_secs(60), "{asked:?}");
    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn idling_is_a_few_bytes_a_minute() {
    let mut running = Running::in_room().await;
    let (mut read, mut write) = tokio::io::split(running.server);
    let mut said = 0;
    let idle = async {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = read.read(&mut buffer).await {
            said += length;
            write.write_all(b"<a xmlns='urn:xmpp:sm:3' h='2'/>").await.unwrap();
        }
    };

    assert!(tokio::time::timeout(Duration::from_hours(1), idle).await.is_err(), "the session goes on");

    assert!(said < 60 * 500, "{said} bytes in an hour");
    running.events.close();
}

#[tokio::test(start_paused = true)]
async fn a_receipt_comes_when_the_room_shows_the_post_and_not_before() {
    let mut running = Running::in_room().await;
    let mut told = running.posts("ops@rooms.example").await;
    let said = running.until("<r xmlns").await;
    let id = id_after(&said, "<message").to_owned();

    let all = stanzas(&said);
    running
        .says(&format!(
            "<a xmlns='urn:xmpp:sm:3' h='{all}'/><iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>"
        ))
        .await;
    running.until("ping").await;
    assert!(told.try_recv().is_err(), "that the server has it says nothing of the room");
    let stamp = "<stanza-id xmlns='urn:xmpp:sid:0' by='ops@rooms.example' id='stamp'/>";
    running
        .says(&format!(
            "<message type='groupchat' from='ops@rooms.example/fulmar' id='{id}'><body>done</body>{stamp}</message>"
        ))
        .await;

    let names = Receipt { id: Some(fulmar_contract::MessageId::new(format!("stamp {id}"))) };
    assert_eq!(told.await.unwrap(), Ok(names));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_comes_back_is_refused_or_put_off() {
    let mut running = Running::in_room().await;
    for (kind, condition, is_for_ever) in [
        ("cancel", "item-not-found", true),
        ("auth", "forbidden", true),
        ("wait", "resource-constraint", false),
        ("modify", "not-acceptable", false),
    ] {
        let told = running.posts("ada@example.org").await;
        let said = running.until("<r xmlns").await;
        let id = id_after(&said, "<message").to_owned();

        running
            .says(&format!(
                "<message type='error' from='ada@example.org' id='{id}'><error type='{kind}'>\
                 <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            ))
            .await;

        let told = told.await.unwrap();
        assert_eq!(matches!(told, Err(Undelivered::Refused { .. })), is_for_ever, "{told:?}");
        assert_eq!(matches!(told, Err(Undelivered::Later { .. })), !is_for_ever, "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_counts_what_we_did_not_send_is_lost() {
    for h in ["4000000000", "-1", "x", "99999999999999"] {
        let mut running = Running::in_room().await;

        running.says(&format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")).await;

        assert!(matches!(running.session.await.unwrap(), Err(Failure::Lost { .. })), "{h}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_has_forgotten_us_is_joined_again() {
    let mut running = Running::in_room().await;
    let said = loop {
        let said = running.until("<r xmlns").await;
        if said.contains("<ping") {
            break said;
        }
        running.says("<a xmlns='urn:xmpp:sm:3' h='2'/>").await;
    };
    let id = id_after(&said, "<iq").to_owned();

    running
        .says(&format!(
            "<iq type='error' from='ops@rooms.example/fulmar' id='{id}'><error type='cancel'>\
             <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ))
        .await;

    assert!(matches!(running.events.recv().await, Some(Event::Left { .. })));
    running.until("<presence").await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_server_says_nothing_panics(
        said in prop::collection::vec(prop_oneof![
            "<(message|presence|iq) (from='(ops@rooms.example(/ada|/fulmar)?|ada@example.org|@)' )?(type='(groupchat|error|result|get|unavailable)' )?(id='[a-z]{0,3}' )?>",
            "<body>[a-z:]{0,9}</body>",
            "<x xmlns='http://jabber.org/protocol/muc#user'>(<item/>)?(<status code='(110|100|201|303|307|301|173)'/>)?</x>",
            "</(message|presence|iq)>",
            "<(r|a) xmlns='urn:xmpp:sm:3'( h='[0-9]')?/>",
            "<(received|result) xmlns='urn:xmpp:(carbons:2|mam:2)'>",
            "[ -~]{0,9}",
        ], 0..40)
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let end = runtime.block_on(async {
            let mut running = running().await;
            running.says(&said.concat()).await;
            running.server.shutdown().await.unwrap();
            let heard = async { while running.events.recv().await.is_some() {} };
            let (end, ()) = tokio::join!(running.session, heard);
            end
        });
        prop_assert!(matches!(end, Ok(Err(_))), "{end:?}");
    }
}
