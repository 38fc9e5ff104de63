//! A Telegram Bot API server for tests: bots talk to it as to `https://api.telegram.org`, and tests play the people.
//!
//! It enforces the documented rules: the token in the path, updates that come again until a higher offset confirms them, one
//! poller at a time, webhooks with a secret and repeats, lengths in UTF-16 after the entities are parsed, HTML with
//! Telegram's own words for what is wrong in it, topics, reactions from the documented list, 403 where the bot was thrown out,
//! 429 with `retry_after`, supergroups with `migrate_to_chat_id`. What befalls a call besides is said with
//! [`BotApi::fault`].
//!
//! ```no_run
//! # async fn example() {
//! use fulmar_botapi::{ADA, BotApi, OPS};
//!
//! let api = BotApi::start().await;
//! // A bot with `api.token()` connects to `api.url()`, and hears this:
//! api.say(OPS, ADA, "/run date");
//! assert_eq!(api.next_post(OPS).await.text, "done");
//! # }
//! ```
//!
//! In the beginning there are the forum [`OPS`] with its topic [`TOPIC`], in which the bot is an administrator; the
//! supergroup [`LOUNGE`] and the group [`SMALL`], in which it is a member; the people [`ADA`] and [`BOB`]; and no limits to how
//! much it may say.
//!
//! Tests in other processes use the binary `botapi --listen 127.0.0.1:0`, which prints `url` and `token` on one line, and post
//! JSON to `/peer/ACTION`:
//!
//! | action | takes | gives |
//! |---|---|---|
//! | `say` | `chat`, `author`, `text`, `topic`, `answers` | `message` |
//! | `edit` | `chat`, `message`, `text` | |
//! | `delete` | `chat`, `message` | |
//! | `react` | `chat`, `message`, `author`, `emoji` | |
//! | `next` | `chat` | what the bot does next there: `posted` or `edited`, with the message |
//! | `chat` | `chat` | all messages as they are shown |
//! | `commands` | | what the bot offers |
//! | `kick`, `readmit`, `promote`, `migrate` | `chat` | |
//! | `fault` | `method`, `fault` (`cut`, `cut_after`, `flood`, `hang`, `status`), `value` | |

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

mod fault;
mod flood;
mod handle;
mod html;
mod http;
mod hub;
mod method;
mod parameters;
mod peer;
mod people;
mod queue;
mod refusal;
mod shown;
mod text;
mod webhook;
mod world;

pub use fault::{Fault, What};
pub use flood::{Limits, Rate};
pub use handle::{ADA, BOB, BotApi, LOUNGE, OPS, SMALL, TOKEN, TOPIC};
pub use people::Saying;
pub use shown::{Attached, Shown};
pub use text::Entity;

/// What Telegram shows of a text that is marked in HTML.
///
/// # Errors
/// What is wrong with it, in Telegram's own words.
pub fn shown(html: &str) -> Result<String, String> {
    html::parse(html).map(|text| text.shown)
}

/// Now, as Telegram counts: whole seconds.
fn clock() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map(|now| now.as_secs()).unwrap_or_default()
}
