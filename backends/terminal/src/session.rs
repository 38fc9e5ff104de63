//! One session: from the first prompt until the orders close or the screen goes away.

use std::{io, time::SystemTime};

use fulmar_contract::{Event, Failure, Link, Order, Receipt, Undelivered};
use tokio::sync::mpsc;

use crate::{inbound, outbound::Screen};

/// Hears lines and shows posts. The end of input ends nothing else: results may still be owed.
pub(crate) async fn run(
    user: &str,
    lines: &mut mpsc::Receiver<io::Result<String>>,
    screen: &mut Screen,
    link: Link,
) -> Result<(), Failure> {
    let Link { login: _, events, mut orders } = link;
    report(&events, Event::Online { me: inbound::me() }).await?;
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
                Some(order) => obey(screen, order).await?,
                None => break,
            },
        }
    }
    Ok(())
}

async fn obey(screen: &mut Screen, order: Order) -> Result<(), Failure> {
    let Order { post, receipt } = order;
    if post.room != inbound::room() {
        let refused = Undelivered::Refused { why: format!("a terminal has no room {}", post.room) };
        drop(receipt.send(Err(refused)));
        return Ok(());
    }
    let shown = screen.show(&post.text).await;
    let outcome = match &shown {
        Ok(()) => Ok(Receipt { id: None }),
        Err(error) => Err(Undelivered::Unknown { why: error.to_string() }),
    };
    drop(receipt.send(outcome));
    shown.map_err(Failure::lost)
}

async fn report(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Failure> {
    events.send(event).await.map_err(|_| Failure::lost("the gateway stopped listening"))
}
