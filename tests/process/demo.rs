//! `fulmar demo`, as somebody tries it who has read one line of the README.

use std::io;

use crate::program::{finished, finished_into};

#[test]
fn an_ack_and_a_result_are_printed_and_the_end_of_input_is_the_end() {
    let end = finished(&["demo"], "!echo hello\n");

    let lines: Vec<&str> = end.out.lines().collect();
    let at = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{end:?}"));
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(at("demo.echo") < at("hello"), "{end:?}");
    assert_eq!(end.err, "");
}

#[test]
fn help_lists_what_can_be_tried() {
    let end = finished(&["demo"], "!help\n");

    assert_eq!(end.code, Some(0));
    assert!(end.out.contains("echo {{ message }} - Says what it is told"), "{}", end.out);
    assert!(!end.out.contains("retired"), "{}", end.out);
}

#[test]
fn a_slip_of_the_pen_gets_a_suggestion_and_nonsense_gets_none() {
    let end = finished(&["demo"], "!ehco hello\n!xyzzy plugh\n");

    assert_eq!(end.code, Some(0));
    assert!(
        end.out.contains("There is no command like \"ehco hello\". Did you mean:\n- echo {{ message }}"),
        "{}",
        end.out
    );
    assert!(end.out.contains("There is no command like \"xyzzy plugh\". Try help."), "{}", end.out);
}

#[test]
fn without_any_input_there_is_nothing_to_wait_for() {
    let end = finished(&["demo"], "");

    assert_eq!((end.code, end.out.as_str()), (Some(0), ""));
}

#[test]
fn of_many_commands_all_run_or_one_line_says_that_some_did_not() {
    let commands: String = (0..1_500).map(|number| format!("!quietly {number}\n")).collect();

    let end = finished(&["demo"], &commands);

    let (busy, results): (Vec<&str>, Vec<&str>) = end.out.lines().partition(|line| line.starts_with("Not taken"));
    assert_eq!(end.code, Some(0));
    assert!(results.len() >= 958, "{} results", results.len());
    assert_eq!(busy.len(), usize::from(results.len() < 1_500));
}

#[test]
fn a_reader_that_goes_away_is_the_end() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);

    let end = finished_into(writer, &["demo"], "!quietly a\n!quietly b\n!quietly c\n!quietly d\n");

    assert_eq!(end.code, Some(0), "{end:?}");
}
