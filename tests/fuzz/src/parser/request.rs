//! The head of a request to the web routes: who may post.

use std::net::SocketAddr;

use actix_web::{
    http::{
        Method, Uri,
        header::{HeaderName, HeaderValue},
    },
    test::TestRequest,
};
use fulmar::web::admit;
use fulmar_contract::Secret;

use super::{Target, first_line, session::SECRET, text};

pub(super) const TARGET: Target =
    Target { name: "request", words: include_str!("../../words/request.toml"), longest: 1 << 15, run };

/// The first line is a method and an address, the others are headers. Another machine needs the token.
fn run(input: &[u8]) {
    let text = text(input);
    let (first, headers) = first_line(&text);
    let (method, uri) = first.split_once(' ').unwrap_or_default();
    let (Ok(method), Ok(uri)) = (method.parse::<Method>(), uri.parse::<Uri>()) else { return };
    let request = |peer: &str| {
        let peer: SocketAddr = peer.parse().unwrap_or_else(|error| panic!("{peer}: {error}"));
        let mut request = TestRequest::with_uri(&uri.to_string()).method(method.clone()).peer_addr(peer);
        for line in headers.lines() {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value.trim())) {
                request = request.append_header((name, value));
            }
        }
        request.to_http_request()
    };
    let (here, there) = (request("127.0.0.1:4000"), request("192.0.2.1:4000"));
    let token = Secret::new(SECRET);
    assert!(admit(&there, None).is_err(), "a stranger posts");
    // It may be written with percent signs in an address.
    if !text.contains(SECRET) && !first.contains('%') {
        assert!(admit(&there, Some(&token)).is_err(), "a stranger posts without the token");
    }
    for token in [None, Some(&token)] {
        if let Err(refusal) = admit(&here, token) {
            assert!(!refusal.to_string().is_empty(), "a refusal has a reason");
        }
    }
}
