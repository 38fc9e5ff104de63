//! What the load run and the fault run share: a StackStorm that costs next to nothing, what is said with it, and times that
//! were measured.

pub mod samples;
pub mod stackstorm;
pub mod words;

/// What can go wrong here needs no name: it is told to the person at the keyboard.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
