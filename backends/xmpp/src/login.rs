//! From nothing to a session that can speak: connection, TLS, login, resource, stream management.

use std::{borrow::Cow, time::Duration};

use fulmar_contract::Failure;
use fulmar_transport::Stream;
use jid::FullJid;
use sasl::common::ChannelBinding;
use tokio::time::timeout;
use tokio_xmpp::xmlstream::{InitiatingStream, PendingFeaturesRecv, StreamHeader, initiate_stream};
use xmpp_parsers::{minidom::Element, ns, stream_features::StreamFeatures};

use crate::{
    address::{self, Way},
    config::{Config, Tls},
    connection::{Connection, Incoming, TIMEOUTS},
    sasl::{Login, Next},
    tls,
    wire::Wire,
    xml::{self, Build, element},
};

/// A session that is logged in.
pub(crate) struct Entered {
    pub(crate) connection: Connection,
    /// Who we are in it.
    pub(crate) me: FullJid,
}

/// Logs in.
pub(crate) async fn enter(config: &Config) -> Result<Entered, Failure> {
    let domain = config.account.domain().as_str();
    let mut last = Failure::lost(format!("there is no way to {domain}"));
    for way in address::ways(&config.server, domain).await? {
        let stream = match way.open().await {
            Ok(stream) => stream,
            Err(failure) => {
                last = failure;
                continue;
            }
        };
        let entering = enter_over(Box::new(stream), &way, config);
        let late = || Err(Failure::lost(format!("the server did not let us in within {} s", LOGIN.as_secs())));
        return timeout(LOGIN, entering).await.unwrap_or_else(|_| late());
    }
    Err(last)
}

async fn enter_over(stream: Box<dyn Stream>, way: &Way, config: &Config) -> Result<Entered, Failure> {
    let domain = config.account.domain().as_str();
    let (stream, alpn) = match way.tls {
        Tls::Direct => (stream, Some(ALPN)),
        Tls::StartTls => (start_tls(stream, domain).await?, None),
    };
    let (stream, binding) = tls::secure(&config.server.trust, stream, domain, alpn).await?;
    enter_secure(stream, binding, config).await
}

/// Logs in over a stream that nobody else can read.
pub(crate) async fn enter_secure(
    stream: Box<dyn Stream>,
    binding: ChannelBinding,
    config: &Config,
) -> Result<Entered, Failure> {
    let domain = config.account.domain().as_str();
    let opening = initiate_stream(Wire::new(stream), ns::JABBER_CLIENT, header(domain), TIMEOUTS).await;
    let (features, connection) = begin(opening.map_err(Failure::lost)?).await?;
    let connection = log_in(connection, &features, binding, config).await?;
    let anew: InitiatingStream<Wire> = connection.into_stream().initiate_reset();
    let (features, mut connection) = begin(anew.send_header(header(domain)).await.map_err(Failure::lost)?).await?;
    let me = bind(&mut connection, &config.resource).await?;
    if features.stream_management.is_some() {
        count(&mut connection).await?;
    }
    Ok(Entered { connection, me })
}

/// Has the server begin with TLS. Nothing of importance is said before.
async fn start_tls(stream: Box<dyn Stream>, domain: &str) -> Result<Box<dyn Stream>, Failure> {
    let opening = initiate_stream(Wire::new(stream), ns::JABBER_CLIENT, header(domain), TIMEOUTS).await;
    let (features, mut connection) = begin(opening.map_err(Failure::lost)?).await?;
    if !features.can_starttls() {
        return Err(Failure::lost("the server offers no TLS, and without it nothing is said"));
    }
    let answer = question(&mut connection, &element("starttls", ns::TLS)).await?;
    if !answer.is("proceed", ns::TLS) {
        return Err(Failure::lost(format!("the server refuses TLS with <{}/>", answer.name())));
    }
    connection.into_stream().into_inner().into_inner().map_err(Failure::lost)
}

async fn log_in(
    mut connection: Connection,
    features: &StreamFeatures,
    binding: ChannelBinding,
    config: &Config,
) -> Result<Connection, Failure> {
    let can_bind = can_bind(features);
    let (mut login, mut next) = Login::begin(config, &features.sasl_mechanisms, binding, can_bind)?;
    loop {
        let answer = question(&mut connection, &next).await?;
        match login.take(&answer).await? {
            Next::Done => return Ok(connection),
            Next::Send(going_on, response) => (login, next) = (going_on, response),
        }
    }
}

/// Whether the server can bind a login to TLS in the way that we can (XEP-0440).
fn can_bind(features: &StreamFeatures) -> bool {
    let Some(types) = &features.sasl_cb else { return false };
    Element::from(types.clone()).children().any(|kind| kind.attr("type") == Some("tls-exporter"))
}

async fn bind(connection: &mut Connection, resource: &str) -> Result<FullJid, Failure> {
    let wanted = element("bind", ns::BIND).holding(element("resource", ns::BIND).saying(resource));
    let iq = element("iq", ns::JABBER_CLIENT).with("type", "set").with("id", "bind").holding(wanted);
    let answer = question(connection, &iq).await?;
    if answer.attr("type") == Some("error") {
        let error = answer.get_child("error", ns::JABBER_CLIENT).cloned();
        let (condition, _) = xml::condition(&error.unwrap_or(answer), ns::XMPP_STANZAS);
        return Err(Failure::lost(format!("the server gives us no resource: {condition}")));
    }
    let jid = answer.get_child("bind", ns::BIND).and_then(|bind| xml::text_of(bind, "jid"));
    let jid = jid.and_then(|jid| FullJid::new(jid.trim()).ok());
    jid.ok_or_else(|| Failure::lost("the server does not say who we are"))
}

/// Has stanzas counted. A session that lived on while nobody is there would keep us in rooms as a ghost, so it is not
/// resumed: what was missed is in the archives.
async fn count(connection: &mut Connection) -> Result<(), Failure> {
    let answer = question(connection, &element("enable", ns::SM)).await?;
    if answer.is("enabled", ns::SM) {
        connection.count();
    }
    Ok(())
}

/// Sends `said` and returns the next that the server says.
async fn question(connection: &mut Connection, said: &Element) -> Result<Element, Failure> {
    connection.send(said).await?;
    loop {
        if let Incoming::Stanza(answer) = connection.next().await? {
            return Ok(answer);
        }
    }
}

async fn begin(opening: PendingFeaturesRecv<Wire>) -> Result<(StreamFeatures, Connection), Failure> {
    let (features, stream) = opening.recv_features().await.map_err(|error| {
        let error = tokio_xmpp::Error::from(error).to_string();
        if error.contains("host-unknown") {
            return Failure::Misconfigured {
                why: format!("the server does not serve the domain of jid ({error})"),
            };
        }
        Failure::lost(error)
    })?;
    Ok((features, Connection::new(stream)))
}

fn header(domain: &str) -> StreamHeader<'_> {
    StreamHeader { to: Some(Cow::Borrowed(domain)), from: None, id: None }
}

/// How long a login may take.
const LOGIN: Duration = Duration::from_secs(30);
/// What is spoken over TLS that begins at once (XEP-0368).
const ALPN: &[u8] = b"xmpp-client";
