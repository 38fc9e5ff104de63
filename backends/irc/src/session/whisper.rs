//! How a session finds the person whom a one-to-one room is with.
//!
//! A nick can change hands between a question and its answer, so what is for an account goes to a nick only once the
//! network has said that whoever has it is logged in to the account. People come back, from netsplits say, so it is
//! looked for them for a while.

use std::time::Duration;

use fulmar_contract::{Failure, Post, RoomId, Undelivered};
use tokio::time::Instant;

use super::Session;
use crate::{
    outbox::{self, Answer},
    whom::Whom,
};

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
            self.lasting.present(&account);
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
            self.lasting.present(account);
            self.write(&post, receipt);
        }
    }

    /// The server has nothing more to say of a nick.
    pub(super) fn unidentified(&mut self, nick: &str) {
        let nick = self.fold(nick);
        let Some((account, receipt)) = self.outbox.unvouched(&nick) else { return };
        let why = format!("nobody who is logged in as {account} is to be found, least of all as {nick}");
        let undelivered = if self.lasting.absence(&account, Instant::now()) < PATIENCE {
            Undelivered::Later { after: Some(PAUSE), why }
        } else {
            Undelivered::Refused { why }
        };
        outbox::tell(receipt, Err(undelivered));
    }
}

/// How long somebody may be away and still get what is for them.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long after looking for somebody in vain to look again.
const PAUSE: Duration = Duration::from_secs(30);
