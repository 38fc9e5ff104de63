//! From the connection to the end of the greeting: capabilities, login, nick. Pure: lines in, lines out.
//!
//! SASL is finished before the capability negotiation ends, and hence before the server lets us in: a session
//! that fails to log in never joins anything.

use std::{collections::BTreeSet, mem};

use fulmar_contract::Failure;
use irc::proto::{CapSubCommand, Command, Message};
use zeroize::Zeroizing;

use crate::{
    config::{Config, Sasl},
    sasl,
    support::Support,
};

/// A registration under way.
pub(crate) struct Handshake<'a> {
    config: &'a Config,
    /// What the server offers, as far as it has told.
    offered: Vec<String>,
    /// How many of our requests for capabilities are unanswered.
    requests: usize,
    nick: String,
    nicks_tried: usize,
    logged_in: bool,
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
}

/// What to do after a line.
#[derive(Debug)]
pub(crate) enum Next {
    /// The greeting is over.
    Done(Registered),
    /// Send these lines, which may be none, and go on.
    Send(Vec<Zeroizing<String>>),
}

impl<'a> Handshake<'a> {
    /// Begins a registration; the lines are the first to be sent.
    pub(crate) fn begin(config: &'a Config) -> (Self, Vec<Zeroizing<String>>) {
        let nick = config.nick.clone();
        let mut lines = vec![line("CAP LS 302")];
        if let Some(password) = &config.password {
            lines.push(line(format!("PASS :{}", password.reveal())));
        }
        lines.push(line(format!("NICK {nick}")));
        lines.push(line(format!("USER {} 0 * :{}", config.username, config.realname)));
        let handshake = Self {
            config,
            offered: Vec::new(),
            requests: 0,
            nick,
            nicks_tried: 0,
            logged_in: false,
            welcomed: false,
            done: Registered::default(),
        };
        (handshake, lines)
    }

    /// Takes a line of the server.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most of IRC is of no concern here")]
    pub(crate) fn take(&mut self, message: Message) -> Result<Next, Failure> {
        match message.command {
            Command::AUTHENTICATE(challenge) if challenge == "+" => Ok(self.answer_challenge()),
            Command::CAP(_, subcommand, first, second) => self.capabilities(subcommand, first, second),
            Command::ERROR(why) => Err(self.closing(why)),
            Command::PING(token, _) => Ok(Next::Send(vec![line(format!("PONG :{token}"))])),
            Command::Raw(code, parameters) => self.numeric(code.parse().unwrap_or_default(), &parameters),
            Command::Response(code, parameters) => self.numeric(code as u16, &parameters),
            _ => Ok(nothing()),
        }
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
                self.offered.extend(names);
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
        let offered = |name: &&str| self.offered.iter().any(|offer| offer.split('=').next() == Some(name));
        let wanted: Vec<&str> = WANTED.iter().copied().filter(offered).collect();
        let mut lines = Vec::new();
        if self.config.sasl.is_some() {
            self.check_sasl_offer()?;
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

    /// Servers take the offer back while their services are away, so that its absence may pass. That they
    /// offer other mechanisms only does not.
    fn check_sasl_offer(&self) -> Result<(), Failure> {
        let offer = self.offered.iter().find_map(|offer| match offer.split_once('=') {
            Some(("sasl", mechanisms)) => Some(mechanisms),
            _ => (offer == "sasl").then_some(""),
        });
        match offer {
            None => Err(Failure::lost("the server offers no SASL at the moment")),
            Some("") => Ok(()),
            Some(mechanisms) if mechanisms.split(',').any(|name| name.eq_ignore_ascii_case("PLAIN")) => Ok(()),
            Some(mechanisms) => {
                let why = format!("the server offers no SASL PLAIN, but {mechanisms}");
                Err(Failure::Misconfigured { why })
            }
        }
    }

    fn answered(&mut self) -> Result<Next, Failure> {
        let Some(left) = self.requests.checked_sub(1) else { return Ok(nothing()) };
        self.requests = left;
        if left > 0 {
            return Ok(nothing());
        }
        match self.config.sasl {
            None => Ok(Next::Send(vec![line("CAP END")])),
            Some(Sasl::Plain { .. }) if self.done.capabilities.contains("sasl") => {
                Ok(Next::Send(vec![line("AUTHENTICATE PLAIN")]))
            }
            Some(Sasl::Plain { .. }) => Err(Failure::lost("the server took its offer of SASL back")),
        }
    }

    fn answer_challenge(&self) -> Next {
        match &self.config.sasl {
            Some(Sasl::Plain { account, password }) => Next::Send(sasl::plain(account, password)),
            None => nothing(),
        }
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
            RPL_ENDOFMOTD | ERR_NOMOTD if self.welcomed => Ok(Next::Done(mem::take(&mut self.done))),
            ERR_ERRONEUSNICKNAME | ERR_NICKNAMEINUSE | ERR_NICKCOLLISION | ERR_UNAVAILRESOURCE
                if !self.welcomed =>
            {
                self.try_another_nick(code, &why)
            }
            RPL_LOGGEDIN => {
                self.done.account = Some(parameter(2).to_owned()).filter(|account| !account.is_empty());
                Ok(nothing())
            }
            RPL_SASLSUCCESS | ERR_SASLALREADY => {
                self.logged_in = true;
                Ok(Next::Send(vec![line("CAP END")]))
            }
            ERR_NICKLOCKED | ERR_SASLFAIL | ERR_SASLTOOLONG | ERR_SASLABORTED | ERR_PASSWDMISMATCH => {
                Err(Failure::Credentials { why })
            }
            ERR_YOUREBANNEDCREEP => Err(Failure::lost(why)),
            ERR_UNKNOWNCOMMAND if parameter(1) == "CAP" => self.without_capabilities(),
            _ => Ok(nothing()),
        }
    }

    fn welcomed(&mut self, nick: &str) -> Result<Next, Failure> {
        if self.config.sasl.is_some() && !self.logged_in {
            return Err(Failure::lost("the server let us in before we were logged in"));
        }
        self.welcomed = true;
        nick.clone_into(&mut self.done.nick);
        Ok(nothing())
    }

    fn without_capabilities(&self) -> Result<Next, Failure> {
        if self.config.sasl.is_none() {
            return Ok(nothing());
        }
        Err(Failure::Misconfigured { why: "the server knows no SASL: remove sasl from the chat".into() })
    }

    /// Adds underscores; should the server cut them off for their length, a number instead of the end.
    fn try_another_nick(&mut self, code: u16, why: &str) -> Result<Next, Failure> {
        self.nicks_tried += 1;
        let wanted = &self.config.nick;
        self.nick = match self.nicks_tried {
            tried @ 1..=3 => format!("{wanted}{}", "_".repeat(tried)),
            tried @ 4..=9 => format!("{}{tried}", wanted.chars().take(8).collect::<String>()),
            _ if code == ERR_ERRONEUSNICKNAME => {
                let why = format!("the server takes no nick like {wanted}: {why}");
                return Err(Failure::Misconfigured { why });
            }
            _ => return Err(Failure::lost(format!("no nick like {wanted} is free: {why}"))),
        };
        Ok(Next::Send(vec![line(format!("NICK {}", self.nick))]))
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
    "echo-message",
    "extended-join",
    "message-tags",
    "server-time",
];

const RPL_WELCOME: u16 = 1;
const RPL_ISUPPORT: u16 = 5;
const RPL_ENDOFMOTD: u16 = 376;
const ERR_UNKNOWNCOMMAND: u16 = 421;
const ERR_NOMOTD: u16 = 422;
const ERR_ERRONEUSNICKNAME: u16 = 432;
const ERR_NICKNAMEINUSE: u16 = 433;
const ERR_NICKCOLLISION: u16 = 436;
const ERR_UNAVAILRESOURCE: u16 = 437;
const ERR_PASSWDMISMATCH: u16 = 464;
const ERR_YOUREBANNEDCREEP: u16 = 465;
const RPL_LOGGEDIN: u16 = 900;
const ERR_NICKLOCKED: u16 = 902;
const RPL_SASLSUCCESS: u16 = 903;
const ERR_SASLFAIL: u16 = 904;
const ERR_SASLTOOLONG: u16 = 905;
const ERR_SASLABORTED: u16 = 906;
const ERR_SASLALREADY: u16 = 907;

#[cfg(test)]
mod tests;
