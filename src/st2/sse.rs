//! Decoding `text/event-stream` from whatever pieces the network gives (WHATWG HTML, section 9.2.6).
//!
//! StackStorm sends no ids and no retry times, so they are passed over. An event that the stream's end cuts
//! short is dropped, as the standard says.

use std::mem;

use memchr::memchr2;

/// The greatest length of an event, in bytes.
pub const MAX_EVENT: usize = 8 * 1024 * 1024;

/// How much of the data of an event that is too long is kept to look for its id.
const HEAD: usize = 64 * 1024;

/// Something that the stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An event.
    Complete {
        /// Its name; `message` when it has none.
        name: String,
        /// Its data.
        data: String,
    },
    /// An event longer than [`MAX_EVENT`], passed over.
    Oversized {
        /// Its name, if seen.
        name: Option<String>,
        /// The `id` of the object that is its data, if seen.
        id: Option<String>,
    },
}

/// Decodes a stream, piece by piece.
#[derive(Debug)]
pub struct Decoder {
    max: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether anything of that line has come; `line` does not keep comments.
    in_line: bool,
    /// Whether the last byte was a carriage return, so that a line feed now ends nothing.
    after_cr: bool,
    /// Whether the first line is still to come: it may begin with a byte order mark.
    at_start: bool,
    name: Option<String>,
    data: Option<String>,
    oversized: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(MAX_EVENT)
    }
}

impl Decoder {
    /// A decoder for a stream that begins now; events longer than `max` bytes are passed over.
    pub const fn new(max: usize) -> Self {
        Self {
            max,
            line: Vec::new(),
            in_line: false,
            after_cr: false,
            at_start: true,
            name: None,
            data: None,
            oversized: false,
        }
    }

    /// Takes the next piece and returns the events that it completes.
    pub fn feed(&mut self, mut piece: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        if self.after_cr && !piece.is_empty() {
            piece = piece.strip_prefix(b"\n").unwrap_or(piece);
            self.after_cr = false;
        }
        while let Some(at) = memchr2(b'\r', b'\n', piece) {
            let (line, rest) = piece.split_at(at);
            self.extend_line(line);
            events.extend(self.end_line());
            piece = match rest {
                [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
                [] => rest,
            };
            self.after_cr = rest == b"\r";
        }
        self.extend_line(piece);
        events
    }

    fn extend_line(&mut self, part: &[u8]) {
        if part.is_empty() {
            return;
        }
        self.in_line = true;
        if self.line.first() == Some(&b':') {
            return;
        }
        if self.oversized {
            let room = HEAD.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            return;
        }
        self.line.extend_from_slice(part);
        let kept = self.data.as_ref().map_or(0, String::len);
        let is_comment = self.line.first() == Some(&b':');
        if is_comment {
            self.line.truncate(1);
        } else if kept + self.line.len() > self.max {
            self.oversized = true;
            self.line.truncate(HEAD);
            self.line.shrink_to_fit();
        }
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = mem::take(&mut self.line);
        let is_blank = !mem::take(&mut self.in_line);
        // Checking a text is much quicker than mending one.
        let text =
            String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into());
        let unmarked = text.strip_prefix('\u{feff}').filter(|_| self.at_start);
        self.at_start = false;
        if is_blank || unmarked == Some("") {
            return self.dispatch();
        }
        let text = unmarked.unwrap_or(&text);
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = Some(value.to_owned()),
            "data" => self.extend_data(value),
            _ => {}
        }
        None
    }

    fn extend_data(&mut self, value: &str) {
        let data = self.data.get_or_insert_default();
        if self.oversized && data.len() >= HEAD {
            return;
        }
        data.push_str(value);
        data.push('\n');
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = self.name.take().filter(|name| !name.is_empty());
        let data = self.data.take();
        if mem::take(&mut self.oversized) {
            let id = data.and_then(|data| id_in(&data));
            return Some(Event::Oversized { name, id });
        }
        let mut data = data?;
        data.pop();
        Some(Event::Complete { name: name.unwrap_or_else(|| "message".into()), data })
    }
}

/// The text of the key `id` of the object that `json`, which may end anywhere, begins with.
fn id_in(json: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut key = None;
    let mut rest = json;
    while let Some(at) = rest.find(['{', '}', '[', ']', ',', ':', '"']) {
        let (_, from) = rest.split_at(at);
        rest = from.get(1..)?;
        match from.chars().next()? {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.checked_sub(1)?,
            ',' => key = None,
            '"' => {
                let end = string_end(rest)?;
                let (text, after) = rest.split_at(end);
                if depth == 1 && key == Some("id") {
                    return Some(text.to_owned());
                }
                if depth == 1 && key.is_none() {
                    key = Some(text);
                }
                rest = after.get(1..)?;
            }
            _ => {}
        }
    }
    None
}

/// Where the string ends that `text` is in.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests;
