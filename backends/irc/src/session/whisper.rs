//! How a session finds the person whom a one-to-one room is with.
//!
//! A nick can change hands between a question and its answer, so what is for an account goes to a nick only once the
//! network has said that whoever has it is logged in to the account.

use fulmar_contract::{Failure, Post, RoomId};
use tokio::time::Instant;

use super::Session;
use crate::{outbox::Answer, whom::Whom};

impl Session<'_> {
    /// Has `post` written, to whoever its room is with by now.
    pub(super) async fn address(&mut self, mut post: Post, receipt: Answer) -> Result<(), Failure> {
        let Some(Whom::Account(account)) = Whom::of(&post.room) else {
            self.write(&post, receipt);
            return Ok(());
        };
        let last = self.fold(&self.lasting.nick_of(&account).unwrap_or_else(|| account.clone()));
        if let Some(nick) = self.people.nick_of(&account, &last) {
            post.room = RoomId::new(nick);
            self.write(&post, receipt);
            return Ok(());
        }
        let question = format!("WHOIS {last}");
        self.outbox.ask(last, account, post, receipt, Instant::now());
        self.command(&question).await
    }

    /// The server says who has a nick: a post may have waited for it.
    pub(super) fn identified(&mut self, nick: &str, account: &str) {
        let nick = self.fold(nick);
        if let Some((mut post, receipt)) = self.outbox.vouched(&nick, account) {
            post.room = RoomId::new(nick);
            self.write(&post, receipt);
        }
    }

    /// The server has nothing more to say of a nick.
    pub(super) fn unidentified(&mut self, nick: &str) {
        let nick = self.fold(nick);
        self.outbox.unvouched(&nick);
    }
}
