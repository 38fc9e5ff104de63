//! Talking to one StackStorm over HTTP. Not `Send`: it lives on the arbiter that made it.
//!
//! Keeps no credential: each call is given one. Repeats nothing by itself, but what only asks, once, when it was told when
//! to come again.

mod aliases;
mod error;
mod executions;
mod rest;
mod stream;
mod submissions;
mod tokens;

use std::{
    cell::Cell,
    time::{Duration, SystemTime},
};

use actix_web::{
    http::header::{self, HeaderMap, HttpDate},
    web::Bytes,
};
use awc::{
    ClientRequest, ClientResponse, FrozenClientRequest,
    error::PayloadError,
    http::{Method, StatusCode},
};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout};

pub use error::{ApiError, Fate};
pub use stream::EventBytes;
pub use submissions::{Sought, Trace};

use self::rest::{Patience, Rests, Service};
use super::{Access, BaseUrl, wire::Fault};
use crate::tls::{self, Http, Opener, Pool, TlsError, Trust};

/// Where the services of one StackStorm are, and whose certificates they may show.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Where tokens are asked for.
    pub auth: BaseUrl,
    /// The API.
    pub api: BaseUrl,
    /// The stream of events.
    pub stream: BaseUrl,
    /// Whom to believe.
    pub trust: Trust,
}

/// One StackStorm.
pub struct Client {
    http: awc::Client,
    /// For streams.
    opener: Opener,
    endpoints: Endpoints,
    /// What the last answer's `Date` said, and when we read it.
    date: Cell<Option<(Timestamp, Instant)>>,
    rests: Rests,
}

/// An answer of the API.
struct Answer<T> {
    body: T,
    /// How many objects there are, where this is one page of them.
    total: Option<usize>,
}

/// StackStorm's gunicorn closes idle connections after about 2 s: a request must not meet that.
const POOL: Pool = Pool { connect: Duration::from_secs(5), keep_alive: Duration::from_millis(1500), limit: 128 };

/// How long reading may take.
const GET_LIMIT: Duration = Duration::from_secs(15);

/// How long a command may take to be accepted: StackStorm is slow when many come at once.
const POST_LIMIT: Duration = Duration::from_secs(60);

/// The greatest body that is read, in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// StackStorm's own limit of a page for those who are no administrators.
const PAGE: usize = 100;

/// No list is followed further than this.
const MAX_PAGES: usize = 1000;

impl Client {
    /// Makes a client; connects to nothing yet.
    ///
    /// # Errors
    /// When the certificates cannot be used, or one of the addresses needs TLS and this build has none.
    pub fn new(endpoints: Endpoints) -> Result<Self, TlsError> {
        let needs_tls = [&endpoints.auth, &endpoints.api, &endpoints.stream].iter().any(|url| url.is_https());
        let Http { client: http, opener } = tls::http(needs_tls.then_some(&endpoints.trust), POOL)?;
        Ok(Self { http, opener, endpoints, date: Cell::new(None), rests: Rests::default() })
    }

    /// What time it is for StackStorm, to the second; `None` before the first answer.
    pub fn time(&self) -> Option<Timestamp> {
        let (date, read_at) = self.date.get()?;
        date.checked_add(read_at.elapsed()).ok()
    }

    /// As [`Client::time`]; ours before the first answer.
    fn system_time(&self) -> SystemTime {
        self.time().map_or_else(SystemTime::now, Into::into)
    }

    fn get(&self, path: &str) -> ClientRequest {
        self.http.get(self.endpoints.api.at(path))
    }

    fn post(&self, path: &str) -> ClientRequest {
        self.http.request(Method::POST, self.endpoints.api.at(path))
    }

    /// Reads something of the API.
    async fn read<T: DeserializeOwned>(
        &self,
        access: &Access,
        request: ClientRequest,
    ) -> Result<Answer<T>, ApiError> {
        self.call(with(request, access), None, GET_LIMIT).await
    }

    /// Sends something to the API.
    async fn write<T: DeserializeOwned>(
        &self,
        access: &Access,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let body = serde_json::to_string(body).map_err(ApiError::unsent)?;
        Ok(self.call(with(self.post(path), access), Some(body), POST_LIMIT).await?.body)
    }

    /// Reads all pages of a list.
    async fn read_pages<T: DeserializeOwned>(
        &self,
        access: &Access,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let (page, is_last) = self.read_page(access, path, query, all.len()).await?;
            all.extend(page);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Reads the page of a list that begins at `offset`, and whether it is the last.
    async fn read_page<T: DeserializeOwned>(
        &self,
        access: &Access,
        path: &str,
        query: &[(&str, &str)],
        offset: usize,
    ) -> Result<(Vec<T>, bool), ApiError> {
        let (limit, from) = (PAGE.to_string(), offset.to_string());
        let query = [query, &[("limit", &limit), ("offset", &from)]].concat();
        let request = self.get(path).query(&query).map_err(ApiError::unsent)?;
        let Answer { body: page, total } = self.read::<Vec<T>>(access, request).await?;
        let is_last = page.len() < PAGE || total.is_some_and(|total| offset + page.len() >= total);
        Ok((page, is_last))
    }

    /// Sends a request and reads its whole answer; `limit` is for both.
    async fn call<T: DeserializeOwned>(
        &self,
        request: ClientRequest,
        body: Option<String>,
        limit: Duration,
    ) -> Result<Answer<T>, ApiError> {
        let mut request = request.insert_header((header::ACCEPT, "application/json"));
        if body.is_some() {
            request = request.insert_header((header::CONTENT_TYPE, "application/json"));
        }
        let request = request.freeze().map_err(ApiError::unsent)?;
        let service = self.service(&request.get_uri().to_string());
        let asks = request.get_method() == Method::GET || service == Service::Auth;
        let patience = if asks { Patience::Much } else { Patience::Little };
        let rest = self.rests.of(service);
        rest.over(patience).await?;
        let (mut response, mut answer) = self.exchange(&request, body.clone(), limit).await?;
        if rest.heed(service, response.status(), response.headers(), self.system_time()) && asks {
            rest.over(patience).await?;
            (response, answer) = self.exchange(&request, body, limit).await?;
            rest.heed(service, response.status(), response.headers(), self.system_time());
        }
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(status, service, &request.get_uri().to_string(), Fault::in_body(&answer)));
        }
        let total = number(&response, "x-total-count");
        let answer = if answer.is_empty() { b"null".as_slice() } else { &answer };
        let body = serde_json::from_slice(answer)
            .map_err(|error| ApiError::Garbage { why: format!("an unexpected answer: {error}") })?;
        Ok(Answer { body, total })
    }

    /// Sends a request once, and reads what comes.
    async fn exchange(
        &self,
        request: &FrozenClientRequest,
        body: Option<String>,
        limit: Duration,
    ) -> Result<(ClientResponse<impl Sized>, Bytes), ApiError> {
        let exchange = async {
            let sent = match body {
                Some(body) => request.send_body(body),
                None => request.send(),
            };
            let mut response = sent.await.map_err(ApiError::from_sending)?;
            self.note_date(response.headers());
            refuse_encoded(response.headers())?;
            let body = response.body().limit(MAX_BODY).await.map_err(|error| {
                if matches!(error, PayloadError::Overflow) {
                    return ApiError::Garbage { why: format!("an answer of more than {MAX_BODY} bytes") };
                }
                ApiError::Unanswered { why: format!("the answer was cut short: {error}") }
            })?;
            Ok((response, body))
        };
        timeout(limit, exchange)
            .await
            .map_err(|_| ApiError::Unanswered { why: format!("no answer in {limit:?}") })?
    }

    /// Whose an address is, but for that of a stream.
    fn service(&self, url: &str) -> Service {
        if url.starts_with(&self.endpoints.auth.at("/tokens")) { Service::Auth } else { Service::Api }
    }

    /// What an answer from `url` means that is not a success.
    fn refusal(&self, status: StatusCode, service: Service, url: &str, fault: Fault) -> ApiError {
        if status != StatusCode::NOT_FOUND || !fault.is_no_path() {
            return ApiError::from_status(status.as_u16(), fault);
        }
        let key = match service {
            Service::Api => "api_url",
            Service::Auth => "auth_url",
            Service::Stream => "stream_url",
        };
        ApiError::NoPath { url: url.split('?').next().unwrap_or_default().to_owned(), key }
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok()?.parse::<HttpDate>().ok());
        if let Some(date) = date.and_then(|date| Timestamp::try_from(SystemTime::from(date)).ok()) {
            self.date.set(Some((date, Instant::now())));
        }
    }
}

fn with(request: ClientRequest, access: &Access) -> ClientRequest {
    request.insert_header((header::USER_AGENT, USER_AGENT)).insert_header(access.header())
}

/// Every request says that it takes nothing that is compressed (RFC 9110, 12.5.3); a server before StackStorm may not care.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), ApiError> {
    let encoding = headers.get(header::CONTENT_ENCODING).filter(|it| it.as_bytes() != b"identity");
    encoding.map_or(Ok(()), |it| {
        let it = String::from_utf8_lossy(it.as_bytes());
        Err(ApiError::Garbage {
            why: format!("an answer in {it:?} encoding, which a server before it must not add"),
        })
    })
}

const USER_AGENT: &str = concat!("fulmar/", env!("CARGO_PKG_VERSION"));

fn number<S>(response: &ClientResponse<S>, name: &str) -> Option<usize> {
    response.headers().get(name)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
