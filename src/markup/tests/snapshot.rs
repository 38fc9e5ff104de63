//! The ten messages in each dialect, one file for each.

use std::fmt::Write as _;

use super::{Part, looks, message, said};

#[test]
fn ten_messages_in_every_dialect() {
    for (name, look) in looks() {
        let mut shown = String::new();
        for message in message::all() {
            let parts = said(&message.text, message.format, &message.extra, &look);
            writeln!(shown, "======== {} ========", message.name).unwrap();
            if look.multiline {
                parts.iter().for_each(|part| show(&mut shown, part));
            } else {
                let lines = parts.iter().map(|part| visible(part.marked.as_ref().unwrap_or(&part.text)));
                lines.for_each(|line| writeln!(shown, "{line}").unwrap());
            }
        }
        insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, shown);
        });
    }
}

fn show(shown: &mut String, part: &Part) {
    writeln!(shown, "{}", visible(&part.text)).unwrap();
    match &part.marked {
        Some(marked) => writeln!(shown, "---- marked ----\n{}", visible(marked)).unwrap(),
        None => writeln!(shown, "---- no marks ----").unwrap(),
    }
}

/// What would not be seen, written out.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\u{2}' => shown.push_str("{bold}"),
            '\u{11}' => shown.push_str("{mono}"),
            '\u{1d}' => shown.push_str("{italic}"),
            '\u{1e}' => shown.push_str("{strike}"),
            '\u{1b}' => shown.push_str("{esc}"),
            '\u{a0}' => shown.push_str("{nbsp}"),
            '\u{200b}' => shown.push_str("{zwsp}"),
            '\u{2060}' => shown.push_str("{wj}"),
            c if c.is_control() && c != '\n' => write!(shown, "{{{:02x}}}", u32::from(c)).unwrap(),
            c => shown.push(c),
        }
    }
    shown
}
