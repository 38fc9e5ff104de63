//! From the connection to the end of the greeting: capabilities, login, nick. Pure: lines in, lines out.
//!
//! SASL is finished before the capability negotiation ends, and hence before the server lets us in: a session
//! that fails to log in never joins anything. NickServ is told after the greeting, and waited for.

mod login;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::{Duration, SystemTime},
};

use fulmar_contract::Failure;
use irc::proto::{CapSubCommand, Command, Message, Prefix};
use zeroize::Zeroizing;

use crate::{config::Config, support::Support, tags::Tags};
use login::Login;

/// A registration under way.
pub(crate) struct Handshake<'a> {
    config: &'a Config,
    /// Whether nobody can read along.
    secure: bool,
    /// What the server offers, as far as it has told.
    offered: BTreeMap<String, String>,
    /// How many of our requests for capabilities are unanswered.
    requests: usize,
    nicks_tried: usize,
    login: Login<'a>,
    welcomed: bool,
    done: Registered,
}

/// Who we are after the registration, and what the server can do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered {
    pub(crate) nick: String,
    pub(crate) account: Option<String>,
    pub(crate) capabilities: BTreeSet<String>,
    pub(crate) support: Support,
    /// What the server's clock showed, if it tells.
    pub(crate) clock: Option<SystemTime>,
    /// For how long the server demands TLS, told over TLS.
    pub(crate) demand: Option<Duration>,
}

/// What to do after a line.
#[derive(Debug)]
pub(crate) enum Next {
    /// The greeting is over.
    Done(Registered),
    /// The server demands TLS, at this port.
    Secure(u16),
    /// Send these lines, which may be none, and go on.
    Send(Vec<Zeroizing<String>>),
}

impl<'a> Handshake<'a> {
    /// Begins a registration; the lines are the first to be sent.
    pub(crate) fn begin(config: &'a Config, secure: bool) -> (Self, Vec<Zeroizing<String>>) {
        let mut lines = vec![line("CAP LS 302")];
        if let Some(password) = &config.password {
            lines.push(line(format!("PASS :{}", password.reveal())));
        }
        lines.push(line(format!("NICK {}", config.nick)));
        lines.push(line(format!("USER {} 0 * :{}", config.username, config.realname)));
        let handshake = Self {
            config,
            secure,
            offered: BTreeMap::new(),
            requests: 0,
            nicks_tried: 0,
            login: Login::new(config.login.as_ref()),
            welcomed: false,
            done: Registered::default(),
        };
        (handshake, lines)
    }

    /// What is being waited for, for an operator to read.
    pub(crate) const fn wanting(&self) -> &'static str {
        if self.login.is_told() { "NickServ did not confirm the login" } else { "the server did not let us in" }
    }

    /// Takes a line of the server.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most of IRC is of no concern here")]
    pub(crate) fn take(&mut self, Message { tags, prefix, command }: Message) -> Result<Next, Failure> {
        self.done.clock = self.done.clock.max(Tags::read(tags).at);
        let nick = match prefix {
            Some(Prefix::Nickname(nick, ..)) => nick,
            Some(Prefix::ServerName(_)) | None => String::new(),
        };
        match command {
            Command::ACCOUNT(account) if self.is_us(&nick) => Ok(self.login.confirm(account, &mut self.done)),
            Command::AUTHENTICATE(piece) => self.login.answer(&piece).map(Next::Send),
            Command::CAP(_, subcommand, first, second) => self.capabilities(subcommand, first, second),
            Command::ERROR(why) => Err(self.closing(why)),
            Command::NICK(to) if self.is_us(&nick) => {
                self.done.nick = to;
                Ok(nothing())
            }
            Command::NOTICE(_, text) => self.login.noticed(&nick, &text, &mut self.done),
            Command::PING(token, _) => Ok(Next::Send(vec![line(format!("PONG :{token}"))])),
            Command::Raw(code, parameters) => self.numeric(code.parse().unwrap_or_default(), &parameters),
            Command::Response(code, parameters) => self.numeric(code as u16, &parameters),
            _ => Ok(nothing()),
        }
    }

    fn is_us(&self, nick: &str) -> bool {
        self.welcomed && self.done.support.casemapping.same(nick, &self.done.nick)
    }

    /// Some servers say only in their last words, and without a number, that the password is wrong.
    fn closing(&self, why: String) -> Failure {
        if self.config.password.is_some() && why.to_ascii_lowercase().contains("bad password") {
            return Failure::Credentials { why };
        }
        Failure::Lost { why }
    }

    fn capabilities(
        &mut self,
        subcommand: CapSubCommand,
        first: Option<String>,
        second: Option<String>,
    ) -> Result<Next, Failure> {
        // "CAP * LS * :more to come" has two parameters, "CAP * LS :the last" has one.
        let more = second.is_some();
        let list = second.or(first).unwrap_or_default();
        let names = list.split_whitespace().map(str::to_owned);
        match subcommand {
            CapSubCommand::LS => {
                let offers = names.map(|name| match name.split_once('=') {
                    Some((name, value)) => (name.to_owned(), value.to_owned()),
                    None => (name, String::new()),
                });
                self.offered.extend(offers);
                if more { Ok(nothing()) } else { self.request() }
            }
            CapSubCommand::ACK => {
                self.done.capabilities.extend(names);
                if more { Ok(nothing()) } else { self.answered() }
            }
            CapSubCommand::NAK => self.answered(),
            CapSubCommand::DEL
            | CapSubCommand::END
            | CapSubCommand::LIST
            | CapSubCommand::NEW
            | CapSubCommand::REQ => Ok(nothing()),
        }
    }

    /// Asks for what is offered and of use. SASL is asked for apart, so that each can be refused by itself.
    fn request(&mut self) -> Result<Next, Failure> {
        if let Some(port) = self.demand() {
            return Ok(Next::Secure(port));
        }
        let wanted: Vec<&str> = WANTED.iter().copied().filter(|name| self.offered.contains_key(*name)).collect();
        let mut lines = Vec::new();
        if self.login.choose(self.offered.get("sasl").map(String::as_str))? {
            lines.push(line("CAP REQ :sasl"));
        }
        if !wanted.is_empty() {
            lines.push(line(format!("CAP REQ :{}", wanted.join(" "))));
        }
        self.requests = lines.len();
        if lines.is_empty() {
            lines.push(line("CAP END"));
        }
        Ok(Next::Send(lines))
    }

    /// Reads `sts` (IRCv3), as `duration=300,port=6697`: the port counts where somebody can read along, and the
    /// duration where nobody can.
    fn demand(&mut self) -> Option<u16> {
        let offer = self.offered.get("sts")?;
        let value = |name: &str| offer.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        if !self.secure {
            return value("port")?.parse().ok();
        }
        self.done.demand = value("duration").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        None
    }

    fn answered(&mut self) -> Result<Next, Failure> {
        let Some(left) = self.requests.checked_sub(1) else { return Ok(nothing()) };
        self.requests = left;
        if left > 0 {
            return Ok(nothing());
        }
        let first = self.login.begin(self.done.capabilities.contains("sasl"))?;
        Ok(Next::Send(vec![first.unwrap_or_else(|| line("CAP END"))]))
    }

    fn numeric(&mut self, code: u16, parameters: &[String]) -> Result<Next, Failure> {
        let parameter = |index: usize| parameters.get(index).map_or("", String::as_str);
        let why = parameters.last().cloned().unwrap_or_default();
        match code {
            RPL_WELCOME => self.welcomed(parameter(0)),
            RPL_ISUPPORT => {
                let tokens = parameters.iter().skip(1).flat_map(|tokens| tokens.split(' '));
                tokens.for_each(|token| self.done.support.learn(token));
                Ok(nothing())
            }
            RPL_ENDOFMOTD | ERR_NOMOTD if self.welcomed => Ok(match self.login.after_greeting() {
                Some(identify) => Next::Send(vec![identify]),
                None if self.login.is_told() => nothing(),
                None => Next::Done(mem::take(&mut self.done)),
            }),
            ERR_ERRONEUSNICKNAME | ERR_NICKNAMEINUSE | ERR_NICKCOLLISION | ERR_UNAVAILRESOURCE
                if !self.welcomed =>
            {
                self.try_another_nick(code, &why)
            }
            RPL_LOGGEDIN => Ok(self.login.confirm(parameter(2).to_owned(), &mut self.done)),
            RPL_SASLSUCCESS | ERR_SASLALREADY => {
                self.login.succeed()?;
                Ok(Next::Send(vec![line("CAP END")]))
            }
            RPL_SASLMECHS => {
                self.login.offered(parameter(1));
                Ok(nothing())
            }
            ERR_NICKLOCKED | ERR_SASLFAIL | ERR_SASLTOOLONG | ERR_SASLABORTED => Err(self.login.refused(why)),
            ERR_PASSWDMISMATCH => Err(Failure::Credentials { why }),
            ERR_NOSUCHNICK | ERR_SERVICESDOWN if self.login.is_told() => {
                Err(Failure::lost(format!("the password cannot be told: {}: {why}", parameter(1))))
            }
            ERR_YOUREBANNEDCREEP => Err(Failure::lost(why)),
            ERR_UNKNOWNCOMMAND if parameter(1) == "CAP" => self.without_capabilities(),
            _ => Ok(nothing()),
        }
    }

    fn welcomed(&mut self, nick: &str) -> Result<Next, Failure> {
        self.login.let_in()?;
        self.welcomed = true;
        nick.clone_into(&mut self.done.nick);
        Ok(nothing())
    }

    fn without_capabilities(&mut self) -> Result<Next, Failure> {
        match self.login.choose(None) {
            Ok(_) => Ok(nothing()),
            Err(_) => {
                Err(Failure::Misconfigured { why: "the server knows no SASL: remove sasl from the chat".into() })
            }
        }
    }

    /// Adds underscores; should the server cut them off for their length, a number instead of the end.
    fn try_another_nick(&mut self, code: u16, why: &str) -> Result<Next, Failure> {
        self.nicks_tried += 1;
        let wanted = &self.config.nick;
        let nick = match self.nicks_tried {
            tried @ 1..=3 => format!("{wanted}{}", "_".repeat(tried)),
            tried @ 4..=9 => format!("{}{tried}", wanted.chars().take(8).collect::<String>()),
            _ if code == ERR_ERRONEUSNICKNAME => {
                let why = format!("the server takes no nick like {wanted}: {why}");
                return Err(Failure::Misconfigured { why });
            }
            _ => return Err(Failure::lost(format!("no nick like {wanted} is free: {why}"))),
        };
        Ok(Next::Send(vec![line(format!("NICK {nick}"))]))
    }
}

fn line(text: impl Into<String>) -> Zeroizing<String> {
    Zeroizing::new(text.into())
}

const fn nothing() -> Next {
    Next::Send(Vec::new())
}

/// The capabilities that are of use, SASL apart.
const WANTED: &[&str] = &[
    "account-notify",
    "account-tag",
    "batch",
    "cap-notify",
    "chghost",
    "echo-message",
    "extended-join",
    "message-tags",
    "server-time",
];

const RPL_WELCOME: u16 = 1;
const RPL_ISUPPORT: u16 = 5;
const RPL_ENDOFMOTD: u16 = 376;
const ERR_NOSUCHNICK: u16 = 401;
const ERR_UNKNOWNCOMMAND: u16 = 421;
const ERR_NOMOTD: u16 = 422;
const ERR_ERRONEUSNICKNAME: u16 = 432;
const ERR_NICKNAMEINUSE: u16 = 433;
const ERR_NICKCOLLISION: u16 = 436;
const ERR_UNAVAILRESOURCE: u16 = 437;
const ERR_SERVICESDOWN: u16 = 440;
const ERR_PASSWDMISMATCH: u16 = 464;
const ERR_YOUREBANNEDCREEP: u16 = 465;
const RPL_LOGGEDIN: u16 = 900;
const ERR_NICKLOCKED: u16 = 902;
const RPL_SASLSUCCESS: u16 = 903;
const ERR_SASLFAIL: u16 = 904;
const ERR_SASLTOOLONG: u16 = 905;
const ERR_SASLABORTED: u16 = 906;
const ERR_SASLALREADY: u16 = 907;
const RPL_SASLMECHS: u16 = 908;

#[cfg(test)]
mod tests;
