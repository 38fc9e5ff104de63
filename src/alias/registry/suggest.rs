//! What was meant by a command that matches nothing: words alike, then texts alike.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::alias::Alias;

/// How many suggestions there are at most.
const MOST: usize = 3;

/// How alike two words must be to count at all, of 1.
const ALIKE: f64 = 0.6;

/// How well a display must fit to be suggested, of 1.
const NEAR: f64 = 0.6;

/// What words in the command cost that a display without parameters has no place for.
const LEFT_OVER: f64 = 0.2;

/// What it costs when a display does not begin as the command does.
const ELSEWHERE: f64 = 0.2;

/// A command's further words are not looked at.
const LONGEST_COMMAND: usize = 12;

/// The words of all displays.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: Vec<Word>,
    displays: Vec<Display>,
}

#[derive(Debug)]
struct Display {
    text: String,
    alias: usize,
    /// The numbers of its fixed words.
    words: Vec<usize>,
    has_parameters: bool,
}

impl Vocabulary {
    /// Reads the displays of the enabled aliases.
    pub(super) fn new(aliases: &[Arc<Alias>]) -> Self {
        let mut vocabulary = Self::default();
        let mut numbers = HashMap::new();
        for (alias, definition) in aliases.iter().enumerate().filter(|(_, alias)| alias.enabled) {
            for text in definition.formats.iter().filter_map(|phrase| phrase.display()) {
                let fixed = fixed_words(text);
                let words = fixed.split_whitespace().map(|word| vocabulary.number(word, &mut numbers)).collect();
                let has_parameters = text.contains("{{");
                vocabulary.displays.push(Display { text: text.to_owned(), alias, words, has_parameters });
            }
        }
        vocabulary
    }

    /// The displays nearest to `command`, of aliases that `allowed` admits by number.
    pub(super) fn suggest(&self, command: &str, allowed: impl Fn(usize) -> bool) -> Vec<String> {
        let typed = Typed::new(command);
        let alike: Vec<Likeness> = self.words.iter().map(|word| typed.likeness(word)).collect();
        let mut near: Vec<(f64, &Display)> = self
            .displays
            .iter()
            .map(|display| (self.fit(display, &typed, &alike), display))
            .filter(|(fit, display)| *fit >= NEAR && allowed(display.alias))
            .collect();
        near.sort_by(|(a, _), (b, _)| b.partial_cmp(a).unwrap_or(Ordering::Equal));
        near.truncate(MOST * 10);
        for (fit, display) in &mut near {
            *fit += strsim::normalized_levenshtein(&typed.text, &display.text.to_lowercase()) / 2.0;
        }
        near.sort_by(|(a, _), (b, _)| b.partial_cmp(a).unwrap_or(Ordering::Equal));
        let mut texts: Vec<String> = Vec::new();
        for (_, display) in near {
            if texts.len() < MOST && !texts.contains(&display.text) {
                texts.push(display.text.clone());
            }
        }
        texts
    }

    fn number(&mut self, word: &str, numbers: &mut HashMap<String, usize>) -> usize {
        let word = word.to_lowercase();
        *numbers.entry(word).or_insert_with_key(|word| {
            self.words.push(Word::new(word.clone()));
            self.words.len() - 1
        })
    }

    /// How much of the display is in the command, by length.
    fn fit(&self, display: &Display, typed: &Typed, alike: &[Likeness]) -> f64 {
        let (mut total, mut found) = (0, 0.0);
        for word in &display.words {
            let length = self.words.get(*word).map_or(0, |word| word.text.len());
            total += length;
            found += length as f64 * alike.get(*word).map_or(0.0, |likeness| likeness.anywhere);
        }
        if total == 0 {
            return 0.0;
        }
        let left_over =
            if display.has_parameters { 0.0 } else { 1.0 - (total as f64 / typed.length as f64).min(1.0) };
        let first = display.words.first().and_then(|word| alike.get(*word));
        let elsewhere = if first.is_some_and(|likeness| likeness.early > 0.0) { 0.0 } else { ELSEWHERE };
        found / total as f64 - LEFT_OVER * left_over - elsewhere
    }
}

/// What was typed.
struct Typed {
    text: String,
    /// The words, and each but the first together with the one before; those at the beginning apart.
    early: Vec<Word>,
    later: Vec<Word>,
    length: usize,
}

/// How alike a word is to the likest that was typed.
struct Likeness {
    anywhere: f64,
    /// Among the first two words.
    early: f64,
}

impl Typed {
    fn new(command: &str) -> Self {
        let words: Vec<String> = command.split_whitespace().take(LONGEST_COMMAND).map(str::to_lowercase).collect();
        let length = words.iter().map(String::len).sum::<usize>().max(1);
        let joined = words.windows(2).map(|pair| pair.concat()).enumerate().map(|(at, pair)| (at + 1, pair));
        let all = words.iter().cloned().enumerate().chain(joined);
        let (early, later): (Vec<_>, Vec<_>) = all.partition(|(at, _)| *at < 2);
        let texts = |words: Vec<(usize, String)>| words.into_iter().map(|(_, word)| Word::new(word)).collect();
        Self { text: words.join(" "), early: texts(early), later: texts(later), length }
    }

    fn likeness(&self, word: &Word) -> Likeness {
        let nearest = |typed: &[Word]| typed.iter().map(|typed| alike(typed, word)).fold(0.0, f64::max);
        let early = nearest(&self.early);
        Likeness { anywhere: nearest(&self.later).max(early), early }
    }
}

/// A word in lower case, with one bit for each character that it has.
#[derive(Debug)]
struct Word {
    text: String,
    bits: u64,
}

impl Word {
    fn new(text: String) -> Self {
        let bits = text.bytes().fold(0, |bits, byte| bits | 1 << (byte % 64));
        Self { text, bits }
    }
}

/// How alike two words are, of 1; 0 for less than enough.
fn alike(typed: &Word, word: &Word) -> f64 {
    let (a, b) = (typed.text.as_str(), word.text.as_str());
    if a == b {
        return 1.0;
    }
    let begins = b.len() > 2 && a.starts_with(b) || a.len() > 2 && b.starts_with(a);
    let least = if begins { ALIKE } else { 0.0 };
    let longest = a.len().max(b.len());
    let most = (longest as f64 * (1.0 - ALIKE)) as usize;
    // One edit changes two bits at most, for each byte of the widest character.
    let differ = (typed.bits ^ word.bits).count_ones() as usize;
    if a.len().abs_diff(b.len()) > most || differ > most * if a.is_ascii() && b.is_ascii() { 2 } else { 8 } {
        return least;
    }
    let likeness = 1.0 - strsim::osa_distance(a, b) as f64 / longest as f64;
    if likeness >= ALIKE { likeness } else { least }
}

/// A display without its parameters.
fn fixed_words(display: &str) -> String {
    let mut fixed = String::with_capacity(display.len());
    let mut rest = display;
    while let Some((before, after)) = rest.split_once("{{") {
        fixed.push_str(before);
        fixed.push(' ');
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    fixed + rest
}
