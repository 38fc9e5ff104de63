//! Inputs out of seeds: cut, joined, repeated, nested, and full of the words of the grammar.

use std::io;

use fastrand::Rng;
use serde::Deserialize;

use crate::parser::Target;

/// What a target's inputs are written in.
#[derive(Deserialize)]
struct Grammar {
    words: Vec<String>,
    /// What opens and closes a level of nesting.
    nests: Vec<(String, String)>,
}

/// What is odd in any grammar.
#[derive(Deserialize)]
struct Odd {
    words: Vec<String>,
    numbers: Vec<String>,
}

/// Makes inputs for one target.
pub(crate) struct Mutator<'a> {
    grammar: Grammar,
    odd: Odd,
    longest: usize,
    seeds: &'a [Vec<u8>],
    /// Earlier inputs, to be changed further.
    made: Vec<Vec<u8>>,
    rng: Rng,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(target: &Target, seeds: &'a [Vec<u8>], seed: u64) -> io::Result<Self> {
        let grammar = toml::from_str(target.words).map_err(io::Error::other)?;
        let odd = toml::from_str(include_str!("../words/any.toml")).map_err(io::Error::other)?;
        let rng = Rng::with_seed(seed);
        Ok(Self { grammar, odd, longest: target.longest, seeds, made: Vec::new(), rng })
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let is_huge = self.rng.usize(..HUGE_IN) == 0;
        let longest = if is_huge { self.longest } else { USUAL.min(self.longest) };
        let mut input = self.base(longest);
        for _ in 0..self.rng.usize(1..=6) {
            self.change(&mut input, longest);
            input.truncate(longest);
        }
        if is_huge {
            self.repeat(&mut input, longest);
        }
        self.keep(&input);
        input
    }

    /// What to change; of what is too long, both ends.
    fn base(&mut self, longest: usize) -> Vec<u8> {
        let from = if self.rng.usize(..3) == 0 { &self.made } else { self.seeds };
        let Some(seed) = self.rng.choice(from).or_else(|| self.seeds.first()) else { return Vec::new() };
        let Some(beyond) = seed.len().checked_sub(longest) else { return seed.clone() };
        let head = self.rng.usize(..=longest);
        let (head, rest) = seed.split_at(head);
        [head, rest.get(beyond..).unwrap_or_default()].concat()
    }

    fn keep(&mut self, input: &[u8]) {
        if input.len() > USUAL || self.rng.usize(..8) != 0 {
            return;
        }
        let at = self.rng.usize(..KEPT);
        match self.made.get_mut(at) {
            Some(place) => *place = input.to_vec(),
            None => self.made.push(input.to_vec()),
        }
    }

    fn change(&mut self, input: &mut Vec<u8>, longest: usize) {
        match self.rng.usize(..14) {
            0 => self.flip(input),
            1 => self.insert_any(input),
            2..=4 => self.insert_word(input),
            5 => self.other_word(input),
            6 => self.remove(input),
            7 => self.copy(input),
            8 => self.splice(input),
            9 => input.truncate(self.rng.usize(..=input.len())),
            10 => self.repeat(input, longest.min(USUAL)),
            11 => self.nest(input, longest),
            12 => self.number(input),
            _ => self.replace(input),
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let bit = 1 << self.rng.u8(..8);
        if let Some(byte) = self.rng.choice(input) {
            *byte ^= bit;
        }
    }

    fn insert_any(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        insert(input, at, chosen(&mut self.rng, &self.odd.words));
    }

    fn insert_word(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        insert(input, at, self.word());
    }

    fn replace(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input, 16);
        input.splice(from..to, self.word().iter().copied());
    }

    /// Puts a word in the place of another, so that the grammar remains.
    fn other_word(&mut self, input: &mut Vec<u8>) {
        let start = self.place(input);
        let old = self.word().to_vec();
        let new = self.word();
        let mut windows = input.windows(old.len().max(1)).enumerate().skip(start);
        if let Some((at, _)) = windows.find(|(_, window)| *window == old) {
            input.splice(at..at + old.len(), new.iter().copied());
        }
    }

    fn remove(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input, 64);
        input.drain(from..to);
    }

    fn copy(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input, 256);
        let part = input.get(from..to).unwrap_or_default().to_vec();
        insert(input, self.place(input), &part);
    }

    fn splice(&mut self, input: &mut Vec<u8>) {
        let Some(other) = self.rng.choice(self.seeds) else { return };
        let (at, from) = (self.place(input), self.rng.usize(..=other.len()));
        input.truncate(at);
        input.extend_from_slice(other.get(from..).unwrap_or_default());
    }

    /// A part of it, as often as it has room.
    fn repeat(&mut self, input: &mut Vec<u8>, longest: usize) {
        let width = self.rng.choice([1, 2, 8, 64, 512]).unwrap_or(1);
        let (from, to) = self.range(input, width);
        let part = input.get(from..to).unwrap_or_default();
        let part = if part.is_empty() { self.word().to_vec() } else { part.to_vec() };
        let room = longest.saturating_sub(input.len()) / part.len().max(1);
        let times = self.rng.usize(..=room);
        insert(input, self.place(input), &part.repeat(times));
    }

    fn nest(&mut self, input: &mut Vec<u8>, longest: usize) {
        let Some((open, close)) = self.rng.choice(&self.grammar.nests).cloned() else { return };
        let room = longest.saturating_sub(input.len()) / (open.len() + close.len()).max(1);
        let depth = self.rng.usize(..=room);
        let depth = if self.rng.bool() { depth.min(8) } else { depth };
        let (from, to) = self.range(input, 64);
        let inner = input.get(from..to).unwrap_or_default();
        let closes = if self.rng.usize(..4) == 0 { 0 } else { depth };
        let nested = [open.repeat(depth).as_bytes(), inner, close.repeat(closes).as_bytes()].concat();
        input.splice(from..to, nested);
    }

    fn number(&mut self, input: &mut Vec<u8>) {
        let start = self.place(input);
        let Some(from) = input.iter().skip(start).position(u8::is_ascii_digit) else { return };
        let from = from + start;
        let length = input.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let number = chosen(&mut self.rng, &self.odd.numbers);
        input.splice(from..from + length, number.iter().copied());
    }

    fn word(&mut self) -> &[u8] {
        chosen(&mut self.rng, &self.grammar.words)
    }

    fn place(&mut self, input: &[u8]) -> usize {
        self.rng.usize(..=input.len())
    }

    /// A part of at most `width` bytes.
    fn range(&mut self, input: &[u8], width: usize) -> (usize, usize) {
        let from = self.place(input);
        let width = self.rng.usize(..=width.min(input.len() - from));
        (from, from + width)
    }
}

fn chosen<'a>(rng: &mut Rng, words: &'a [String]) -> &'a [u8] {
    rng.choice(words).map(String::as_bytes).unwrap_or_default()
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

/// The longest input, in bytes, but for one in [`HUGE_IN`].
const USUAL: usize = 2048;
/// One input of this many may be as long as its target allows.
const HUGE_IN: usize = 4096;
/// How many earlier inputs are kept.
const KEPT: usize = 512;
