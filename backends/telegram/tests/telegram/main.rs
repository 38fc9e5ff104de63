//! The backend from outside: the laws and more, against a Bot API server in this process.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod chat;
mod hearing;
mod laws;
mod login;
mod rooms;
mod saying;
mod webhook;
