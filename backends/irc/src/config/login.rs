//! How to log in to the network's services.

use std::net::IpAddr;

use fulmar_contract::{Options, Secret};

use super::{Server, word};

/// A login to the network's services.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// By the certificate that we show over TLS, as the account that it is known for or another one.
    Certificate { account: Option<String> },
    /// By an account's password.
    Password(Credentials),
}

/// An account and its password.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) account: String,
    pub(crate) password: Secret,
    pub(crate) by: Way,
}

/// How the password is told, or proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the best that the server offers; by a message to NickServ where it offers nothing.
    Any,
    /// By SASL PLAIN.
    Plain,
    /// By SASL SCRAM-SHA-256.
    Scram,
}

#[derive(Clone, Copy)]
enum Mechanism {
    External,
    Password(Way),
}

/// Reads `sasl`, `account` and `sasl_password`; `shows` is whether there is a certificate.
pub(super) fn read(options: &mut Options, nick: &str, server: &Server, shows: bool) -> Option<Login> {
    let [sasl_line, account_line, password_line] =
        ["sasl", "account", "sasl_password"].map(|key| options.line_of(key));
    let words = [
        ("plain", Some(Mechanism::Password(Way::Plain))),
        ("external", Some(Mechanism::External)),
        ("scram-sha-256", Some(Mechanism::Password(Way::Scram))),
    ];
    let mechanism = options.word("sasl", None, &words);
    let account = word(options, "account");
    let password = options.secret("sasl_password");
    let (by, (line, key)) = match (mechanism, &password) {
        (Some(Mechanism::External), _) => {
            if password.is_some() {
                options.complain(password_line, "sasl_password", "is of no use with sasl = \"external\"");
            }
            if !shows {
                options.missing("client_cert", "the certificate to show with sasl = \"external\"");
            }
            return Some(Login::Certificate { account });
        }
        (Some(Mechanism::Password(by)), _) => (by, (sasl_line, "sasl")),
        (None, Some(_)) => (Way::Any, (password_line, "sasl_password")),
        (None, None) => {
            if account.is_some() {
                options.complain(account_line, "account", "is of use only with sasl or sasl_password");
            }
            return None;
        }
    };
    if by != Way::Scram && !server.tls && !is_loopback(&server.host) {
        options.complain(line, key, "would show the password to the network: expected tls = true with it");
    }
    let Some(password) = password else {
        options.missing("sasl_password", "the account's password");
        return None;
    };
    Some(Login::Password(Credentials { account: account.unwrap_or_else(|| nick.to_owned()), password, by }))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
