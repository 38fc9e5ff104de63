//! The stream as bytes: how the network cuts it makes no difference, and it is what the standard says.

use std::borrow::Cow;

use fulmar::st2::sse::{Decoder, Event};

use super::Target;

pub(super) const TARGET: Target =
    Target { name: "sse", words: include_str!("../../words/sse.toml"), longest: 1 << 18, run };

/// The first byte says how long an event may be.
fn run(input: &[u8]) {
    let Some((first, stream)) = input.split_first() else { return };
    let max = if first.is_ascii_lowercase() { 16 << (first % 8) } else { fulmar::st2::sse::MAX_EVENT };
    let whole = decoded(max, [stream]);
    assert_eq!(decoded(max, stream.chunks(1)), whole, "cut at every byte");
    // A short one is cut everywhere, a long one somewhere.
    let step = if stream.len() <= 64 { 1 } else { stream.len() };
    let first = if step == 1 { 0 } else { usize::from(*first) * stream.len() / 256 };
    for at in (first..=stream.len()).step_by(step) {
        let (head, tail) = stream.split_at(at);
        assert_eq!(decoded(max, [head, tail]), whole, "cut at {at}");
    }
    if whole.iter().all(|event| matches!(event, Event::Complete { .. })) && max > stream.len() {
        assert_eq!(plainly(stream), whole, "by the standard");
    }
}

fn decoded<'a>(max: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::new(max);
    pieces.into_iter().flat_map(|piece| decoder.feed(piece)).collect()
}

/// The events of a whole stream, read as WHATWG HTML, section 9.2.6, describes it, one rule after the other.
fn plainly(stream: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut name, mut data) = (Vec::new(), String::new(), None::<String>);
    let Some((lines, _unended)) = text.rsplit_once('\n') else { return events };
    for line in lines.split('\n') {
        if line.is_empty() {
            let name = Some(std::mem::take(&mut name)).filter(|name| !name.is_empty());
            let data = data.take().map(|data| data.strip_suffix('\n').unwrap_or(&data).to_owned());
            let complete = |data| Event::Complete { name: name.unwrap_or_else(|| "message".into()), data };
            events.extend(data.map(complete));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = Cow::from(value.strip_prefix(' ').unwrap_or(value));
        match field {
            "event" => name = value.into_owned(),
            "data" => data.get_or_insert_default().extend([&*value, "\n"]),
            _ => {}
        }
    }
    events
}
