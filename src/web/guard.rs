//! Who may post: who has the token, and this machine itself.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::{Version, header::HeaderMap},
    web::Query,
};
use fulmar_contract::Secret;

use super::refusal::Refusal;
use crate::http::{bearer, is_from_a_page, is_same, names_loopback};

/// Whether who sent `request` may post. A wrong token is wrong wherever it comes from.
///
/// # Errors
/// Why not.
pub fn admit(request: &HttpRequest, token: Option<&Secret>) -> Result<(), Refusal> {
    let Some(token) = token else { return stranger(request).map_or(Ok(()), |why| Err(Refusal::Stranger(why))) };
    match presented(request) {
        Some(given) if is_same(&given, token) => Ok(()),
        Some(_) => Err(Refusal::WrongToken),
        None => stranger(request).map_or(Ok(()), |why| Err(Refusal::NoToken(why))),
    }
}

/// The token that the request carries: in its head, or in its query for those who can set nothing but an address.
fn presented(request: &HttpRequest) -> Option<Vec<u8>> {
    let in_query = || {
        let query = Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?.into_inner();
        query.into_iter().find_map(|(key, value)| (key == "token").then(|| value.into_bytes()))
    };
    bearer(request.headers()).map(<[u8]>::to_vec).or_else(in_query)
}

/// Why a request is not of this machine itself; `None` if it is. A proxy here speaks for others, and so does a browser
/// for the pages that it shows.
fn stranger(request: &HttpRequest) -> Option<&'static str> {
    if !peer(request).is_loopback() {
        Some("the request comes from another machine")
    } else if is_forwarded(request.headers()) || request.version() < Version::HTTP_11 {
        Some("the request comes through a proxy")
    } else if !names_loopback(request.head()) {
        Some("the request is for another name than localhost")
    } else if is_from_a_page(request.head()) {
        Some("the request comes from a web page")
    } else {
        None
    }
}

/// Who is at the other end of the connection.
pub(super) fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(UNKNOWN, |peer| peer.ip().to_canonical())
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// What proxies add. nginx adds none of these by itself; but then it speaks HTTP/1.0 to those behind it, as nobody else
/// does any more.
const FORWARDED: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Stands for a peer without an address.
const UNKNOWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn local() -> TestRequest {
        TestRequest::post()
            .uri("/hubot/st2")
            .peer_addr("127.0.0.1:4000".parse().unwrap())
            .insert_header(("Host", "localhost:3141"))
    }

    fn remote() -> TestRequest {
        local().peer_addr("192.0.2.1:4000".parse().unwrap())
    }

    fn admitted(request: TestRequest, token: Option<&str>) -> Result<(), Refusal> {
        admit(&request.to_http_request(), token.map(Secret::new).as_ref())
    }

    #[test]
    fn this_machine_needs_no_token() {
        for token in [None, Some("t0ken")] {
            assert_eq!(admitted(local(), token), Ok(()));
            for peer in ["[::1]:4000", "[::ffff:127.0.0.1]:4000", "127.8.9.10:4000"] {
                assert_eq!(admitted(local().peer_addr(peer.parse().unwrap()), token), Ok(()), "{peer}");
            }
        }
        assert_eq!(admitted(local().insert_header(("Authorization", "Bearer x")), None), Ok(()));
    }

    #[test]
    fn others_need_the_token_in_the_head_or_in_the_address() {
        let with = |value: &str| remote().insert_header(("Authorization", value.to_owned()));
        let asked = |query: &str| remote().uri(&format!("/hubot/st2?{query}"));

        assert_eq!(admitted(with("Bearer t0ken"), Some("t0ken")), Ok(()));
        assert_eq!(admitted(asked("a=b&token=t0ken"), Some("t0ken")), Ok(()));
        for wrong in ["Bearer t0kem", "Bearer t0ken2", "Bearer ", "Bearer t0ke"] {
            assert_eq!(admitted(with(wrong), Some("t0ken")), Err(Refusal::WrongToken), "{wrong}");
        }
        assert_eq!(admitted(asked("token="), Some("t0ken")), Err(Refusal::WrongToken));
        for none in [remote(), with("Basic t0ken"), asked("Token=t0ken")] {
            assert!(matches!(admitted(none, Some("t0ken")), Err(Refusal::NoToken(_))));
        }
        assert!(matches!(admitted(with("Bearer t0ken"), None), Err(Refusal::Stranger(_))));
    }

    #[test]
    fn a_wrong_token_is_told_also_to_this_machine() {
        let wrong = local().insert_header(("Authorization", "Bearer wrong"));

        assert_eq!(admitted(wrong, Some("t0ken")), Err(Refusal::WrongToken));
    }

    #[test]
    fn the_name_of_this_machine_may_stand_in_the_address() {
        let request = |address: &str| TestRequest::post().uri(address).peer_addr("[::1]:4000".parse().unwrap());

        for address in
            ["https://localhost:3141/hubot/st2", "https://[::1]/hubot/st2", "https://127.0.0.1/hubot/st2"]
        {
            assert_eq!(admitted(request(address), None), Ok(()), "{address}");
        }
        for request in [request("/hubot/st2"), request("https://evil/").insert_header(("Host", "localhost"))] {
            assert!(matches!(admitted(request, None), Err(Refusal::Stranger(_))));
        }
    }

    #[test]
    fn what_a_proxy_or_a_page_passes_on_is_not_of_this_machine() {
        let requests = [
            local().insert_header(("X-Forwarded-For", "192.0.2.1")),
            local().insert_header(("Forwarded", "for=192.0.2.1")),
            local().insert_header(("Via", "1.1 proxy")),
            local().insert_header(("Origin", "https://evil.example")),
            local().insert_header(("Host", "bot.example.org")),
            local().version(Version::HTTP_10),
        ];

        for request in requests {
            assert!(matches!(admitted(request, Some("t0ken")), Err(Refusal::NoToken(_))));
        }
    }
}
