//! What becomes of commands, results and words over a restart.

use std::{net::TcpListener, time::Duration};

use fulmar::{
    journal::{Case, Command, CommandId, CommandState, Entry, Results, Route},
    sandbox::{Sandbox, SandboxConfig},
    supervise::Shutdown,
};
use fulmar_contract::{Identity, Mention, MessageId, RoomId, Undelivered};
use fulmar_memory::{Answer, Network};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    disk::Disk,
    stage::{AS_USER, Stage, config, sandbox, story},
};

const COMMAND: CommandId = CommandId(Uuid::from_u128(7));

/// The command `text`, which is for `alias`, as an earlier process had it.
fn command(room: &RoomId, text: &str, alias: &str) -> Command {
    Command {
        id: COMMAND,
        message: MessageId::new("earlier"),
        stackstorm: "default".into(),
        route: Route { chat: "mem".into(), room: room.clone(), thread: None },
        direct: None,
        author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
        text: text.into(),
        alias: alias.into(),
        results: Results::Direct,
    }
}

/// A disk on which so many commands were being sent, a moment ago.
fn many(commands: u128) -> Disk {
    let disk = Disk::default();
    for number in 0..commands {
        let (id, at) = (CommandId(Uuid::from_u128(number)), Timestamp::now().checked_sub(NOW).unwrap());
        let message = MessageId::new(number.to_string());
        let command = Command { id, message, ..command(&RoomId::new("ops"), "quietly late", "demo.quiet") };
        let states = SENT.map(|state| Entry::Advanced(id, state));
        let entries = [Entry::Received(command)].into_iter().chain(states);
        disk.extend(&Case::Command(id), entries.map(|entry| (at, entry)));
    }
    disk
}

/// A disk on which that command came to these states, some time ago.
fn disk(text: &str, alias: &str, ago: Duration, states: &[CommandState]) -> Disk {
    let at = Timestamp::now().checked_sub(ago).unwrap();
    let states = states.iter().map(|state| Entry::Advanced(COMMAND, state.clone()));
    let entries = [Entry::Received(command(&RoomId::new("ops"), text, alias))].into_iter().chain(states);
    Disk::holding(&Case::Command(COMMAND), entries.map(|entry| (at, entry)))
}

const SENT: [CommandState; 2] = [CommandState::Authorised, CommandState::Submitting];
const NOW: Duration = Duration::from_secs(1);

impl Stage {
    /// A gateway that starts over `disk`.
    fn over(disk: &Disk, sandbox: Sandbox) -> Self {
        let network = Network::new(["ops"]);
        let config = config(&sandbox.url(), AS_USER, &network);
        Self::kept(disk, sandbox, network, &config)
    }

    /// What StackStorm was given as the mark of its executions.
    fn marks(&self) -> Vec<Value> {
        let path = "/liveaction/notify/on-complete/data/source_context/fulmar/command";
        self.sandbox.executions().iter().filter_map(|it| it.pointer(path).cloned()).collect()
    }
}

/// An earlier process had StackStorm run `!quietly late`, and died before the answer came.
async fn run_before(sandbox: &Sandbox) {
    let body = json!({
        "name": "quiet", "format": "quietly {{ message }}", "command": "quietly late", "user": "joe",
        "source_channel": "mem/ops", "source_context": {"fulmar": {"gateway": "fulmar", "command": COMMAND.0}},
    });
    let url = format!("{}/api/v1/aliasexecution", sandbox.url());
    let sent = awc::Client::default().post(url).insert_header(("St2-Api-Key", "s3cret-key")).send_json(&body);
    assert_eq!(sent.await.unwrap().status(), 201);
}

#[test]
fn a_command_that_was_not_sent_is_sent_once_under_its_own_name() {
    story(async || {
        for states in [&SENT[..0], &SENT[..1]] {
            let disk = disk("quietly x", "demo.quiet", NOW, states);
            let stage = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());

            assert_eq!(stage.hears().await, "x");
            assert_eq!(stage.post("/test/router/panic").await.0, 202);
            stage.until("it is up again", |status| status["journal"]["open"] == 0).await;

            assert_eq!((stage.sandbox.made(), stage.marks()), (1, vec![json!(COMMAND.0)]));
            let received = disk.entries().iter().filter(|it| matches!(it, Entry::Received(_))).count();
            assert_eq!(received, 1, "it is not journalled as a new one");
            stage.ends().await;
        }
    });
}

#[test]
fn a_command_that_is_too_old_is_not_sent_and_its_author_is_told() {
    story(async || {
        let disk = disk("quietly x", "demo.quiet", Duration::from_secs(750), &[]);
        let stage = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());

        let told = stage.hears().await;

        assert_eq!(told, "Not run: Fulmar was restarted before it could be sent, 12 minutes ago; give it again.");
        stage.until("it is closed", |status| status["journal"]["open"] == 0).await;
        assert_eq!(stage.sandbox.made(), 0);
        stage.ends().await;
    });
}

#[test]
fn a_command_that_means_something_else_after_the_restart_is_not_sent() {
    story(async || {
        for (text, alias) in [("no such words", "demo.quiet"), ("quietly x", "demo.gone")] {
            let stage = Stage::over(&disk(text, alias, NOW, &[]), Sandbox::start(sandbox()).unwrap());

            let told = stage.hears().await;

            assert!(told.starts_with("Not run: ") && told.contains("does not mean the same"), "{told}");
            assert_eq!(stage.sandbox.made(), 0);
            stage.ends().await;
        }
    });
}

#[test]
fn a_command_waits_for_a_stackstorm_that_is_not_there_yet() {
    story(async || {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let network = Network::new(["ops"]);
        let config = config(&format!("http://{free}"), AS_USER, &network);
        let unused = Sandbox::start(sandbox()).unwrap();
        let mut stage = Stage::kept(&disk("quietly x", "demo.quiet", NOW, &[]), unused, network, &config);
        stage.network.online().await;
        stage.until("it was tried", |status| status["stackstorm"]["default"]["auth"] == "unavailable").await;

        stage.sandbox = Sandbox::start(SandboxConfig { listen: free, ..sandbox() }).unwrap();

        assert_eq!(stage.hears().await, "x");
        stage.ends().await;
    });
}

#[test]
fn a_command_that_was_sent_is_found_and_not_sent_again() {
    story(async || {
        let sandbox = Sandbox::start(sandbox()).unwrap();
        run_before(&sandbox).await;
        let stage = Stage::over(&disk("quietly late", "demo.quiet", NOW, &SENT), sandbox);

        stage.hears_of("StackStorm has it").await;

        assert_eq!(stage.hears().await, "late");
        assert_eq!(stage.sandbox.made(), 1);
        stage.ends().await;
    });
}

#[test]
fn a_command_of_which_there_is_no_trace_is_looked_for_and_its_author_knows() {
    story(async || {
        let disk = disk("quietly x", "demo.quiet", NOW, &SENT);
        let stage = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());

        let told = stage.hears().await;

        assert_eq!(told, "Fulmar was restarted while this was being sent; looking whether it runs.");
        assert_eq!((stage.sandbox.made(), stage.status().await["journal"]["open"].clone()), (0, json!(1)));
        stage.ends().await;
    });
}

#[test]
fn a_command_that_cannot_be_looked_for_is_said_to_be_unknown() {
    story(async || {
        for (text, alias) in [("see OPS-1", "demo.see"), ("gone", "demo.gone")] {
            let disk = disk(text, alias, NOW, &SENT);
            let stage = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());

            let told = stage.hears().await;

            assert!(
                told.starts_with("It may or may not run: Fulmar was restarted while it was being sent"),
                "{told}"
            );
            assert_eq!(stage.sandbox.made(), 0);
            stage.ends().await;
        }
    });
}

#[test]
fn however_many_commands_are_in_doubt_they_are_looked_for_together() {
    story(async || {
        let sandbox = Sandbox::start(sandbox()).unwrap();
        run_before(&sandbox).await;
        let stage = Stage::over(&many(50), sandbox);

        stage.hears_of("StackStorm has it").await;
        stage.until("all know", |_| stage.network.posts().len() == 51).await;

        // All but one are told after three seconds, when two looks were made.
        let lists = stage.sandbox.seen().into_iter().filter(|it| it.path == "/v1/executions").count();
        assert!(lists < 10, "{lists} lists for 50 commands");
        stage.ends().await;
    });
}

#[test]
fn that_a_command_is_looked_for_is_said_once_whatever_ends_meanwhile() {
    story(async || {
        let disk = disk("quietly late", "demo.quiet", NOW, &SENT);
        let first = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());
        first.hears_of("looking whether it runs").await;
        first.until("it is said", |status| status["journal"]["pending"] == 0).await;
        first.gateway.supervisor.send(Shutdown).await.unwrap();

        // It takes longer than it took to be said.
        first.inject(json!({"fault": "hang", "path": "/v1/actionalias", "millis": 4_000}));
        run_before(&first.sandbox).await;
        let second = Stage::over(&disk, first.sandbox.clone());

        let heard = second.hears().await;
        assert!(heard.starts_with("StackStorm has it"), "{heard}");
        second.ends().await;
    });
}

#[test]
fn what_was_being_sent_is_said_to_be_looked_for_though_stackstorm_is_away() {
    story(async || {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let network = Network::new(["ops"]);
        let config = config(&format!("http://{free}"), AS_USER, &network);
        let unused = Sandbox::start(sandbox()).unwrap();
        let stage = Stage::kept(&disk("quietly late", "demo.quiet", NOW, &SENT), unused, network, &config);

        let told = stage.hears().await;

        assert_eq!(told, "Fulmar was restarted while this was being sent; looking whether it runs.");
        stage.ends().await;
    });
}

#[test]
fn what_is_unsaid_at_the_end_is_said_in_order_after_the_next_start() {
    story(async || {
        let first = Stage::over(&Disk::default(), Sandbox::start(sandbox()).unwrap());
        first.until_ready().await;
        let later = Undelivered::Later { after: Some(Duration::from_secs(60)), why: "not now".into() };
        first.network.answer(Answer::Fail(later));
        first.says("!deploy web").await;
        first.until("both wait", |status| status["journal"]["pending"] == 2).await;
        first.gateway.supervisor.send(Shutdown).await.unwrap();

        let second = Stage::over(&first.disk, first.sandbox.clone());
        let heard = [second.hears().await, second.hears().await];

        assert!(heard[0].starts_with("Deploying web.") && heard[1].starts_with("web "), "{heard:?}");
        second.until("all is told", |status| status["journal"]["pending"] == 0).await;
        assert_eq!((second.network.posts().len(), second.sandbox.made()), (2, 1));
        second.ends().await;
    });
}

#[test]
fn a_result_is_given_by_the_process_that_is_there_when_it_comes() {
    story(async || {
        let disk = Disk::default();
        let first = Stage::over(&disk, Sandbox::start(sandbox()).unwrap());
        first.until_ready().await;
        first.inject(json!({"fault": "delay-results", "millis": 1_000}));
        first.says("!deploy web").await;
        first.hears_of("Deploying web.").await;
        first
            .until("it is journalled", |_| disk.entries().iter().any(|it| matches!(it, Entry::Submitted(..))))
            .await;
        first.gateway.supervisor.send(Shutdown).await.unwrap();

        let second = Stage::over(&disk, first.sandbox.clone());

        second.hears_of("web ").await;
        second.until("all is told", |status| status["journal"]["open"] == 0).await;
        assert_eq!((second.network.posts().len(), second.sandbox.made()), (1, 1));
        second.ends().await;
    });
}
