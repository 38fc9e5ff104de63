//! Who may use the admin routes.

use std::{net::IpAddr, sync::Arc};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web::Data,
};
use fulmar_contract::Secret;
use serde_json::json;
use subtle::ConstantTimeEq;

/// Lets a request through, or answers it.
pub(super) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let token = request.app_data::<Data<Arc<Option<Secret>>>>().and_then(|token| token.as_ref().as_ref().clone());
    let refusal = match token {
        Some(token) if !is_open(request.path()) && !carries(&request, &token) => {
            Some(HttpResponse::Unauthorized().json(json!({"error": "a bearer token is needed"})))
        }
        None if is_from_a_page(&request) || !is_for_us(&request) => {
            Some(HttpResponse::Forbidden().json(json!({"error": "requests from web pages are refused"})))
        }
        Some(_) | None => None,
    };
    match refusal {
        Some(response) => Ok(request.into_response(response).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

fn is_open(path: &str) -> bool {
    matches!(path, "/live" | "/ready")
}

fn carries(request: &ServiceRequest, token: &Secret) -> bool {
    let given =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(token.reveal().as_bytes()).into())
}

/// Whether the request names us by a loopback address. A page elsewhere can have its own name lead to loopback, and
/// then read what we answer; but it cannot change the name that the browser sends.
fn is_for_us(request: &ServiceRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Without a token, the only guard is that we listen on loopback; a web page in a local browser is inside of
/// that, so what a browser sends on a page's behalf may change nothing.
fn is_from_a_page(request: &ServiceRequest) -> bool {
    request.method() != Method::GET && request.headers().contains_key(header::ORIGIN)
}
