//! What there is to run: the aliases of a StackStorm, compiled once, and which of them a command means.
//!
//! The rules are those of `st2common/util/actionalias_matching.py`, but for one thing: a format that is no valid
//! expression is set aside here, where StackStorm fails every command.

mod index;
mod packs;
mod suggest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::format::Command;
use super::{Alias, Format, Params, Phrase};
use index::Index;
use suggest::Vocabulary;

/// The aliases, compiled. It never changes; new aliases make a new one.
#[derive(Debug)]
pub struct Registry {
    aliases: Vec<Arc<Alias>>,
    entries: Vec<Entry>,
    index: Index,
    vocabulary: Vocabulary,
    duplicates: Vec<Duplicate>,
    broken: Vec<Broken>,
    packs: Vec<String>,
}

/// What a command means.
#[derive(Clone, Debug)]
pub enum Found {
    /// The only match belongs to an alias that is disabled.
    Disabled(Box<Hit>),
    /// One alias matches, but StackStorm runs aliases by bare name, and several packs have that name.
    Duplicate {
        /// The name.
        name: String,
        /// The packs that have it, in alphabetical order.
        packs: Vec<String>,
        /// What matched.
        hit: Box<Hit>,
    },
    /// Nothing.
    None,
    /// One alias.
    One(Box<Hit>),
    /// More than one way of reading it, which StackStorm refuses.
    Several(Vec<Hit>),
}

/// An alias that a command matches.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The alias.
    pub alias: Arc<Alias>,
    /// How help shows what matched; none if help hides it.
    pub display: Option<String>,
    /// The format that matched, exactly as StackStorm wants it back.
    pub representation: String,
    /// Whether StackStorm runs the alias once for each match.
    pub match_multiple: bool,
    /// The parameters of the first match.
    pub params: Params,
    /// The parameters of the other matches; none unless `match_multiple`.
    pub further: Vec<Params>,
}

/// An alias name that several packs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The name.
    pub name: String,
    /// The packs that have it, in alphabetical order.
    pub packs: Vec<String>,
}

/// A format that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The alias, as `pack.name`.
    pub reference: String,
    /// The format.
    pub format: String,
    /// What is wrong with it, in Python's words.
    pub why: String,
}

/// One format of one alias.
#[derive(Debug)]
struct Entry {
    alias: Arc<Alias>,
    /// Which of the alias' phrases.
    phrase: usize,
    representation: String,
    format: Format,
}

/// When StackStorm tries an alias: those with `match_multiple` only when no other matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    First,
    Second,
}

impl Registry {
    /// Compiles the aliases of the packs that `packs` admits: globs such as `*` or `net_*`, and `!glob` for those to
    /// leave out.
    pub fn new<S: AsRef<str>>(aliases: Vec<Alias>, packs: &[S]) -> Self {
        let duplicates = duplicates(&aliases);
        let admitted = aliases.into_iter().filter(|alias| packs::admits(packs, &alias.pack));
        let aliases: Vec<Arc<Alias>> = admitted.map(Arc::new).collect();
        let (mut entries, mut broken) = (Vec::new(), Vec::new());
        for alias in &aliases {
            for (phrase, representation) in representations(alias) {
                match Format::compile(&representation) {
                    Ok(format) => entries.push(Entry { alias: Arc::clone(alias), phrase, representation, format }),
                    Err(bad) => {
                        broken.push(Broken { reference: alias.reference(), format: representation, why: bad.0 });
                    }
                }
            }
        }
        let index = Index::new(entries.iter().map(|entry| entry.format.hint()));
        let packs = packs.iter().map(|glob| glob.as_ref().to_owned()).collect();
        Self { vocabulary: Vocabulary::new(&aliases), aliases, entries, index, duplicates, broken, packs }
    }

    /// Takes an alias that StackStorm itself found for a command, as newer than these; `None` if its pack is left out,
    /// its name stands in another pack, or it has no such `representation`.
    pub fn admit(&self, alias: Alias, representation: &str) -> Option<Hit> {
        let is_double = self.aliases.iter().any(|known| known.name == alias.name && known.pack != alias.pack);
        if is_double || !packs::admits(&self.packs, &alias.pack) {
            return None;
        }
        let alias = Arc::new(alias);
        let (phrase, representation) = representations(&alias).find(|(_, known)| *known == representation)?;
        let phrase = alias.formats.get(phrase)?;
        Some(Hit {
            display: phrase.display().map(str::to_owned),
            match_multiple: phrase.matches_multiple(),
            alias: Arc::clone(&alias),
            representation,
            params: Params::new(),
            further: Vec::new(),
        })
    }

    /// All aliases, disabled ones too, in the order of StackStorm.
    pub fn aliases(&self) -> &[Arc<Alias>] {
        &self.aliases
    }

    /// The names that several packs have, whether their packs are admitted or not.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// The formats that are set aside.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What `command` means.
    pub fn find(&self, command: &str) -> Found {
        let Ok(command) = Command::read(command) else { return Found::None };
        let text = command.text();
        self.find_among(&self.index.candidates(&text), &command)
    }

    /// At most three displays that `command` may have meant, the likeliest first, of enabled aliases that `allowed`
    /// admits.
    pub fn suggest(&self, command: &str, allowed: impl Fn(&Alias) -> bool) -> Vec<String> {
        self.vocabulary.suggest(command, |alias| self.aliases.get(alias).is_some_and(|alias| allowed(alias)))
    }

    fn find_among(&self, candidates: &[usize], command: &Command) -> Found {
        for (enabled, turn) in
            [(true, Turn::First), (true, Turn::Second), (false, Turn::First), (false, Turn::Second)]
        {
            let tried = candidates.iter().filter_map(|number| self.entries.get(*number));
            let tried = tried.filter(|entry| entry.alias.enabled == enabled && entry.turn() == turn);
            let mut hits: Vec<Hit> = tried.filter_map(|entry| entry.hit(command)).collect();
            let Some(first) = hits.pop() else { continue };
            return match (enabled, hits.is_empty()) {
                (false, _) => Found::Disabled(Box::new(first)),
                (true, true) => self.the_one(first),
                (true, false) => {
                    hits.push(first);
                    Found::Several(hits)
                }
            };
        }
        Found::None
    }

    fn the_one(&self, hit: Hit) -> Found {
        match self.duplicates.iter().find(|duplicate| duplicate.name == hit.alias.name) {
            None => Found::One(Box::new(hit)),
            Some(Duplicate { name, packs }) => {
                Found::Duplicate { name: name.clone(), packs: packs.clone(), hit: Box::new(hit) }
            }
        }
    }
}

impl Entry {
    /// An alias with at least one ordinary phrase goes first, with all its phrases.
    fn turn(&self) -> Turn {
        let only_multiple = self.alias.formats.iter().all(Phrase::matches_multiple);
        if only_multiple { Turn::Second } else { Turn::First }
    }

    fn hit(&self, command: &Command) -> Option<Hit> {
        let params = self.format.parse_command(command).ok()?;
        let phrase = self.alias.formats.get(self.phrase)?;
        let match_multiple = phrase.matches_multiple();
        let all = if match_multiple { self.format.parse_command_all(command).ok() } else { None };
        Some(Hit {
            alias: Arc::clone(&self.alias),
            display: phrase.display().map(str::to_owned),
            representation: self.representation.clone(),
            match_multiple,
            params,
            further: all.unwrap_or_default().into_iter().skip(1).collect(),
        })
    }
}

/// The formats of an alias, each with the number of its phrase. One that is only shown matches the empty command.
fn representations(alias: &Alias) -> impl Iterator<Item = (usize, String)> {
    alias.formats.iter().enumerate().flat_map(|(number, phrase)| {
        let all = match phrase {
            Phrase::Bare(format) => vec![format.clone()],
            Phrase::Shown { representation, .. } if representation.is_empty() && phrase.display().is_some() => {
                vec![String::new()]
            }
            Phrase::Shown { representation, .. } => representation.clone(),
        };
        all.into_iter().map(move |format| (number, format))
    })
}

/// StackStorm looks an alias up by name among all, enabled or not.
fn duplicates(aliases: &[Alias]) -> Vec<Duplicate> {
    let mut packs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for alias in aliases {
        packs.entry(&alias.name).or_default().insert(&alias.pack);
    }
    let several = packs.into_iter().filter(|(_, packs)| packs.len() > 1);
    let owned = |packs: BTreeSet<&str>| packs.into_iter().map(str::to_owned).collect();
    several.map(|(name, packs)| Duplicate { name: name.to_owned(), packs: owned(packs) }).collect()
}
