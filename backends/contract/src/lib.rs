//! The seam between the gateway and a chat network: what a backend must be, in plain types.
//!
//! A backend is a future, not an actor. It knows nothing of StackStorm, of actors, or of the other
//! networks, and it never retries, sleeps to retry, or restarts itself: it returns a [`Failure`] that
//! says how to recover, and the gateway decides.

mod backend;
mod call;
mod capabilities;
mod failure;
mod heard;
mod id;
mod options;
mod order;
mod post;
mod retry_after;
mod secret;
mod split;
mod taken;

pub use backend::{Backend, BoxFuture, Event, Kind, Link, Login};
pub use call::{Answer, Call};
pub use capabilities::{Capabilities, Counts, Limit, Markup, Unit};
pub use failure::{Failure, Recovery};
pub use heard::{Heard, Identity, Reaction, Sender};
pub use id::{MessageId, RoomId, ThreadId, UserId};
pub use options::{Entries, Item, Options, Problem, Value, did_you_mean};
pub use order::{Done, Offered, Order};
pub use post::{File, Mention, Post, Receipt, Tone, Undelivered};
pub use retry_after::retry_after;
pub use secret::Secret;
pub use split::split;
pub use taken::{Taken, Taking};
