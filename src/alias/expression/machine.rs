//! The matcher: a backtracking machine that remembers which choices have failed where.

use super::class::Class;
use super::node::{At, Fold};
use super::program::{Insn, Pc, Program};
use super::unicode::same;

/// How many steps searches may still take; a million are about a hundredth of a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(u32);

/// How many characters of a back-reference, members of a set or positions to keep cost as much as one step.
const COMPARED_IN_A_STEP: usize = 8;

/// What remembering may cost, in bits.
const LARGEST_MEMORY: usize = 1 << 26;

/// The budget is spent, the answer unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

/// Where a match and its groups begin and end, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spans(Vec<usize>);

impl Spans {
    /// The whole match.
    pub(crate) fn whole(&self) -> (usize, usize) {
        self.group(0).unwrap_or_default()
    }

    /// A group, if it took part.
    pub(crate) fn group(&self, number: usize) -> Option<(usize, usize)> {
        let (start, end) = (*self.0.get(number * 2)?, *self.0.get(number * 2 + 1)?);
        (start != NOWHERE && end != NOWHERE).then_some((start, end))
    }

    /// The text of a group, if it took part.
    pub(crate) fn text<'t>(&self, number: usize, text: &'t [char]) -> Option<&'t [char]> {
        let (start, end) = self.group(number)?;
        text.get(start..end)
    }
}

const NOWHERE: usize = usize::MAX;

/// Matches under way, in one text and with one budget.
pub(crate) struct Machine<'a> {
    program: &'a Program,
    text: &'a [char],
    slots: Vec<usize>,
    stack: Vec<Entry>,
    failed: Option<Failed>,
    budget: Budget,
    /// Where the whole match must not end.
    not_here: usize,
}

/// What to do when a way has failed.
enum Entry {
    /// Try another one.
    Try(Thread),
    /// Put a position back.
    Restore { slot: u32, was: usize },
    /// Remember that both ways of a choice have failed.
    Fail { choice: u32, at: usize },
}

#[derive(Clone, Copy)]
struct Thread {
    pc: Pc,
    at: usize,
}

enum Step {
    Accept(usize),
    Fail,
    Go(Thread),
}

impl Budget {
    /// This many steps more.
    pub(crate) const fn grant(&mut self, steps: u32) {
        self.0 = self.0.saturating_add(steps);
    }

    fn spend(&mut self, steps: u32) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }
}

/// What one search may take.
impl Default for Budget {
    fn default() -> Self {
        Self(1_000_000)
    }
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Program, text: &'a [char], budget: Budget) -> Self {
        let slots = vec![NOWHERE; program.slots as usize];
        let failed = if program.refers { None } else { Failed::new(program.choices as usize, text.len()) };
        Self { program, text, slots, stack: Vec::new(), failed, budget, not_here: NOWHERE }
    }

    /// What is left to spend.
    pub(super) const fn budget(&self) -> Budget {
        self.budget
    }

    /// The first match at or after `from`; with `after_empty`, not an empty one at `from`.
    pub(super) fn search(&mut self, from: usize, after_empty: bool) -> Result<Option<Spans>, Spent> {
        self.not_here = if after_empty { from } else { NOWHERE };
        for start in from..=self.text.len() {
            if let Some(spans) = self.match_at(start)? {
                return Ok(Some(spans));
            }
            self.not_here = NOWHERE;
        }
        Ok(None)
    }

    /// The match that begins exactly at `start`.
    pub(crate) fn match_at(&mut self, start: usize) -> Result<Option<Spans>, Spent> {
        self.stack.clear();
        self.slots.fill(NOWHERE);
        self.compare(self.slots.len())?;
        let Some(end) = self.run(Thread { pc: 0, at: start }, true)? else { return Ok(None) };
        let mut spans: Vec<usize> = self.slots.iter().take(self.program.groups as usize * 2).copied().collect();
        if let [first, second, ..] = spans.as_mut_slice() {
            (*first, *second) = (start, end);
        }
        Ok(Some(Spans(spans)))
    }

    /// Runs to the next `Accept`; `outer` for the whole expression, not the body of a part.
    fn run(&mut self, mut thread: Thread, outer: bool) -> Result<Option<usize>, Spent> {
        let base = self.stack.len();
        loop {
            self.budget.spend(1)?;
            match self.step(thread, outer)? {
                Step::Go(next) => thread = next,
                Step::Accept(at) if !outer || at != self.not_here => return Ok(Some(at)),
                Step::Accept(_) | Step::Fail => match self.backtrack(base) {
                    Some(next) => thread = next,
                    None => return Ok(None),
                },
            }
        }
    }

    fn step(&mut self, Thread { pc, at }: Thread, outer: bool) -> Result<Step, Spent> {
        let Some(insn) = self.program.insns.get(pc as usize) else { return Ok(Step::Fail) };
        let next = Step::Go(Thread { pc: pc + 1, at });
        Ok(match insn {
            Insn::Accept => Step::Accept(at),
            Insn::Any { newline } => self.consume(pc, at, |c| *newline || c != '\n'),
            Insn::At(place) => {
                if self.is_at(*place, at) {
                    next
                } else {
                    Step::Fail
                }
            }
            Insn::Atomic { after } => self.atomic(pc, at, *after)?,
            Insn::Backref { group, fold } => self.again(pc, at, *group, *fold)?,
            Insn::Char { code, fold } => self.consume(pc, at, |c| same(c, *code, *fold)),
            Insn::Given { group, otherwise } => {
                if self.captured(*group).is_some() {
                    next
                } else {
                    go(*otherwise, at)
                }
            }
            Insn::Jump(target) => go(*target, at),
            Insn::Look { back, negated, after } => self.look((pc, *after), at, *back, *negated)?,
            Insn::Progress { slot, exit } => {
                if self.slots.get(*slot as usize) == Some(&at) {
                    go(*exit, at)
                } else {
                    next
                }
            }
            Insn::Save { slot } => {
                self.keep(*slot, at);
                next
            }
            Insn::Set(number) => {
                let Some(set) = self.program.sets.get(*number as usize) else { return Ok(Step::Fail) };
                self.compare(set.items.len())?;
                self.consume(pc, at, |c| set.contains(c))
            }
            Insn::Split { first, second, choice } => {
                self.split(Thread { pc: *first, at }, *second, *choice, outer)
            }
        })
    }

    /// Spends what it costs to compare one character with `many`.
    fn compare(&mut self, many: usize) -> Result<(), Spent> {
        self.budget.spend(u32::try_from(many / COMPARED_IN_A_STEP).unwrap_or(u32::MAX))
    }

    /// What `group` has matched, once more.
    fn again(&mut self, pc: Pc, at: usize, group: u32, fold: Fold) -> Result<Step, Spent> {
        let Some(wanted) = self.captured(group) else { return Ok(Step::Fail) };
        let Some(there) = self.text.get(at..at + wanted.len()) else { return Ok(Step::Fail) };
        self.compare(wanted.len())?;
        let alike = there.iter().zip(wanted).all(|(a, b)| same(*a, u32::from(*b), fold));
        Ok(if alike { go(pc + 1, at + wanted.len()) } else { Step::Fail })
    }

    fn consume(&self, pc: Pc, at: usize, fits: impl FnOnce(char) -> bool) -> Step {
        match self.text.get(at) {
            Some(c) if fits(*c) => go(pc + 1, at + 1),
            _ => Step::Fail,
        }
    }

    fn split(&mut self, first: Thread, second: Pc, choice: u32, outer: bool) -> Step {
        let at = first.at;
        if let Some(failed) = self.failed.as_ref().filter(|_| outer) {
            if failed.contains(choice, at) {
                return Step::Fail;
            }
            self.stack.push(Entry::Fail { choice, at });
        }
        self.stack.push(Entry::Try(Thread { pc: second, at }));
        Step::Go(first)
    }

    fn atomic(&mut self, pc: Pc, at: usize, after: Pc) -> Result<Step, Spent> {
        let base = self.stack.len();
        let Some(end) = self.run(Thread { pc: pc + 1, at }, false)? else { return Ok(Step::Fail) };
        self.commit(base);
        Ok(go(after, end))
    }

    fn look(&mut self, (pc, after): (Pc, Pc), at: usize, back: u32, negated: bool) -> Result<Step, Spent> {
        let base = self.stack.len();
        let found = match at.checked_sub(back as usize) {
            None => None,
            Some(start) => self.run(Thread { pc: pc + 1, at: start }, false)?,
        };
        match (found.is_some(), negated) {
            (true, false) => self.commit(base),
            (true, true) => while self.backtrack(base).is_some() {},
            (false, _) => {}
        }
        Ok(if found.is_some() == negated { Step::Fail } else { go(after, at) })
    }

    /// Gives up the other ways of a part that has matched, but not the way back.
    fn commit(&mut self, base: usize) {
        let part = self.stack.split_off(base);
        self.stack.extend(part.into_iter().filter(|entry| matches!(entry, Entry::Restore { .. })));
    }

    fn backtrack(&mut self, base: usize) -> Option<Thread> {
        while self.stack.len() > base {
            match self.stack.pop()? {
                Entry::Try(thread) => return Some(thread),
                Entry::Restore { slot, was } => {
                    if let Some(position) = self.slots.get_mut(slot as usize) {
                        *position = was;
                    }
                }
                Entry::Fail { choice, at } => {
                    if let Some(failed) = &mut self.failed {
                        failed.insert(choice, at);
                    }
                }
            }
        }
        None
    }

    fn keep(&mut self, slot: u32, at: usize) {
        if let Some(position) = self.slots.get_mut(slot as usize) {
            let was = std::mem::replace(position, at);
            self.stack.push(Entry::Restore { slot, was });
        }
    }

    fn captured(&self, group: u32) -> Option<&'a [char]> {
        let slot = group as usize * 2;
        let (start, end) = (*self.slots.get(slot)?, *self.slots.get(slot + 1)?);
        if start == NOWHERE || end == NOWHERE { None } else { self.text.get(start..end) }
    }

    fn is_at(&self, place: At, at: usize) -> bool {
        let length = self.text.len();
        let newline = |at: usize| self.text.get(at) == Some(&'\n');
        match place {
            At::BeginText => at == 0,
            At::Begin { lines } => at == 0 || lines && newline(at - 1),
            At::EndText => at == length,
            At::End { lines } => at == length || newline(at) && (lines || at + 1 == length),
            At::Boundary { .. } if length == 0 => false,
            At::Boundary { negated, ascii } => {
                let word = |c: Option<&char>| c.is_some_and(|c| Class::Word.contains(*c, ascii));
                let before = at.checked_sub(1).and_then(|before| self.text.get(before));
                (word(before) != word(self.text.get(at))) != negated
            }
        }
    }
}

const fn go(pc: Pc, at: usize) -> Step {
    Step::Go(Thread { pc, at })
}

/// The choices that have failed, by place.
struct Failed {
    bits: Vec<u64>,
    places: usize,
}

impl Failed {
    /// None if it would be too large.
    fn new(choices: usize, length: usize) -> Option<Self> {
        let places = length + 1;
        let bits = choices.checked_mul(places).filter(|bits| *bits <= LARGEST_MEMORY)?;
        Some(Self { bits: vec![0; bits.div_ceil(64)], places })
    }

    fn contains(&self, choice: u32, at: usize) -> bool {
        let bit = choice as usize * self.places + at;
        self.bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    fn insert(&mut self, choice: u32, at: usize) {
        let bit = choice as usize * self.places + at;
        if let Some(word) = self.bits.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }
}
