//! Real servers of four networks, and the least of a client for each.
//!
//! The clients are as bare as can be, and none of the gateway's code is in them: they are the people of stories, and the
//! reflectors beside which the gateway is measured. The servers run on loopback, each in a folder of its own, and can be killed
//! and started again.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod client;
mod door;
mod http;
mod irc;
mod matrix;
mod server;
mod telegram;
mod xmpp;

use std::error::Error;

pub use client::{Client, Said};
pub use door::Door;
pub use server::{Inspircd, Prosody, Server, Synapse, Telegram};

/// What comes of what may fail for any reason.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
