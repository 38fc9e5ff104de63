//! Nodes to instructions.

use super::Fault;
use super::class::Set;
use super::node::{At, Fold, Greed, Node};
use super::parse::Syntax;
use super::width::Width;

/// The address of an instruction.
pub(super) type Pc = u32;

/// One step of a match.
#[derive(Debug)]
pub(super) enum Insn {
    /// The end: of the whole, or of the body of look-around or of an atomic group.
    Accept,
    /// Any character; a newline only if `newline`.
    Any { newline: bool },
    /// A place.
    At(At),
    /// Runs the body that follows, up to its `Accept`, once, and goes on at `after`.
    Atomic { after: Pc },
    /// What a group matched.
    Backref { group: u32, fold: Fold },
    /// A character, as a code point.
    Char { code: u32, fold: Fold },
    /// Goes to `otherwise` unless `group` has matched.
    Given { group: u32, otherwise: Pc },
    /// Goes on elsewhere.
    Jump(Pc),
    /// Runs the body that follows, up to its `Accept`, from `back` characters before, and goes on at `after`.
    Look { back: u32, negated: bool, after: Pc },
    /// Leaves for `exit` if nothing was consumed since `slot` was saved.
    Progress { slot: u32, exit: Pc },
    /// Keeps the position in `slot`.
    Save { slot: u32 },
    /// A character of the set of that number.
    Set(u32),
    /// Tries `first`, then `second`; `choice` numbers such instructions.
    Split { first: Pc, second: Pc, choice: u32 },
}

/// A compiled expression.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// The instructions.
    pub(super) insns: Vec<Insn>,
    /// The sets.
    pub(super) sets: Vec<Set>,
    /// How many places there are to keep positions in; two for each group come first.
    pub(super) slots: u32,
    /// How many groups there are, the whole included.
    pub(super) groups: u32,
    /// How many `Split` there are.
    pub(super) choices: u32,
    /// Whether what can still match depends on what groups have matched.
    pub(super) refers: bool,
}

/// Longer programs are refused: bounds of repetitions are written out.
const LONGEST: usize = 100_000;

/// What compiling may take, in nodes and instructions; also for what is not part of the program in the end.
const MOST_WORK: usize = 4 * LONGEST;

impl Program {
    /// Compiles `syntax`.
    pub(super) fn compile(syntax: &Syntax) -> Result<Self, Fault> {
        let groups = narrow(syntax.widths.len())?;
        let program = Self { slots: groups * 2, groups, ..Self::default() };
        let mut compiler = Compiler { program, syntax, work: 0 };
        compiler.sequence(&syntax.nodes)?;
        compiler.emit(Insn::Accept)?;
        compiler.program.insns.shrink_to_fit();
        compiler.program.sets.shrink_to_fit();
        Ok(compiler.program)
    }
}

struct Compiler<'a> {
    program: Program,
    syntax: &'a Syntax,
    /// What was done so far.
    work: usize,
}

impl Compiler<'_> {
    fn sequence(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), Fault> {
        self.work()?;
        match node {
            Node::Any { newline } => self.add(Insn::Any { newline: *newline }),
            Node::At(at) => self.add(Insn::At(*at)),
            Node::Atomic(body) => self.atomic(body),
            Node::Backref { group, fold } => {
                self.program.refers = true;
                self.add(Insn::Backref { group: narrow(*group)?, fold: *fold })
            }
            Node::Branch(items) => self.branch(items),
            Node::Char { code, fold } => self.add(Insn::Char { code: *code, fold: *fold }),
            Node::Group { index: None, body, .. } => self.sequence(body),
            Node::Group { index: Some(index), body, .. } => {
                let slot = narrow(*index)? * 2;
                self.emit(Insn::Save { slot })?;
                self.sequence(body)?;
                self.add(Insn::Save { slot: slot + 1 })
            }
            Node::Given { group, then, otherwise } => self.given(*group, then, otherwise.as_deref()),
            Node::Look { behind, negated, body } => self.look(*behind, *negated, body),
            Node::Repeat { min, max, greed, width, body } => {
                self.repeat((*min, *max), *greed, body, width.min == 0)
            }
            Node::Set(set) => {
                let number = self.number(set)?;
                self.add(Insn::Set(number))
            }
        }
    }

    fn number(&mut self, set: &Set) -> Result<u32, Fault> {
        let sets = &mut self.program.sets;
        let known = sets.iter().position(|known| known == set);
        if known.is_none() {
            sets.push(set.clone());
        }
        narrow(known.unwrap_or(sets.len() - 1))
    }

    fn atomic(&mut self, body: &[Node]) -> Result<(), Fault> {
        let at = self.emit(Insn::Atomic { after: 0 })?;
        self.sequence(body)?;
        self.emit(Insn::Accept)?;
        self.aim(at)
    }

    fn branch(&mut self, items: &[Vec<Node>]) -> Result<(), Fault> {
        let Some((last, others)) = items.split_last() else { return Ok(()) };
        let mut exits = Vec::new();
        for item in others {
            let split = self.split()?;
            self.sequence(item)?;
            exits.push(self.emit(Insn::Jump(0))?);
            self.aim(split)?;
        }
        self.sequence(last)?;
        exits.into_iter().try_for_each(|exit| self.aim(exit))
    }

    fn given(&mut self, group: usize, then: &[Node], otherwise: Option<&[Node]>) -> Result<(), Fault> {
        self.program.refers = true;
        let test = self.emit(Insn::Given { group: narrow(group)?, otherwise: 0 })?;
        self.sequence(then)?;
        let exit = self.emit(Insn::Jump(0))?;
        self.aim(test)?;
        self.sequence(otherwise.unwrap_or_default())?;
        self.aim(exit)
    }

    fn look(&mut self, behind: bool, negated: bool, body: &[Node]) -> Result<(), Fault> {
        let width = if behind { self.width(body) } else { Width::default() };
        if width.min != width.max {
            return Err(Fault("look-behind requires fixed-width pattern".to_owned()));
        }
        let back = u32::try_from(width.min).map_err(|_| Fault("looks too much behind".to_owned()))?;
        let at = self.emit(Insn::Look { back, negated, after: 0 })?;
        self.sequence(body)?;
        self.emit(Insn::Accept)?;
        self.aim(at)
    }

    fn repeat(
        &mut self,
        (min, max): (u32, Option<u32>),
        greed: Greed,
        body: &[Node],
        can_be_empty: bool,
    ) -> Result<(), Fault> {
        if greed == Greed::Possessive {
            let once = [Node::Atomic(body.to_vec())];
            let at = self.emit(Insn::Atomic { after: 0 })?;
            self.repeat((min, max), Greed::Greedy, &once, can_be_empty)?;
            self.emit(Insn::Accept)?;
            return self.aim(at);
        }
        if min == 1 && max.is_none() && !can_be_empty {
            return self.once_or_more(greed, body);
        }
        if max == Some(0) {
            return self.refuse(body);
        }
        for _ in 0..min {
            let start = self.program.insns.len();
            self.sequence(body)?;
            if self.program.insns.len() == start {
                // Nothing, however often, is nothing.
                break;
            }
        }
        let slot = self.program.slots;
        self.program.slots += u32::from(can_be_empty);
        let guard = can_be_empty.then_some(slot);
        match max {
            None => self.any_number(greed, body, guard),
            Some(max) => self.at_most(max.saturating_sub(min), greed, body, guard),
        }
    }

    /// Compiles what is never run, for its faults only.
    fn refuse(&mut self, body: &[Node]) -> Result<(), Fault> {
        let start = self.program.insns.len();
        self.sequence(body)?;
        self.program.insns.truncate(start);
        Ok(())
    }

    /// `L: body; split L, X; X:`
    fn once_or_more(&mut self, greed: Greed, body: &[Node]) -> Result<(), Fault> {
        let start = self.here()?;
        self.sequence(body)?;
        let split = self.split()?;
        let exit = self.here()?;
        self.set_split(split, greed, start, exit);
        Ok(())
    }

    /// `L: split B, X; B: save; body; progress X; jump L; X:`
    fn any_number(&mut self, greed: Greed, body: &[Node], guard: Option<u32>) -> Result<(), Fault> {
        let start = self.split()?;
        let progress = self.guarded(body, guard)?;
        self.emit(Insn::Jump(start))?;
        let exit = self.here()?;
        self.set_split(start, greed, start + 1, exit);
        progress.into_iter().try_for_each(|at| self.aim(at))
    }

    /// `split B, X; B: save; body; progress X; split C, X; C: ...; X:`
    fn at_most(&mut self, times: u32, greed: Greed, body: &[Node], guard: Option<u32>) -> Result<(), Fault> {
        let mut splits = Vec::new();
        let mut progress = Vec::new();
        for _ in 0..times {
            splits.push(self.split()?);
            progress.extend(self.guarded(body, guard)?);
        }
        let exit = self.here()?;
        for split in splits {
            self.set_split(split, greed, split + 1, exit);
        }
        progress.into_iter().try_for_each(|at| self.aim(at))
    }

    /// One round that, if it can be empty, leaves the loop when it was.
    fn guarded(&mut self, body: &[Node], guard: Option<u32>) -> Result<Option<Pc>, Fault> {
        let Some(slot) = guard else { return self.sequence(body).map(|()| None) };
        self.emit(Insn::Save { slot })?;
        self.sequence(body)?;
        self.emit(Insn::Progress { slot, exit: 0 }).map(Some)
    }

    fn width(&self, body: &[Node]) -> Width {
        Width::of(body, &self.syntax.widths)
    }

    fn here(&self) -> Result<Pc, Fault> {
        narrow(self.program.insns.len())
    }

    fn work(&mut self) -> Result<(), Fault> {
        self.work += 1;
        if self.work > MOST_WORK { Err(too_large()) } else { Ok(()) }
    }

    fn add(&mut self, insn: Insn) -> Result<(), Fault> {
        self.emit(insn).map(|_| ())
    }

    fn emit(&mut self, insn: Insn) -> Result<Pc, Fault> {
        self.work()?;
        if self.program.insns.len() >= LONGEST {
            return Err(too_large());
        }
        let at = self.here()?;
        self.program.insns.push(insn);
        Ok(at)
    }

    /// A split whose nearer way is the next instruction, to be aimed later.
    fn split(&mut self) -> Result<Pc, Fault> {
        let choice = self.program.choices;
        self.program.choices += 1;
        let next = self.here()? + 1;
        self.emit(Insn::Split { first: next, second: next, choice })
    }

    /// Points a split at its body and its exit.
    fn set_split(&mut self, at: Pc, greed: Greed, body: Pc, exit: Pc) {
        let Some(Insn::Split { first, second, .. }) = self.program.insns.get_mut(at as usize) else { return };
        (*first, *second) = if greed == Greed::Lazy { (exit, body) } else { (body, exit) };
    }

    /// Points the open end of the instruction at `at` to here.
    fn aim(&mut self, at: Pc) -> Result<(), Fault> {
        let here = self.here()?;
        if let Some(
            Insn::Atomic { after: target }
            | Insn::Given { otherwise: target, .. }
            | Insn::Jump(target)
            | Insn::Look { after: target, .. }
            | Insn::Progress { exit: target, .. }
            | Insn::Split { second: target, .. },
        ) = self.program.insns.get_mut(at as usize)
        {
            *target = here;
        }
        Ok(())
    }
}

fn narrow(number: usize) -> Result<u32, Fault> {
    u32::try_from(number).map_err(|_| too_large())
}

fn too_large() -> Fault {
    Fault("the expression is too large".to_owned())
}
