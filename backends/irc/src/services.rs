//! NickServ, for networks whose server cannot log us in: what it is told, and what its answers mean. Pure.
//!
//! It is told in private only, and its answers are known by their words, as Anope, Atheme and their relatives
//! write them in English; where the server itself says that we are logged in, that counts.

use fulmar_contract::{Failure, Secret};
use zeroize::Zeroizing;

/// Whom to tell.
pub(crate) const NAME: &str = "NickServ";

/// The line that logs in to an account.
pub(crate) fn identify(account: &str, password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("PRIVMSG {NAME} :IDENTIFY {account} {}", password.reveal()))
}

/// The line that asks for `nick` to be taken from whoever has it, for the `attempt`th time from 0. Services call it
/// differently; what they do not know they ignore.
pub(crate) fn regain(nick: &str, attempt: u32) -> Option<String> {
    let verb = VERBS.get(usize::try_from(attempt).ok()?)?;
    Some(format!("PRIVMSG {NAME} :{verb} {nick}"))
}

/// What an answer to [`identify`] means, if anything.
pub(crate) fn verdict(notice: &str) -> Option<Result<(), Failure>> {
    let text = notice.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if says(REFUSALS) {
        return Some(Err(Failure::Credentials { why: format!("{NAME}: {notice}") }));
    }
    says(WELCOMES).then_some(Ok(()))
}

const VERBS: [&str; 3] = ["REGAIN", "RECOVER", "GHOST"];

const REFUSALS: &[&str] = &[
    "password incorrect",
    "incorrect password",
    "invalid password",
    "isn't registered",
    "not registered",
    "not a registered",
    "suspended",
];

const WELCOMES: &[&str] = &[
    "you are now identified",
    "you are now logged in",
    "you are now recognized",
    "password accepted",
    "already identified",
    "already logged in",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_services_are_understood() {
        for text in ["Password accepted - you are now recognized.", "You are now logged in as \u{2}fulmar\u{2}."] {
            assert!(matches!(verdict(text), Some(Ok(()))), "{text}");
        }
        for text in
            ["Password incorrect.", "Nick fulmar isn't registered.", "fulmar is not a registered nickname."]
        {
            assert!(matches!(verdict(text), Some(Err(Failure::Credentials { .. }))), "{text}");
        }
        assert!(verdict("This nickname is registered and protected.").is_none());
    }

    #[test]
    fn each_verb_is_tried_once() {
        let lines: Vec<String> = (0..10).map_while(|attempt| regain("fulmar", attempt)).collect();

        let expected = ["REGAIN", "RECOVER", "GHOST"].map(|verb| format!("PRIVMSG NickServ :{verb} fulmar"));
        assert_eq!(lines, expected);
    }
}
