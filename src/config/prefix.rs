//! The prefixes that lead to single StackStorms: no command, and no talk, may look like one by accident.

use fulmar_contract::Options;

use super::{Gateway, Named, StackStorm};

/// Reads `bot_prefix` of a StackStorm.
pub(super) fn read(options: &mut Options) -> Vec<String> {
    let line = options.line_of("bot_prefix");
    let prefixes = options.texts("bot_prefix").unwrap_or_default();
    for prefix in &prefixes {
        let (is_letter, word) = (char::is_alphanumeric, prefix.trim());
        if word.is_empty() || (word.starts_with(is_letter) && word.ends_with(is_letter)) {
            let what = format!("\"{prefix}\" could begin any message: expected a sign in it, as \"staging!\"");
            options.complain(line, "bot_prefix", what);
        }
    }
    prefixes
}

/// What is wrong with the prefixes of each StackStorm beside all others, by its name.
pub(super) fn contradictions(gateway: &Gateway, stackstorms: &Named<StackStorm>) -> Vec<(String, String)> {
    let own = |(name, it): &'_ (String, Option<StackStorm>)| -> Vec<(String, String)> {
        let prefixes = it.as_ref().map(|it| it.bot_prefix.clone()).unwrap_or_default();
        prefixes.into_iter().map(|prefix| (name.clone(), prefix)).collect()
    };
    let all: Vec<(String, String)> = stackstorms.iter().flat_map(own).collect();
    let mut found = Vec::new();
    for (at, (name, prefix)) in all.iter().enumerate() {
        let mut complain = |what: String| found.push((name.clone(), what));
        let gateways = gateway.bot_prefix.iter().map(|prefix| ("gateway.bot_prefix".to_owned(), prefix, true));
        let others = all.iter().enumerate().filter(|(_, (other, _))| other != name);
        let others = others.map(|(other, (name, it))| (format!("[stackstorm.{name}]"), it, other < at));
        for (whose, other, is_first) in gateways.chain(others) {
            let is_gateways = whose == "gateway.bot_prefix";
            if is_first && is_same(prefix, other) {
                complain(format!("\"{prefix}\" is a prefix of {whose}, too"));
            } else if goes_on(prefix, other) || (is_gateways && goes_on(other, prefix)) {
                complain(format!("\"{prefix}\" and \"{other}\" of {whose} could be taken for each other"));
            }
        }
    }
    found
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Whether `long` is `short` and then what a command could begin with.
fn goes_on(long: &str, short: &str) -> bool {
    let rest = long.split_at_checked(short.len()).filter(|(head, _)| head.eq_ignore_ascii_case(short));
    rest.is_some_and(|(_, rest)| rest.trim_start().starts_with(char::is_alphanumeric))
}
