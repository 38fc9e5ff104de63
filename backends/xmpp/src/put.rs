//! Sending a file over HTTP to where the server has said.

use std::time::Duration;

use fulmar_contract::{File, Undelivered};
use fulmar_transport::{Trust, connect};
use http_body_util::Full;
use hyper::{Request, StatusCode, Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::{tls, uploads::Slot};

/// Puts `file` there.
pub(crate) async fn put(slot: Slot, file: File, trust: Trust) -> Result<(), Undelivered> {
    let late = || Err(format!("the file was not sent within {} s", PATIENCE.as_secs()));
    let sent = timeout(PATIENCE, send(&slot, &file, &trust)).await.unwrap_or_else(|_| late());
    let status = sent.map_err(|why| Undelivered::Later { after: None, why })?;
    let why = format!("the file was refused with {status}");
    match status {
        status if status.is_success() => Ok(()),
        status if status.is_client_error() => Err(Undelivered::Refused { why }),
        _ => Err(Undelivered::Later { after: None, why }),
    }
}

async fn send(slot: &Slot, file: &File, trust: &Trust) -> Result<StatusCode, String> {
    let url: Uri = slot.put.parse().map_err(|error| format!("no address for the file: {error}"))?;
    let (Some("https"), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(format!("the file is not sent in the open: {url}"));
    };
    let host = host.trim_matches(['[', ']']);
    let tcp = connect(host, url.port_u16().unwrap_or(HTTPS)).await.map_err(|error| error.to_string())?;
    let (stream, _) = tls::secure(trust, Box::new(tcp), host, None).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| format!("no HTTP: {error}"))?;
    let request = request(slot, file, &url)?;
    tokio::select! {
        answer = sender.send_request(request) => answer.map(|answer| answer.status()).map_err(|error| format!("the file was not sent: {error}")),
        ended = connection => Err(format!("the file was not sent: {ended:?}")),
    }
}

fn request(slot: &Slot, file: &File, url: &Uri) -> Result<Request<Full<Bytes>>, String> {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::put(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, &file.media_type)
        .header(header::CONTENT_LENGTH, file.content.len());
    for (name, value) in &slot.headers {
        request = request.header(name, value.trim());
    }
    let body = Full::new(Bytes::copy_from_slice(&file.content));
    request.body(body).map_err(|error| format!("no request for the file: {error}"))
}

/// How long a file may take.
const PATIENCE: Duration = Duration::from_mins(2);
const HTTPS: u16 = 443;
