//! The whole gateway in one process: the memory network on one side, the sandbox StackStorm on the other.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod administrators;
mod announcements;
mod commands;
mod disk;
mod doubt;
mod executions;
mod faults;
mod hanging;
mod hearing;
mod inbound;
mod limits;
mod long;
mod manner;
mod progress;
mod queue;
mod restarts;
mod speech;
mod stackstorms;
mod stage;
mod webhooks;
