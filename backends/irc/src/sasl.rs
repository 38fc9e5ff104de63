//! SASL: which mechanism, and what is said in it. Pure, but for the random number of SCRAM.

mod scram;

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_contract::Failure;
use zeroize::Zeroizing;

use crate::config::{Credentials, Login, Way};
use scram::Scram;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// By the certificate that TLS showed (RFC 4422, appendix A).
    External,
    /// By the password itself (RFC 4616).
    Plain,
    /// By proofs of the password on both sides.
    Scram,
}

impl Mechanism {
    /// The name by which servers offer it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::External => "EXTERNAL",
            Self::Plain => "PLAIN",
            Self::Scram => "SCRAM-SHA-256",
        }
    }
}

impl Login {
    /// The mechanism to use of those that the server offers: `None` if it offers no SASL, an empty text if it
    /// does not say which. No mechanism means that there is another way to log in.
    pub(crate) fn mechanism(&self, offered: Option<&str>) -> Result<Option<Mechanism>, Failure> {
        let (wanted, is_needed): (&[Mechanism], bool) = match self {
            Self::Certificate { .. } => (&[Mechanism::External], true),
            Self::Password(Credentials { by: Way::Any, .. }) => (&[Mechanism::Scram, Mechanism::Plain], false),
            Self::Password(Credentials { by: Way::Plain, .. }) => (&[Mechanism::Plain], true),
            Self::Password(Credentials { by: Way::Scram, .. }) => (&[Mechanism::Scram], true),
        };
        let found = match offered {
            None => None,
            Some("") => wanted.last().copied(),
            Some(list) => wanted.iter().copied().find(|mechanism| names(list, *mechanism)),
        };
        match offered {
            _ if found.is_some() || !is_needed => Ok(found),
            // Servers take the offer back while their services are away.
            None => Err(Failure::lost("the server offers no SASL at the moment: its services may be away")),
            Some(list) => {
                let wanted: Vec<&str> = wanted.iter().map(|mechanism| mechanism.name()).collect();
                Err(not_offered(&wanted.join(" or "), list))
            }
        }
    }
}

/// Whether `list`, as `PLAIN,EXTERNAL`, has a mechanism.
pub(crate) fn names(list: &str, mechanism: Mechanism) -> bool {
    list.split(',').any(|name| name.eq_ignore_ascii_case(mechanism.name()))
}

/// The server has SASL but not as configured, which does not pass.
pub(crate) fn not_offered(wanted: &str, list: &str) -> Failure {
    Failure::Misconfigured { why: format!("the server offers no SASL {wanted}, only {list}: change sasl") }
}

/// A login under way.
pub(crate) struct Exchange {
    pub(crate) mechanism: Mechanism,
    secrets: Secrets,
    /// What came of the challenge so far, in base64.
    challenge: String,
}

enum Secrets {
    External(Option<String>),
    Plain(Credentials),
    Scram(Scram),
}

impl Exchange {
    /// Begins a login by a mechanism that [`Login::mechanism`] chose.
    pub(crate) fn begin(mechanism: Mechanism, login: &Login) -> Result<Self, Failure> {
        let secrets = match login {
            Login::Certificate { account } => Secrets::External(account.clone()),
            Login::Password(credentials) if mechanism == Mechanism::Scram => {
                Secrets::Scram(Scram::begin(credentials)?)
            }
            Login::Password(credentials) => Secrets::Plain(credentials.clone()),
        };
        Ok(Self { mechanism, secrets, challenge: String::new() })
    }

    /// Takes what came after `AUTHENTICATE`, and returns the lines that answer a challenge once it is whole.
    pub(crate) fn take(&mut self, piece: &str) -> Result<Vec<Zeroizing<String>>, Failure> {
        if piece != "+" {
            self.challenge.push_str(piece);
        }
        if piece.len() >= PIECE && self.challenge.len() <= LONGEST {
            return Ok(Vec::new());
        }
        let challenge = STANDARD.decode(std::mem::take(&mut self.challenge));
        let challenge = challenge.map_err(|_| Failure::lost("the server's SASL challenge is no base64"))?;
        let answer = match &mut self.secrets {
            Secrets::External(account) => Zeroizing::new(account.clone().unwrap_or_default()),
            Secrets::Plain(Credentials { account, password, .. }) => {
                Zeroizing::new(format!("{account}\0{account}\0{}", password.reveal()))
            }
            Secrets::Scram(scram) => scram.answer(&challenge)?,
        };
        Ok(lines(&answer))
    }

    /// Believes the server that we are logged in, if it may be believed.
    pub(crate) fn succeed(&self) -> Result<(), Failure> {
        match &self.secrets {
            Secrets::Scram(scram) if !scram.is_proven() => {
                Err(refused("the server says that we are logged in, without a proof that it knows the password"))
            }
            Secrets::External(_) | Secrets::Plain(_) | Secrets::Scram(_) => Ok(()),
        }
    }
}

/// Nothing but other credentials, or another server, can help.
fn refused(why: impl Into<String>) -> Failure {
    Failure::Credentials { why: why.into() }
}

/// The lines that say `answer`: base64 in pieces of 400 bytes, of which the last is shorter.
fn lines(answer: &str) -> Vec<Zeroizing<String>> {
    let encoded = Zeroizing::new(STANDARD.encode(answer));
    let mut rest = encoded.as_str();
    let mut lines = Vec::new();
    while let Some((piece, tail)) = rest.split_at_checked(PIECE) {
        lines.push(Zeroizing::new(format!("AUTHENTICATE {piece}")));
        rest = tail;
    }
    let last = if rest.is_empty() { "+" } else { rest };
    lines.push(Zeroizing::new(format!("AUTHENTICATE {last}")));
    lines
}

/// The length in bytes at which a response is cut (IRCv3 sasl-3.1).
const PIECE: usize = 400;
/// No honest challenge is longer, in bytes of base64.
const LONGEST: usize = 8192;

#[cfg(test)]
mod tests;
