//! What the parts of a command's way cost, each by itself: `cargo bench`, or `cargo bench -- matching` for some.
//!
//! What the whole costs, `tests/load/run` measures.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark that cannot begin may panic"
)]

mod answers;
#[cfg(feature = "irc")]
mod irc;
#[cfg(feature = "sqlite")]
mod journal;
mod markup;
mod matching;
mod recorded;
mod rendering;
mod stream;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    answers::all(&mut criterion);
    #[cfg(feature = "irc")]
    irc::all(&mut criterion);
    #[cfg(feature = "sqlite")]
    journal::all(&mut criterion);
    markup::all(&mut criterion);
    matching::all(&mut criterion);
    rendering::all(&mut criterion);
    stream::all(&mut criterion);
    criterion.final_summary();
}
