//! One session, from login to the end.

use fulmar_contract::{
    Answer, Call, Capabilities, Done, Event, Failure, Link, Order, Receipt, Taken, Undelivered,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    CALL_SECRET, inbound,
    network::{Login, Network, Wire},
    outbound,
};

/// Logs in, joins every room, then hears and obeys until the network or the gateway ends it.
pub(crate) async fn run(network: &Network, can: &Capabilities, link: Link) -> Result<(), Failure> {
    let Link { events, mut orders, mut calls, since, .. } = link;
    let Login { rooms, missed, mut wire } = network.log_in(since)?;
    let me = inbound::sender(inbound::OUR_NAME, inbound::OUR_NAME);
    report(&events, Event::Online { me, rooms: rooms.clone(), vouches: true }).await?;
    for room in rooms {
        report(&events, Event::Joined(room)).await?;
    }
    let mut ears = Ears { network, events: &events, taking: JoinSet::new() };
    for said in missed {
        ears.hear(Wire::Said(said)).await?;
    }
    loop {
        tokio::select! {
            sign = wire.recv() => {
                let sign = sign.ok_or_else(|| Failure::lost("the network closed the connection"))?;
                ears.hear(sign).await?;
            }
            Some(call) = calls.recv() => reply(call),
            order = orders.recv() => match order {
                Some(order) => obey(network, can, order, &events).await?,
                None => return Ok(()),
            },
        }
    }
}

/// Answers a call.
fn reply(call: Call) {
    let is_the_networks = call.header(CALL_SECRET).is_some();
    let Call { path, query, body, answer, .. } = call;
    let text = format!("{path}?{query}: {}", String::from_utf8_lossy(&body));
    let echo = Answer { body: text.into_bytes(), ..Answer::empty(200) };
    drop(answer.send(if is_the_networks { echo } else { Answer::empty(403) }));
}

/// Reports what the network says.
struct Ears<'a> {
    network: &'a Network,
    events: &'a mpsc::Sender<Event>,
    /// Those messages that the network is to be told of once they are taken: not any more when the session has ended.
    taking: JoinSet<()>,
}

impl Ears<'_> {
    async fn hear(&mut self, sign: Wire) -> Result<(), Failure> {
        let event = match sign {
            Wire::Edited => None,
            Wire::Panic => panic!("the network was told to make its session panic"),
            Wire::Reacted(reacted) => inbound::reaction(reacted),
            Wire::Removed { room, why } => Some(Event::Left { room, why }),
            Wire::Said(said) => {
                let taken = self.taken(said.number);
                inbound::event(said, taken)
            }
        };
        while self.taking.try_join_next().is_some() {}
        match event {
            Some(event) => report(self.events, event).await,
            None => Ok(()),
        }
    }

    fn taken(&mut self, number: u64) -> Taken {
        if !self.network.repeats() {
            return Taken::default();
        }
        let (network, (taken, mut taking)) = (self.network.clone(), Taken::new());
        self.taking.spawn(async move {
            taking.all().await;
            network.took(number);
        });
        taken
    }
}

async fn obey(
    network: &Network,
    can: &Capabilities,
    order: Order,
    events: &mpsc::Sender<Event>,
) -> Result<(), Failure> {
    match order {
        Order::Join { room, key: _, done } => {
            let joined = network.join(&room);
            moved(joined, Event::Joined(room), done, events).await?;
        }
        Order::Leave { room, done } => {
            let left = network.leave(&room);
            moved(left, Event::Parted(room), done, events).await?;
        }
        Order::Offer { commands, done } if commands.len() <= can.offers => {
            network.offer(commands);
            drop(done.send(Ok(())));
        }
        Order::React { room, message, emoji, done } if can.reactions => {
            drop(done.send(network.react(room, message, emoji)));
        }
        order @ (Order::Offer { .. } | Order::React { .. }) => order.refuse("this network has no such thing"),
        Order::Edit { message, post, receipt } => {
            let line = outbound::line(&post, can.limit).and_then(|line| {
                let refused = || Undelivered::Refused { why: "this network has no edits".into() };
                can.edits.then_some(line).ok_or_else(refused)
            });
            answer(network, receipt, line.map(|line| network.edit(&message, post, line)));
        }
        Order::Post { post, receipt } => {
            let line = outbound::line(&post, can.limit);
            answer(network, receipt, line.map(|line| network.take(post, line)));
        }
    }
    Ok(())
}

/// Tells whether a room was joined or left.
async fn moved(
    moved: Result<(), String>,
    event: Event,
    done: Done,
    events: &mpsc::Sender<Event>,
) -> Result<(), Failure> {
    if moved.is_ok() {
        report(events, event).await?;
    }
    drop(done.send(moved));
    Ok(())
}

/// Tells what became of a post, unless the network is silent about it.
fn answer(
    network: &Network,
    receipt: oneshot::Sender<Result<Receipt, Undelivered>>,
    outcome: Result<Option<Result<Receipt, Undelivered>>, Undelivered>,
) {
    match outcome {
        Ok(Some(answer)) => drop(receipt.send(answer)),
        Ok(None) => network.withhold(receipt),
        Err(undelivered) => drop(receipt.send(Err(undelivered))),
    }
}

/// Hands `event` to the gateway. When the gateway has stopped listening there is no session any more.
async fn report(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Failure> {
    events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
}
