//! What a line of the server says. Pure, and without memory: what it means for us, the session knows.

use irc::proto::{BatchSubCommand, CapSubCommand, Command, Message, Prefix};

use crate::{refusal, tags::Tags};

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Somebody logged in or out.
    Account { nick: String, account: Option<String> },
    /// The answer to our PING.
    Answered { token: String },
    /// The server's PING.
    Asked { token: String },
    /// A batch began.
    BatchBegan { reference: String, kind: String, within: Option<String> },
    /// A batch ended.
    BatchEnded { reference: String },
    /// The server takes capabilities back.
    CapabilitiesGone(Vec<String>),
    /// The server closes the connection.
    Closing { why: String },
    /// Somebody invited us to a room.
    Invited { room: String },
    /// Somebody joined a room; the account where the server tells it.
    Joined { nick: String, room: String, account: Option<String> },
    /// Somebody left a room, or was made to.
    Left { nick: String, room: String, why: String },
    /// Nobody has these nicks, of those that we asked to be told of.
    Offline { nicks: Vec<String> },
    /// Somebody is gone.
    Quit { nick: String },
    /// Something that we did to `about` failed.
    Refused { code: u16, about: String, why: String },
    /// Somebody is called otherwise.
    Renamed { from: String, to: String },
    /// Somebody wrote something.
    Said(Said),
    /// The answer to our WHO.
    Who { nick: String, account: Option<String> },
    /// Part of the answer to our WHOIS: what somebody is logged in to.
    Whois { nick: String, account: String },
    /// The end of the answer to our WHOIS.
    WhoisEnd { nick: String },
}

/// A PRIVMSG or NOTICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) nick: String,
    pub(crate) target: String,
    pub(crate) text: String,
    pub(crate) tags: Tags,
    /// RFC 2812, section 3.3.2: never to be answered by a program.
    pub(crate) notice: bool,
}

/// Reads a line that came after the registration.
#[expect(clippy::wildcard_enum_match_arm, reason = "most of IRC is of no concern here")]
pub(crate) fn read(message: Message) -> Option<Fact> {
    let Message { tags, prefix, command } = message;
    let tags = Tags::read(tags);
    let nick = nick(prefix);
    Some(match command {
        Command::ACCOUNT(account) => Fact::Account { nick: nick?, account: known(account) },
        Command::BATCH(reference, kind, _) => batch(&reference, kind, tags.batch)?,
        Command::CAP(_, CapSubCommand::DEL, list, rest) => {
            let list = rest.or(list).unwrap_or_default();
            Fact::CapabilitiesGone(list.split_whitespace().map(str::to_owned).collect())
        }
        Command::ERROR(why) => Fact::Closing { why },
        Command::INVITE(_, room) => Fact::Invited { room },
        Command::JOIN(room, account, _) => {
            Fact::Joined { nick: nick?, room, account: account.or(tags.account).and_then(known) }
        }
        Command::KICK(room, whom, why) => {
            let by = nick.unwrap_or_else(|| "the server".into());
            Fact::Left { nick: whom, room, why: format!("kicked by {by}: {}", why.unwrap_or_default()) }
        }
        Command::KILL(..) => return None,
        Command::NICK(to) => Fact::Renamed { from: nick?, to },
        Command::NOTICE(target, text) => Fact::Said(Said { nick: nick?, target, text, tags, notice: true }),
        Command::PART(room, why) => {
            Fact::Left { nick: nick?, room, why: format!("parted: {}", why.unwrap_or_default()) }
        }
        Command::PING(token, _) => Fact::Asked { token },
        Command::PONG(first, second) => Fact::Answered { token: second.unwrap_or(first) },
        Command::PRIVMSG(target, text) => Fact::Said(Said { nick: nick?, target, text, tags, notice: false }),
        Command::QUIT(_) => Fact::Quit { nick: nick? },
        Command::Raw(code, parameters) => numeric(code.parse().ok()?, parameters)?,
        Command::Response(code, parameters) => numeric(code as u16, parameters)?,
        _ => return None,
    })
}

fn nick(prefix: Option<Prefix>) -> Option<String> {
    match prefix {
        Some(Prefix::Nickname(nick, ..)) if !nick.is_empty() => Some(nick),
        Some(Prefix::Nickname(..) | Prefix::ServerName(_)) | None => None,
    }
}

/// `*` and `0` stand for no account.
fn known(account: String) -> Option<String> {
    (!matches!(account.as_str(), "" | "*" | "0")).then_some(account)
}

fn batch(reference: &str, kind: Option<BatchSubCommand>, within: Option<String>) -> Option<Fact> {
    if let Some(reference) = reference.strip_prefix('-') {
        return Some(Fact::BatchEnded { reference: reference.to_owned() });
    }
    let reference = reference.strip_prefix('+')?.to_owned();
    Some(Fact::BatchBegan { reference, kind: kind?.to_str().to_lowercase(), within })
}

fn numeric(code: u16, parameters: Vec<String>) -> Option<Fact> {
    let mut parameters = parameters.into_iter().skip(1);
    match code {
        WHO_REPLY if parameters.next()? == WHO_TOKEN => {
            Some(Fact::Who { nick: parameters.next()?, account: known(parameters.next()?) })
        }
        RPL_ENDOFWHOIS => Some(Fact::WhoisEnd { nick: parameters.next()? }),
        RPL_WHOISACCOUNT => Some(Fact::Whois { nick: parameters.next()?, account: parameters.next()? }),
        RPL_MONOFFLINE => {
            let nick = |target: &str| target.split('!').next().unwrap_or_default().to_owned();
            Some(Fact::Offline { nicks: parameters.next()?.split(',').map(nick).collect() })
        }
        400..=599 | refusal::ERR_UNAVAILABLE | 716 => {
            let about = parameters.next()?;
            let why = parameters.last().unwrap_or_else(|| about.clone());
            Some(Fact::Refused { code, about, why })
        }
        _ => None,
    }
}

/// Marks the WHO that asks for accounts (WHOX: `WHO #room %tna,152`).
pub(crate) const WHO_TOKEN: &str = "152";
const RPL_ENDOFWHOIS: u16 = 318;
const RPL_WHOISACCOUNT: u16 = 330;
/// RPL_WHOSPCRPL.
const WHO_REPLY: u16 = 354;
const RPL_MONOFFLINE: u16 = 731;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact(line: &str) -> Option<Fact> {
        line.parse().ok().and_then(read)
    }

    fn said(nick: &str, target: &str, text: &str) -> Said {
        Said { nick: nick.into(), target: target.into(), text: text.into(), tags: Tags::default(), notice: false }
    }

    #[test]
    fn lines_say_what_they_say() {
        let left = |nick: &str, why: &str| Fact::Left { nick: nick.into(), room: "#c".into(), why: why.into() };
        let refused = |code, about: &str, why: &str| Fact::Refused { code, about: about.into(), why: why.into() };
        for (line, expected) in [
            (":a!u@h PRIVMSG #c :hi there", Fact::Said(said("a", "#c", "hi there"))),
            (":a!u@h PRIVMSG #c hi", Fact::Said(said("a", "#c", "hi"))),
            (":a!u@h PRIVMSG #c :x\rPRIVMSG #c y", Fact::Said(said("a", "#c", "x\rPRIVMSG #c y"))),
            ("PING :x y", Fact::Asked { token: "x y".into() }),
            (":s.x PONG s.x fulmar-1", Fact::Answered { token: "fulmar-1".into() }),
            (":s.x KICK #c fulmar", left("fulmar", "kicked by the server: ")),
            (":a!u@h KICK #c fulmar :bye", left("fulmar", "kicked by a: bye")),
            (":a!u@h PART #c", left("a", "parted: ")),
            (":s.x 401 me nobody :No such nick", refused(401, "nobody", "No such nick")),
            (":s.x 520 me #c :Operators only", refused(520, "#c", "Operators only")),
            (":s.x 417 me :Line too long", refused(417, "Line too long", "Line too long")),
            (":s.x 354 me 152 a lovelace", Fact::Who { nick: "a".into(), account: Some("lovelace".into()) }),
            (":s.x 354 me 152 a 0", Fact::Who { nick: "a".into(), account: None }),
            (
                ":s.x 330 me a lovelace :is logged in as",
                Fact::Whois { nick: "a".into(), account: "lovelace".into() },
            ),
            (":s.x 318 me a :End of /WHOIS list", Fact::WhoisEnd { nick: "a".into() }),
            (":s.x 731 me :a,b!u@h", Fact::Offline { nicks: vec!["a".into(), "b".into()] }),
            (":a!u@h INVITE me #c", Fact::Invited { room: "#c".into() }),
            (":s.x 609 me #c :Too many joined", refused(609, "#c", "Too many joined")),
            (":a!u@h ACCOUNT *", Fact::Account { nick: "a".into(), account: None }),
            (
                "@batch=o BATCH +r CHATHISTORY #c",
                Fact::BatchBegan { reference: "r".into(), kind: "chathistory".into(), within: Some("o".into()) },
            ),
            (":s.x CAP * DEL :echo-message a", Fact::CapabilitiesGone(vec!["echo-message".into(), "a".into()])),
            ("ERROR :Closing Link", Fact::Closing { why: "Closing Link".into() }),
        ] {
            assert_eq!(fact(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn who_joins_may_bring_an_account() {
        let account = |line: &str| match fact(line) {
            Some(Fact::Joined { account, .. }) => account,
            other => panic!("{other:?}"),
        };

        assert_eq!(account(":a!u@h JOIN #c lovelace :Ada"), Some("lovelace".into()));
        assert_eq!(account(":a!u@h JOIN #c * :Ada"), None);
        assert_eq!(account(":a!u@h JOIN :#c"), None);
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for line in [
            "",
            ":",
            "@",
            "@a",
            ":a",
            "PRIVMSG",
            ":a!u@h PRIVMSG",
            "PRIVMSG #c :from nobody",
            "433",
            ":s.x PRIVMSG #c :from a server",
            "BATCH",
            "BATCH x",
            "CAP",
            "KICK",
            "354 me",
            "\0",
            "@x= :y z :",
        ] {
            assert_eq!(fact(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "(@[a-z;= ]{0,9} )?(:[a-z!@. ]{0,9} )?(PRIVMSG|MODE|CAP|BATCH|JOIN|KICK|WHO|005|433|\\PC{0,9})( [\\PC]{0,9}){0,5}( :\\PC{0,20})?") {
            drop(fact(&line));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            drop(fact(&String::from_utf8_lossy(&bytes)));
        }
    }
}
