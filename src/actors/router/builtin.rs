//! The commands that we answer ourselves. Pure.

/// A command of ours, with what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin<'a> {
    /// What can be run here.
    Help(&'a str),
    /// How the gateway is.
    Status,
    /// Who the asker is, in our eyes.
    Whoami,
}

impl<'a> Builtin<'a> {
    /// Recognises a command of ours by its first word; `status` and `whoami` take nothing after them, so that
    /// aliases that begin with these words remain reachable.
    pub(super) fn parse(words: &'a str) -> Option<Self> {
        let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        match first {
            "help" | "st2help" => Some(Self::Help(rest)),
            "status" | "st2status" if rest.is_empty() => Some(Self::Status),
            "whoami" | "st2whoami" if rest.is_empty() => Some(Self::Whoami),
            _ => None,
        }
    }
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
    }

    #[test]
    fn aliases_that_begin_alike_remain_reachable() {
        for words in ["status of web1", "whoami really", "helpdesk open", "run status"] {
            assert_eq!(Builtin::parse(words), None, "{words}");
        }
    }
}
