//! `orjson.loads`.

use serde_json::{Map, Number, Value as Json};

use crate::render::fault::{Outcome, raise};

/// How deep a document may nest.
const DEPTH: usize = 128;

/// Reads one JSON document.
///
/// # Errors
/// `JSONDecodeError` in the words of orjson.
pub(crate) fn loads(source: &str) -> Outcome<Json> {
    if source.is_empty() {
        return Err(fault(source, 0, "Input is a zero-length, empty document"));
    }
    let mut reader = Reader { source: source.as_bytes(), at: 0, depth: 0 };
    reader.document().map_err(|(message, at)| fault(source, at, message))
}

/// A message and the byte it is about.
type Fault = (&'static str, usize);

fn fault(source: &str, at: usize, message: &str) -> minijinja::Error {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    raise("JSONDecodeError", format!("{message}: line {line} column {column} (char {})", before.chars().count()))
}

struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    depth: usize,
}

const CHARACTER: &str = "unexpected character";
const END: &str = "unexpected end of data";

impl Reader<'_> {
    fn document(&mut self) -> Result<Json, Fault> {
        self.space();
        if self.peek().is_none() {
            return Err(("input data is empty", 0));
        }
        let value = self.value()?;
        self.space();
        if self.peek().is_some() { Err(("unexpected content after document", self.at)) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> Fault {
        (if self.peek().is_some() { CHARACTER } else { END }, self.at)
    }

    fn value(&mut self) -> Result<Json, Fault> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.text().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, Fault>) -> Result<Json, Fault> {
        if self.depth >= DEPTH {
            return Err(("Recursion limit reached", self.at));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Fault> {
        let rest = self.source.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        if word.as_bytes().starts_with(rest) {
            return Err((END, self.source.len()));
        }
        Err(("invalid literal", self.at))
    }

    fn array(&mut self) -> Result<Json, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.comma(b']')?,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn object(&mut self) -> Result<Json, Fault> {
        let mut members = Map::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.text()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected());
            }
            self.at += 1;
            self.space();
            let value = self.value()?;
            members.insert(key, value);
            self.space();
            match self.peek() {
                Some(b',') => self.comma(b'}')?,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn comma(&mut self, close: u8) -> Result<(), Fault> {
        let comma = self.at;
        self.at += 1;
        self.space();
        if self.peek() == Some(close) { Err(("trailing comma is not allowed", comma)) } else { Ok(()) }
    }

    fn text(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                None => return Err((END, self.at)),
                Some(b'"') => {
                    self.at += 1;
                    return String::from_utf8(bytes).map_err(|_| ("invalid UTF-8", self.at));
                }
                Some(b'\\') => self.escape(&mut bytes)?,
                Some(..0x20) => return Err(("unexpected control character in string", self.at)),
                Some(byte) => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek().ok_or((END, self.at))? {
            c @ (b'"' | b'\\' | b'/') => c,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(start, bytes),
            _ => return Err(("invalid escaped character in string", self.at)),
        };
        self.at += 1;
        bytes.push(plain);
        Ok(())
    }

    fn unicode(&mut self, start: usize, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let high = self.hex().ok_or(("invalid escaped sequence in string", start))?;
        let code = match high {
            0xdc00..=0xdfff => return Err(("invalid high surrogate in string", start)),
            0xd800..=0xdbff => {
                if self.source.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(("no low surrogate in string", self.at));
                }
                let second = self.at;
                self.at += 1;
                let low = self.hex().filter(|low| (0xdc00..=0xdfff).contains(low));
                0x10000 + ((high - 0xd800) << 10) + low.ok_or(("invalid low surrogate in string", second))?
                    - 0xdc00
            }
            code => code,
        };
        let c = char::from_u32(code).ok_or(("invalid escaped sequence in string", start))?;
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Four hexadecimal digits behind the `u` at which the reader stands.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.source.get(self.at + 1..self.at + 5)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.at += 5;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn digits(&mut self, message: &'static str) -> Result<(), Fault> {
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(if self.peek().is_some() { (message, self.at) } else { (END, self.at) });
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        self.digits("no digit after minus sign")?;
        if self.source.get(first) == Some(&b'0') && self.at > first + 1 {
            return Err(("number with leading zero is not allowed", first));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("no digit after decimal point")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("no digit after exponent sign")?;
        }
        let text = std::str::from_utf8(self.source.get(start..self.at).unwrap_or_default()).unwrap_or_default();
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Json::from(number));
        }
        if let Ok(number) = text.parse::<u64>() {
            return Ok(Json::from(number));
        }
        let float = text.parse::<f64>().unwrap_or(f64::INFINITY);
        Number::from_f64(float).map(Json::Number).ok_or(("number is infinity when parsed as double", start))
    }
}
