//! What may reach the XML parser. Pure.
//!
//! Everybody who can write to us could send elements nested so deep that taking the tree apart exhausts the stack, a tag that
//! is longer than the parser takes, which ends the stream, or a text without end. None of these gets through, and the
//! stream goes on: what is too much is left out, and a whole stanza that is too much becomes an empty message, so that it
//! still counts for stream management (XEP-0198).

/// Passes bytes of an XML stream on, but for what is too much. As in all XMPP, there are no comments or entities of the
/// stream's own.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    state: State,
    /// The tag that is being read, as far as it is not too long.
    tag: Vec<u8>,
    /// How many elements are open, the stream itself included.
    depth: usize,
    /// How many elements were open when one began that is left out.
    skipped_at: Option<usize>,
    /// How many bytes of the present stanza were passed on.
    passed: usize,
    /// Whether the text is within a reference such as `&amp;`.
    in_reference: bool,
    /// Whether the rest of the text is left out.
    is_cut: bool,
}

#[derive(Debug, Default)]
enum State {
    /// Within `<![CDATA[`; so many characters of its end were seen.
    CData { end: usize },
    /// Between a `<` and its `>`.
    Tag { quote: Option<u8>, last: u8, is_too_long: bool },
    #[default]
    Text,
}

impl Sieve {
    /// Takes what came and appends to `out` what may pass.
    pub(crate) fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for byte in input {
            match &mut self.state {
                State::Text if *byte == b'<' => {
                    self.tag.clear();
                    self.tag.push(*byte);
                    (self.in_reference, self.is_cut) = (false, false);
                    self.state = State::Tag { quote: None, last: 0, is_too_long: false };
                }
                State::Text => self.text(*byte, out),
                State::CData { end } => {
                    let is_over = *end == 2 && *byte == b'>';
                    *end = match byte {
                        b']' => (*end + 1).min(2),
                        _ => 0,
                    };
                    if self.skipped_at.is_none() {
                        out.push(*byte);
                    }
                    if is_over {
                        self.state = State::Text;
                    }
                }
                State::Tag { .. } => self.tag(*byte, out),
            }
        }
    }

    fn text(&mut self, byte: u8, out: &mut Vec<u8>) {
        let is_between = !self.in_reference && byte & 0xc0 != 0x80;
        self.is_cut |= self.passed >= LARGEST && is_between;
        if self.skipped_at.is_some() || self.is_cut {
            return;
        }
        match byte {
            b'&' => self.in_reference = true,
            b';' => self.in_reference = false,
            _ => {}
        }
        // Between two stanzas there is white space, to keep the connection alive.
        self.passed += usize::from(self.depth > 1);
        out.push(byte);
    }

    fn tag(&mut self, byte: u8, out: &mut Vec<u8>) {
        let State::Tag { quote, last, is_too_long } = &mut self.state else { return };
        if self.tag.len() < LONGEST_TAG {
            self.tag.push(byte);
        } else {
            *is_too_long = true;
        }
        match (*quote, byte) {
            (Some(open), byte) if open == byte => *quote = None,
            (None, b'"' | b'\'') => *quote = Some(byte),
            (None, b'>') => {
                let (is_empty, is_too_long) = (*last == b'/', *is_too_long);
                self.state = State::Text;
                return self.tagged(is_empty, is_too_long, out);
            }
            (None, b'[') if self.tag == CDATA => {
                if self.skipped_at.is_none() {
                    out.extend_from_slice(CDATA);
                }
                self.state = State::CData { end: 0 };
                return;
            }
            _ => {}
        }
        *last = byte;
    }

    /// A tag is complete.
    fn tagged(&mut self, is_empty: bool, is_too_long: bool, out: &mut Vec<u8>) {
        match self.tag.get(1) {
            Some(b'/') => self.closed(out),
            Some(b'?' | b'!') if self.skipped_at.is_none() => out.extend_from_slice(&self.tag),
            Some(b'?' | b'!') => {}
            // After a login, the stream begins anew within itself (RFC 6120, section 4.3.3).
            _ if self.depth <= 1 && self.tag.starts_with(b"<stream:stream") => {
                *self = Self { depth: 1, tag: std::mem::take(&mut self.tag), ..Self::default() };
                out.extend_from_slice(&self.tag);
            }
            _ => self.opened(is_empty, is_too_long, out),
        }
    }

    fn opened(&mut self, is_empty: bool, is_too_long: bool, out: &mut Vec<u8>) {
        let is_too_much = is_too_long || self.depth >= DEEPEST || self.passed >= LARGEST;
        if self.skipped_at.is_none() {
            if is_too_much {
                if self.depth <= 1 {
                    out.extend_from_slice(b"<message/>");
                }
                if !is_empty {
                    self.skipped_at = Some(self.depth);
                }
            } else {
                out.extend_from_slice(&self.tag);
                self.passed += self.tag.len();
            }
        }
        if !is_empty {
            self.depth += 1;
        }
        self.rest();
    }

    fn closed(&mut self, out: &mut Vec<u8>) {
        self.depth = self.depth.saturating_sub(1);
        match self.skipped_at {
            Some(depth) if self.depth <= depth => self.skipped_at = None,
            Some(_) => {}
            None => out.extend_from_slice(&self.tag),
        }
        self.rest();
    }

    /// Between two stanzas, what is counted begins anew.
    const fn rest(&mut self) {
        if self.depth <= 1 {
            self.passed = 0;
        }
    }
}

/// So deep no stanza has been seen to go.
const DEEPEST: usize = 64;
/// In bytes. The parser takes single values of up to 8,192.
const LONGEST_TAG: usize = 8_000;
/// In bytes, of a stanza. Servers' own limits are at 512 KiB and below.
const LARGEST: usize = 1 << 20;
const CDATA: &[u8] = b"<![CDATA[";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sifted(input: &str) -> String {
        let mut out = Vec::new();
        // In small pieces, as the network may bring it.
        let mut sieve = Sieve::default();
        input.as_bytes().chunks(7).for_each(|chunk| sieve.feed(chunk, &mut out));
        String::from_utf8(out).ok().unwrap()
    }

    const HEAD: &str = "<?xml version='1.0'?><stream:stream a='>' b=\"/\">";

    #[test]
    fn what_is_ordinary_passes_as_it_is() {
        let text = format!(
            "{HEAD}<features><a/></features>{HEAD} \n<message a='<x>' to=\"'/>\"><body>1 &lt; 2</body><a/></message><iq/></stream:stream>"
        );

        assert_eq!(sifted(&text), text);
        let cdata = format!("{HEAD}<m><body><![CDATA[<a>]]]></body></m>");
        assert_eq!(sifted(&cdata), cdata);
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out() {
        let text = format!(
            "{HEAD}<message>{}x{}<body>y</body></message><iq/>",
            "<a>".repeat(50_000),
            "</a>".repeat(50_000)
        );

        let expected =
            format!("{HEAD}<message>{}{}<body>y</body></message><iq/>", "<a>".repeat(62), "</a>".repeat(62));
        assert_eq!(sifted(&text), expected);
    }

    #[test]
    fn a_tag_that_is_too_long_is_left_out_and_a_stanza_still_counts() {
        let long = "x".repeat(9_000);

        let within = sifted(&format!("{HEAD}<m><a b='{long}'><c/></a><body>y</body></m>"));
        let whole = sifted(&format!("{HEAD}<m id='{long}'><body>y</body></m><m id='{long}'/><iq/>"));

        assert_eq!(within, format!("{HEAD}<m><body>y</body></m>"));
        assert_eq!(whole, format!("{HEAD}<message/><message/><iq/>"));
    }

    #[test]
    fn a_text_without_end_is_cut_between_characters() {
        for unit in ["&amp;", "ż", "x"] {
            let text = format!("{HEAD}<m><body>{}</body><z/></m><iq/>", unit.repeat(LARGEST / 2));

            let passed = sifted(&text);

            let body = passed.strip_prefix(HEAD).unwrap().strip_prefix("<m><body>").unwrap();
            let body =
                body.strip_suffix("</body></m><iq/>").or(body.strip_suffix("</body><z/></m><iq/>")).unwrap();
            assert!(body.len() <= LARGEST && body.len().is_multiple_of(unit.len()));
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_never_deep_and_other_stanzas_are_whole(
            pieces in prop::collection::vec(prop_oneof!["<a>", "</a>", "<b c='[>/\"]'/>", "[a-z&;]{0,4}", "<!\\[CDATA\\[[a<\\]]{0,3}\\]\\]>"], 0..300)
        ) {
            let mut out = Vec::new();
            Sieve::default().feed(pieces.concat().as_bytes(), &mut out);
            let mut depth = 0_usize;
            for at in String::from_utf8(out).unwrap().split('<') {
                if at.starts_with("a>") { depth += 1 } else if at.starts_with("/a>") { depth = depth.saturating_sub(1) }
                prop_assert!(depth <= DEEPEST);
            }
        }

        #[test]
        fn no_bytes_panic(input: Vec<u8>) {
            Sieve::default().feed(&input, &mut Vec::new());
        }
    }
}
