//! The commands that we answer ourselves. Pure.

use super::administrator::Standing;

/// A command of ours, with what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin<'a> {
    /// What can be run here.
    Help(&'a str),
    /// To be in a room, which a key may open.
    Join(&'a str, Option<&'a str>),
    /// To be in a room no longer.
    Leave(&'a str),
    /// How the gateway is.
    Status,
    /// Who the asker is, in our eyes.
    Whoami,
}

impl<'a> Builtin<'a> {
    /// Recognises a command of ours by its first word; `status` and `whoami` take nothing after them, so that
    /// aliases that begin with these words remain reachable. So do those with more words after `join` and `leave`.
    pub(super) fn parse(words: &'a str) -> Option<Self> {
        let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        let mut arguments = rest.split_whitespace();
        let [argument, second, third] = [(); 3].map(|()| arguments.next());
        match first {
            "help" | "st2help" => Some(Self::Help(rest)),
            "join" if third.is_none() => Some(Self::Join(argument?, second)),
            "leave" if second.is_none() => Some(Self::Leave(argument?)),
            "status" | "st2status" if rest.is_empty() => Some(Self::Status),
            "whoami" | "st2whoami" if rest.is_empty() => Some(Self::Whoami),
            _ => None,
        }
    }
}

/// The commands of ours that somebody may use, as help shows them.
pub(super) fn help(prefix: &str, standing: Standing) -> String {
    let own: &[&str] = match standing {
        Standing::Administrator => &["help", "whoami", "status", "join ROOM [KEY]", "leave ROOM"],
        Standing::Claimant | Standing::Other => &["help", "whoami", "status"],
    };
    let own: Vec<String> = own.iter().map(|command| format!("{prefix}{command}")).collect();
    format!("My own: {}", own.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_recognised_with_their_old_names() {
        assert_eq!(Builtin::parse("help"), Some(Builtin::Help("")));
        assert_eq!(Builtin::parse("st2help --pack core"), Some(Builtin::Help("--pack core")));
        assert_eq!(Builtin::parse("whoami"), Some(Builtin::Whoami));
        assert_eq!(Builtin::parse("status "), Some(Builtin::Status));
        assert_eq!(Builtin::parse("join #ops"), Some(Builtin::Join("#ops", None)));
        assert_eq!(Builtin::parse("join  irc/#ops sesame"), Some(Builtin::Join("irc/#ops", Some("sesame"))));
        assert_eq!(Builtin::parse("leave #ops"), Some(Builtin::Leave("#ops")));
    }

    #[test]
    fn aliases_that_begin_alike_remain_reachable() {
        for words in [
            "status of web1",
            "whoami really",
            "helpdesk open",
            "run status",
            "join",
            "join a b c",
            "leave",
            "leave it be",
        ] {
            assert_eq!(Builtin::parse(words), None, "{words}");
        }
    }
}
