//! Who may use the admin routes.

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use fulmar_contract::Secret;
use serde_json::json;

use crate::http::{bearer, is_from_a_page, is_same, names_loopback};

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
        // Then the only guard is that we listen on loopback, and a web page in a local browser is inside of that.
        None if is_from_a_page(request.head()) || !names_loopback(request.head()) => {
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
    bearer(request.headers()).is_some_and(|given| is_same(given, token))
}
