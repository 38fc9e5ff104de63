//! Commands that could mean several things, waiting for their authors to choose.

use std::{collections::HashMap, time::Duration};

use fulmar_contract::Identity;
use tokio::time::Instant;

use crate::{alias::Hit, journal::Route};

/// The open questions: at most one for each person, place and StackStorm, and not for ever.
#[derive(Debug, Default)]
pub(super) struct Choices(HashMap<Question, Choice>);

/// Whose a question is: where, whom and in the name of which StackStorm we ask.
pub(super) type Question = (Route, Identity, String);

#[derive(Debug)]
struct Choice {
    words: String,
    hits: Vec<Hit>,
    asked: Instant,
}

impl Choices {
    /// Remembers that `hits` were offered for `words`.
    pub(super) fn offer(&mut self, question: Question, words: String, hits: Vec<Hit>) {
        self.0.retain(|_, choice| choice.asked.elapsed() < LASTS);
        if self.0.len() < MOST {
            self.0.insert(question, Choice { words, hits, asked: Instant::now() });
        }
    }

    /// The command that `words`, a number, chooses; the question is answered with it.
    pub(super) fn choose(&mut self, question: &Question, words: &str) -> Option<(String, Hit)> {
        let number: usize = words.trim().parse().ok()?;
        let choice = self.0.get(question).filter(|choice| choice.asked.elapsed() < LASTS)?;
        let hit = choice.hits.get(number.checked_sub(1)?)?.clone();
        self.0.remove(question).map(|choice| (choice.words, hit))
    }
}

/// How long a question may be answered.
const LASTS: Duration = Duration::from_secs(120);

/// How many questions may be open.
const MOST: usize = 1_000;
