//! One session: from the first prompt until the orders close.

use std::{io, time::SystemTime};

use fulmar_contract::{Event, Failure, Link, Order, Post, Receipt, Undelivered};
use tokio::sync::mpsc;

use crate::{inbound, outbound::Screen};

/// Hears lines and shows posts. The end of input ends nothing else: results may still be owed.
pub(crate) async fn run(
    user: &str,
    lines: &mut mpsc::Receiver<io::Result<String>>,
    screen: &mut Screen,
    link: Link,
) -> Result<(), Failure> {
    let Link { events, mut orders, .. } = link;
    report(&events, Event::Online { me: inbound::me(), rooms: vec![inbound::room()], vouches: true }).await?;
    report(&events, Event::Joined(inbound::room())).await?;
    screen.prompt().await.map_err(Failure::lost)?;
    let mut open = true;
    for number in 0.. {
        tokio::select! {
            line = lines.recv(), if open => match line {
                Some(line) => {
                    let line = line.map_err(Failure::lost)?;
                    screen.entered().await.map_err(Failure::lost)?;
                    if let Some(heard) = inbound::heard(user, number, &line, SystemTime::now()) {
                        report(&events, Event::Heard(heard)).await?;
                    }
                }
                None => {
                    open = false;
                    report(&events, Event::InputEnded).await?;
                }
            },
            order = orders.recv() => match order {
                Some(order) => obey(screen, order).await,
                None => break,
            },
        }
    }
    Ok(())
}

async fn obey(screen: &mut Screen, order: Order) {
    match order {
        Order::Post { post, receipt } => drop(receipt.send(show(screen, &post).await)),
        order => order.refuse("a terminal is one room and nothing else"),
    }
}

/// Shows a post. A screen that has gone away, as in `fulmar demo | head -1`, never returns: it refuses.
async fn show(screen: &mut Screen, post: &Post) -> Result<Receipt, Undelivered> {
    let refused = |why| Err(Undelivered::Refused { why });
    if post.room == inbound::room() {
        let shown = screen.show(post).await;
        shown.map_or_else(|error| refused(error.to_string()), |()| Ok(Receipt { id: None }))
    } else {
        refused(format!("a terminal has no room {}", post.room))
    }
}

async fn report(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Failure> {
    events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
}
