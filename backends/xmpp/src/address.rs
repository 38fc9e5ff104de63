//! Where a domain's server is, and the connection to it.

use fulmar_contract::Failure;
use fulmar_transport::{PATIENCE, connect};
use hickory_resolver::{
    TokioResolver,
    proto::rr::{IntoName, RData},
};
use tokio::{net::TcpStream, time::timeout};

use crate::config::{Server, Tls};

/// A way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    host: String,
    port: u16,
    pub(crate) tls: Tls,
}

impl Way {
    /// Connects.
    pub(crate) async fn open(&self) -> Result<TcpStream, Failure> {
        connect(&self.host, self.port).await
    }
}

/// The ways to the server of `domain`, the best first: as the operator says, else as the DNS does (RFC 6120, section 3.2,
/// and XEP-0368), else at the domain itself.
pub(crate) async fn ways(server: &Server, domain: &str) -> Result<Vec<Way>, Failure> {
    let fallback = server.tls.unwrap_or(Tls::StartTls);
    let way = |host: &str, port: Option<u16>| {
        let port = port.unwrap_or(if fallback == Tls::Direct { DIRECT_PORT } else { PORT });
        Way { host: host.to_owned(), port, tls: fallback }
    };
    if let Some((host, port)) = &server.address {
        return Ok(vec![way(host, *port)]);
    }
    let mut records = Vec::new();
    for (tls, service) in [(Tls::Direct, "_xmpps-client._tcp"), (Tls::StartTls, "_xmpp-client._tcp")] {
        if server.tls.is_none_or(|wanted| wanted == tls) {
            records.extend(look_up(service, domain, tls).await);
        }
    }
    if records.is_empty() { Ok(vec![way(domain, None)]) } else { by_priority(records, domain) }
}

/// A record of the DNS that names a way.
#[derive(Clone, Debug)]
struct Record {
    priority: u16,
    weight: u16,
    way: Way,
}

/// Asks the DNS. Without an answer there is none: the domain itself is tried then.
async fn look_up(service: &str, domain: &str, tls: Tls) -> Vec<Record> {
    let Ok(name) = format!("{service}.{domain}.").into_name() else { return Vec::new() };
    let Ok(Ok(resolver)) = TokioResolver::builder_tokio().map(|builder| builder.build()) else {
        return Vec::new();
    };
    let Ok(Ok(found)) = timeout(PATIENCE, resolver.srv_lookup(name)).await else { return Vec::new() };
    let record = |data: &RData| match data {
        RData::SRV(record) => Some(Record {
            priority: record.priority,
            weight: record.weight,
            way: Way { host: record.target.to_ascii().trim_end_matches('.').to_owned(), port: record.port, tls },
        }),
        _ => None,
    };
    found.answers().iter().filter_map(|answer| record(&answer.data)).collect()
}

/// The best come first (RFC 2782). Among equals the heavier does: there are too few of us to spread a load.
fn by_priority(mut records: Vec<Record>, domain: &str) -> Result<Vec<Way>, Failure> {
    // A lone dot says that the service is not offered so.
    records.retain(|record| !record.way.host.is_empty());
    records.sort_by_key(|record| (record.priority, u16::MAX - record.weight));
    if records.is_empty() {
        return Err(Failure::lost(format!("the DNS says that {domain} has no XMPP for clients")));
    }
    Ok(records.into_iter().map(|record| record.way).collect())
}

/// Where servers listen (RFC 6120, section 14.7).
const PORT: u16 = 5222;
/// Where servers listen for TLS at once, by custom.
const DIRECT_PORT: u16 = 5223;

#[cfg(test)]
mod tests {
    use fulmar_transport::Trust;

    use super::*;

    fn record(priority: u16, weight: u16, host: &str, tls: Tls) -> Record {
        Record { priority, weight, way: Way { host: host.into(), port: 1, tls } }
    }

    #[test]
    fn the_best_records_come_first_and_a_dot_is_none() {
        let records = vec![
            record(20, 0, "late", Tls::StartTls),
            record(10, 1, "light", Tls::StartTls),
            record(10, 9, "heavy", Tls::Direct),
            record(0, 0, "", Tls::Direct),
        ];

        let ways = by_priority(records, "example.org").unwrap();

        let hosts: Vec<&str> = ways.iter().map(|way| way.host.as_str()).collect();
        assert_eq!(hosts, ["heavy", "light", "late"]);
        assert!(by_priority(vec![record(0, 0, "", Tls::Direct)], "example.org").is_err());
    }

    #[tokio::test]
    async fn what_the_operator_says_is_not_looked_up() {
        let server = |port, tls| Server { address: Some(("x.example".into(), port)), tls, trust: Trust::System };
        for (port, tls, expected) in [
            (None, None, (PORT, Tls::StartTls)),
            (None, Some(Tls::Direct), (DIRECT_PORT, Tls::Direct)),
            (Some(9), Some(Tls::Direct), (9, Tls::Direct)),
        ] {
            let ways = ways(&server(port, tls), "example.org").await.unwrap();

            assert_eq!(ways, [Way { host: "x.example".into(), port: expected.0, tls: expected.1 }]);
        }
    }
}
