//! How a session sends files.

use fulmar_contract::{Failure, File, Post, Undelivered};
use jid::Jid;
use tokio::time::Instant;
use xmpp_parsers::{minidom::Element, ns};

use super::Session;
use crate::{
    inbound::Fault,
    outbound::{self, Target},
    outbox::{self, Answer, Asker},
    put,
    questions::Question,
    uploads::{Outcome, Slot},
    xml::{Build, element},
};

impl Session<'_> {
    /// Asks our server which of its services takes files.
    pub(super) async fn ask_for_uploads(&mut self) -> Result<(), Failure> {
        if !self.config.uploads {
            return Ok(());
        }
        let server = Jid::from_parts(None, self.account.domain(), None);
        self.question(server, element("query", ns::DISCO_ITEMS), Question::Items).await
    }

    /// Asks each service of our server, and the server itself, what it can do.
    pub(super) async fn look_for_uploads(&mut self, items: Option<&Element>) -> Result<(), Failure> {
        let server = Jid::from_parts(None, self.account.domain(), None);
        let items =
            items.into_iter().flat_map(Element::children).filter_map(|item| Jid::new(item.attr("jid")?).ok());
        let services: Vec<Jid> = items.take(MOST_SERVICES).chain([server]).collect();
        for service in services {
            self.question(service.clone(), element("query", ns::DISCO_INFO), Question::Info(service)).await?;
        }
        Ok(())
    }

    async fn question(&mut self, of: Jid, payload: Element, question: Question) -> Result<(), Failure> {
        let id = self.mint.next();
        let iq = element("iq", ns::JABBER_CLIENT).with("type", "get").with("id", &id).with("to", of.as_str());
        self.connection.send(&iq.holding(payload)).await?;
        self.questions.asked(id, of, question);
        Ok(())
    }

    /// Begins to send a file, before which nothing else goes.
    pub(super) async fn upload(&mut self, post: Post, file: File, answer: Answer) -> Result<(), Failure> {
        if let Err(undelivered) = self.target(&post.room) {
            outbox::tell(answer, Err(undelivered));
            return Ok(());
        }
        self.outbox.is_busy = true;
        self.uploads.begin(post, file, answer, Instant::now());
        self.ask_for_slot().await
    }

    /// Asks where to put the file that waits, if it is known whom to ask.
    pub(super) async fn ask_for_slot(&mut self) -> Result<(), Failure> {
        let id = self.mint.next();
        if let Some((request, service)) = self.uploads.ask(&id) {
            self.connection.send(&request).await?;
            self.questions.asked(id, service, Question::Slot);
        } else if !self.questions.is_looking()
            && let Some(answer) = self.uploads.in_vain()
        {
            self.not_uploaded(answer, refused("the server has no service that takes files"));
        }
        Ok(())
    }

    /// The service said where to put the file, or why nowhere.
    pub(super) async fn slot(&mut self, answer: Result<Option<Element>, Fault>) -> Result<(), Failure> {
        let undelivered = match answer.map(|slot| slot.as_ref().and_then(Slot::read)) {
            Ok(Some(slot)) => {
                let trust = self.config.server.trust.clone();
                self.uploads.go(slot.get.clone(), |file| Box::pin(put::put(slot, file, trust)));
                return Ok(());
            }
            Ok(None) => refused("the server does not say where to put the file"),
            Err(fault) => fault.undelivered(),
        };
        if let Some(answer) = self.uploads.refused() {
            self.not_uploaded(answer, undelivered);
        }
        Ok(())
    }

    /// A file arrived, or did not. If it did, its text goes before it, if it has any.
    pub(super) async fn uploaded(&mut self, outcome: Outcome) -> Result<(), Failure> {
        let Outcome { post, answer, url } = outcome;
        let (url, target) = match (url, self.target(&post.room)) {
            (Ok(url), Ok(target)) => (url, target),
            (Err(undelivered), _) | (_, Err(undelivered)) => {
                self.not_uploaded(answer, undelivered);
                return Ok(());
            }
        };
        self.outbox.is_busy = false;
        let id = self.mint.next();
        if let Ok(caption) = outbound::message(&post, &target, &id, None) {
            self.connection.send(&caption).await?;
        }
        let id = self.mint.next();
        let stanza = outbound::file(&url, &post, &target, &id);
        let is_shown = matches!(target, Target::Room(_));
        self.send(&stanza, &target, is_shown, id, Asker::Post(answer)).await
    }

    /// A file goes nowhere.
    pub(super) fn not_uploaded(&mut self, answer: Answer, undelivered: Undelivered) {
        self.outbox.is_busy = false;
        outbox::tell(answer, Err(undelivered));
    }
}

fn refused(why: &str) -> Undelivered {
    Undelivered::Refused { why: why.to_owned() }
}

/// A server has few.
const MOST_SERVICES: usize = 32;
