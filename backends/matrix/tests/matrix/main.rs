//! The backend from outside: the laws and more, against a real homeserver as `tests/servers/matrix.sh` starts it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod chat;
mod encryption;
mod laws;
mod nio;
mod peer;
mod place;
mod stories;
