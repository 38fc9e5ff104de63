//! What there is to run, a page at a time.

use super::expression::{Budget, Expression, Flags, Spent};
use super::{Alias, Registry};

/// How many lines a page has unless asked otherwise.
const USUAL: usize = 20;

/// How many lines a page has at most, whatever is asked.
const MOST: usize = 100;

/// How many steps each display adds to what a filter may take: enough for any filter that a person types.
const STEPS: u32 = 500;

/// What is asked of help.
#[derive(Debug)]
pub struct HelpQuery {
    /// Only this pack.
    pub pack: Option<String>,
    /// Only displays in which this is found.
    pub filter: Option<Filter>,
    /// How many lines; more than 100 count as 100.
    pub limit: usize,
    /// How many lines to leave out first.
    pub offset: usize,
}

/// A regular expression of StackStorm's kind; case does not count.
#[derive(Debug)]
pub struct Filter {
    text: String,
    expression: Expression,
}

/// What is wrong with a request for help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHelp {
    /// The filter is no regular expression.
    #[error("--filter wants a regular expression, but `{text}` is none: {why}")]
    Filter {
        /// The filter.
        text: String,
        /// What is wrong with it, in Python's words.
        why: String,
    },
    /// Something else stands where a number should.
    #[error("{option} wants a number, but got `{text}`")]
    Number {
        /// The option.
        option: &'static str,
        /// What stands there.
        text: String,
    },
    /// The filter takes too long.
    #[error("the filter `{0}` takes too long, expected a simpler one")]
    Slow(String),
    /// There is no such option.
    #[error("unknown option `{0}`, expected --pack, --filter, --limit or --offset")]
    Unknown(String),
    /// An option has no value.
    #[error("{option} wants {wanted} after it")]
    Valueless {
        /// The option.
        option: &'static str,
        /// What was expected.
        wanted: &'static str,
    },
}

/// A page of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpPage {
    /// The lines, by pack.
    pub lines: Vec<HelpLine>,
    /// How many lines there are on all pages.
    pub total: usize,
    /// How many lines come before.
    pub offset: usize,
}

/// One way to say one alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// How to say it.
    pub display: String,
    /// What it is for.
    pub description: String,
    /// The alias, as `pack.name`.
    pub reference: String,
}

impl HelpQuery {
    /// Reads what stands after `help`: `--pack P`, `--filter RE`, `--limit N`, `--offset N`, each also with `=`;
    /// any other words are a filter.
    ///
    /// # Errors
    /// When an option is unknown or has no good value.
    pub fn parse(text: &str) -> Result<Self, BadHelp> {
        let mut query = Self::default();
        let mut loose: Vec<String> = Vec::new();
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else {
                loose.push(word);
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let value =
                |option, wanted| value.or_else(|| words.next()).ok_or(BadHelp::Valueless { option, wanted });
            match name {
                "pack" => query.pack = Some(value("--pack", "the name of a pack")?),
                "filter" => query.filter = Some(Filter::new(&value("--filter", "a regular expression")?)?),
                "limit" => query.limit = number("--limit", value("--limit", "a number")?)?,
                "offset" => query.offset = number("--offset", value("--offset", "a number")?)?,
                _ => return Err(BadHelp::Unknown(word)),
            }
        }
        if query.filter.is_none() && !loose.is_empty() {
            query.filter = Some(Filter::new(&loose.join(" "))?);
        }
        Ok(query)
    }

    /// Whether it asks for the beginning of everything.
    pub const fn is_for_all(&self) -> bool {
        self.pack.is_none() && self.filter.is_none() && self.offset == 0
    }

    fn page(&self) -> usize {
        self.limit.clamp(1, MOST)
    }

    /// The displays of `alias` that are asked for.
    fn of<'a>(&self, alias: &'a Alias, budget: &mut Budget) -> Result<Vec<&'a str>, BadHelp> {
        if self.pack.as_ref().is_some_and(|pack| *pack != alias.pack) {
            return Ok(Vec::new());
        }
        let displays = alias.formats.iter().filter_map(|phrase| phrase.display());
        let Some(filter) = &self.filter else { return Ok(displays.collect()) };
        let mut found = Vec::new();
        for display in displays {
            if filter.is_in(display, budget)? {
                found.push(display);
            }
        }
        Ok(found)
    }

    /// The same question of the lines from `offset` on.
    fn from(&self, offset: usize) -> String {
        let mut text = String::from("help");
        let mut option = |name: &str, value: &str| {
            let is_word = !value.is_empty() && !value.contains(char::is_whitespace);
            let quote = if is_word { "" } else { "\"" };
            text.extend([" --", name, " ", quote, value, quote]);
        };
        if let Some(pack) = &self.pack {
            option("pack", pack);
        }
        if let Some(filter) = &self.filter {
            option("filter", &filter.text);
        }
        if self.page() != USUAL {
            option("limit", &self.page().to_string());
        }
        option("offset", &offset.to_string());
        text
    }
}

impl Default for HelpQuery {
    fn default() -> Self {
        Self { pack: None, filter: None, limit: USUAL, offset: 0 }
    }
}

impl Filter {
    /// Compiles `text`.
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn new(text: &str) -> Result<Self, BadHelp> {
        match Expression::compile(text, Flags::IGNORECASE) {
            Ok(expression) => Ok(Self { text: text.to_owned(), expression }),
            Err(fault) => Err(BadHelp::Filter { text: text.to_owned(), why: fault.to_string() }),
        }
    }

    fn is_in(&self, display: &str, budget: &mut Budget) -> Result<bool, BadHelp> {
        let display: Vec<char> = display.chars().collect();
        budget.grant(STEPS);
        self.expression.is_in(&display, budget).map_err(|Spent| BadHelp::Slow(self.text.clone()))
    }
}

impl Registry {
    /// The page that `query` asks for, of enabled aliases that `allowed` admits.
    ///
    /// # Errors
    /// When its filter takes too long.
    pub fn help(&self, query: &HelpQuery, allowed: impl Fn(&Alias) -> bool) -> Result<HelpPage, BadHelp> {
        let mut budget = Budget::default();
        let mut shown: Vec<(&Alias, &str)> = Vec::new();
        for alias in self.aliases().iter().filter(|alias| alias.enabled) {
            let asked = query.of(alias, &mut budget)?;
            if !asked.is_empty() && allowed(alias) {
                shown.extend(asked.into_iter().map(|display| (&**alias, display)));
            }
        }
        shown.sort_by(|(a, _), (b, _)| a.pack.cmp(&b.pack));
        let page = shown.iter().skip(query.offset).take(query.page());
        let line = |(alias, display): &(&Alias, &str)| HelpLine {
            display: (*display).to_owned(),
            description: alias.description.clone(),
            reference: alias.reference(),
        };
        Ok(HelpPage { lines: page.map(line).collect(), total: shown.len(), offset: query.offset })
    }
}

impl HelpPage {
    /// The page as a text: a heading for each pack, then how many there are and how to see more, by a command that begins
    /// with `prefix`.
    pub fn text(&self, query: &HelpQuery, prefix: &str) -> String {
        let mut text = String::new();
        let mut heading = "";
        for line in &self.lines {
            let pack = line.reference.split('.').next().unwrap_or_default();
            if pack != heading || text.is_empty() {
                text.extend([pack, "\n"]);
                heading = pack;
            }
            text.extend(["  ", &line.display]);
            if !line.description.is_empty() {
                text.extend([" - ", &line.description]);
            }
            text.push('\n');
        }
        let last = self.offset + self.lines.len();
        text.push_str(&match (self.total, self.lines.is_empty()) {
            (0, _) => "no such command".to_owned(),
            (1, false) => "1 command".to_owned(),
            (total, true) => format!("{total} commands, none after {}", self.offset),
            (total, false) => format!("{} to {last} of {total} commands", self.offset + 1),
        });
        if !self.lines.is_empty() && last < self.total {
            text.extend(["; more: ", prefix, &query.from(last)]);
        }
        text
    }
}

fn number(option: &'static str, text: String) -> Result<usize, BadHelp> {
    text.parse().map_err(|_| BadHelp::Number { option, text })
}

/// Words between spaces; quotes keep spaces.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in text.chars() {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn registry() -> Registry {
        let aliases = (0..30).map(|n| {
            json!({"name": format!("a{n}"), "pack": if n < 5 { "web" } else { "core" }, "description": "Says it",
                "formats": [format!("say {n}"), {"representation": ["hidden"]}]})
        });
        let off = json!({"name": "off", "pack": "core", "enabled": false, "formats": ["off"]});
        let bare = json!({"name": "bare", "pack": "zoo", "formats": [{"display": "feed {{ who }}"}]});
        let all = aliases.chain([off, bare]).map(|alias| from_value(alias).unwrap()).collect();
        Registry::new(all, &["*"])
    }

    fn page(text: &str) -> String {
        let query = HelpQuery::parse(text).unwrap();
        registry().help(&query, |_| true).unwrap().text(&query, "")
    }

    #[test]
    fn pages_by_pack_and_says_how_to_go_on() {
        let text = page("--limit 3 --offset 23 -x --filter '(say|FEED) '");

        let expected = "core\n  say 28 - Says it\n  say 29 - Says it\nweb\n  say 0 - Says it\n24 to 26 of 31 commands; \
                        more: help --filter \"(say|FEED) \" --limit 3 --offset 26";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_filter_of_nothing_stays_one_on_the_next_page() {
        assert!(page("--limit 3 --filter \"\"").ends_with("; more: help --filter \"\" --limit 3 --offset 3"));
    }

    #[test]
    fn shows_the_rest_and_no_more() {
        assert_eq!(page("--offset=30"), "zoo\n  feed {{ who }}\n31 to 31 of 31 commands");
        assert_eq!(page("feed"), "zoo\n  feed {{ who }}\n1 command");
        assert_eq!(page("--pack=web --offset 9"), "5 commands, none after 9");
        assert_eq!(page("HIDDEN"), "no such command");
        assert_eq!(page("off"), "no such command");
    }

    #[test]
    fn a_page_is_never_endless() {
        let aliases = (0..500).map(|n| from_value(json!({"name": n.to_string(), "formats": ["x"]})).unwrap());
        let registry = Registry::new(aliases.collect(), &["*"]);

        let page = registry.help(&HelpQuery::parse("--limit 9999").unwrap(), |_| true).unwrap();

        assert_eq!((page.lines.len(), page.total), (100, 500));
    }

    #[test]
    fn a_filter_takes_no_longer_over_many_commands_than_over_one() {
        let alias = |n| from_value(json!({"name": format!("{n}"), "formats": ["a".repeat(100)]})).unwrap();
        let registry = Registry::new((0..1000).map(alias).collect(), &["*"]);
        let found = |filter: &str| {
            let query = HelpQuery { filter: Some(Filter::new(filter).unwrap()), ..HelpQuery::default() };
            registry.help(&query, |_| true).map(|page| page.total)
        };

        // Back-references, which no failed choice can be remembered for: half a million steps each.
        let slow = r"(a*)(a*)(a*)\1x";

        assert_eq!(found("^a.*a$"), Ok(1000));
        assert_eq!(found(slow), Err(BadHelp::Slow(slow.to_owned())));
    }

    #[test]
    fn shows_only_what_is_allowed() {
        let page = registry().help(&HelpQuery::default(), |alias| alias.pack == "web").unwrap();

        assert_eq!(page.total, 5);
        assert!(page.lines.iter().all(|line| line.reference.starts_with("web.")));
    }

    #[test]
    fn errors_name_the_option_and_what_was_expected() {
        for (text, message) in [
            ("--limit", "--limit wants a number after it"),
            ("--limit few", "--limit wants a number, but got `few`"),
            ("--offset=-1", "--offset wants a number, but got `-1`"),
            ("--pack", "--pack wants the name of a pack after it"),
            ("--page 2", "unknown option `--page`, expected --pack, --filter, --limit or --offset"),
            (
                "--filter (x",
                "--filter wants a regular expression, but `(x` is none: missing ), unterminated subpattern at position 0",
            ),
        ] {
            assert_eq!(HelpQuery::parse(text).map(|_| ()).map_err(|bad| bad.to_string()), Err(message.to_owned()));
        }
    }
}
