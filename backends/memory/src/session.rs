//! One session, from login to the end.

use fulmar_contract::{Capabilities, Event, Failure, Link, Order, Receipt, Undelivered};
use tokio::sync::{mpsc, oneshot};

use crate::{
    inbound,
    network::{Network, Wire},
    outbound,
};

/// Logs in, joins every room, then hears and obeys until the network or the gateway ends it.
pub(crate) async fn run(network: &Network, can: &Capabilities, link: Link) -> Result<(), Failure> {
    let Link { events, mut orders, .. } = link;
    let mut wire = network.log_in()?;
    let rooms = network.rooms();
    let me = inbound::sender(inbound::OUR_NAME);
    report(&events, Event::Online { me, rooms: rooms.clone(), vouches: true }).await?;
    for room in rooms {
        report(&events, Event::Joined(room)).await?;
    }
    loop {
        tokio::select! {
            sign = wire.recv() => {
                let sign = sign.ok_or_else(|| Failure::lost("the network closed the connection"))?;
                if let Some(event) = event(sign) {
                    report(&events, event).await?;
                }
            }
            order = orders.recv() => match order {
                Some(order) => obey(network, can, order, &events).await?,
                None => return Ok(()),
            },
        }
    }
}

fn event(sign: Wire) -> Option<Event> {
    match sign {
        Wire::Panic => panic!("the network was told to make its session panic"),
        Wire::Removed { room, why } => Some(Event::Left { room, why }),
        Wire::Said(said) => inbound::event(said),
    }
}

async fn obey(
    network: &Network,
    can: &Capabilities,
    order: Order,
    events: &mpsc::Sender<Event>,
) -> Result<(), Failure> {
    let (moved, event, done) = match order {
        Order::Join { room, key: _, done } => (network.join(&room), Event::Joined(room), done),
        Order::Leave { room, done } => (network.leave(&room), Event::Parted(room), done),
        order @ (Order::Offer { .. } | Order::React { .. }) => {
            order.refuse("this network has no such thing");
            return Ok(());
        }
        Order::Edit { message, post, receipt } => {
            let line = outbound::line(&post, can.limit).and_then(|line| {
                let refused = || Undelivered::Refused { why: "this network has no edits".into() };
                can.edits.then_some(line).ok_or_else(refused)
            });
            answer(network, receipt, line.map(|line| network.edit(&message, post, line)));
            return Ok(());
        }
        Order::Post { post, receipt } => {
            let line = outbound::line(&post, can.limit);
            answer(network, receipt, line.map(|line| network.take(post, line)));
            return Ok(());
        }
    };
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
