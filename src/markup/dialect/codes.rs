//! Marks that are control codes: mIRC's and a terminal's. Each line begins and ends without any.

use crate::markup::{
    document::Marks,
    inert::GUARD,
    page::{Slice, State, between, quotes},
};

/// What stands between two runs, given the marks of both.
type Change = fn(&mut String, Marks, Marks);

pub(in crate::markup) fn push(out: &mut String, state: &State, slice: Slice<'_>, guard: bool, change: Change) {
    between(out, state, slice);
    quotes(out, slice.line);
    if guard {
        out.push(GUARD);
    }
    out.push_str(slice.lead());
    let mut marks = Marks::NONE;
    for (text, run) in slice.runs() {
        change(out, marks, run.marks);
        marks = run.marks;
        out.push_str(text);
    }
    change(out, marks, Marks::NONE);
}

/// mIRC's codes (modern.ircdocs.horse/formatting), each of which also ends what it began.
pub(in crate::markup) fn mirc(out: &mut String, from: Marks, to: Marks) {
    let changed = from.toggled(to);
    out.extend(MIRC.iter().filter(|(mark, _)| changed.has(*mark)).map(|(_, code)| *code));
}

/// Escapes of a terminal (ECMA-48, SGR). The colour stays as it is.
pub(in crate::markup) fn ansi(out: &mut String, from: Marks, to: Marks) {
    if from == to {
        return;
    }
    if from != Marks::NONE {
        out.push_str("\u{1b}[22;23;24;29m");
    }
    let codes: Vec<&str> = ANSI.iter().filter(|(mark, _)| to.has(*mark)).map(|(_, code)| *code).collect();
    if !codes.is_empty() {
        out.push_str(&format!("\u{1b}[{}m", codes.join(";")));
    }
}

const MIRC: [(Marks, char); 4] =
    [(Marks::STRONG, '\u{2}'), (Marks::EMPHASIS, '\u{1d}'), (Marks::STRIKE, '\u{1e}'), (Marks::CODE, '\u{11}')];

/// Code is underlined: the colour is the news', and a terminal has one width of letters anyway.
const ANSI: [(Marks, &str); 4] =
    [(Marks::STRONG, "1"), (Marks::EMPHASIS, "3"), (Marks::STRIKE, "9"), (Marks::CODE, "4")];
