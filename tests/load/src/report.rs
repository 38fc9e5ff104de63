//! What was seen, for people and for programs.

use serde_json::{Value, json};

use crate::{
    run::Figures,
    samples::Spread,
    subject::Kind,
    target::{Shown, Target},
};

/// A case as a table.
pub(crate) fn table(shown: &Shown, targets: &[Target]) -> String {
    let mut text = format!("\n{}\n{}\n", shown.case.name, head());
    for (kind, figures) in &shown.figures {
        text.push_str(&row(kind.name(), figures));
    }
    for floor in [Kind::Reflector, Kind::Relay, Kind::Forgetful] {
        if let (Some(floor_figures), Some(gateway)) = (shown.of(floor), shown.of(Kind::Gateway)) {
            text.push_str(&ratios(floor, floor_figures, gateway));
        }
    }
    for target in targets {
        let verdict = if target.is_met() { "met   " } else { "missed" };
        let seen = target.seen.map_or("nothing seen".into(), |seen| format!("{seen:.3}"));
        text.push_str(&format!("  {verdict}  {}: {seen} (wanted: at most {})\n", target.what, target.limit));
    }
    for (kind, figures) in &shown.figures {
        if let Some(strange) = &figures.strange {
            text.push_str(&format!("  {} also said: {strange}\n", kind.name()));
        }
    }
    text
}

/// All cases as one JSON object.
pub(crate) fn json(all: &[(Shown, Vec<Target>)]) -> Value {
    let case = |(shown, targets): &(Shown, Vec<Target>)| {
        let figures: serde_json::Map<String, Value> =
            shown.figures.iter().map(|(kind, figures)| (kind.name().to_owned(), json!(figures))).collect();
        let targets: Vec<Value> = targets
            .iter()
            .map(|it| json!({"what": it.what, "limit": it.limit, "seen": it.seen, "met": it.is_met()}))
            .collect();
        json!({"case": shown.case.name, "figures": figures, "targets": targets, "wrong": shown.is_wrong()})
    };
    json!({ "cases": all.iter().map(case).collect::<Vec<_>>() })
}

fn row(name: &str, figures: &Figures) -> String {
    let Figures { lost, refused, doubled, disordered, memory, cpu_per_1000, .. } = figures;
    format!(
        "  {name:22}{:>7.0} {} {} {} {:>8.4}: {:>7.4} {:>7.4} {:>5.2} {:>6.1} {:>6.1}  {lost:>4} {refused:>7} {doubled:>7} {disordered:>10}\n",
        figures.per_second,
        spread(figures.ack),
        spread(figures.result),
        spread(figures.event_to_line),
        cpu_per_1000.total(),
        cpu_per_1000.user,
        cpu_per_1000.system,
        figures.cpus,
        memory.now,
        memory.peak,
    )
}

fn ratios(floor: Kind, floor_figures: &Figures, gateway: &Figures) -> String {
    let ratio = |of: fn(&Figures) -> Option<f64>| match (of(gateway), of(floor_figures)) {
        (Some(ours), Some(theirs)) if theirs > 0.0 => format!("x{:.2}", ours / theirs),
        _ => "-".into(),
    };
    let across = |of: fn(&Figures) -> Option<Spread>| match (of(gateway), of(floor_figures)) {
        (Some(ours), Some(theirs)) => {
            let [a, b, c] = [ours.p50 / theirs.p50, ours.p95 / theirs.p95, ours.p99 / theirs.p99];
            format!("{:>7} {:>7} {:>7}", format!("x{a:.2}"), format!("x{b:.2}"), format!("x{c:.2}"))
        }
        _ => spread(None),
    };
    format!(
        "  {:22}{:>7} {} {} {} {:>7}\n",
        format!("fulmar / {}", floor.name()),
        ratio(|it| Some(it.per_second)),
        across(|it| it.ack),
        across(|it| it.result),
        across(|it| it.event_to_line),
        ratio(|it| Some(it.cpu_per_1000.total())),
    )
}

fn spread(spread: Option<Spread>) -> String {
    match spread {
        Some(Spread { p50, p95, p99 }) => format!("{p50:>7.2} {p95:>7.2} {p99:>7.2}"),
        None => format!("{:>7} {:>7} {:>7}", "-", "-", "-"),
    }
}

fn head() -> String {
    format!(
        "  {:22}{:>7} {:>23} {:>23} {:>23} {:>25} {:>5} {:>6} {:>6}  lost refused doubled disordered",
        "",
        "a sec.",
        "ack p50 p95 p99 ms",
        "result p50 p95 p99 ms",
        "event to line, ms",
        "CPU s/1,000: user, kernel",
        "CPUs",
        "MB now",
        "peak",
    )
}
