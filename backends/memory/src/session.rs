//! One session, from login to the end.

use std::time::SystemTime;

use fulmar_contract::{Event, Failure, Limit, Link, Order};
use tokio::sync::mpsc;

use crate::{
    inbound,
    network::{Network, Wire},
    outbound,
};

/// Logs in, joins every room, then hears and obeys until the network or the gateway ends it.
pub(crate) async fn run(network: &Network, limit: Limit, link: Link) -> Result<(), Failure> {
    let Link { login: _, events, mut orders } = link;
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
                Some(order) => obey(network, limit, order, &events).await?,
                None => return Ok(()),
            },
        }
    }
}

fn event(sign: Wire) -> Option<Event> {
    match sign {
        Wire::Panic => panic!("the network was told to make its session panic"),
        Wire::Removed { room, why } => Some(Event::Left { room, why }),
        Wire::Said(said) => inbound::event(said, SystemTime::now()),
    }
}

async fn obey(network: &Network, limit: Limit, order: Order, events: &mpsc::Sender<Event>) -> Result<(), Failure> {
    let (moved, event, done) = match order {
        Order::Join { room, key: _, done } => (network.join(&room), Event::Joined(room), done),
        Order::Leave { room, done } => (network.leave(&room), Event::Parted(room), done),
        Order::Post { post, receipt } => {
            match outbound::line(&post, limit).map(|line| network.take(post, line)) {
                Ok(Some(answer)) => drop(receipt.send(answer)),
                Ok(None) => network.withhold(receipt),
                Err(undelivered) => drop(receipt.send(Err(undelivered))),
            }
            return Ok(());
        }
    };
    if moved.is_ok() {
        report(events, event).await?;
    }
    drop(done.send(moved));
    Ok(())
}

/// Hands `event` to the gateway. When the gateway has stopped listening there is no session any more.
async fn report(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Failure> {
    events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
}
