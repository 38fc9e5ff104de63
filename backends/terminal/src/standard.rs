//! The process's own standard input, and what its surroundings say of the terminal.

use std::{
    env,
    io::{self, BufRead, IsTerminal, Read},
    thread,
};

use tokio::sync::mpsc;

use crate::Style;

/// Who runs this process.
pub(crate) fn user() -> String {
    let named = |key| env::var(key).ok().filter(|name: &String| !name.is_empty());
    named("USER").or_else(|| named("LOGNAME")).unwrap_or_else(|| "user".into())
}

/// A prompt where somebody types and looks, colours where they are wanted (<https://no-color.org>).
pub(crate) fn style() -> Style {
    let screen = io::stdout().is_terminal();
    let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style { prompt: screen && io::stdin().is_terminal(), colours: screen && !no_colour }
}

/// The lines of standard input.
///
/// Read on a thread of its own: tokio's standard input would hold up the end of the process until one
/// more line came.
pub(crate) fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (lines, receiver) = mpsc::channel(16);
    let failed = lines.clone();
    let reader = thread::Builder::new().name("standard-input".into());
    if let Err(error) = reader.spawn(move || read(io::stdin().lock(), &lines)) {
        // The channel is new and has room.
        drop(failed.try_send(Err(error)));
    }
    receiver
}

fn read(mut input: impl BufRead, lines: &mpsc::Sender<io::Result<String>>) {
    loop {
        let mut bytes = Vec::new();
        let line = match input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(error),
        };
        let last = line.is_err();
        if lines.blocking_send(line).is_err() || last {
            return;
        }
    }
}

/// The length in bytes at which a line is cut.
const LONGEST: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(input: &[u8]) -> Vec<String> {
        let (lines, mut receiver) = mpsc::channel(16);
        read(input, &lines);
        drop(lines);
        std::iter::from_fn(|| receiver.blocking_recv()).map(Result::unwrap).collect()
    }

    #[test]
    fn a_last_line_without_an_end_counts() {
        assert_eq!(read_all(b"one\r\n\ntwo"), ["one", "", "two"]);
    }

    #[test]
    fn what_is_not_utf8_is_replaced() {
        assert_eq!(read_all(b"a\xffb\n"), ["a\u{fffd}b"]);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let lines = read_all(&[b'x'; 100_000]);

        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [65_536, 34_464]);
    }
}
