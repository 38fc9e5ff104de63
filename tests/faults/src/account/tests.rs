use super::*;

fn account(lines: &[&str], runs: &[u64]) -> Account {
    let mut account = Account::default();
    (1..=3).for_each(|number| account.command(number, "#a", &[format!("t{number}")], 0));
    for (place, number) in runs.iter().enumerate() {
        let end = Some(format!("2026-11-21T00:00:{place:02}Z"));
        account.execution(&format!("e{place}"), Execution { number: *number, token: format!("t{number}"), end });
    }
    for text in lines {
        account.line(&Line { at: Instant::now(), room: "#a".into(), text: (*text).into() });
    }
    account
}

#[test]
fn a_command_with_its_ack_and_its_result_is_well() {
    let account = account(&["u1: Working on t1.", "u1: Finished t1."], &[1]);

    let verdict = account.verdict();

    assert_eq!((verdict.run, verdict.unheard), (1, vec![2, 3]));
    assert!(verdict.lost.is_empty() && verdict.said_twice.is_empty() && verdict.disordered.is_empty());
    assert!(account.is_answered(1) && !account.is_answered(2));
}

#[test]
fn what_is_lost_twice_or_marked_is_told_apart() {
    let lines = [
        "u1: Working on t1.",
        "u2: Finished t2.",
        "u2: (repeated) Finished t2.",
        "u3: Finished t3.",
        "u3: Finished t3.",
    ];

    let verdict = account(&lines, &[2, 2, 3]).verdict();

    assert_eq!((verdict.lost, verdict.run_twice), (vec!["t1".to_owned()], vec![2]));
    assert_eq!((verdict.said_twice, verdict.marked), (vec!["t3".to_owned()], 1));
}

#[test]
fn an_apology_belongs_to_whom_it_names() {
    let verdict = account(&["u1: the disk is full", "u2: it is not known whether it ran"], &[2]).verdict();

    assert_eq!((verdict.refused, verdict.unclear, verdict.unheard), (vec![1], vec![2], vec![3]));
}

#[test]
fn results_in_another_order_than_their_ends_are_seen() {
    let ordered = account(&["u1: Finished t1.", "u2: Finished t2."], &[1, 2]);
    let inverted = account(&["u1: Finished t1.", "u2: Finished t2."], &[2, 1]);

    assert_eq!(ordered.inversions(), []);
    assert_eq!(inverted.inversions(), [(2, 1)]);
}

#[test]
fn an_announcement_is_due_once() {
    let mut account = account(&[], &[]);
    [7, 8, 9].into_iter().for_each(|number| account.perhaps(number, "#a"));
    [7, 8].into_iter().for_each(|number| account.is_made(number));

    account.line(&Line { at: Instant::now(), room: "#a".into(), text: "News n7.".into() });

    assert_eq!(account.verdict().lost, ["n8"]);
}

#[test]
fn what_was_not_acknowledged_yet_is_in_no_order() {
    let early = account(&["u1: Working on t1.", "u2: Finished t2.", "u1: Finished t1."], &[1, 2]);
    let late = account(&["u2: Finished t2.", "u1: Working on t1.", "u1: Finished t1."], &[1, 2]);

    assert_eq!((early.inversions(), late.inversions()), (vec![(1, 2)], vec![]));
}

#[test]
fn all_runs_of_a_command_that_began_and_each_line_of_a_result_are_due_once() {
    let mut account = account(&[], &[]);
    let tokens = ["t7-1", "t7-2"].map(str::to_owned);
    account.command(7, "#a", &tokens, 2);
    account.execution("a", Execution { number: 7, token: "t7-1".into(), end: None });

    for text in ["u7: Working on t7-1 as 4f.", "u7: Finished t7-1.", "Line 1 of t7-1."] {
        account.line(&Line { at: Instant::now(), room: "#a".into(), text: text.into() });
    }

    let lost = ["t7-1, line 0", "t7-2", "t7-2, line 0", "t7-2, line 1"];
    assert_eq!((account.verdict().lost, account.verdict().run_twice), (lost.map(str::to_owned).to_vec(), vec![]));
    assert!(account.id_of(7).is_some_and(|id| id.ends_with('f')));
}

#[test]
fn a_command_that_is_given_again_is_its_second_authors() {
    let mut account = account(&["u1: Working on t1.", "u1: Finished t1."], &[1]);
    account.command(8, "#a", &["t1".to_owned()], 0);
    account.execution("again", Execution { number: 8, token: "t1".into(), end: None });

    account.line(&Line { at: Instant::now(), room: "#a".into(), text: "u8: Working on t1.".into() });

    assert_eq!((account.verdict().lost, account.verdict().said_twice), (vec!["t1".to_owned()], vec![]));
}
