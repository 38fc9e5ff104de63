//! StackStorm's wire: its HTTP API, its stream and their types. The only place that says "channel".
//!
//! Holds no state of the gateway and knows no actor.

mod access;
pub mod client;
pub mod sse;
mod url;
pub mod wire;

pub use access::{Access, Token};
pub use client::{ApiError, Client, Endpoints, Fate, Sought, Trace};
pub use url::{BadUrl, BaseUrl};
