//! Looking for commands whose answer was lost: one look at a time at one StackStorm, for all who asked before it began.
//!
//! After a restart there may be many, and each list may be long.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use tokio::sync::oneshot;

use crate::{
    actors::auth::{self, Auth, CallError},
    st2::{ApiError, Client, Sought, wire::Execution},
    supervise::Line,
};

/// Looks at one StackStorm.
pub struct Looks {
    client: Rc<Client>,
    auth: Line<Auth>,
    /// What the next look is for.
    waiting: RefCell<Vec<(Sought, Tell)>>,
    is_looking: Cell<bool>,
}

/// Who waits for what a look finds.
type Tell = oneshot::Sender<Result<Vec<Execution>, CallError>>;

/// Ends looking, even by a panic. Who still waits then is told so.
struct Looking(Rc<Looks>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.waiting.take();
        self.0.is_looking.set(false);
    }
}

impl Looks {
    /// Looks at the StackStorm that `client` talks to.
    pub fn new(client: Rc<Client>, auth: Line<Auth>) -> Rc<Self> {
        Rc::new(Self { client, auth, waiting: RefCell::default(), is_looking: Cell::new(false) })
    }

    /// The executions of a command, by a look that begins from now on.
    ///
    /// # Errors
    /// When StackStorm does not say.
    pub(super) async fn find(self: &Rc<Self>, sought: Sought) -> Result<Vec<Execution>, CallError> {
        let (tell, told) = oneshot::channel();
        self.waiting.borrow_mut().push((sought, tell));
        if !self.is_looking.replace(true) {
            actix::spawn(Looking(Rc::clone(self)).look());
        }
        let why = || ApiError::Unanswered { why: "the look was broken off".into() };
        told.await.unwrap_or_else(|_| Err(why().into()))
    }
}

impl Looking {
    async fn look(self) {
        loop {
            let (sought, tells): (Vec<_>, Vec<_>) = self.0.waiting.take().into_iter().unzip();
            if sought.is_empty() {
                return;
            }
            let Looks { client, auth, .. } = &*self.0;
            let found = auth::call(auth, async |access| client.find_submissions(access, &sought).await).await;
            let found: Vec<_> = match found {
                Ok(found) => found.into_iter().map(Ok).collect(),
                Err(error) => tells.iter().map(|_| Err(error.clone())).collect(),
            };
            for (tell, found) in tells.into_iter().zip(found) {
                // Who does not wait any more need not know.
                drop(tell.send(found));
            }
        }
    }
}
