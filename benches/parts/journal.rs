//! What it costs that nothing is forgotten: commands from the Router's decision to the receipts of ack and result, with
//! StackStorm and the network as quick as can be. On a tmpfs (`TMPDIR=/dev/shm`) the disk has no part in it.

use std::sync::Arc;

use actix::{System, SystemRunner};
use criterion::{Criterion, Throughput};
use fulmar::{
    actors::{
        delivery::Say,
        journal::{Idle, keep},
        world::World,
    },
    config::Config,
    gateway::{Gateway, Reach},
    journal::{
        Command, CommandId, CommandState, Delivery, DeliveryId, Entry, Execution, ExecutionState, Memory, Results,
        Route, Speech, Sqlite, Store,
    },
    markup::Format,
};
use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Event, Failure, Identity, Limit, Link, Mention, MessageId, Order, Receipt,
    RoomId, Sender, Tone, Unit,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    group.sample_size(10).throughput(Throughput::Elements(COMMANDS as u64));
    let folder = tempfile::tempdir().unwrap();
    let file = || Box::new(Sqlite::open(folder.path().join("journal.db"), |_| {}).unwrap());
    let stores: [(&str, Box<dyn Store>); 2] = [("in memory", Box::new(Memory)), ("in a file", file())];
    for (what, store) in stores {
        let mut desk = Desk::new(store);
        group.bench_function(format!("{COMMANDS} commands, {what}"), |bencher| bencher.iter(|| desk.work()));
    }
    group.finish();
}

/// A gateway without a StackStorm, at a network that takes all posts at once.
struct Desk {
    system: SystemRunner,
    gateway: Gateway,
}

impl Desk {
    fn new(store: Box<dyn Store>) -> Self {
        let mut config = Config::parse(CONFIG, "bench.toml", &|_| None).unwrap();
        config.chats[0].backend = Arc::new(Prompt);
        let system = System::new();
        let gateway = system.block_on(async { Gateway::over(store, &config, &World::real()).unwrap() });
        Self { system, gateway }
    }

    /// Sees commands through, as many at a time as there are people.
    fn work(&mut self) {
        let reach = &self.gateway.reach;
        self.system.block_on(async {
            join_all((0..PEOPLE).map(|person| async move {
                for _ in 0..COMMANDS / PEOPLE {
                    see_through(reach, person).await;
                }
            }))
            .await;
            reach.journal.send(Idle).await.unwrap();
        });
    }
}

/// What is journalled and said of one command.
async fn see_through(Reach { journal, delivery, .. }: &Reach, person: usize) {
    let command = command(person);
    let states = [CommandState::Authorised, CommandState::Submitting];
    let advanced = states.into_iter().map(|state| Entry::Advanced(command.id, state));
    let entries = [Entry::Received(command.clone())].into_iter().chain(advanced).collect();
    keep(journal, entries).await.unwrap();

    let id = command.id.to_string();
    let result = json!({"format": "{{ execution.action.ref }} took {{ execution.elapsed_seconds | round(1) }} s"});
    let execution = Execution { id, command: command.id, result, state: ExecutionState::Running };
    let run = command.run_id(&execution.id);
    let ack = said(&command, Speech::Ack, "Deploying service-00042 to web-17.");
    let submitted = Entry::Submitted(command.id, vec![execution]);
    delivery.send(Say { delivery: ack, with: vec![submitted] }).await.unwrap().unwrap();

    let finished = ExecutionState::Finished { status: "succeeded".into() };
    keep(journal, vec![Entry::Ended(run.clone(), finished)]).await.unwrap();
    let result = said(&command, Speech::Result, "bench.deploy took 1.5 s");
    let result = Delivery { execution: Some(run), ..result };
    delivery.send(Say { delivery: result, with: Vec::new() }).await.unwrap().unwrap();
}

fn command(person: usize) -> Command {
    let id = Uuid::now_v7();
    Command {
        id: CommandId(id),
        message: MessageId::new(id.to_string()),
        stackstorm: "default".into(),
        route: Route { chat: "bench".into(), room: RoomId::new(format!("#room{person}")), thread: None },
        direct: Some(RoomId::new(format!("user{person}"))),
        author: Mention { identity: Identity::Claimed(format!("user{person}")), name: format!("user{person}") },
        text: "deploy service-00042 to web-17".into(),
        alias: "bench.deploy".into(),
        results: Results::Direct,
    }
}

fn said(command: &Command, speech: Speech, text: &str) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::now_v7()),
        command: Some(command.id),
        execution: None,
        speech,
        route: command.route.clone(),
        answers: Some(command.message.clone()),
        mention: Some(command.author.clone()),
        text: text.into(),
        format: Format::Markdown,
        tone: Tone::Good,
        link: Some(format!("https://st2.example.org/#/history/{}", command.id)),
        extra: Value::Null,
    }
}

/// A chat whose network takes all posts at once.
struct Prompt;

impl Backend for Prompt {
    fn capabilities(&self) -> Capabilities {
        Capabilities { window: 8, ..Capabilities::plain(Limit { max: 400, unit: Unit::Bytes }) }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        Some(RoomId::new(name))
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        Some(RoomId::new(name))
    }

    fn run(&self, mut link: Link) -> BoxFuture<Result<(), Failure>> {
        Box::pin(async move {
            let me = Sender { identity: Identity::Claimed("fulmar".into()), name: "fulmar".into(), direct: None };
            let rooms: Vec<RoomId> = (0..PEOPLE).map(|person| RoomId::new(format!("#room{person}"))).collect();
            let joined = rooms.clone().into_iter().map(Event::Joined);
            for event in [Event::Online { me, rooms, vouches: false }].into_iter().chain(joined) {
                link.events.send(event).await.map_err(Failure::lost)?;
            }
            while let Some(order) = link.orders.recv().await {
                if let Order::Post { receipt, .. } = order {
                    receipt.send(Ok(Receipt { id: None })).unwrap_or_default();
                }
            }
            Ok(())
        })
    }
}

/// How many commands are seen through at once.
const PEOPLE: usize = 128;

/// How many in all.
const COMMANDS: usize = 1_024;

/// Nobody is at that StackStorm, and nobody asks it anything.
const CONFIG: &str = r#"
    [stackstorm.default]
    auth_url = "http://127.0.0.1:9/auth"
    api_url = "http://127.0.0.1:9/api"
    stream_url = "http://127.0.0.1:9/stream"
    api_auth = { key = "bench" }
    [chats.bench]
    kind = "memory"
"#;
