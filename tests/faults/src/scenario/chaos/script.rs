//! Which faults come when: drawn by chance, and the same for the same seed. Pure.

use std::{fmt, time::Duration};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::proxy::Way;

/// All faults of a round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Script {
    blows: Vec<Blow>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blow {
    at: Duration,
    lasts: Duration,
    /// What goes wrong.
    pub(super) fault: Fault,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// What is between the gateway and StackStorm's API.
    Api(Way),
    /// What is between the gateway and the chat network.
    Chat(Way),
    /// The disk with the journal is full.
    Disk,
    /// The gateway ends, and is not started before the fault is over.
    Gateway(End),
    /// The chat network's server dies.
    Network,
    /// A fault of the sandbox's own.
    Sandbox(Value),
    /// StackStorm stands still.
    StackStorm,
    /// What is between the gateway and StackStorm's stream.
    Stream(Way),
}

/// How a gateway ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `kill -9`.
    Kill,
    /// `kill -9`, a start at once, and `kill -9` so long after that.
    KillTwice(Duration),
    /// SIGTERM.
    Stop,
    /// SIGTERM, and `kill -9` so long after that.
    StopAndKill(Duration),
}

/// A fault begins or is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn<'a> {
    /// It begins.
    Begin(&'a Fault),
    /// It is over.
    Over(&'a Fault),
}

impl Script {
    /// Faults for so long, of several kinds at once. Nothing can be known to be said while the disk is full, so the gateway is
    /// left alone then and until it has written what it kept in memory.
    pub(super) fn draw(rng: &mut Rng, length: Duration) -> Self {
        let lanes: [fn(&mut Rng) -> Fault; 8] = [
            |rng| Fault::Api(way(rng)),
            |rng| Fault::Chat(way(rng)),
            |_| Fault::Disk,
            |rng| Fault::Gateway(end(rng)),
            |_| Fault::Network,
            |rng| Fault::Sandbox(fault(rng)),
            |_| Fault::StackStorm,
            |rng| Fault::Stream(way(rng)),
        ];
        let mut blows = Vec::new();
        for draw in lanes {
            if rng.bool() {
                lane(rng, length, draw, &mut blows);
            }
        }
        let full: Vec<_> = blows.iter().filter(|blow| blow.fault == Fault::Disk).map(Blow::shadow).collect();
        let is_safe = |blow: &Blow| full.iter().all(|(from, to)| blow.at + blow.lasts < *from || blow.at > *to);
        blows.retain(|blow| !matches!(blow.fault, Fault::Gateway(_)) || is_safe(blow));
        blows.sort_by_key(|blow| blow.at);
        Self { blows }
    }

    /// Whether what people say may reach nobody.
    pub(super) fn deafens(&self) -> bool {
        let deafens = |fault: &Fault| matches!(fault, Fault::Chat(_) | Fault::Gateway(_) | Fault::Network);
        self.blows.iter().any(|blow| deafens(&blow.fault))
    }

    /// Whether the disk fails.
    pub(super) fn has_disk(&self) -> bool {
        self.blows.iter().any(|blow| blow.fault == Fault::Disk)
    }

    /// What happens, in its order.
    pub(super) fn turns(&self) -> Vec<(Duration, Turn<'_>)> {
        let turns = self.blows.iter().flat_map(|blow| {
            let Blow { at, lasts, fault } = blow;
            [(*at, Turn::Begin(fault)), (*at + *lasts, Turn::Over(fault))]
        });
        let mut turns: Vec<_> = turns.collect();
        turns.sort_by_key(|(at, _)| *at);
        turns
    }
}

impl Blow {
    fn shadow(&self) -> (Duration, Duration) {
        (self.at.saturating_sub(Duration::from_secs(1)), self.at + self.lasts + WRITTEN)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Blow { at, lasts, fault } in &self.blows {
            writeln!(f, "{:6.2} s, for {:.2} s: {fault:?}", at.as_secs_f64(), lasts.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Faults of one kind, one after the other.
fn lane(rng: &mut Rng, length: Duration, draw: fn(&mut Rng) -> Fault, blows: &mut Vec<Blow>) {
    let mut at = millis(rng, 500, 12_000);
    loop {
        let lasts = if rng.bool() { millis(rng, 50, 1_000) } else { millis(rng, 1_000, 8_000) };
        if at + lasts >= length {
            return;
        }
        blows.push(Blow { at, lasts, fault: draw(rng) });
        at += lasts + millis(rng, 500, 12_000);
    }
}

fn millis(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least..most))
}

fn way(rng: &mut Rng) -> Way {
    one(rng, &[Way::Cut, Way::Cut, Way::Hole, Way::Slow])
}

fn end(rng: &mut Rng) -> End {
    let soon = millis(rng, 1, 400);
    one(rng, &[End::Kill, End::Kill, End::KillTwice(soon), End::Stop, End::StopAndKill(soon)])
}

/// A fault as `POST /sandbox/faults` takes it. None of them loses an announcement on a stream that stays open: that is only
/// noticed minutes later.
fn fault(rng: &mut Rng) -> Value {
    let (times, millis, when) = (rng.u32(1..4), rng.u32(1..8_000), one(rng, &["before", "after"]));
    let path = one(rng, &["/v1/aliasexecution*", "/v1/executions*", "/v1/*"]);
    let late = one(rng, &[500, 502, 503, 504]);
    let early = one(rng, &[401, 429, 500, 502, 503, 504]);
    let faults = [
        json!({"fault": "answer", "path": path, "times": times, "status": early}),
        json!({"fault": "answer", "path": path, "times": times, "status": late, "when": "after"}),
        json!({"fault": "cut-streams"}),
        json!({"fault": "delay-results", "millis": millis / 4}),
        json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": null}}),
        json!({"fault": "emit", "event": "st2.execution__update", "data": {"id": 7, "status": ["succeeded"]}}),
        json!({"fault": "hang", "path": path, "times": times, "millis": millis, "when": when}),
        json!({"fault": "lose-events", "events": "st2.execution__*", "times": times * 4}),
        json!({"fault": "raw", "text": "data: {\u{0}\nid\n: \u{fffd}\nevent\n\n"}),
        json!({"fault": "refuse-streams", "status": early, "millis": millis}),
        json!({"fault": "reset", "path": path, "times": times, "when": when}),
        json!({"fault": "skip-rules", "times": times}),
    ];
    one(rng, &faults)
}

#[expect(clippy::indexing_slicing, reason = "the place is drawn from among those that there are")]
fn one<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())].clone()
}

/// Until when all is written that a full disk did not take.
const WRITTEN: Duration = Duration::from_secs(7);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_a_script_and_another_one_another() {
        let draw = |seed| Script::draw(&mut Rng::with_seed(seed), Duration::from_secs(35));

        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn whatever_begins_is_over_in_time_and_no_gateway_ends_while_the_disk_is_full() {
        let length = Duration::from_secs(35);
        for seed in 0..500 {
            let script = Script::draw(&mut Rng::with_seed(seed), length);

            let turns = script.turns();

            let begun = turns.iter().filter(|(_, turn)| matches!(turn, Turn::Begin(_))).count();
            assert_eq!((begun, turns.len()), (script.blows.len(), 2 * script.blows.len()));
            assert!(turns.iter().all(|(at, _)| *at < length));
            let full = script.blows.iter().filter(|blow| blow.fault == Fault::Disk);
            let ends = script.blows.iter().filter(|blow| matches!(blow.fault, Fault::Gateway(_)));
            let (full, ends): (Vec<_>, Vec<_>) = (full.collect(), ends.collect());
            let apart = |a: &Blow, b: &Blow| a.at + a.lasts < b.at || b.at + b.lasts < a.at;
            assert!(full.iter().all(|disk| ends.iter().all(|end| apart(disk, end))), "{script}");
        }
    }
}
