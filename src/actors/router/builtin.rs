//! The commands that we answer ourselves. Pure.

use super::{administrator::Standing, runs::Extent};

/// A command of ours, with what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin<'a> {
    /// To have an execution cancelled: that of this id, or the asker's only one.
    Cancel(Option<&'a str>),
    /// Which executions there are.
    Executions(Extent),
    /// What can be run here.
    Help(&'a str),
    /// To be in a room, which a key may open.
    Join(&'a str, Option<&'a str>),
    /// To be in a room no longer.
    Leave(&'a str),
    /// To give the command of an execution again.
    Rerun(&'a str),
    /// How the gateway is.
    Status,
    /// To see what an execution prints: that of this id, or the asker's only one.
    Tail(Option<&'a str>),
    /// To see no more of it.
    TailStop,
    /// Who the asker is, in our eyes.
    Whoami,
}

impl<'a> Builtin<'a> {
    /// Recognises a command of ours by its first word; `status` and `whoami` take nothing after them, so that
    /// aliases that begin with these words remain reachable. So do those with more words after `join` and `leave`, and
    /// those with anything but an id after `cancel`, `rerun` and `tail`.
    pub(super) fn parse(words: &'a str) -> Option<Self> {
        let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        let mut arguments = rest.split_whitespace();
        let [argument, second, third] = [(); 3].map(|()| arguments.next());
        let id = Some(rest).filter(|rest| is_id(rest));
        match first {
            "cancel" if rest.is_empty() => Some(Self::Cancel(None)),
            "cancel" => Some(Self::Cancel(Some(id?))),
            "executions" if rest.is_empty() => Some(Self::Executions(Extent::Here)),
            "executions" if rest == "all" => Some(Self::Executions(Extent::Everywhere)),
            "help" | "st2help" => Some(Self::Help(rest)),
            "join" if third.is_none() => Some(Self::Join(argument?, second)),
            "leave" if second.is_none() => Some(Self::Leave(argument?)),
            "rerun" => Some(Self::Rerun(id?)),
            "status" | "st2status" if rest.is_empty() => Some(Self::Status),
            "tail" if rest.is_empty() => Some(Self::Tail(None)),
            "tail" if rest == "stop" => Some(Self::TailStop),
            "tail" => Some(Self::Tail(Some(id?))),
            "whoami" | "st2whoami" if rest.is_empty() => Some(Self::Whoami),
            _ => None,
        }
    }

    /// Whether StackStorm or the network is waited for to answer it.
    pub(super) const fn waits(&self) -> bool {
        match self {
            Self::Cancel(_) | Self::Join(..) | Self::Leave(_) | Self::Status | Self::Tail(_) => true,
            Self::Executions(_) | Self::Help(_) | Self::Rerun(_) | Self::TailStop | Self::Whoami => false,
        }
    }
}

/// Whether `word` can be the end of the id of an execution.
fn is_id(word: &str) -> bool {
    (SHORTEST_ID..=LONGEST_ID).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Shorter ones are words, rather.
const SHORTEST_ID: usize = 4;

/// The length of StackStorm's ids.
const LONGEST_ID: usize = 24;

/// Those of ours that people are offered while they type, with what they do.
pub(super) const OFFERED: &[(&str, &str)] = &[
    ("help", "What can be run here"),
    ("status", "How the gateway is"),
    ("whoami", "Who you are in its eyes"),
    ("executions", "What runs, and what has ended lately"),
];

/// The commands of ours that somebody may use, as help shows them.
pub(super) fn help(prefix: &str, standing: Standing) -> String {
    let administrators: &[&str] = match standing {
        Standing::Administrator => &["executions all", "join ROOM [KEY]", "leave ROOM"],
        Standing::Claimant | Standing::Other => &[],
    };
    let everybodys =
        ["help", "whoami", "status", "executions", "cancel [ID]", "rerun ID", "tail [ID]", "tail stop"];
    let own: Vec<String> =
        everybodys.iter().chain(administrators).map(|command| format!("{prefix}{command}")).collect();
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
        assert_eq!(Builtin::parse("executions"), Some(Builtin::Executions(Extent::Here)));
        assert_eq!(Builtin::parse("executions all"), Some(Builtin::Executions(Extent::Everywhere)));
        assert_eq!(Builtin::parse("cancel"), Some(Builtin::Cancel(None)));
        assert_eq!(Builtin::parse("cancel 3FA2c1"), Some(Builtin::Cancel(Some("3FA2c1"))));
        let whole = "6b0141ac0000002f5800002e";
        assert_eq!(Builtin::parse("rerun 6b0141ac0000002f5800002e"), Some(Builtin::Rerun(whole)));
        assert_eq!(Builtin::parse("tail"), Some(Builtin::Tail(None)));
        assert_eq!(Builtin::parse("tail 3fa2c1"), Some(Builtin::Tail(Some("3fa2c1"))));
        assert_eq!(Builtin::parse("tail stop"), Some(Builtin::TailStop));
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
            "cancel order 3fa2c1",
            "cancel the lot",
            "executions of today",
            "rerun",
            "rerun tests",
            "tail syslog on web1",
            "tail bad",
        ] {
            assert_eq!(Builtin::parse(words), None, "{words}");
        }
    }
}
