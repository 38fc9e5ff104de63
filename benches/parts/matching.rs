//! From what is heard to the alias that is meant.

use std::{hint::black_box, time::SystemTime};

use criterion::{BenchmarkId, Criterion};
use fulmar::{
    actors::router::Addressing,
    alias::{Alias, Registry},
};
use fulmar_contract::{Heard, Identity, MessageId, RoomId, Sender, Taken};
use serde_json::json;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching");
    for count in [10, 1_000, 10_000] {
        let registry = registry(count);
        let hit = format!("restart service-{:05} on web-17", count / 2);
        for (what, command) in [("hit", hit.as_str()), ("miss", "make me a coffee with milk")] {
            group.bench_with_input(BenchmarkId::new(what, count), command, |bencher, command| {
                bencher.iter(|| registry.find(black_box(command)));
            });
        }
        group.bench_function(BenchmarkId::new("suggestions", count), |bencher| {
            bencher.iter(|| registry.suggest(black_box("restrat service-00003 on web-17"), |_| true));
        });
    }
    let talk = heard("did anybody look at the graphs of last night? the queue was long again :/");
    let addressing =
        Addressing { name: "fulmar".into(), prefixes: vec![("!".into(), None)], plugin_prefix: "st2".into() };
    group.bench_function("talk that is not for us", |bencher| {
        bencher.iter(|| addressing.words(black_box(&talk), Some("fulmar")));
    });
    group.finish();
}

fn registry(count: usize) -> Registry {
    let alias = |number: usize| {
        json!({
            "name": format!("restart_{number:05}"),
            "pack": "bench",
            "action_ref": "bench.restart",
            "description": "Restarts one of many services",
            "formats": [format!("restart service-{number:05} on {{{{ host }}}}")],
        })
    };
    let aliases = (0..count).map(|number| serde_json::from_value::<Alias>(alias(number)).unwrap());
    Registry::new(aliases.collect(), &["*"])
}

fn heard(text: &str) -> Heard {
    Heard {
        id: MessageId::new("1"),
        room: RoomId::new("#ops"),
        thread: None,
        sender: Sender { identity: Identity::Claimed("joe".into()), name: "joe".into(), direct: None },
        text: text.into(),
        mentioned: false,
        direct: false,
        at: SystemTime::UNIX_EPOCH,
        taken: Taken::default(),
    }
}
