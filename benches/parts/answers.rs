//! StackStorm's answers, from JSON to what we make of them.

use criterion::{Criterion, Throughput};
use fulmar::{alias::Alias, st2::wire::AliasAnswer};
use serde_json::{Value, json};

use crate::recorded;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answers");

    let answer =
        json!({"execution": recorded::ours("requested"), "actionalias": alias(), "message": "Deploying."});
    let answer = answer.to_string();
    group.throughput(Throughput::Bytes(answer.len() as u64));
    group.bench_function("to a command", |bencher| {
        bencher.iter(|| serde_json::from_str::<AliasAnswer>(&answer).unwrap());
    });

    let page = Value::from(vec![alias(); 100]).to_string();
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("a page of 100 aliases", |bencher| {
        bencher.iter(|| serde_json::from_str::<Vec<Alias>>(&page).unwrap());
    });
    group.finish();
}

fn alias() -> Value {
    recorded::body("aliasexecution_ok_source_context")["actionalias"].take()
}
