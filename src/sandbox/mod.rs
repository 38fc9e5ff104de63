//! A StackStorm-compatible server for the demo and the tests.
