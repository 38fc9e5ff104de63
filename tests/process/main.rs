//! The whole process: the real program with a configuration file, real chat servers, a sandbox StackStorm.
//!
//! Real servers are those of `tests/servers/irc.sh`; what is to be killed is started here. What cannot be had is
//! skipped loudly.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod commands;
mod demo;
mod ends;
mod networks;
mod obstacle;
mod operator;
mod panics;
mod patience;
mod peer;
mod program;
mod restart;
mod server;
mod service;
mod speech;
mod stage;
mod storm;
mod stream;
mod tried;
mod weather;
mod webhooks;
mod world;
