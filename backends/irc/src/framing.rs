//! Lines out of a stream of bytes, whatever the bytes are.

use std::io;

use tokio_util::{
    bytes::{Buf, BytesMut},
    codec::Decoder,
};

/// Cuts at line feeds and nowhere else: a lone carriage return is part of a line, so that nobody can forge
/// a second one with it. A line longer than [`LONGEST`] is left out.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    searched: usize,
    skipping: bool,
}

impl Decoder for Framing {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<String>, io::Error> {
        while let Some(at) = bytes.iter().skip(self.searched).position(|byte| *byte == b'\n') {
            let line = bytes.split_to(self.searched + at);
            bytes.advance(1);
            self.searched = 0;
            let whole = !std::mem::take(&mut self.skipping);
            if whole && line.len() <= LONGEST {
                return Ok(Some(text(&line)));
            }
        }
        if bytes.len() > LONGEST {
            bytes.clear();
            self.skipping = true;
        }
        self.searched = bytes.len();
        Ok(None)
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> Result<Option<String>, io::Error> {
        let line = self.decode(bytes)?;
        if line.is_none() {
            // What has no end is not a line.
            bytes.clear();
        }
        Ok(line)
    }
}

/// Tags of 8191 bytes (IRCv3 message-tags) and what follows them; a server may take longer lines than 512.
pub(crate) const LONGEST: usize = 8191 + 4096;

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let (mut framing, mut bytes, mut lines) = (Framing::default(), BytesMut::new(), Vec::new());
        for chunk in chunks {
            bytes.extend_from_slice(chunk);
            while let Some(line) = framing.decode(&mut bytes).unwrap() {
                lines.push(line);
            }
            assert!(bytes.len() <= LONGEST, "memory is bounded");
        }
        lines
    }

    #[test]
    fn only_a_line_feed_ends_a_line() {
        assert_eq!(
            lines(&[b"one\r\ntw", b"o\rQUIT\n\nthr\0ee\r\n", b"four"]),
            ["one", "two\rQUIT", "", "thr\0ee"]
        );
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        assert_eq!(lines(&[b"caf\xe9 \xf0\x9f\r\n"]), ["caf\u{fffd} \u{fffd}"]);
    }

    #[test]
    fn an_endless_line_is_left_out_and_the_next_one_is_whole() {
        let chunk = [b'x'; 10_000];

        assert_eq!(lines(&[&chunk, &chunk, &chunk, b"\nnext\n"]), ["next"]);
    }
}
