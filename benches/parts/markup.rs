//! From a text to the posts of a network.

use criterion::{Criterion, Throughput};
use fulmar::markup::{self, Format, Look};
use fulmar_contract::{Counts, Limit, Markup, Unit};
use serde_json::Value;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("markup");
    let megabyte = |text: &str| text.repeat((1 << 20) / text.len());
    let (typical, links, marks) = (megabyte(TYPICAL), megabyte(LINKS), megabyte(MARKS));
    for (what, text) in [
        ("a line", LINE),
        ("typical", TYPICAL),
        ("1 MB", typical.as_str()),
        ("1 MB of links", links.as_str()),
        ("1 MB of marks", marks.as_str()),
    ] {
        for (dialect, look) in looks() {
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(format!("{what}, {dialect}"), |bencher| bencher.iter(|| posts(text, &look)));
        }
    }
    group.finish();
}

/// The first 50 posts, as Delivery makes them.
fn posts(text: &str, look: &Look<'_>) -> usize {
    let document = markup::document(text, Format::Markdown, &Value::Null, look);
    let passages = 0..document.passages(look).min(50);
    passages.map(|passage| document.parts(passage, look, look.limit, 50).0.len()).sum()
}

fn looks() -> [(&'static str, Look<'static>); 3] {
    let look = |markup, max, counts, multiline| Look {
        kind: "x",
        markup,
        limit: Limit { max, unit: Unit::Bytes },
        counts,
        multiline,
        triggers: &[],
        calls_all: false,
    };
    [
        ("html", look(Markup::Html, 48_000, Counts::Both, true)),
        ("mirc", look(Markup::Mirc, 350, Counts::Marked, false)),
        ("plain", look(Markup::Plain, 4_000, Counts::Marked, true)),
    ]
}

const LINE: &str = "Restarted service-00042 on web-17: done";

/// On one line, so that the line has to be cut.
const LINKS: &str = "<https://x.org> ";

/// The same, where the marks are longer than what is read.
const MARKS: &str = "**a** *b* `c` ";

const TYPICAL: &str = "Action **core.local** completed.\nstatus : `failed`\nexecution: 5f3e9c0b8a1d2e0001a2b3c4\n\n\
    - web1 is *up*\n- web2 is down, see https://st2.example.org/#/history/5f3e\n\n  total 4\n  __init__.py *.txt 2 * 3\n\n";
