//! What the admin routes and the web routes have in common: a server that runs, and what a request tells of who sent it.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    dev::{RequestHead, ServerHandle},
    http::{
        Method,
        header::{self, HeaderMap},
        uri::Authority,
    },
};
use fulmar_contract::Secret;
use subtle::ConstantTimeEq;

/// A server, bound and running.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops it.
    pub handle: ServerHandle,
}

/// What stands after `Bearer` in the request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")
}

/// Compares in a time that tells nothing of where the two differ.
pub(crate) fn is_same(given: &[u8], secret: &Secret) -> bool {
    given.ct_eq(secret.reveal().as_bytes()).into()
}

/// Whether the request names us by a loopback address. A page elsewhere can have its own name lead to loopback, and
/// then read what we answer; but it cannot change the name that the browser sends.
pub(crate) fn names_loopback(head: &RequestHead) -> bool {
    let in_headers = || -> Option<Authority> { head.headers.get(header::HOST)?.to_str().ok()?.parse().ok() };
    // HTTP/2 has it in the address; where both are, the address counts (RFC 9112, section 3.2.2).
    let Some(authority) = head.uri.authority().cloned().or_else(in_headers) else { return false };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a browser sent it on a page's behalf, to change something.
pub(crate) fn is_from_a_page(head: &RequestHead) -> bool {
    head.method != Method::GET && head.headers.contains_key(header::ORIGIN)
}
