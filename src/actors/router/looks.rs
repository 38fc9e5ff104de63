//! Looking for commands whose answer was lost: one look at a time at one StackStorm, for all who asked before it began.
//!
//! After a restart there may be many, and each list may be long.

use std::rc::Rc;

use tokio::sync::oneshot;

use crate::{
    actors::{
        auth::{self, Auth, CallError},
        rounds::Rounds,
    },
    st2::{ApiError, Client, Sought, Trace},
    supervise::Line,
};

/// Looks at one StackStorm.
pub struct Looks {
    client: Rc<Client>,
    auth: Line<Auth>,
    rounds: Rc<Rounds<Asked>>,
}

/// What is looked for, and who waits for what is found.
type Asked = (Sought, oneshot::Sender<Result<Trace, CallError>>);

impl Looks {
    /// Looks at the StackStorm that `client` talks to.
    pub fn new(client: Rc<Client>, auth: Line<Auth>) -> Rc<Self> {
        Rc::new(Self { client, auth, rounds: Rc::default() })
    }

    /// What is to be seen of a command, by a look that begins from now on.
    ///
    /// # Errors
    /// When StackStorm does not say.
    pub(super) async fn find(self: &Rc<Self>, sought: Sought) -> Result<Trace, CallError> {
        let (tell, told) = oneshot::channel();
        let looks = Rc::clone(self);
        self.rounds.ask((sought, tell), move |asked| Rc::clone(&looks).look(asked));
        let why = || ApiError::Unanswered { why: "the look was broken off".into() };
        told.await.unwrap_or_else(|_| Err(why().into()))
    }

    async fn look(self: Rc<Self>, asked: Vec<Asked>) {
        let (sought, tells): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let Self { client, auth, .. } = &*self;
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
