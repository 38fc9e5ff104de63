//! What became of it all.

use std::collections::BTreeMap;

use super::{Account, Entry, Heard, Part};

/// What became of it all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How many commands were given where somebody could hear them.
    pub(crate) commands: usize,
    /// How many of them were run.
    pub(crate) run: usize,
    /// Neither run nor answered: whoever was to hear them had died.
    pub(crate) unheard: Vec<u64>,
    /// Not run, and their authors were told why.
    pub(crate) refused: Vec<u64>,
    /// Run or acknowledged, but without a result; or announced and not said.
    pub(crate) lost: Vec<String>,
    /// The same, but their authors were told that it is not known.
    pub(crate) unclear: Vec<u64>,
    /// Run more than once.
    pub(crate) run_twice: Vec<u64>,
    /// Acks, results and announcements that came again without a mark.
    pub(crate) said_twice: Vec<String>,
    /// Lines that were marked as repeated.
    pub(crate) marked: usize,
    /// Results before their acks, or without.
    pub(crate) disordered: Vec<u64>,
    /// How many announcements were made.
    pub(crate) announcements: usize,
    /// What was waited for in vain.
    pub(crate) in_vain: Vec<String>,
}

impl Account {
    /// What became of it all.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = Verdict {
            commands: self.commands.len(),
            announcements: self.announcements.len(),
            ..Verdict::default()
        };
        let mut runs: BTreeMap<(u64, &str), usize> = BTreeMap::new();
        for execution in self.executions.values() {
            *runs.entry((execution.number, &execution.token)).or_default() += 1;
        }
        for (number, entry) in &self.commands {
            let runs = |token: &str| runs.get(&(*number, token)).copied().unwrap_or(0);
            verdict.command(*number, entry, runs);
        }
        for (name, part) in self.announcements.values().flat_map(|entry| &entry.parts) {
            if part.results.first().is_none() && !part.is_optional {
                verdict.lost.push(name.clone());
            }
            verdict.repeats(name, &part.results);
        }
        verdict
    }
}

impl Verdict {
    fn command(&mut self, number: u64, entry: &Entry, runs: impl Fn(&str) -> usize) {
        self.repeats(&format!("word that t{number} runs"), &entry.found);
        let is_run = entry.parts.keys().any(|token| runs(token) > 0);
        self.run += usize::from(is_run);
        if !is_run && !entry.is_acknowledged() && entry.result_at().is_none() {
            if entry.told.is_empty() { &mut self.unheard } else { &mut self.refused }.push(number);
            return;
        }
        if entry.parts.keys().any(|token| runs(token) > 1) {
            self.run_twice.push(number);
        }
        for (token, part) in &entry.parts {
            self.part(token, part, entry);
        }
        let missing = |part: &Part| part.missing().next().is_some();
        if !entry.told.is_empty() && entry.parts.values().any(missing) {
            self.unclear.push(number);
        }
        let is_disordered = |part: &Part| {
            let known = part.acks.first().into_iter().chain(entry.found.first()).min();
            let said = part.results.first();
            said.is_some_and(|said| known.map_or(entry.told.is_empty(), |known| known > said))
        };
        if entry.parts.values().any(is_disordered) {
            self.disordered.push(number);
        }
    }

    fn part(&mut self, token: &str, part: &Part, entry: &Entry) {
        if entry.told.is_empty() {
            self.lost.extend(part.missing().map(|line| format!("{token}{line}")));
        }
        self.repeats(&format!("ack of {token}"), &part.acks);
        self.repeats(token, &part.results);
        for (place, line) in part.lines.iter().enumerate() {
            self.repeats(&format!("line {place} of {token}"), line);
        }
    }

    fn repeats(&mut self, what: &str, heard: &Heard) {
        if heard.plain.len() > 1 {
            self.said_twice.push(what.to_owned());
        }
        self.marked += heard.marked.len();
    }
}

impl Part {
    /// Which of its lines are missing.
    fn missing(&self) -> impl Iterator<Item = String> {
        let all = [(String::new(), &self.results)].into_iter();
        let lines = self.lines.iter().enumerate().map(|(place, line)| (format!(", line {place}"), line));
        all.chain(lines).filter(|(_, heard)| heard.first().is_none()).map(|(name, _)| name)
    }
}
