//! Files on their way (XEP-0363): which service takes them, and the one that is under way.

use std::{future::pending, pin::Pin, time::Duration};

use fulmar_contract::{File, Post, Undelivered};
use jid::Jid;
use tokio::time::Instant;
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    outbox::{self, Answer},
    xml::{Build, element},
};

/// The service, and the upload under way.
#[derive(Default)]
pub(crate) struct Uploads {
    service: Option<Jid>,
    under_way: Option<Upload>,
}

/// One file on its way.
struct Upload {
    post: Post,
    answer: Answer,
    file: File,
    since: Instant,
    /// Whether the service was asked where to put it.
    is_asked: bool,
    /// Once the service has said where to: what carries it there, and where others get it from.
    put: Option<(Putting, String)>,
}

/// A file that is being sent.
pub(crate) type Putting = Pin<Box<dyn Future<Output = Result<(), Undelivered>> + Send + Sync>>;

/// How an upload ended: where the file is, or why it is not, and the post that it belongs to.
pub(crate) struct Outcome {
    pub(crate) post: Post,
    pub(crate) answer: Answer,
    pub(crate) url: Result<String, Undelivered>,
}

/// Where a service has us put a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) put: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) get: String,
}

impl Slot {
    /// Reads a service's answer.
    pub(crate) fn read(slot: &Element) -> Option<Self> {
        let put = slot.get_child("put", ns::HTTP_UPLOAD)?;
        let get = slot.get_child("get", ns::HTTP_UPLOAD)?.attr("url")?.to_owned();
        // No others are to be believed (section 5).
        let is_allowed =
            |name: &str| ["authorization", "cookie", "expires"].iter().any(|it| it.eq_ignore_ascii_case(name));
        let headers = put.children().filter(|child| child.is("header", ns::HTTP_UPLOAD));
        let header = |header: &Element| Some((header.attr("name")?.to_owned(), header.text()));
        let headers = headers.filter_map(header).filter(|(name, _)| is_allowed(name)).collect();
        Some(Self { put: put.attr("url")?.to_owned(), headers, get })
    }
}

impl Uploads {
    /// A service said what it can do.
    pub(crate) fn found(&mut self, service: Jid, info: Option<&Element>) {
        let is_upload = |child: &Element| child.name() == "feature" && child.attr("var") == Some(ns::HTTP_UPLOAD);
        if info.is_some_and(|info| info.children().any(is_upload)) {
            self.service.get_or_insert(service);
        }
    }

    /// Begins with a file.
    pub(crate) fn begin(&mut self, post: Post, file: File, answer: Answer, now: Instant) {
        self.under_way = Some(Upload { post, answer, file, since: now, is_asked: false, put: None });
    }

    /// What asks the service where to put the file that waits for it, if there are both; and the service.
    pub(crate) fn ask(&mut self, id: &str) -> Option<(Element, Jid)> {
        let service = self.service.clone()?;
        let upload = self.under_way.as_mut().filter(|upload| !upload.is_asked)?;
        upload.is_asked = true;
        let request = element("request", ns::HTTP_UPLOAD)
            .with("filename", &upload.file.name)
            .with("size", &upload.file.content.len().to_string())
            .with("content-type", &upload.file.media_type);
        let iq = element("iq", ns::JABBER_CLIENT).with("type", "get").with("id", id).with("to", service.as_str());
        Some((iq.holding(request), service))
    }

    /// There is no service. Returns the answer for a file that waits for one.
    pub(crate) fn in_vain(&mut self) -> Option<Answer> {
        let is_in_vain = self.service.is_none();
        self.under_way.take_if(|_| is_in_vain).map(|upload| upload.answer)
    }

    /// The service said where to put the file; `put` puts it there.
    pub(crate) fn go(&mut self, get: String, put: impl FnOnce(File) -> Putting) {
        if let Some(upload) = &mut self.under_way {
            upload.put = Some((put(upload.file.clone()), get));
        }
    }

    /// The service did not say where to put the file.
    pub(crate) fn refused(&mut self) -> Option<Answer> {
        self.under_way.take().map(|upload| upload.answer)
    }

    /// Gives up a service that does not answer.
    pub(crate) fn give_up(&mut self, now: Instant) -> Option<Answer> {
        let overdue = |upload: &mut Upload| upload.put.is_none() && now.duration_since(upload.since) >= PATIENCE;
        self.under_way.take_if(overdue).map(|upload| upload.answer)
    }

    /// Waits until a file has arrived, or has not. Loses nothing when it is dropped.
    pub(crate) async fn put(&mut self) -> Outcome {
        let Some(Upload { put: Some((putting, _)), .. }) = &mut self.under_way else { return pending().await };
        let outcome = putting.await;
        match self.under_way.take() {
            Some(Upload { post, answer, put: Some((_, get)), .. }) => {
                Outcome { post, answer, url: outcome.map(|()| get) }
            }
            _ => pending().await,
        }
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        if let Some(upload) = self.under_way.take() {
            let why = "the session ended".into();
            outbox::tell(upload.answer, Err(Undelivered::Later { after: None, why }));
        }
    }
}

/// In bytes. Services have limits of their own, often as large as this.
pub(crate) const LARGEST: u64 = 10 << 20;
/// How long a service may take to say where to put a file.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_headers_that_are_needed_are_believed() {
        let slot: Element = "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://x/put'>\
            <header name='Authorization'>Basic x</header><header name='Host'>evil</header></put><get url='https://x/get'/></slot>"
            .parse()
            .unwrap();

        let slot = Slot::read(&slot).unwrap();

        assert_eq!((slot.put.as_str(), slot.get.as_str()), ("https://x/put", "https://x/get"));
        assert_eq!(slot.headers, [("Authorization".into(), "Basic x".into())]);
        assert_eq!(Slot::read(&element("slot", ns::HTTP_UPLOAD)), None);
    }

    #[test]
    fn a_service_is_one_that_says_so() {
        let mut uploads = Uploads::default();
        let info = |feature: &str| {
            element("query", ns::DISCO_INFO).holding(element("feature", ns::DISCO_INFO).with("var", feature))
        };

        uploads.found(Jid::new("rooms.example").unwrap(), Some(&info(ns::MUC)));
        uploads.found(Jid::new("upload.example").unwrap(), Some(&info(ns::HTTP_UPLOAD)));

        assert_eq!(uploads.service, Some(Jid::new("upload.example").unwrap()));
    }
}
