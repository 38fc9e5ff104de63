//! What can be offered to people while they type: the words with which commands begin.

use std::sync::Arc;

use fulmar_contract::Offered;

use super::Alias;

/// At most so many commands to offer: first `own`, then those that `aliases` begin with, in their order. Several aliases
/// that begin with one word are one of them.
pub fn offers(own: &[(&str, &str)], aliases: &[Arc<Alias>], most: usize) -> Vec<Offered> {
    let own = own.iter().map(|(word, summary)| Offered { word: (*word).into(), summary: (*summary).into() });
    let mut offered: Vec<Offered> = own.collect();
    let ours = offered.len();
    // How many aliases begin with a word.
    let mut counts = vec![1; ours];
    for (word, alias) in
        aliases.iter().flat_map(|alias| first_words(alias).into_iter().map(move |word| (word, alias)))
    {
        match offered.iter().position(|known| known.word == word) {
            Some(at) => counts.iter_mut().skip(at).take(1).for_each(|count| *count += 1),
            None if offered.len() < most => {
                offered.push(Offered { summary: summary(alias), word });
                counts.push(1);
            }
            None => {}
        }
    }
    for (offered, count) in offered.iter_mut().zip(counts).skip(ours).filter(|(_, count)| *count > 1) {
        offered.summary = format!("{}, and {} more", offered.summary, count - 1);
    }
    offered.truncate(most);
    offered
}

/// The words with which an alias can begin, each once: those that are only letters, digits, `-` and `_`.
fn first_words(alias: &Alias) -> Vec<String> {
    let shown = alias.formats.iter().filter(|_| alias.enabled).filter_map(|format| format.display());
    let mut words: Vec<String> = Vec::new();
    for word in shown.filter_map(|display| display.split_whitespace().next()) {
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if is_plain && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// What an alias is for, on one line of bounded length.
fn summary(alias: &Alias) -> String {
    let description = alias.description.split_whitespace().collect::<Vec<_>>().join(" ");
    if description.is_empty() {
        return alias.name.clone();
    }
    match description.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", description.get(..end).unwrap_or_default().trim_end()),
        None => description,
    }
}

/// How many characters of a description are shown.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alias(name: &str, description: &str, formats: &serde_json::Value) -> Arc<Alias> {
        let alias = json!({"name": name, "pack": "p", "description": description, "formats": formats});
        Arc::new(serde_json::from_value(alias).unwrap())
    }

    fn offered(own: &[(&str, &str)], aliases: &[Arc<Alias>], most: usize) -> Vec<String> {
        offers(own, aliases, most).into_iter().map(|it| format!("{}: {}", it.word, it.summary)).collect()
    }

    #[test]
    fn commands_are_offered_by_their_first_words() {
        let aliases = [
            alias(
                "run",
                "Run a\n command",
                &json!(["run {{ cmd }}", "run {{ cmd }} on {{ hosts }}", "exec {{ cmd }}"]),
            ),
            alias("run_all", "Run everywhere", &json!([{"display": "run all", "representation": ["run all"]}])),
            alias("free", "Anything", &json!(["{{ text }}", "(ship|deploy) {{ what }}", "ship! it"])),
            alias("hidden", "Not shown", &json!([{"representation": ["hidden"]}])),
            alias("mine", "Taken", &json!(["help me"])),
            alias("bare", "", &json!(["st2-list packs"])),
        ];

        assert_eq!(
            offered(&[("help", "Help")], &aliases, 10),
            ["help: Help", "run: Run a command, and 1 more", "exec: Run a command", "st2-list: bare"]
        );
    }

    #[test]
    fn no_more_are_offered_than_there_may_be() {
        let aliases = [alias("a", &"x".repeat(200), &json!(["a"])), alias("b", "", &json!(["b", "a b"]))];

        assert_eq!(offered(&[("help", "Help"), ("status", "Status")], &aliases, 1), ["help: Help"]);
        assert_eq!(offered(&[], &aliases, 1), [format!("a: {}…, and 1 more", "x".repeat(100))]);
    }
}
