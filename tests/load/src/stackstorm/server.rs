//! What the stand-in answers, and what it publishes.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    io,
    rc::Rc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::spawn_local,
    time::{MissedTickBehavior, interval},
};

use super::{
    Order, Written,
    body::{Bodies, Fields, Template, alias, announcement},
    http::{Connection, Request},
    hub::Hub,
};
use crate::words;

/// What it knows.
pub(super) struct Storm {
    bodies: Bodies,
    hub: Hub,
    written: Written,
    aliases: Cell<u64>,
    unrelated: Cell<u32>,
    count: Cell<u64>,
    executions: RefCell<HashMap<String, Fields>>,
}

/// What a command says.
#[derive(Deserialize)]
struct Command {
    command: String,
    user: Value,
    source_channel: Value,
    #[serde(default)]
    source_context: Value,
}

/// Serves whoever connects, and obeys.
pub(super) async fn serve(
    storm: Rc<Storm>,
    listener: std::net::TcpListener,
    mut orders: mpsc::Receiver<Order>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let obeying = Rc::clone(&storm);
    spawn_local(async move {
        while let Some(order) = orders.recv().await {
            obeying.obey(order);
        }
    });
    spawn_local(Rc::clone(&storm).others());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn_local(Rc::clone(&storm).attend(stream));
    }
}

impl Storm {
    pub(super) fn new(bodies: Bodies, written: Written) -> Self {
        Self {
            bodies,
            hub: Hub::default(),
            written,
            aliases: Cell::new(10),
            unrelated: Cell::new(0),
            count: Cell::new(0),
            executions: RefCell::default(),
        }
    }

    fn obey(&self, order: Order) {
        match order {
            Order::Aliases(count) => {
                self.aliases.set(count);
                self.executions.borrow_mut().clear();
            }
            Order::Unrelated(rate) => self.unrelated.set(rate),
            Order::Announce(numbers, rooms) => {
                for (number, room) in numbers.zip(rooms.iter().cycle()) {
                    let data = announcement(room, &words::announcement(number));
                    self.hub.publish("st2.announcement__errbot", data.as_bytes(), Some(number));
                }
            }
        }
    }

    /// Publishes what happens to executions of others.
    async fn others(self: Rc<Self>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut owed, mut data) = (0.0, Vec::new());
        loop {
            ticks.tick().await;
            owed += f64::from(self.unrelated.get()) * TICK.as_secs_f64();
            while owed >= 1.0 {
                let fields = self.fields(&json!("h"), &json!("joe"), &json!("#elsewhere"), &Value::Null, "");
                for update in &self.bodies.updates {
                    self.publish(update, &fields, None, &mut data);
                    owed -= 1.0;
                }
            }
        }
    }

    async fn attend(self: Rc<Self>, stream: TcpStream) {
        let mut connection = Connection::new(stream);
        let ended = async {
            while let Some(request) = connection.next().await? {
                self.answer(&mut connection, &request).await?;
            }
            Ok::<(), io::Error>(())
        };
        // A client that goes away is no news.
        drop(ended.await);
    }

    async fn answer(&self, connection: &mut Connection, request: &Request) -> io::Result<()> {
        let path = request.path.strip_prefix("/api/v1").unwrap_or(&request.path);
        match (request.method.as_str(), path) {
            ("POST", "/aliasexecution") => self.execute(connection, request).await,
            ("GET", "/actionalias") => {
                let (offset, limit) =
                    (request.number("offset").unwrap_or(0), request.number("limit").unwrap_or(100));
                let all = self.aliases.get();
                let page: Vec<Value> = (offset..all.min(offset + limit)).map(alias).collect();
                let total = usize::try_from(all).unwrap_or(usize::MAX);
                connection.answer("200 OK", total, Value::from(page).to_string().as_bytes()).await
            }
            ("GET", "/executions") => {
                let ids = request.parameter("id").unwrap_or_default().replace("%2C", ",");
                let found: Vec<Vec<u8>> = ids.split(',').filter_map(|id| self.execution(id)).collect();
                let body = [b"[".as_slice(), &found.join(&b','), b"]"].concat();
                connection.answer("200 OK", found.len(), &body).await
            }
            ("GET", "/stream/v1/stream") => {
                let listener = self.hub.join(request.parameter("events").unwrap_or("*"));
                connection.begin_stream().await?;
                listener.serve(&mut connection.stream, &self.written).await
            }
            ("GET", path) => match path.strip_prefix("/executions/").and_then(|id| self.execution(id)) {
                Some(execution) => connection.answer("200 OK", 1, &execution).await,
                None => connection.answer("404 Not Found", 0, br#"{"faultstring":"not here"}"#).await,
            },
            _ => connection.answer("404 Not Found", 0, br#"{"faultstring":"not here"}"#).await,
        }
    }

    /// Runs a command: it has ended as soon as its answer is out.
    async fn execute(&self, connection: &mut Connection, request: &Request) -> io::Result<()> {
        let command: Command = serde_json::from_slice(&request.body)?;
        let (service, host) = words::asked(&command.command).unwrap_or(("nothing", "nowhere"));
        let [ack, _] = words::answers(service, host);
        let number = host.strip_prefix('h').and_then(|number| number.parse().ok());
        let fields =
            self.fields(&json!(host), &command.user, &command.source_channel, &command.source_context, &ack);
        self.executions.borrow_mut().insert(fields.id.trim_matches('"').to_owned(), fields.clone());
        let mut data = Vec::new();
        self.bodies.answer.fill(&mut data, &fields);
        connection.answer("201 Created", 1, &data).await?;
        let last = self.bodies.updates.len().saturating_sub(1);
        for (at, update) in self.bodies.updates.iter().enumerate() {
            self.publish(update, &fields, number.filter(|_| at == last), &mut data);
        }
        Ok(())
    }

    fn publish(&self, update: &Template, fields: &Fields, end: Option<u64>, data: &mut Vec<u8>) {
        data.clear();
        update.fill(data, fields);
        self.hub.publish("st2.execution__update", data, end);
    }

    fn fields(&self, host: &Value, user: &Value, room: &Value, context: &Value, ack: &str) -> Fields {
        let count = self.count.get() + 1;
        self.count.set(count);
        Fields {
            id: format!("\"6b0105d6b815bea1{count:08x}\""),
            host: host.to_string(),
            ack: json!(ack).to_string(),
            room: room.to_string(),
            user: user.to_string(),
            context: context.to_string(),
        }
    }

    /// An execution as it stands: it has ended.
    fn execution(&self, id: &str) -> Option<Vec<u8>> {
        let executions = self.executions.borrow();
        let mut data = Vec::new();
        self.bodies.updates.last()?.fill(&mut data, executions.get(id)?);
        Some(data)
    }
}

/// How often events of others are published.
const TICK: Duration = Duration::from_millis(2);
