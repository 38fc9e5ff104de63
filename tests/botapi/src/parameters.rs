//! What a call says: in its query, as a form, as JSON or as a multipart body.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{refusal::Refusal, shown::Attached};

/// The parameters of a call.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    values: Map<String, Value>,
    files: HashMap<String, Attached>,
}

impl Parameters {
    pub(crate) fn read(query: &str, media_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = Self::default();
        parameters.form(query);
        if media_type.starts_with("application/json") {
            let Ok(Value::Object(values)) = serde_json::from_slice(body) else {
                return Err(Refusal::bad("can't parse JSON object"));
            };
            parameters.values.extend(values);
        } else if let Some((_, boundary)) = media_type.split_once("boundary=") {
            parameters.multipart(body, boundary.trim_matches('"'));
        } else {
            parameters.form(&String::from_utf8_lossy(body));
        }
        Ok(parameters)
    }

    fn form(&mut self, text: &str) {
        for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            self.values.insert(decoded(key), Value::String(decoded(value)));
        }
    }

    /// RFC 7578, as far as clients of the Bot API use it.
    fn multipart(&mut self, body: &[u8], boundary: &str) {
        let boundary = format!("\r\n--{boundary}");
        let mut whole = b"\r\n".to_vec();
        whole.extend_from_slice(body);
        for part in split(&whole, boundary.as_bytes()).into_iter().skip(1) {
            let Some(part) = part.strip_prefix(b"\r\n") else { continue };
            let Some(at) = find(part, b"\r\n\r\n") else { continue };
            let (head, content) = (String::from_utf8_lossy(&part[..at]), &part[at + 4..]);
            let Some(name) = quoted(&head, " name=") else { continue };
            match quoted(&head, "filename=") {
                None => {
                    let text = String::from_utf8_lossy(content).into_owned();
                    self.values.insert(name, Value::String(text));
                }
                Some(file) => {
                    let line = head.lines().find_map(|line| line.split_once(": ").filter(is_type));
                    let media_type = line.map_or("application/octet-stream", |(_, word)| word).to_owned();
                    self.files.insert(name, Attached { name: file, media_type, content: Arc::from(content) });
                }
            }
        }
    }

    /// A parameter; those of forms that are JSON are read as such.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        match self.values.get(key)? {
            Value::Null => None,
            Value::String(text) if text.starts_with(['{', '[']) => {
                Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())))
            }
            other => Some(other.clone()),
        }
    }

    /// A parameter as it was written.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        let value = self.values.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        let is_true = |value: &Value| value.as_bool().or_else(|| Some(value.as_str()? == "true"));
        self.values.get(key).and_then(is_true).unwrap_or_default()
    }

    /// A file: uploaded under this name, or attached under another that stands there.
    pub(crate) fn file(&self, key: &str) -> Option<Attached> {
        let name = match self.text(key) {
            Some(text) => text.strip_prefix("attach://")?.to_owned(),
            None => key.to_owned(),
        };
        self.files.get(&name).cloned()
    }
}

fn is_type((key, _): &(&str, &str)) -> bool {
    key.eq_ignore_ascii_case("content-type")
}

fn quoted(head: &str, key: &str) -> Option<String> {
    Some(head.split_once(key)?.1.strip_prefix('"')?.split('"').next()?.to_owned())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(bytes, by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts.push(bytes);
    parts
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_can_be_written_in_any_way() {
        let json = Parameters::read("", "application/json", br#"{"chat_id": -1, "text": "a b"}"#).unwrap();
        let form = Parameters::read("chat_id=-1", "application/x-www-form-urlencoded", b"text=a+%62").unwrap();

        for parameters in [json, form] {
            assert_eq!((parameters.number("chat_id"), parameters.text("text")), (Some(-1), Some("a b".into())));
        }
    }

    #[test]
    fn a_file_is_read_as_it_is() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n--x\r\n\
            Content-Disposition: form-data; name=\"document\"; filename=\"a.bin\"\r\nContent-Type: a/b\r\n\r\n\0\r\n--\xff\r\n--x--\r\n";

        let parameters = Parameters::read("", "multipart/form-data; boundary=x", body).unwrap();

        let file = parameters.file("document").unwrap();
        assert_eq!(
            (file.name.as_str(), file.media_type.as_str(), &*file.content),
            ("a.bin", "a/b", &b"\0\r\n--\xff"[..])
        );
        assert_eq!(parameters.number("chat_id"), Some(7));
    }
}
