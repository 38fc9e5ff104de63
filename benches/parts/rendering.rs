//! From an execution's end to the text that people read.

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use fulmar::render::{self, Effort};
use serde_json::{Value, json};

use crate::recorded;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rendering");
    let execution = recorded::ours("succeeded");
    let mut long = execution.clone();
    long["result"]["result"]["message"] = "0123456789abcdef 0123456789abcdef\n".repeat(3_000).into();
    for (what, execution, alias) in [
        ("default text", &execution, Value::Null),
        ("typical format", &execution, formatted(TYPICAL)),
        ("default text of 100 KB", &long, Value::Null),
        ("typical format of 100 KB", &long, formatted(TYPICAL)),
    ] {
        let execution: Arc<str> = execution.to_string().into();
        group.throughput(Throughput::Bytes(execution.len() as u64));
        group.bench_function(what, |bencher| {
            bencher.iter(|| render::result(&execution, &alias, Effort::Full).unwrap());
        });
    }
    group.finish();
}

fn formatted(format: &str) -> Value {
    json!({"name": "bench", "result": {"format": format}})
}

const TYPICAL: &str = "{% if execution.status == 'succeeded' %}{{ execution.action.ref }} on \
    {{ execution.parameters.message | upper }} took {{ execution.elapsed_seconds | round(1) }} s:{~}\
    {% for name, value in execution.result.result.items() %}\n{{ name }} = {{ value }}{% endfor %}\
    {% else %}It {{ execution.status }}: {{ execution.result.stderr | default('no reason given') }}{% endif %}";
