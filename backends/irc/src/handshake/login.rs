//! The part of a registration that logs in: by SASL before the server lets us in, or by NickServ after that.

use std::mem;

use fulmar_contract::Failure;
use zeroize::Zeroizing;

use super::{Next, Registered, line, nothing};
use crate::{
    config::{self, Credentials},
    sasl::{self, Exchange, Mechanism},
    services,
};

/// A login under way, if there is anything to log in with.
pub(super) struct Login<'a> {
    with: Option<&'a config::Login>,
    stage: Stage,
    /// What the server said that it offers, after the fact.
    offered: Option<String>,
}

enum Stage {
    /// Nothing has been said yet.
    Due,
    /// By this, once the server has agreed.
    Chosen(Mechanism),
    /// The exchange goes on.
    Sasl(Exchange),
    /// NickServ is to be told.
    Services,
    /// NickServ has been told.
    Told,
    /// There is nothing to do any more.
    Over,
}

impl<'a> Login<'a> {
    pub(super) const fn new(with: Option<&'a config::Login>) -> Self {
        let stage = if with.is_some() { Stage::Due } else { Stage::Over };
        Self { with, stage, offered: None }
    }

    /// Whether NickServ's word is awaited.
    pub(super) const fn is_told(&self) -> bool {
        matches!(self.stage, Stage::Told)
    }

    /// Decides how to log in by what is offered. Returns whether by SASL.
    pub(super) fn choose(&mut self, offered: Option<&str>) -> Result<bool, Failure> {
        let Some(with) = self.with else { return Ok(false) };
        self.stage = with.mechanism(offered)?.map_or(Stage::Services, Stage::Chosen);
        Ok(matches!(self.stage, Stage::Chosen(_)))
    }

    /// The negotiation is over but for SASL, to which the server agreed or not. Returns the line that begins it.
    pub(super) fn begin(&mut self, agreed: bool) -> Result<Option<Zeroizing<String>>, Failure> {
        let (Stage::Chosen(mechanism), Some(with)) = (&self.stage, self.with) else { return Ok(None) };
        if !agreed {
            return Err(Failure::lost("the server took its offer of SASL back"));
        }
        let mechanism = *mechanism;
        self.stage = Stage::Sasl(Exchange::begin(mechanism, with)?);
        Ok(Some(line(format!("AUTHENTICATE {}", mechanism.name()))))
    }

    /// Answers a challenge.
    pub(super) fn answer(&mut self, piece: &str) -> Result<Vec<Zeroizing<String>>, Failure> {
        match &mut self.stage {
            Stage::Sasl(exchange) => exchange.take(piece),
            Stage::Due | Stage::Chosen(_) | Stage::Services | Stage::Told | Stage::Over => Ok(Vec::new()),
        }
    }

    /// The server says that SASL succeeded.
    pub(super) fn succeed(&mut self) -> Result<(), Failure> {
        if let Stage::Sasl(exchange) = &self.stage {
            exchange.succeed()?;
            self.stage = Stage::Over;
        }
        Ok(())
    }

    /// The server says what it offers.
    pub(super) fn offered(&mut self, list: &str) {
        self.offered = Some(list.to_owned());
    }

    /// The server refused SASL.
    pub(super) fn refused(&self, why: String) -> Failure {
        let Stage::Sasl(Exchange { mechanism, .. }) = &self.stage else { return Failure::Credentials { why } };
        match (&self.offered, mechanism) {
            (Some(list), mechanism) if !sasl::names(list, *mechanism) => sasl::not_offered(mechanism.name(), list),
            (_, Mechanism::External) => {
                let why =
                    format!("{why}: does the account know the certificate's fingerprint (NickServ CERT ADD)?");
                Failure::Credentials { why }
            }
            (_, Mechanism::Plain | Mechanism::Scram) => Failure::Credentials { why },
        }
    }

    /// The server lets us in.
    pub(super) fn let_in(&mut self) -> Result<(), Failure> {
        let too_soon = || Failure::lost("the server let us in before we were logged in");
        match self.stage {
            // A server without capabilities.
            Stage::Due => self.choose(None).map_err(|_| too_soon()).map(drop),
            Stage::Chosen(_) | Stage::Sasl(_) => Err(too_soon()),
            Stage::Services | Stage::Told | Stage::Over => Ok(()),
        }
    }

    /// The greeting is over. Returns what is to be said to NickServ.
    pub(super) fn after_greeting(&mut self) -> Option<Zeroizing<String>> {
        let (Stage::Services, Some(config::Login::Password(credentials))) = (&self.stage, self.with) else {
            return None;
        };
        let Credentials { account, password, .. } = credentials;
        self.stage = Stage::Told;
        Some(services::identify(account, password))
    }

    /// The server says that we are logged in to an account, or with `*` that we are not.
    pub(super) fn confirm(&mut self, account: String, done: &mut Registered) -> Next {
        done.account = Some(account).filter(|account| !matches!(account.as_str(), "" | "*"));
        if self.is_told() && done.account.is_some() {
            self.stage = Stage::Over;
            return Next::Done(mem::take(done));
        }
        nothing()
    }

    /// Somebody sent a notice.
    pub(super) fn noticed(&mut self, nick: &str, text: &str, done: &mut Registered) -> Result<Next, Failure> {
        let Some(config::Login::Password(credentials)) = self.with else { return Ok(nothing()) };
        if !self.is_told() || !nick.eq_ignore_ascii_case(services::NAME) {
            return Ok(nothing());
        }
        match services::verdict(text) {
            Some(Ok(())) => Ok(self.confirm(credentials.account.clone(), done)),
            Some(Err(failure)) => Err(failure),
            None => Ok(nothing()),
        }
    }
}
