//! What a session does about what the server says.

use std::time::{Duration, SystemTime};

use fulmar_contract::{Event, Failure, MessageId, RoomId, Undelivered};
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
            Fact::Joined { nick, room, account } => self.joined(&nick, &room, account).await?,
            Fact::Left { nick, room, why } => self.left(&nick, &room, why).await?,
            Fact::Quit { nick } => self.gone(&nick).await?,
            Fact::Refused { code, about, why } => self.refused(code, &about, why).await?,
            Fact::Renamed { from, to } => self.renamed(&from, to).await?,
            Fact::Said(said) => self.said(said).await?,
        }
        Ok(())
    }

    async fn said(&mut self, said: Said) -> Result<(), Failure> {
        if self.history.holds(said.tags.batch.as_deref()) {
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

    fn know(&mut self, nick: &str, account: Option<String>) {
        if self.can("account-notify") && !self.can("account-tag") {
            self.people.learn(self.fold(nick), account);
        }
    }

    async fn joined(&mut self, nick: &str, room: &str, account: Option<String>) -> Result<(), Failure> {
        if !self.is_us(nick) {
            self.know(nick, account);
            return Ok(());
        }
        let folded = self.fold(room);
        self.rooms.joined(&folded, Instant::now());
        self.report(Event::Joined(RoomId::new(folded))).await?;
        if self.us.support.whox && self.can("account-notify") && !self.can("account-tag") {
            self.command(&format!("WHO {room} %tna,{}", inbound::WHO_TOKEN)).await?;
        }
        Ok(())
    }

    async fn left(&mut self, nick: &str, room: &str, why: String) -> Result<(), Failure> {
        if !self.is_us(nick) {
            self.people.forget(&self.fold(nick));
            return Ok(());
        }
        self.people.forget_all();
        let room = self.fold(room);
        self.rooms.left(&room, Instant::now());
        self.report(Event::Left { room: RoomId::new(room), why }).await
    }

    async fn gone(&mut self, nick: &str) -> Result<(), Failure> {
        self.people.forget(&self.fold(nick));
        self.nick_is_free(nick).await
    }

    async fn renamed(&mut self, from: &str, to: String) -> Result<(), Failure> {
        if self.is_us(from) {
            self.us.nick = to;
            return Ok(());
        }
        self.people.rename(&self.fold(from), self.fold(&to));
        self.nick_is_free(from).await
    }

    async fn nick_is_free(&mut self, nick: &str) -> Result<(), Failure> {
        if !self.is_us(&self.config.nick) && self.fold(nick) == self.fold(&self.config.nick) {
            self.regain_nick().await?;
        }
        Ok(())
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
        if self.rooms.refused(&about, &why, Instant::now()) {
            return self.report(Event::Left { room: RoomId::new(about), why }).await;
        }
        debug!(code, about, why, "the server refused something");
        Ok(())
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
