//! Telegram: the stand-in of `tests/botapi`, which holds all in memory and so stands behind a door.

use std::net::SocketAddr;

use super::{Server, list};
use crate::{Client, Door, Outcome, telegram};

/// A stand-in for the Bot API that somebody else runs.
#[derive(Debug)]
pub struct Telegram {
    door: Door,
    inside: String,
    token: String,
}

impl Telegram {
    /// The one at `url`, which knows the bot by `token`.
    ///
    /// # Errors
    /// When there is no port for the door.
    pub fn at(url: &str, token: &str) -> Outcome<Self> {
        let address: SocketAddr = url.trim_start_matches("http://").trim_end_matches('/').parse()?;
        Ok(Self { door: Door::open(address)?, inside: url.to_owned(), token: token.to_owned() })
    }
}

impl Server for Telegram {
    const KIND: &'static str = "telegram";

    async fn kill(&mut self) -> Outcome<()> {
        self.door.shut().await;
        Ok(())
    }

    async fn start_again(&mut self) -> Outcome<()> {
        Ok(self.door.open_again()?)
    }

    fn keys(&self, _: &str, rooms: &[&str]) -> String {
        let (address, token, rooms) = (self.door.address(), &self.token, list(rooms));
        format!(
            "api_url = \"http://{address}\"\ntoken = \"{token}\"\nrooms = {rooms}\nrate = 0\ngroup_rate = 0\ntotal_rate = 0\n"
        )
    }

    /// `name` is a number: people have no others that last.
    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        let chats = rooms.iter().map(|room| room.parse()).collect::<Result<Vec<i64>, _>>()?;
        // They come in by another door.
        Ok(telegram::person(&self.inside, name.parse()?, &chats))
    }

    async fn bot(&self, _: &str, _: &[&str]) -> Outcome<Client> {
        Ok(telegram::bot(&self.inside, &self.token))
    }
}
