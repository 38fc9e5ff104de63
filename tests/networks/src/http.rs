//! The least of HTTP/1.1 that Matrix and Telegram need: one connection, one call at a time, JSON both ways.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::Outcome;

/// Who calls a server.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The server's `host:port`.
    address: String,
    /// What each request carries.
    token: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

impl Caller {
    /// A caller of the server at `url`, which has no path.
    pub(crate) fn new(url: &str) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { address, token: None, connection: None }
    }

    /// The same, with a token.
    pub(crate) fn with(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Another with a connection of its own.
    pub(crate) fn another(&self) -> Self {
        Self { address: self.address.clone(), token: self.token.clone(), connection: None }
    }

    /// Calls, and takes anything but 200 for an error.
    pub(crate) async fn call(&mut self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        // A connection that was idle may be closed by now.
        if let Some(connection) = self.connection.take()
            && let Ok(answer) = self.on(connection, method, path, body).await
        {
            return answer;
        }
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        self.on(BufReader::new(stream), method, path, body).await?
    }

    async fn on(
        &mut self,
        mut connection: BufReader<TcpStream>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Outcome<Outcome<Value>> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            token.unwrap_or_default(),
            body.len()
        );
        connection.write_all(request.as_bytes()).await?;
        let (status, length) = head(&mut connection).await?;
        let body = match length {
            Some(length) => {
                let mut body = vec![0; length];
                connection.read_exact(&mut body).await?;
                body
            }
            None => chunks(&mut connection).await?,
        };
        self.connection = Some(connection);
        if status != 200 {
            let answer = String::from_utf8_lossy(&body).into_owned();
            return Ok(Err(format!("{method} {path}: {status} {answer}").into()));
        }
        Ok(serde_json::from_slice(&body).map_err(Into::into))
    }
}

/// The status, and the length of the body unless it comes in chunks.
async fn head(connection: &mut BufReader<TcpStream>) -> Outcome<(u16, Option<usize>)> {
    let first = line(connection).await?;
    let status = first.split(' ').nth(1).ok_or("no status")?.parse()?;
    let mut length = None;
    loop {
        let line = line(connection).await?;
        if line.is_empty() {
            return Ok((status, length));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse()?);
        }
    }
}

async fn chunks(connection: &mut BufReader<TcpStream>) -> Outcome<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(connection).await?, 16)?;
        let mut chunk = vec![0; length];
        connection.read_exact(&mut chunk).await?;
        body.extend(chunk);
        line(connection).await?;
        if length == 0 {
            return Ok(body);
        }
    }
}

async fn line(connection: &mut BufReader<TcpStream>) -> Outcome<String> {
    let mut line = String::new();
    if connection.read_line(&mut line).await? == 0 {
        return Err("the connection was closed".into());
    }
    Ok(line.trim_end().to_owned())
}
