//! Updates, posted to where the bot wants them: one at a time, again and again until they are taken.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::time::sleep;

use crate::{clock, hub::Hub, queue::Webhook};

/// Delivers updates for as long as it is polled.
pub(crate) async fn deliver(hub: Arc<Hub>) {
    let client = awc::Client::builder().timeout(Duration::from_secs(60)).finish();
    let mut pause = FIRST_PAUSE;
    loop {
        let (webhook, update) = hub
            .until(|world| {
                let webhook = world.webhook.clone()?;
                Some((webhook, world.queue.first(1).pop()?))
            })
            .await;
        match post(&client, &webhook, &update).await {
            Ok(()) => {
                let id = update["update_id"].as_i64().unwrap_or_default();
                hub.with(|world| world.queue.taken(id));
                pause = FIRST_PAUSE;
            }
            Err(why) => {
                hub.with(|world| {
                    if let Some(webhook) = &mut world.webhook {
                        webhook.error = Some((clock(), why));
                    }
                });
                sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}

async fn post(client: &awc::Client, webhook: &Webhook, update: &Value) -> Result<(), String> {
    let mut request = client.post(&webhook.url).content_type("application/json");
    if let Some(secret) = &webhook.secret {
        request = request.insert_header(("X-Telegram-Bot-Api-Secret-Token", secret.as_str()));
    }
    let response = request.send_body(update.to_string()).await.map_err(|error| error.to_string())?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("Wrong response from the webhook: {status}")),
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
