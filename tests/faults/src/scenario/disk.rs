//! The disk with the journal is full, read-only, slow.

use std::{process::Command, time::Duration};

use tokio::time::Instant;

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    mount::{Disk, Trouble},
    report::Row,
    stage::{Plan, Stage},
    wait::{IN_DOUBT, PATIENCE},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let rounds = length.choose(1, 20);
    let mut rows = Vec::new();
    for trouble in [Trouble::Full, Trouble::ReadOnly, Trouble::PowerCut] {
        match Disk::mount(&site.folder, &format!("{trouble:?}"), trouble) {
            Ok(disk) => rows.push(hindered(site, &disk, trouble, rounds).await?),
            Err(error) => rows.push(Row::skipped(Scenario::Disk, &format!("{}: {error}", trouble.name()))),
        }
    }
    rows.push(slow(site, length).await?);
    Ok(rows)
}

/// Commands that run while the disk fails keep their results; new ones are refused with a reason, and run when it is
/// well. In the last round the gateway is killed in the middle of the trouble, and starts when it is over.
async fn hindered(site: &Site, disk: &Disk, trouble: Trouble, rounds: usize) -> Outcome<Row> {
    let mut stage = Stage::set(site, &format!("disk-{trouble:?}").to_lowercase(), Plan::default()).await?;
    stage.wiring.state = format!("sqlite:{}", disk.state().join("journal.db").display());
    stage.wiring.write(&stage.launch.config)?;
    stage.enter().await?;
    let (mut worst, mut refused) = (Duration::ZERO, 0);
    for round in 0..rounds {
        let running: Vec<u64> = (0..10).filter_map(|_| stage.give(2.0)).collect();
        stage.until_account("the acks", |account| running.iter().all(|it| account.is_acknowledged(*it))).await?;
        stage
            .until_status("all acks to be confirmed", |status| {
                status.pointer("/journal/pending") == Some(&0.into())
            })
            .await?;
        disk.suffer()?;
        let hit: Vec<u64> = (0..10).filter_map(|_| stage.give(0.0)).collect();
        for number in &hit {
            stage.settle_one(*number).await?;
        }
        refused += hit.iter().filter(|number| stage.account.result_at(**number).is_none()).count();
        if round + 1 == rounds {
            stage.kill()?;
            disk.recover().await?;
            stage.enter().await?;
        } else {
            stage
                .until_account("the results", |account| running.iter().all(|it| account.is_answered(*it)))
                .await?;
            disk.recover().await?;
        }
        let well = Instant::now();
        stage.until_one_runs(PATIENCE).await?;
        worst = worst.max(well.elapsed());
        stage.settle(&running, IN_DOUBT).await?;
    }
    let mut verdict = stage.settle(&[], IN_DOUBT).await?;
    let mut did = format!(
        "disk {} {rounds} times, the gateway killed in the last; {refused} commands refused meanwhile",
        trouble.name()
    );
    if trouble == Trouble::PowerCut {
        // The last second is forgotten, so nobody knows that it was said.
        let again = std::mem::take(&mut verdict.said_twice).len();
        did.push_str(&format!("; {again} lines of the last second said again without a mark"));
    }
    let unheard = verdict.unheard.len();
    let is_told = |number: &u64| stage.account.told(*number).iter().any(|told| told.contains("journal"));
    let reasons = verdict.refused.iter().all(is_told);
    let mut row = Row::new(Scenario::Disk, did, verdict, Some(worst));
    row.unless(unheard == 0, || format!("{unheard} commands are not answered"));
    row.unless(refused > 0, || "no command was refused".into());
    row.unless(reasons, || "a refusal without its reason".into());
    row.unless(worst < Duration::from_secs(15), || "it took too long to work again".into());
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// Each write that must last takes half a second longer.
async fn slow(site: &Site, length: Length) -> Outcome<Row> {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return Ok(Row::skipped(Scenario::Disk, "slow: there is no strace"));
    }
    let mut stage = Stage::set(site, "disk-slow", Plan::default()).await?;
    // As a child of the gateway, so that what is killed is the gateway.
    let words = "strace -D -f -qq -o /dev/null --seccomp-bpf -e trace=fsync,fdatasync \
                 -e inject=fsync,fdatasync:delay_enter=500000";
    stage.launch.wrapper = words.split_whitespace().map(str::to_owned).collect();
    stage.enter().await?;
    let begin = Instant::now();
    stage.give_for(length.choose(Duration::from_secs(5), Duration::from_secs(60)), RATE).await?;
    let due: Vec<u64> = (1..=stage.last()).collect();
    let verdict = stage.settle(&due, IN_DOUBT).await?;
    let last = stage.account.results().max().map(|last| last - begin);
    let did = format!(
        "each fsync takes 500 ms more, under {RATE} commands/s for {:.0} s; the last result after {:.1} s",
        length.choose(5.0, 60.0),
        last.unwrap_or_default().as_secs_f64()
    );
    let unanswered = verdict.unheard.len() + verdict.refused.len();
    let mut row = Row::new(Scenario::Disk, did, verdict, None);
    row.unless(unanswered == 0, || format!("{unanswered} commands did not run"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// How many commands are given in a second.
const RATE: u32 = 20;
