//! The way to a server that is not HTTP's business: a TCP connection in time, and whom to believe over TLS.
//!
//! What is said over it, a backend knows. The gateway uses the certificates' part for StackStorm and its own server.

mod pem;
mod tcp;
mod trust;
mod verifier;

pub use pem::{PemError, certificates, identity};
pub use tcp::{PATIENCE, Stream, connect, in_time};
pub use trust::{Trust, authorities, provider, system};
pub use verifier::Named;
