//! From the body of a request to what it says.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        Version,
        header::{self, HeaderMap},
    },
    web::{Payload, Query},
};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::refusal::Refusal;

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Form,
    Json,
}

/// Reads what was posted: a JSON object; or a form, which has it as `payload` or is it.
pub(super) async fn read(request: &HttpRequest, body: &mut Payload) -> Result<Map<String, Value>, Refusal> {
    let kind = Kind::of(request.headers())?;
    kind.read(&bytes(request, body).await?)
}

/// Reads what was posted as it is.
pub(super) async fn bytes(request: &HttpRequest, body: &mut Payload) -> Result<Vec<u8>, Refusal> {
    if length(request.headers()).is_some_and(|length| length > LONGEST) {
        return Err(Refusal::TooLarge(LONGEST));
    }
    timeout(SLOWEST, all_of(body)).await.map_err(|_| Refusal::TooSlow(SLOWEST))?
}

/// Reads a whole body, as [`read`] does, of a request with these headers.
///
/// # Errors
/// When it is not what the headers announce, or that is nothing we know.
pub fn posted(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    Kind::of(headers)?.read(body)
}

impl Kind {
    /// What `headers` announce. Without a word, it is JSON: Errbot never asked.
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        if let Some(coding) = headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
            return Err(Refusal::UnknownType(format!("a body that is coded as {coding:?}")));
        }
        let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(Self::Json) };
        let kind = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        match kind.trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            _ => Err(Refusal::UnknownType(format!("{given:?}"))),
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
        match self {
            Self::Form => form(bytes),
            Self::Json => object(bytes),
        }
    }
}

/// Has the rest of a body pass by, as far as it is worth it. With HTTP/2, a client that is still sending gives up on an
/// answer that comes before (curl 7.88).
pub(super) async fn pass_by(request: &HttpRequest, body: &mut Payload) {
    if request.version() == Version::HTTP_2 {
        timeout(SLOWEST, all_of(body)).await.map(drop).unwrap_or_default();
    }
}

async fn all_of(body: &mut Payload) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Refusal::Broken(error.to_string()))?;
        if bytes.len() + piece.len() > LONGEST {
            return Err(Refusal::TooLarge(LONGEST));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let value = serde_json::from_slice(bytes).map_err(|error| Refusal::NotJson(error.to_string()))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => {
            Err(Refusal::NotJson("expected an object, as {\"channel\": \"#ops\", \"message\": \"hello\"}".into()))
        }
    }
}

/// Reads a form. One that begins as JSON does is what curl makes of JSON unless told otherwise.
fn form(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::UnknownType(
            "a form that looks like JSON: set Content-Type: application/json".into(),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Refusal::Broken(error.to_string()))?;
    let fields = Query::<Vec<(String, String)>>::from_query(text);
    let fields = fields.map_err(|error| Refusal::Broken(error.to_string()))?.into_inner();
    match fields.iter().find(|(name, _)| name == "payload") {
        Some((_, payload)) => object(payload.as_bytes()),
        None => Ok(fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect()),
    }
}

/// The greatest body, in bytes: ten times what Hubot took. A room gets to see a small part of that.
const LONGEST: usize = 1024 * 1024;

/// How long a body may take to come.
const SLOWEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest as _, dev, error::PayloadError, test::TestRequest, web::Bytes};
    use futures_util::stream;
    use serde_json::json;

    use super::*;

    async fn posted(kind: &str, body: impl Into<Bytes>) -> Result<Value, Refusal> {
        let mut request = TestRequest::post().set_payload(body);
        if !kind.is_empty() {
            request = request.insert_header(("Content-Type", kind.to_owned()));
        }
        let (request, mut payload) = request.to_http_parts();
        let mut payload = Payload::from_request(&request, &mut payload).await.unwrap();
        read(&request, &mut payload).await.map(Value::Object)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[actix_web::test]
    async fn a_payload_comes_as_json_or_in_a_form() {
        let expected = json!({"channel": "#ops", "message": "a & b ż"});
        let body = expected.to_string();

        for kind in ["application/json", "Application/JSON; charset=utf-8", ""] {
            assert_eq!(posted(kind, body.clone()).await.as_ref(), Ok(&expected), "{kind}");
        }
        let payload = "payload=%7B%22channel%22%3A%22%23ops%22%2C%22message%22%3A%22a+%26+b+%C5%BC%22%7D&other=1";
        assert_eq!(posted(FORM, payload).await.as_ref(), Ok(&expected));
        assert_eq!(posted(FORM, "channel=%23ops&message=a+%26+b+%C5%BC").await, Ok(expected));
    }

    #[actix_web::test]
    async fn what_is_no_object_is_not_json_as_expected() {
        let deep = "[".repeat(100_000);
        for body in ["", "{", "[]", "null", "\"text\"", "5", "{\"message\": \"\\ud800\"}", &deep] {
            assert!(
                matches!(posted("application/json", body.to_owned()).await, Err(Refusal::NotJson(_))),
                "{body}"
            );
        }
        assert!(matches!(posted(FORM, "payload=hello").await, Err(Refusal::NotJson(_))));
        assert!(matches!(posted(FORM, b"message=\xff".to_vec()).await, Err(Refusal::Broken(_))));
        assert!(matches!(
            posted("application/json", b"{\"a\": \"\xff\"}".to_vec()).await,
            Err(Refusal::NotJson(_))
        ));
    }

    #[actix_web::test]
    async fn other_types_are_refused_by_name() {
        let told = async |kind: &str, body: &str| posted(kind, body.to_owned()).await.unwrap_err().to_string();

        assert!(told("text/plain", "{}").await.ends_with("got \"text/plain\""));
        assert!(told(FORM, "{\"message\": \"hello\"}").await.contains("looks like JSON"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = stream::iter([Ok(Bytes::from("{"))]).chain(stream::pending::<Result<_, PayloadError>>());
        let request = TestRequest::post().to_http_request();
        let mut payload = dev::Payload::Stream { payload: never.boxed_local() };
        let mut payload = Payload::from_request(&request, &mut payload).await.unwrap();

        assert_eq!(read(&request, &mut payload).await, Err(Refusal::TooSlow(SLOWEST)));
    }

    #[actix_web::test]
    async fn a_body_that_is_too_long_is_not_read() {
        let body = json!({"message": "x".repeat(LONGEST)}).to_string();

        assert_eq!(posted("application/json", body).await, Err(Refusal::TooLarge(LONGEST)));
    }
}
