//! What was printed and is not said yet. Pure.

use std::{collections::VecDeque, mem, time::Duration};

use tokio::time::Instant;

/// What was printed and is not said yet.
#[derive(Debug)]
pub(super) struct Batch {
    /// The beginning of a line whose end has not come.
    line: String,
    lines: VecDeque<String>,
    /// When the oldest of `lines` came.
    since: Option<Instant>,
    /// How many lines may still come.
    left: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { line: String::new(), lines: VecDeque::new(), since: None, left: MOST }
    }
}

impl Batch {
    /// Takes `text` in, as far as there may be more of it.
    pub(super) fn add(&mut self, text: &str, now: Instant) {
        for piece in text.split_inclusive('\n') {
            let room = LONGEST_LINE.saturating_sub(self.line.chars().count());
            self.line.extend(piece.trim_end_matches(['\r', '\n']).chars().take(room + 1));
            if piece.ends_with('\n') {
                self.end_line();
                self.since.get_or_insert(now);
            }
        }
    }

    /// Nothing more comes: a line without an end is one, too.
    pub(super) fn end(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let mut line = mem::take(&mut self.line);
        if let Some((at, _)) = line.char_indices().nth(LONGEST_LINE) {
            line.replace_range(at.., "…");
        }
        if self.left > 0 {
            self.left -= 1;
            self.lines.push_back(line);
        }
    }

    /// When it is time to say something: at once if there is much.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| if self.lines.len() >= AT_ONCE { since } else { since + TOGETHER })
    }

    /// What is to be said next.
    pub(super) fn take(&mut self) -> Option<String> {
        let next: Vec<String> = self.lines.drain(..self.lines.len().min(AT_ONCE)).collect();
        self.since = self.since.filter(|_| !self.lines.is_empty());
        (!next.is_empty()).then(|| next.join("\n"))
    }

    /// Whether there was as much as is shown of anything.
    pub(super) const fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Whether there was nothing at all.
    pub(super) const fn is_fresh(&self) -> bool {
        self.left == MOST
    }
}

/// How many lines are shown of anything.
pub(in crate::actors::router::runs) const MOST: usize = 200;

/// How many are said together.
const AT_ONCE: usize = 20;

/// How long a line waits for others to be said with it.
const TOGETHER: Duration = Duration::from_secs(2);

/// How much of a line is shown, in characters.
const LONGEST_LINE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_two_seconds_is_said_together() {
        let (mut batch, began) = (Batch::default(), Instant::now());

        batch.add("one\ntw", began);
        batch.add("o\r\nthr", began + Duration::from_secs(1));

        assert_eq!(batch.due(), Some(began + TOGETHER));
        assert_eq!(batch.take().as_deref(), Some("one\ntwo"));
        assert_eq!((batch.due(), batch.take()), (None, None));
        batch.end();
        assert_eq!(batch.take().as_deref(), Some("thr"));
    }

    #[tokio::test(start_paused = true)]
    async fn much_is_said_at_once_and_twenty_lines_at_a_time() {
        let (mut batch, now) = (Batch::default(), Instant::now());

        batch.add(&"x\n".repeat(45), now);

        assert_eq!(batch.due(), Some(now));
        let lines = [(); 4].map(|()| batch.take().map(|text| text.lines().count()));
        assert_eq!(lines, [Some(20), Some(20), Some(5), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_is_shown() {
        let (mut batch, now) = (Batch::default(), Instant::now());
        assert!(batch.is_fresh());

        batch.add(&"y".repeat(1_000_000), now);
        batch.add("\n", now);
        batch.add(&"x\n".repeat(1_000), now);

        assert!(batch.is_spent() && !batch.is_fresh());
        assert_eq!(batch.lines.len(), MOST);
        assert_eq!(batch.lines[0].chars().count(), LONGEST_LINE + 1);
    }
}
