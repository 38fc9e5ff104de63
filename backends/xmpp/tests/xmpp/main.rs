//! The backend from outside: the laws and more, against a real server.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod failures;
mod forgeries;
mod laws;
mod peer;
mod place;
mod stories;
