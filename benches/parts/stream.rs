//! From bytes of the stream to what happened in StackStorm.

use criterion::{BatchSize, Criterion, Throughput};
use fulmar::st2::{
    sse::{Decoder, Event},
    wire::Happening,
};

use crate::recorded;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stream");
    let events = [
        ("end of ours", recorded::ours("succeeded")),
        ("end of another's", recorded::execution("succeeded")),
        ("update on the way", recorded::execution("running")),
    ];
    for (what, execution) in events {
        let piece = format!("event: st2.execution__update\ndata: {execution}\n\n");
        group.throughput(Throughput::Bytes(piece.len() as u64));
        group.bench_function(format!("decoding, {what}"), |bencher| {
            let mut decoder = Decoder::default();
            bencher.iter(|| decoder.feed(piece.as_bytes()));
        });
        let event = decoded(piece.as_bytes());
        group.bench_function(format!("understanding, {what}"), |bencher| {
            bencher.iter_batched(|| event.clone(), Happening::read, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn decoded(piece: &[u8]) -> Event {
    Decoder::default().feed(piece).pop().expect("one event")
}
