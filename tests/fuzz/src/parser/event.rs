//! The stream as events: what ends is never missed, and what does not end is never taken for an end.

use fulmar::st2::{
    sse::{Decoder, Event},
    wire::{Execution, Happening, Printed},
};

use super::{Target, first_line, text};

pub(super) const TARGET: Target =
    Target { name: "event", words: include_str!("../../words/json.toml"), longest: 1 << 17, run };

/// The first line is the event's name, the rest its data.
fn run(input: &[u8]) {
    let text = text(input);
    let (name, data) = first_line(&text);
    check(Event::Complete { name: name.to_owned(), data: data.to_owned() });
    let mut decoder = Decoder::new(1024);
    decoder.feed(input).into_iter().for_each(check);
}

fn check(event: Event) {
    let before = event.clone();
    if let (Printed::Text(printed), Event::Complete { data, .. }) = (Printed::read(event.clone()), &before) {
        // Nothing is shorter in JSON.
        assert!(printed.len() < data.len(), "{printed:?} is not in {data:?}");
    }
    match (Happening::read(event), before) {
        (Happening::Ended(execution), _) => {
            assert!(execution.status().is_terminal() && !execution.is_child(), "an end");
            let id = execution.id().as_str();
            assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{id:?}");
        }
        (Happening::Ignored, Event::Complete { name, data }) if name.starts_with("st2.execution__") => {
            let ends = |it: &Execution| it.status().is_terminal() && !it.is_child();
            // StackStorm writes no letter as an escape, and what ends is looked for by its letters.
            let is_plain = !data.contains(r"\u00");
            assert!(!is_plain || !Execution::from_json(data).is_ok_and(|it| ends(&it)), "an end that is ignored");
        }
        (Happening::Announced(announcement), _) => {
            announcement.fingerprint();
            announcement.mark();
        }
        _ => {}
    }
}
