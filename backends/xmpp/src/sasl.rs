//! Logging in with a password (RFC 6120, section 6): which mechanism, and what to make of a refusal.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_contract::Failure;
use sasl::{
    client::{
        Mechanism,
        mechanisms::{Plain, Scram},
    },
    common::{
        ChannelBinding,
        scram::{Sha1, Sha256},
    },
};
use tokio::task::spawn_blocking;
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    config::Config,
    xml::{self, Build, element},
};

/// One login under way.
pub(crate) struct Login(Box<dyn Mechanism + Send + Sync>);

/// What follows from what a server said.
pub(crate) enum Next {
    /// We are in.
    Done,
    /// This is to be sent, and then the login goes on.
    Send(Login, Element),
}

impl Login {
    /// Begins with the best that the server offers: SCRAM, bound to the TLS connection where both can; else the plain
    /// password, which nobody but the server sees.
    pub(crate) fn begin(
        config: &Config,
        offered: &BTreeSet<String>,
        binding: ChannelBinding,
        can_bind: bool,
    ) -> Result<(Self, Element), Failure> {
        let node = config.account.node().map(|node| node.as_str()).unwrap_or_default();
        let password = stringprep::saslprep(config.password.reveal())
            .map_err(|error| Failure::Misconfigured { why: format!("the password cannot be used: {error}") })?;
        // SCRAM has commas and equals signs of its own (RFC 5802, section 5.1).
        let escaped = node.replace('=', "=3D").replace(',', "=2C");
        let is_offered = |name: &str| offered.contains(name);
        let has_exporter = matches!(binding, ChannelBinding::TlsExporter(_));
        let bound = |name: &str| can_bind && has_exporter && is_offered(&format!("{name}-PLUS"));
        // Saying that we could bind shows us when somebody took the offer away.
        let unbound = || match offered.iter().any(|name| name.ends_with("-PLUS")) {
            false if has_exporter => ChannelBinding::Unsupported,
            _ => ChannelBinding::None,
        };
        let scram = |error: sasl::Error| Failure::lost(format!("{error:?}"));
        let mechanism: Box<dyn Mechanism + Send + Sync> = if bound("SCRAM-SHA-256") {
            Box::new(Scram::<Sha256>::new(escaped, &*password, binding).map_err(scram)?)
        } else if is_offered("SCRAM-SHA-256") {
            Box::new(Scram::<Sha256>::new(escaped, &*password, unbound()).map_err(scram)?)
        } else if bound("SCRAM-SHA-1") {
            Box::new(Scram::<Sha1>::new(escaped, &*password, binding).map_err(scram)?)
        } else if is_offered("SCRAM-SHA-1") {
            Box::new(Scram::<Sha1>::new(escaped, &*password, unbound()).map_err(scram)?)
        } else if is_offered("PLAIN") {
            Box::new(Plain::new(node, config.password.reveal()))
        } else {
            let offered: Vec<&str> = offered.iter().map(String::as_str).collect();
            let why = format!("the server offers no login by password that we know, but {offered:?}");
            return Err(Failure::Misconfigured { why });
        };
        let mut login = Self(mechanism);
        let initial = login.0.initial();
        let auth = element("auth", ns::SASL).with("mechanism", login.0.name()).saying(&encoded(&initial));
        Ok((login, auth))
    }

    /// Takes what the server says to it. A key of SCRAM takes long to make, so that is done elsewhere.
    pub(crate) async fn take(self, said: &Element) -> Result<Next, Failure> {
        let is_the_servers =
            |error| Failure::lost(format!("the server did not prove that it knows the password: {error}"));
        let data = || STANDARD.decode(said.text().trim()).map_err(Failure::lost);
        match said.name() {
            "challenge" if said.has_ns(ns::SASL) => {
                let (challenge, mut mechanism) = (data()?, self.0);
                affordable(&challenge)?;
                let proving = move || mechanism.response(&challenge).map(|response| (mechanism, response));
                let proved = spawn_blocking(proving).await.map_err(Failure::lost)?;
                let (mechanism, response) = proved.map_err(Failure::lost)?;
                Ok(Next::Send(Self(mechanism), element("response", ns::SASL).saying(&encoded(&response))))
            }
            "success" if said.has_ns(ns::SASL) => {
                let mut mechanism = self.0;
                mechanism.success(&data()?).map_err(is_the_servers)?;
                Ok(Next::Done)
            }
            "failure" if said.has_ns(ns::SASL) => {
                let (condition, words) = xml::condition(said, ns::SASL);
                Err(refusal(&condition, words))
            }
            name => Err(Failure::lost(format!("the server answered the login with <{name}/>"))),
        }
    }
}

/// Whether a challenge asks for no more rounds of SCRAM than anybody needs (`i=`; RFC 5802, section 5.1).
fn affordable(challenge: &[u8]) -> Result<(), Failure> {
    let mut asked = challenge.split(|byte| *byte == b',').filter_map(|part| part.strip_prefix(b"i="));
    let is_affordable = |rounds: &[u8]| {
        let rounds = str::from_utf8(rounds).ok().and_then(|rounds| rounds.parse().ok());
        rounds.is_some_and(|rounds: u32| rounds <= MOST)
    };
    if asked.all(is_affordable) {
        return Ok(());
    }
    Err(Failure::lost(format!("the server asks for more than {MOST} rounds of SCRAM")))
}

/// Why a login was refused (RFC 6120, section 6.5).
fn refusal(condition: &str, words: Option<String>) -> Failure {
    let why = words.map_or_else(|| condition.to_owned(), |words| format!("{condition}: {words}"));
    match condition {
        "account-disabled" | "credentials-expired" | "not-authorized" => Failure::Credentials { why },
        _ => Failure::lost(format!("the login failed: {why}")),
    }
}

fn encoded(data: &[u8]) -> String {
    if data.is_empty() { "=".into() } else { STANDARD.encode(data) }
}

/// So that nobody can keep us busy.
const MOST: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use fulmar_contract::{Item, Options, Value};

    use super::*;

    fn config() -> Config {
        let item = |value: &str| Item { value: Value::Text(value.into()), line: 1 };
        let entries = [("jid", "a=b,c@example.org"), ("password", "pencil")];
        let entries = entries.map(|(key, value)| (key.to_owned(), item(value)));
        crate::config::read(&mut Options::new("x".into(), 1, entries.into_iter().collect())).unwrap()
    }

    fn chosen(offered: &[&str], binding: ChannelBinding, can_bind: bool) -> (String, String) {
        let offered = offered.iter().map(|name| (*name).to_owned()).collect();
        let (_, auth) = Login::begin(&config(), &offered, binding, can_bind).ok().unwrap();
        let initial = String::from_utf8(STANDARD.decode(auth.text()).unwrap()).unwrap();
        (auth.attr("mechanism").unwrap().to_owned(), initial)
    }

    #[test]
    fn the_best_that_is_offered_is_chosen() {
        let exporter = || ChannelBinding::TlsExporter(vec![1; 32]);
        let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
        for (offered, binding, can_bind, mechanism, header) in [
            (&all[..], exporter(), true, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
            (&all[..], exporter(), false, "SCRAM-SHA-256", "n,,"),
            (&all[..], ChannelBinding::None, true, "SCRAM-SHA-256", "n,,"),
            (&all[..3], exporter(), true, "SCRAM-SHA-256", "y,,"),
            (&all[..2], ChannelBinding::None, false, "SCRAM-SHA-1", "n,,"),
            (&all[..1], exporter(), true, "PLAIN", "\0a=b,c\0pencil"),
        ] {
            let (name, initial) = chosen(offered, binding, can_bind);

            assert_eq!(name, mechanism);
            assert!(initial.starts_with(header), "{initial}");
            assert!(name == "PLAIN" || initial.contains("n=a=3Db=2Cc,"), "{initial}");
        }
        let none = Login::begin(&config(), &BTreeSet::from(["EXTERNAL".into()]), ChannelBinding::None, false);
        assert!(matches!(none, Err(Failure::Misconfigured { .. })));
    }

    #[test]
    fn only_a_refusal_of_the_credentials_is_one() {
        for (condition, is_theirs) in [
            ("not-authorized", true),
            ("account-disabled", true),
            ("temporary-auth-failure", false),
            ("undefined-condition", false),
        ] {
            assert_eq!(matches!(refusal(condition, None), Failure::Credentials { .. }), is_theirs, "{condition}");
        }
    }

    fn scram() -> Login {
        let offered = BTreeSet::from(["SCRAM-SHA-1".to_owned()]);
        Login::begin(&config(), &offered, ChannelBinding::None, false).ok().unwrap().0
    }

    #[tokio::test]
    async fn a_server_that_proves_nothing_is_not_believed() {
        assert!(scram().take(&element("success", ns::SASL)).await.is_err());
        assert!(scram().take(&element("message", ns::JABBER_CLIENT)).await.is_err());
    }

    #[tokio::test]
    async fn a_server_cannot_keep_us_busy_with_rounds_of_scram() {
        let take = async |rounds: &str| {
            let challenge = STANDARD.encode(format!("r=x,s=QSXCR+Q6sek8bf92,{rounds}"));
            scram().take(&element("challenge", ns::SASL).saying(&challenge)).await
        };

        assert!(matches!(take("i=4096").await, Ok(Next::Send(..))));
        for rounds in ["i=4294967295", "i=1000001", "i=4096,i=4294967295", "i=x", "i="] {
            assert!(matches!(take(rounds).await, Err(Failure::Lost { .. })), "{rounds}");
        }
    }
}
