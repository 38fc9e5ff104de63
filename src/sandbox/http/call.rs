//! A request as the handlers see it, and what they answer.

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::sandbox::access::{Place, Presented};
use crate::sandbox::parameters::{is_of, place};
use crate::sandbox::python;
use crate::sandbox::refusal::Refusal;

/// A request, read.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// As `/v1/...`, without the prefix of nginx.
    pub(crate) path: String,
    /// Whether it came the way nginx would have sent it.
    pub(crate) proxied: bool,
    /// Whether nginx would have sent it to the stream's service.
    pub(crate) streams: bool,
    query: Vec<(String, String)>,
    pub(crate) presented: Presented,
    content_type: String,
    body: Bytes,
    /// The header `St2-Context`: a context to begin with.
    pub(crate) context: Option<String>,
}

impl Call {
    pub(crate) fn read(request: &HttpRequest, body: Bytes) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let query = query.map(web::Query::into_inner).unwrap_or_default();
        let (path, proxied) = direct(request.path());
        let one = |name: &str| {
            let in_query = query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            let in_header = header(name).map(|value| (value.to_owned(), Place::Header));
            in_header.or_else(|| in_query.map(|(_, value)| (value.clone(), Place::Query)))
        };
        let presented = Presented {
            token: one("x-auth-token"),
            key: one("st2-api-key"),
            basic: header(AUTHORIZATION.as_str()).and_then(basic),
        };
        Self {
            method: request.method().as_str().to_owned(),
            path,
            proxied,
            streams: request.path().starts_with("/stream/v1"),
            presented,
            content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default().to_owned(),
            context: header("st2-context").map(str::to_owned),
            query,
            body,
        }
    }

    /// The last value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is a list by commas; empty when absent.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let items = self.parameter(name).unwrap_or_default().split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// A query parameter that is a number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let number = self.parameter(name).map(str::parse).transpose();
        number.map_err(|_| Refusal::bad(format!("Parameter \"{name}\" is not of type integer")))
    }

    /// A query parameter that is true or false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.parameter(name).map(str::to_lowercase).as_deref() {
            None | Some("false" | "0" | "no") => Ok(false),
            Some("true" | "1" | "yes") => Ok(true),
            Some(_) => Err(Refusal::bad(format!("Parameter \"{name}\" is not of type boolean"))),
        }
    }

    /// The body as JSON, whatever it is; nothing is an empty object.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        let unparsable = |why: String| Refusal::bad(format!("Failed to parse request body: {why}"));
        if self.body.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        let kind = self.content_type.split(';').next().unwrap_or_default().trim();
        match kind {
            "" | "application/json" => serde_json::from_slice(&self.body)
                .map_err(|error| unparsable(format!("unexpected character: {}", place(&error)))),
            "application/x-www-form-urlencoded" => {
                let text = String::from_utf8_lossy(&self.body);
                let form = web::Query::<Vec<(String, String)>>::from_query(&text);
                let form = form.map(web::Query::into_inner).unwrap_or_default().into_iter();
                Ok(form.map(|(key, value)| (key, Value::from(vec![value]))).collect())
            }
            "text/plain" => Ok(String::from_utf8_lossy(&self.body).into()),
            other => Err(unparsable(format!("Unsupported Content-Type: \"{other}\""))),
        }
    }

    /// The body as an object that fits `fields`.
    pub(crate) fn object(&self, fields: &[Field], others: Others) -> Result<Map<String, Value>, Refusal> {
        let body = match self.json()? {
            Value::Object(body) => Ok(body),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(Refusal::bad(format!("{} is not of type 'object'", python::repr(&other))))
            }
        }?;
        if let Some(name) =
            fields.iter().filter(|field| field.required).find(|field| !body.contains_key(field.name))
        {
            return Err(Refusal::bad(format!("'{}' is a required property", name.name)));
        }
        let known = |name: &&String| fields.iter().any(|field| field.name == *name);
        if let (Others::Refused, Some(name)) = (others, body.keys().find(|name| !known(name))) {
            let what = format!("Additional properties are not allowed ('{name}' was unexpected)");
            return Err(Refusal::bad(what));
        }
        for field in fields {
            let Some(value) = body.get(field.name) else { continue };
            if !field.types.is_empty() && !field.types.iter().any(|kind| is_of(value, kind)) {
                let types: Vec<_> = field.types.iter().map(|kind| format!("'{kind}'")).collect();
                let what = format!("{} is not of type {}", python::repr(value), types.join(", "));
                return Err(Refusal::bad(what));
            }
        }
        Ok(body)
    }
}

/// One key of a body.
pub(crate) struct Field {
    name: &'static str,
    /// What JSON schema calls its types; none: any.
    types: &'static [&'static str],
    required: bool,
}

impl Field {
    pub(crate) const fn required(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { name, types, required: true }
    }

    pub(crate) const fn optional(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { name, types, required: false }
    }
}

/// Whether keys that are not declared may stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    Allowed,
    Refused,
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { status, content_type: "application/json", headers: Vec::new(), body }
    }

    pub(crate) fn text(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: usize) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.body)
    }
}

/// Undoes what nginx does to paths: `/api/v1/x`, `/auth/v1/x` and `/stream/v1/x` are `/v1/x`; a final slash is none.
fn direct(path: &str) -> (String, bool) {
    let prefixed = ["/api/", "/auth/", "/stream/v1"].into_iter().find(|prefix| path.starts_with(prefix));
    let bare = match prefixed {
        Some(_) => path.trim_start_matches('/').split_once('/').map_or(path, |(_, rest)| rest),
        None => path,
    };
    let bare = bare.trim_matches('/');
    let bare = bare.strip_prefix("v1").map_or(bare, |rest| rest.trim_start_matches('/'));
    (format!("/v1/{bare}").trim_end_matches('/').to_owned(), prefixed.is_some())
}

fn basic(header: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?.trim()).ok()?;
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_however_they_came() {
        let same = ["/api/v1/actionalias", "/v1/actionalias", "/v1/actionalias/", "/actionalias"];

        assert!(same.iter().all(|path| direct(path).0 == "/v1/actionalias"), "{same:?}");
        assert_eq!(direct("/auth/v1/tokens").0, direct("/tokens").0);
        assert_eq!(direct("/stream/v1/stream").0, direct("/stream").0);
        assert_eq!(direct("/api/v1/stream").0, "/v1/stream");
        assert_eq!(direct("/").0, "/v1");
    }

    #[test]
    fn a_body_must_fit() {
        let call = |body: &'static str| Call { body: Bytes::from_static(body.as_bytes()), ..Call::default() };
        let fields = [Field::required("command", &["string"])];
        let fault = |body| call(body).object(&fields, Others::Refused).unwrap_err().body["faultstring"].clone();

        assert_eq!(fault("{}"), "'command' is a required property");
        assert_eq!(fault(r#"{"command": 5}"#), "5 is not of type 'string'");
        assert_eq!(fault("[1]"), "[1] is not of type 'object'");
        let extra = fault(r#"{"command": "", "x": 1}"#);
        assert_eq!(extra, "Additional properties are not allowed ('x' was unexpected)");
    }
}
