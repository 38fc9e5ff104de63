//! What is posted to the webhooks.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use fulmar::{st2::wire::Announcement, web};
use serde_json::Value;

use super::{Target, first_line, text};

pub(super) const TARGET: Target =
    Target { name: "webhook", words: include_str!("../../words/webhook.toml"), longest: 1 << 18, run };

/// The first line is the content type, the rest the body.
fn run(input: &[u8]) {
    let text = text(input);
    let (kind, _) = first_line(&text);
    let body = input.iter().position(|byte| *byte == b'\n').and_then(|at| input.get(at + 1..)).unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Some(kind) = HeaderValue::from_str(kind).ok().filter(|kind| !kind.is_empty()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    match web::posted(&headers, body) {
        Ok(posted) => {
            let announcement = Announcement::read("webhook", &Value::Object(posted));
            announcement.fingerprint();
            announcement.mark();
            assert!(announcement.channel.is_none_or(|channel| !channel.is_empty()), "a room has a name");
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty(), "a refusal has a reason"),
    }
}
