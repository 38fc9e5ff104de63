//! Is a message for us, and what is left of it without the address? Pure, and nearly free for ordinary talk.

use std::borrow::Cow;

use fulmar_contract::Heard;

use crate::alias::tidy;

/// How we are addressed.
#[derive(Clone, Debug)]
pub struct Addressing {
    /// The gateway's own name, as in `fulmar: run date`.
    pub name: String,
    /// Prefixes such as `!`; with a StackStorm, those of its own.
    pub prefixes: Vec<(String, Option<String>)>,
    /// A word after the prefix that may be left out, as `st2` in `!st2 run date`.
    pub plugin_prefix: String,
}

/// What somebody says to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed<'a> {
    /// The words, tidied.
    pub words: Cow<'a, str>,
    /// The StackStorm whose prefix stood before them.
    pub stackstorm: Option<&'a str>,
}

impl Addressing {
    /// What is meant for us; `None` for talk among others. `me` is what we are called on the network.
    pub fn words<'a>(&'a self, heard: &'a Heard, me: Option<&str>) -> Option<Addressed<'a>> {
        let text = heard.text.trim();
        let (words, stackstorm) = self
            .after_prefix(text)
            .or_else(|| self.after_name(text, me))
            .or_else(|| (heard.mentioned || heard.direct).then_some((text, None)))?;
        let words = words.trim_start();
        (!words.is_empty()).then(|| Addressed { words: tidy(words), stackstorm })
    }

    /// `words` without the plugin prefix. An alias that begins with that very word, as those of the pack `st2` do, is
    /// to be looked for before.
    pub fn without_plugin_prefix<'a>(&self, words: &'a str) -> &'a str {
        match words.strip_prefix(self.plugin_prefix.as_str()) {
            Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
            _ => words,
        }
    }

    /// What follows a prefix. A prefix before nothing, a space or more punctuation is an exclamation, not an address.
    fn after_prefix<'a>(&'a self, text: &'a str) -> Option<(&'a str, Option<&'a str>)> {
        let after = |(prefix, stackstorm): &'a (String, Option<String>)| {
            let (head, rest) = text.split_at_checked(prefix.len())?;
            // A telephone begins each message with a capital letter.
            head.eq_ignore_ascii_case(prefix).then_some((rest, stackstorm.as_deref()))
        };
        let (rest, stackstorm) = self.prefixes.iter().filter_map(after).min_by_key(|(rest, _)| rest.len())?;
        let first = rest.trim_start().chars().next()?;
        (!matches!(first, '!' | '?' | '.' | ',' | ')' | '=')).then_some((rest, stackstorm))
    }

    fn after_name<'a>(&'a self, text: &'a str, me: Option<&str>) -> Option<(&'a str, Option<&'a str>)> {
        let text = text.strip_prefix('@').unwrap_or(text);
        [Some(self.name.as_str()), me]
            .into_iter()
            .flatten()
            .find_map(|name| {
                let (head, rest) = text.split_at_checked(name.len())?;
                let rest = rest.trim_start().strip_prefix([':', ','])?;
                head.eq_ignore_ascii_case(name).then_some(rest)
            })
            .map(|rest| self.after_prefix(rest.trim_start()).unwrap_or((rest, None)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use fulmar_contract::{Identity, MessageId, RoomId, Sender, Taken};

    use super::*;

    fn heard(text: &str) -> Heard {
        Heard {
            id: MessageId::new("1"),
            room: RoomId::new("#ops"),
            thread: None,
            sender: Sender { identity: Identity::Claimed("joe".into()), name: "joe".into(), direct: None },
            text: text.into(),
            mentioned: false,
            direct: false,
            at: SystemTime::UNIX_EPOCH,
            taken: Taken::default(),
        }
    }

    fn addressed(heard: &Heard) -> Option<(String, Option<String>)> {
        let general = ["!", "!!st ", "bot, "].map(|prefix| (prefix.to_owned(), None));
        let own = ["staging!", "!!"].map(|prefix| (prefix.to_owned(), Some("staging".to_owned())));
        let prefixes = general.into_iter().chain(own).collect();
        let addressing = Addressing { name: "fulmar".into(), prefixes, plugin_prefix: "st2".into() };
        let Addressed { words, stackstorm } = addressing.words(heard, Some("fulmar_"))?;
        Some((addressing.without_plugin_prefix(&words).to_owned(), stackstorm.map(str::to_owned)))
    }

    fn words(heard: &Heard) -> Option<String> {
        addressed(heard).map(|(words, _)| words)
    }

    #[test]
    fn a_stackstorm_is_called_by_its_own_prefix_wherever_that_may_stand() {
        let staging = Some(("run date".to_owned(), Some("staging".to_owned())));
        for text in ["staging!run date", "Staging! st2 run date", "!!run date", "fulmar: staging!run date"] {
            assert_eq!(addressed(&heard(text)), staging, "{text}");
        }
        assert_eq!(addressed(&Heard { direct: true, ..heard("staging!run date") }), staging);
        for text in ["!run date", "!!st run date"] {
            assert_eq!(addressed(&heard(text)), Some(("run date".to_owned(), None)), "{text}");
        }
        for text in ["staging run date", "staging!", "staging!!", "onstaging!run date"] {
            assert_eq!(addressed(&heard(text)), None, "{text}");
        }
    }

    #[test]
    fn every_style_of_address_leaves_the_same_words() {
        for text in [
            "!run date",
            "!st2 run date",
            " ! run date",
            "bot, run date",
            "!!st run date",
            "fulmar: run date",
            "Fulmar, st2 run date",
            "@fulmar: !run date",
            "fulmar_: run date",
        ] {
            assert_eq!(words(&heard(text)).as_deref(), Some("run date"), "{text}");
        }
    }

    #[test]
    fn talk_among_others_is_not_for_us() {
        for text in
            ["run date", "!", "!!!", "!?", "wow! run", "fulmar is great", "fulmarine: x", "", "st2 run date"]
        {
            assert_eq!(words(&heard(text)), None, "{text}");
        }
    }

    #[test]
    fn a_direct_message_and_a_mention_need_no_prefix_and_may_have_one() {
        for text in ["run date", "!run date", "st2 run date"] {
            assert_eq!(words(&Heard { direct: true, ..heard(text) }).as_deref(), Some("run date"));
            assert_eq!(words(&Heard { mentioned: true, ..heard(text) }).as_deref(), Some("run date"));
        }
    }

    #[test]
    fn smart_quotes_and_hard_spaces_are_mended_and_lines_are_kept() {
        let text = "!st2 say \u{201c}hi\u{201d}\u{a0}x\nsecond line";

        assert_eq!(words(&heard(text)).as_deref(), Some("say \"hi\" x\nsecond line"));
    }

    #[test]
    fn a_word_that_only_begins_like_the_plugin_prefix_is_kept() {
        assert_eq!(words(&heard("!st2help")).as_deref(), Some("st2help"));
    }
}
