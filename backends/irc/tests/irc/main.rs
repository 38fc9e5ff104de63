//! The backend from outside: the laws and more, against a small server in this process and against real ones.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod against_real;
mod against_server;
mod chat;
mod login;
mod peer;
mod place;
mod scram;
mod server;
mod services;
mod shown;
