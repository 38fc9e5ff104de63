use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn decode(text: &[u8]) -> Vec<Event> {
    Decoder::default().feed(text)
}

fn event(name: &str, data: &str) -> Event {
    Event::Complete { name: name.into(), data: data.into() }
}

#[test]
fn line_ends_of_every_kind_mean_the_same() {
    for text in
        ["event: a\ndata: x\n\n", "event: a\rdata: x\r\r", "event: a\r\ndata: x\r\n\r\n", "event:a\rdata:x\n\r"]
    {
        assert_eq!(decode(text.as_bytes()), [event("a", "x")], "{text:?}");
    }
}

#[test]
fn data_of_several_lines_is_joined_and_only_one_space_is_taken_away() {
    assert_eq!(decode(b"data:  a\ndata\ndata:b\n\n"), [event("message", " a\n\nb")]);
}

#[test]
fn heart_beats_comments_ids_and_unknown_fields_are_no_events() {
    assert_eq!(decode(b"\n\n: hello\nid: 5\nretry: 1000\nevent: alone\n\nwhatever\n\n"), []);
    assert_eq!(decode(b":c\nevent: a\n:c\ndata: x\nid\n\n"), [event("a", "x")]);
}

#[test]
fn a_byte_order_mark_at_the_beginning_is_passed_over() {
    assert_eq!(decode("\u{feff}data: x\n\n".as_bytes()), [event("message", "x")]);
    assert_eq!(decode("\u{feff}\ndata: x\n\n".as_bytes()), [event("message", "x")]);
    assert_eq!(decode("\n\u{feff}data: x\n\n".as_bytes()), []);
}

#[test]
fn an_event_that_is_cut_short_is_dropped() {
    assert_eq!(decode(b"data: x\n\ndata: y\n"), [event("message", "x")]);
    assert_eq!(decode(b"data: x"), []);
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(decode(b"data: \xff\xc5\n\n"), [event("message", "\u{fffd}\u{fffd}")]);
}

#[test]
fn an_oversized_event_is_passed_over_and_named_and_the_next_one_is_heard() {
    let execution = r#"{"action":{"id":"no"},"x":["id","no"],"web_url":"a\"id\":\"no\"","id":"5f","result":""#;
    let mut text = format!("event: st2.execution__update\ndata: {execution}").into_bytes();
    text.resize(MAX_EVENT + 100, b'a');
    text.extend(b"\"}\n\ndata: next\n\n");

    let events: Vec<Event> = {
        let mut decoder = Decoder::default();
        text.chunks(100_000).flat_map(|piece| decoder.feed(piece)).collect()
    };

    let oversized = Event::Oversized { name: Some("st2.execution__update".into()), id: Some("5f".into()) };
    assert_eq!(events, [oversized, event("message", "next")]);
}

#[test]
fn an_event_of_many_short_lines_can_be_oversized_too() {
    let mut decoder = Decoder::new(1000);

    let events = decoder.feed(format!("{}\n", "data: 123456789\n".repeat(200)).as_bytes());

    assert_eq!(events, [Event::Oversized { name: None, id: None }]);
}

#[test]
fn a_flood_of_comments_is_not_kept() {
    let mut decoder = Decoder::default();

    decoder.feed(b":");
    for _ in 0..1000 {
        assert_eq!(decoder.feed(&[b'c'; 10_000]), []);
    }

    assert!(decoder.line.capacity() < 100_000);
    assert_eq!(decoder.feed(b"\ndata: x\n\n"), [event("message", "x")]);
}

/// The body of a recorded answer, without its head and its chunk framing.
fn body(raw: &[u8]) -> Vec<u8> {
    let at = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, mut rest) = (&raw[..at], &raw[at + 4..]);
    if !String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked") {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        let from = end + 2;
        let Some(chunk) = rest.get(from..from + size) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(from + size + 2..).unwrap_or_default();
    }
    body
}

#[test]
fn recorded_streams_give_the_events_that_were_recorded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/st2/stream");
    let mut events_seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let raw = fs::read(path.with_extension("raw")).unwrap_or_default();
        let recorded: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let Some(expected) =
            recorded["events"].as_array().filter(|events| events.iter().any(|it| it.get("event").is_some()))
        else {
            continue;
        };

        let decoded = decode(&body(&raw));

        let decoded: Vec<(String, Value)> = decoded
            .into_iter()
            .map(|event| match event {
                Event::Complete { name, data } => (name, serde_json::from_str(&data).unwrap()),
                Event::Oversized { .. } => panic!("oversized"),
            })
            .collect();
        let expected: Vec<(String, Value)> = expected
            .iter()
            .map(|event| (event["event"].as_str().unwrap().into(), event["data"].clone()))
            .collect();
        assert_eq!(decoded, expected, "{}", path.display());
        events_seen += decoded.len();
    }
    assert!(events_seen > 30, "{events_seen}");
}

proptest! {
    #[test]
    fn every_split_of_the_bytes_gives_the_same_events(
        text in "(\u{feff})?(event:|data:|data: |:c|id: 1|a|ż|[{}\",:]|\"id\"|\r\n|\n|\r|\n\n|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx){0,60}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        for max in [40, MAX_EVENT] {
            let whole = Decoder::new(max).feed(bytes);

            let mut decoder = Decoder::new(max);
            let split: Vec<Event> = cuts.windows(2).flat_map(|cut| decoder.feed(&bytes[cut[0]..cut[1]])).collect();

            prop_assert_eq!(&split, &whole);
        }
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut decoder = Decoder::new(64);
        for piece in bytes.chunks(7) {
            decoder.feed(piece);
        }
    }
}
