//! Fuzzing: every parser of outside input, given what nobody would send.
//!
//! A [`parser::Target`] states what must hold of any input. A [`campaign`] makes inputs of a target's corpus, its seeds, and sees
//! that each keeps the laws, the clock and the memory. No coverage guides it: the seeds and the words of each grammar do.

pub mod campaign;
mod log;
pub mod meter;
mod mutate;
pub mod parser;
mod watch;
