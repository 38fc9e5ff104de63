//! The running sandbox, from outside.

use std::time::Duration;

use awc::Client;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::*;
use crate::tls::{Pieces, Pool, http};

/// A sandbox with the demo's pack, quick, and somebody who may use it.
struct Probe {
    sandbox: Sandbox,
    client: Client,
}

impl Probe {
    fn start() -> Self {
        Self::with(SandboxConfig::default())
    }

    fn with(config: SandboxConfig) -> Self {
        let config = SandboxConfig {
            users: vec![User::new("demo", "demo")],
            api_keys: vec![ApiKey::new("key", "demo")],
            pace: Duration::from_millis(2),
            notify_delay: Duration::from_millis(2),
            workers: 1,
            ..config
        };
        let client = Client::builder().timeout(LIMIT).add_default_header(("St2-Api-Key", "key")).finish();
        Self { sandbox: Sandbox::start(config).unwrap(), client }
    }

    async fn post(&self, path: &str, body: Value) -> Option<(u16, Value)> {
        let sent = self.client.post(format!("{}{path}", self.sandbox.url())).send_json(&body).await;
        let mut response = sent.ok()?;
        Some((response.status().as_u16(), response.json().await.unwrap_or_default()))
    }

    async fn command(&self, command: &str) -> Option<(u16, Value)> {
        let body = json!({
            "command": command, "user": "ann", "source_channel": "#ops", "notification_route": "errbot",
        });
        self.post("/v1/aliasexecution/match_and_execute", body).await
    }

    async fn status(&self, path: &str) -> u16 {
        self.client.get(format!("{}{path}", self.sandbox.url())).send().await.unwrap().status().as_u16()
    }

    async fn output(&self, id: &str) -> Listened {
        let url = format!("{}/stream/v1/executions/{id}/output", self.sandbox.url());
        self.listen(&url).await
    }

    async fn stream(&self, events: &str) -> Listened {
        let url = format!("{}/v1/stream?events={events}", self.sandbox.url());
        let mut listened = self.listen(&url).await;
        listened.until("\n").await;
        listened
    }

    async fn listen(&self, url: &str) -> Listened {
        let pool = Pool { connect: LIMIT, keep_alive: LIMIT, limit: 1 };
        let opener = http(None, pool).unwrap().opener;
        Listened { pieces: opener.open(&self.client.get(url)).await.unwrap().1, text: String::new() }
    }

    /// The newest execution of an action that has ended.
    async fn ended(&self, reference: &str) -> Value {
        self.ended_one(|it| it["action"]["ref"] == reference).await
    }

    async fn ended_one(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let ended = async {
            loop {
                let has_ended = |it: &Value| is_it(it) && !it["end_timestamp"].is_null();
                if let Some(found) = self.sandbox.executions().into_iter().find(has_ended) {
                    return found;
                }
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, ended).await.expect("an end")
    }
}

/// An open stream and what came of it.
struct Listened {
    pieces: Pieces,
    text: String,
}

impl Listened {
    /// Reads until `part` came.
    async fn until(&mut self, part: &str) -> String {
        while !self.text.contains(part) {
            let chunk = timeout(LIMIT, self.pieces.next()).await.expect("bytes in time").expect("an open stream");
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
        self.text.clone()
    }
}

#[actix_web::test]
async fn every_demo_command_does_what_its_description_says() {
    let probe = Probe::start();
    let commands = [
        ("echo hi", "succeeded"),
        ("你好 世界", "succeeded"),
        ("ship shop", "succeeded"),
        ("run uptime on web1, web2", "succeeded"),
        ("deploy shop production tags=a,b", "succeeded"),
        ("wait 0", "succeeded"),
        ("fail raise", "failed"),
        ("lines 3", "succeeded"),
        ("how full is web1", "succeeded"),
        ("hostile", "succeeded"),
        ("release shop", "succeeded"),
    ];

    for (command, status) in commands {
        let (code, answer) = probe.command(command).await.unwrap();
        assert_eq!(code, 201, "{command}: {answer}");
        let id = &answer["results"][0]["execution"]["id"];
        let ended = probe.ended_one(|it| it["id"] == *id).await;
        let announced = probe.ended_one(|it| it["parameters"]["execution_id"] == *id).await;
        assert_eq!(ended["status"], status, "{command}");
        assert_eq!(announced["status"], "succeeded", "{command}: {}", announced["result"]);
    }

    let refused = [("retired x", "matched no patterns"), ("status of web", "matched more than 1 pattern")];
    for (command, why) in refused {
        let (code, answer) = probe.command(command).await.unwrap();
        assert_eq!(code, 400);
        assert!(answer["faultstring"].as_str().unwrap().contains(why), "{answer}");
    }
}

#[actix_web::test]
async fn one_command_may_run_as_often_as_it_matches() {
    let probe = Probe::start();

    let (_, answer) = probe.command("see OPS-1 and OPS-2, please").await.unwrap();

    let messages =
        answer["results"].as_array().unwrap().iter().map(|it| &it["execution"]["parameters"]["message"]);
    assert_eq!(messages.collect::<Vec<_>>(), ["OPS-1", "OPS-2"]);
}

#[actix_web::test]
async fn output_is_there_as_it_is_printed_and_whole_for_who_comes_late() {
    let probe = Probe::start();
    let cmd = "echo one; sleep 0.3; echo two >&2; sleep 0.3; echo three";
    let (_, made) =
        probe.post("/v1/executions", json!({"action": "core.local", "parameters": {"cmd": cmd}})).await.unwrap();
    let id = made["id"].as_str().unwrap();

    let mut early = probe.output(id).await;
    let first = early.until("\"one\\n\"").await;
    assert!(!first.contains("two") && !first.contains("EOF"), "{first}");
    let all = early.until("event: EOF").await;
    let late = probe.output(id).await.until("event: EOF").await;

    assert!(all.ends_with("event: EOF\ndata: ''\n\n"), "{all}");
    assert_eq!(all, late);
    let printed: Vec<Value> = all
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"))
        .map(|data| serde_json::from_str(&format!("{{{data}")).unwrap())
        .collect();
    let printed: Vec<_> = printed.iter().map(|it| (&it["output_type"], &it["data"])).collect();
    assert_eq!(
        format!("{printed:?}"),
        r#"[(String("stdout"), String("one\n")), (String("stderr"), String("two\n")), (String("stdout"), String("three\n"))]"#
    );
    assert_eq!(probe.status("/stream/v1/executions/nope/output").await, 404);
}

#[actix_web::test]
async fn children_know_their_parent_and_it_knows_them() {
    let probe = Probe::start();

    probe.command("release shop").await.unwrap();
    let parent = probe.ended("demo.release").await;

    let children = probe.sandbox.executions().into_iter().filter(|it| it["parent"] == parent["id"]);
    let mut ids: Vec<_> = children.map(|it| it["id"].clone()).collect();
    ids.reverse();
    assert_eq!(parent["children"], Value::from(ids.clone()));
    assert_eq!(ids.len(), 3);
    assert_eq!(parent["result"]["output"]["released"], "shop");
}

#[actix_web::test]
async fn results_are_announced_unless_the_alias_says_otherwise() {
    let probe = Probe::start();
    let mut stream = probe.stream("st2.announcement__*").await;

    probe.command("silently one").await.unwrap();
    probe.ended("chatops.post_result").await;
    probe.command("quietly two").await.unwrap();
    stream.until("two").await;

    assert!(!stream.text.contains("one"), "{}", stream.text);
    assert!(stream.text.contains(r##""channel":"#ops""##), "{}", stream.text);
}

#[actix_web::test]
async fn a_rule_of_ones_own_fires_for_any_route_and_runs_any_action_unless_it_is_skipped() {
    let rule = json!({
        "name": "mine", "trigger": {"type": "core.st2.generic.notifytrigger"}, "criteria": {}, "action": {
            "ref": "chatops.post_message", "parameters": {
                "channel": "{{ trigger.data.source_channel }}", "route": "errbot", "context": "{{trigger.data.source_context}}",
                "message": "{{ trigger.action_ref }} of {{ trigger.route }}",
            },
        },
    });
    let rules = vec![rule.as_object().unwrap().clone()];
    let probe = Probe::with(SandboxConfig { rules, ..SandboxConfig::default() });
    let mut stream = probe.stream("st2.announcement__*").await;

    let body = json!({"command": "quietly one", "user": "ann", "source_channel": "#ops"});
    probe.sandbox.inject(Fault::SkipRules { times: 1 });
    for _ in 0..2 {
        probe.post("/v1/aliasexecution/match_and_execute", body.clone()).await.unwrap();
    }
    stream.until("demo.echo of None").await;

    assert_eq!(stream.text.matches("demo.echo").count(), 1, "{}", stream.text);
    assert!(
        stream.text.contains(r##""channel":"#ops","##) && stream.text.contains(r#""context":null"#),
        "{}",
        stream.text
    );
}

#[actix_web::test]
async fn the_wording_of_a_result_can_be_asked_for() {
    let probe = Probe::start();
    probe.command("quietly said").await.unwrap();
    let id = probe.ended("demo.echo").await["id"].clone();

    let action = "chatops.format_execution_result";
    let order = json!({"action": action, "parameters": {"execution_id": id}});
    let (_, made) = probe.post("/v1/executions", order).await.unwrap();

    let ended = probe.ended_one(|it| it["id"] == made["id"]).await;
    assert_eq!(ended["result"]["result"], json!({"enabled": true, "message": "said"}));
}

#[actix_web::test]
async fn a_cancelled_execution_stops_at_once() {
    let probe = Probe::start();
    let (_, answer) = probe.command("wait 3600").await.unwrap();
    let id = answer["results"][0]["execution"]["id"].as_str().unwrap();

    let url = format!("{}/v1/executions/{id}", probe.sandbox.url());
    let code = probe.client.delete(url).send().await.unwrap().status();

    assert_eq!(code, 200);
    assert_eq!(probe.ended("demo.wait").await["status"], "canceled");
}

#[actix_web::test]
async fn a_lost_answer_does_not_mean_that_nothing_ran() {
    let probe = Probe::start();
    let path = "/v1/aliasexecution/match_and_execute".to_owned();

    probe.sandbox.inject(Fault::Reset { path: path.clone(), times: 1, when: When::Before });
    let before = probe.command("echo hi").await;
    let none_made = probe.sandbox.made();
    probe.sandbox.inject(Fault::Reset { path, times: 1, when: When::After });
    let after = probe.command("echo hi").await;

    assert_eq!((before, none_made), (None, 0));
    assert_eq!((after, probe.sandbox.made()), (None, 1));
    assert_eq!(probe.sandbox.seen().iter().map(|seen| seen.status).collect::<Vec<_>>(), [0, 0]);
}

#[actix_web::test]
async fn calls_fail_as_often_as_told_then_no_more() {
    let probe = Probe::start();
    let fault = json!({"fault": "answer", "path": "/v1/user", "status": 503, "times": 2});

    let (accepted, _) = probe.post("/sandbox/faults", fault).await.unwrap();
    let statuses =
        [probe.status("/v1/user").await, probe.status("/v1/user").await, probe.status("/v1/user").await];

    assert_eq!(accepted, 204);
    assert_eq!(statuses, [503, 503, 200]);
}

#[actix_web::test]
async fn a_cut_stream_ends_without_a_last_chunk_and_a_refused_one_does_not_open() {
    let probe = Probe::start();
    let mut socket = TcpStream::connect(probe.sandbox.address).await.unwrap();
    socket.write_all(b"GET /v1/stream?st2-api-key=key HTTP/1.1\r\nHost: sandbox\r\n\r\n").await.unwrap();
    let mut text = String::new();
    while !text.ends_with("1\r\n\n\r\n") {
        text.push(socket.read_u8().await.unwrap().into());
    }

    probe.sandbox.inject(Fault::CutStreams);
    probe.sandbox.inject(Fault::RefuseStreams { status: 503, millis: 60_000 });

    let mut rest = Vec::new();
    timeout(LIMIT, socket.read_to_end(&mut rest)).await.expect("an end").unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(probe.status("/v1/stream").await, 503);
}

#[actix_web::test]
async fn streams_carry_events_garbage_and_silence_as_told() {
    let probe = Probe::start();
    let mut stream = probe.stream("st2.announcement__*").await;

    probe.sandbox.inject(Fault::LoseEvents { events: "*errbot".to_owned(), times: 1 });
    for number in [1, 2] {
        let event = "st2.announcement__errbot".to_owned();
        probe.sandbox.inject(Fault::Emit { event, data: json!({ "number": number }) });
    }
    probe.sandbox.inject(Fault::Raw { text: "data: \u{7}nonsense".to_owned() });
    stream.until("nonsense").await;

    assert!(!stream.text.contains(r#""number":1"#), "{}", stream.text);
    assert!(stream.text.contains(r#"{"number":2}"#), "{}", stream.text);
}

#[actix_web::test]
async fn a_silent_stream_beats() {
    let probe = Probe::with(SandboxConfig { heartbeat: Duration::from_millis(5), ..SandboxConfig::default() });

    let mut stream = probe.stream("*").await;

    stream.until("\n\n\n").await;
    assert_eq!(stream.text.trim(), "");
}

#[actix_web::test]
async fn only_so_many_executions_are_remembered() {
    let probe = Probe::with(SandboxConfig { remembered: 2, ..SandboxConfig::default() });

    for _ in 0..3 {
        probe.post("/v1/executions", json!({"action": "core.noop"})).await.unwrap();
    }

    assert_eq!(probe.sandbox.made(), 3);
    assert_eq!(probe.sandbox.executions().len(), 2);
}

const LIMIT: Duration = Duration::from_secs(20);
