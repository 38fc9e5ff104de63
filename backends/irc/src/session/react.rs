//! What a session does about what the server says.

use std::time::{Duration, SystemTime};

use fulmar_contract::{Event, Failure, MessageId, Undelivered};
use tokio::time::Instant;
use tracing::debug;

use super::Session;
use crate::{
    hearing,
    inbound::{self, Fact, Said},
    text,
};

impl Session<'_> {
    /// Takes a line of the server. One that makes no sense is ignored.
    pub(super) async fn hear(&mut self, line: &str) -> Result<(), Failure> {
        self.heard_at = Instant::now();
        self.pinged = false;
        let Some(fact) = line.parse().ok().and_then(inbound::read) else { return Ok(()) };
        match fact {
            Fact::Account { nick, account } | Fact::Who { nick, account } => self.know(&nick, account),
            Fact::Answered { token } => self.outbox.answered(&token),
            Fact::Asked { token } => self.connection.send(&format!("PONG :{token}")).await?,
            Fact::BatchBegan { reference, kind, within } => {
                self.history.begin(reference, &kind, within.as_deref());
            }
            Fact::BatchEnded { reference } => self.history.end(&reference),
            Fact::CapabilitiesGone(names) => names.iter().for_each(|name| {
                self.us.capabilities.remove(name);
            }),
            Fact::Closing { why } => return Err(Failure::lost(why)),
            Fact::Invited { room } => {
                let room = self.room(&room);
                self.rooms.invited(&room, Instant::now());
            }
            Fact::Joined { nick, room, account } => self.joined(&nick, &room, account).await?,
            Fact::Left { nick, room, why } => self.left(&nick, &room, why).await?,
            Fact::Offline { nicks } => nicks.iter().for_each(|nick| self.nick_is_free(nick)),
            Fact::Quit { nick } => {
                self.people.forget(&self.fold(&nick));
                self.nick_is_free(&nick);
            }
            Fact::Refused { code, about, why } => self.refused(code, &about, why).await?,
            Fact::Renamed { from, to } => self.renamed(&from, to),
            Fact::Said(said) => self.said(said).await?,
            Fact::Whois { nick, account } => self.identified(&nick, &account),
            Fact::WhoisEnd { nick } => self.unidentified(&nick),
        }
        // A nick that became free is taken at once.
        self.regain_nick(Instant::now()).await
    }

    async fn said(&mut self, said: Said) -> Result<(), Failure> {
        if self.history.has(&said.tags) {
            return Ok(());
        }
        if self.is_us(&said.nick) {
            let target = self.fold(&said.target);
            self.outbox.echoed(&target, said.tags.id.map(MessageId::new));
            return Ok(());
        }
        if let Some(request) = text::ctcp(&said.text).filter(|_| !said.notice) {
            return self.answer_request(&said.nick, request).await;
        }
        self.messages += 1;
        let began = self.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let id = format!("{:x}-{}", began.as_micros(), self.messages);
        let account = self.account(&said);
        if let Some(account) = &account {
            self.lasting.seen(account, &said.nick);
        }
        let now = (SystemTime::now(), id);
        match hearing::heard(said, &self.us.nick, &self.us.support, account, now) {
            Some(heard) => self.report(Event::Heard(heard)).await,
            None => Ok(()),
        }
    }

    /// The sender's account, if the server vouches for it: by a tag on each message, or by telling of every
    /// change of those whom we can see.
    fn account(&self, said: &Said) -> Option<String> {
        if self.can("account-tag") {
            return said.tags.account.clone();
        }
        self.people.account(&self.fold(&said.nick)).map(str::to_owned)
    }

    pub(super) fn know(&mut self, nick: &str, account: Option<String>) {
        if !self.can("account-notify") {
            return;
        }
        if let Some(account) = &account {
            self.lasting.seen(account, nick);
        }
        self.people.learn(self.fold(nick), account);
    }

    fn renamed(&mut self, from: &str, to: String) {
        if !self.is_us(from) {
            self.people.rename(&self.fold(from), self.fold(&to));
            return self.nick_is_free(from);
        }
        self.us.nick = to;
        if self.is_us(self.nick.wanted()) {
            self.nick.won();
        } else {
            self.nick.lost(Instant::now());
        }
    }

    fn nick_is_free(&mut self, nick: &str) {
        if self.us.support.casemapping.same(nick, self.nick.wanted()) {
            self.nick.free(Instant::now());
        }
    }

    /// Something failed: a line that we wrote, or an attempt to join.
    async fn refused(&mut self, code: u16, about: &str, why: String) -> Result<(), Failure> {
        let about = match self.outbox.target() {
            Some(target) if code == ERR_INPUTTOOLONG => target,
            Some(_) | None => self.fold(about),
        };
        let undelivered = match code {
            ERR_TARGETTOOFAST => Undelivered::Later { after: None, why: why.clone() },
            _ => Undelivered::Refused { why: why.clone() },
        };
        if self.outbox.refused(&about, undelivered) {
            return Ok(());
        }
        debug!(code, about, why, "the server refused something");
        self.kept(&about, code, &why).await
    }

    /// Answers who and what we are, seldom, so that nobody can make us flood.
    async fn answer_request(&mut self, nick: &str, request: &str) -> Result<(), Failure> {
        let now = Instant::now();
        let too_soon = self.replied_at.is_some_and(|at| now.duration_since(at) < CTCP_PAUSE);
        let answer = match request.split_once(' ').unwrap_or((request, "")) {
            ("VERSION", _) => format!("VERSION Fulmar {}", env!("CARGO_PKG_VERSION")),
            ("PING", token) if token.len() <= LONGEST_PING => format!("PING {}", text::plain(token)),
            _ => return Ok(()),
        };
        if too_soon {
            return Ok(());
        }
        self.replied_at = Some(now);
        self.command(&format!("NOTICE {nick} :{ctcp}{answer}{ctcp}", ctcp = text::CTCP)).await
    }
}

const ERR_INPUTTOOLONG: u16 = 417;
const ERR_TARGETTOOFAST: u16 = 439;
/// How long after an answer to a CTCP request the next one is given.
const CTCP_PAUSE: Duration = Duration::from_secs(10);
/// The longest token of a CTCP PING that is answered, in bytes.
const LONGEST_PING: usize = 64;
