//! The server as a program: `botapi [--listen ADDRESS] [--limits]`. It prints where it listens and the bot's token.

use std::{env, future::pending, io, process::ExitCode};

use fulmar_botapi::{BotApi, Limits};

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("botapi: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> io::Result<()> {
    let mut address = "127.0.0.1:0".to_owned();
    let mut limits = None;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--limits" => limits = Some(Limits::DOCUMENTED),
            "--listen" => address = arguments.next().unwrap_or_default(),
            _ => return Err(io::Error::other("usage: botapi [--listen ADDRESS] [--limits]")),
        }
    }
    let api = BotApi::listen(&address).await?;
    limits.into_iter().for_each(|limits| api.limit(limits));
    println!("url={} token={}", api.url(), api.token());
    pending().await
}
