//! The Auth actor: owns the credential for one StackStorm, and renews it once for all who ask.
//!
//! StackStorm being away, or refusing us, never ends it: those who ask are told, and it tries again later.

use std::{rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message, MessageResult,
    ResponseFuture, WrapFuture,
};
use serde::Serialize;
use tokio::{sync::oneshot, time::Instant};
use tracing::{error, info, warn};

use super::obey_supervisor;
use crate::{
    config,
    st2::{Access, ApiError, Client, Token as Granted},
    supervise::{Backoff, Birth, DeathNotice, Down, Line},
};

/// Asks for the credential.
#[derive(Debug, Message)]
#[rtype(result = "Result<Held, AuthError>")]
pub struct Token;

/// StackStorm refused the credential with this number; asks for another.
#[derive(Debug, Message)]
#[rtype(result = "Result<Held, AuthError>")]
pub struct Rejected {
    /// As in [`Held::serial`].
    pub serial: u64,
}

/// StackStorm took the credential with this number.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Taken {
    /// As in [`Held::serial`].
    pub serial: u64,
}

/// Asks how the credential is.
#[derive(Debug, Message)]
#[rtype(result = "State")]
pub struct Report;

/// A credential and its number.
#[derive(Clone, Debug)]
pub struct Held {
    /// Differs between any two credentials of one life.
    pub serial: u64,
    /// The credential itself.
    pub access: Arc<Access>,
    /// Whether StackStorm is known to have taken it, or to have made it.
    pub is_proven: bool,
}

/// Why there is no credential.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// StackStorm refuses it. Tried again after a while.
    #[error("StackStorm refuses the gateway's credential")]
    Refused,
    /// StackStorm could not be asked. Tried again soon.
    #[error("the gateway cannot log in: {0}")]
    Unavailable(String),
}

/// Why a call to StackStorm failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// For want of a credential.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// By itself.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl CallError {
    /// Whether it will be the same if StackStorm is asked again.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Api(error) => error.is_final(),
            Self::Auth(_) => false,
        }
    }
}

/// How the credential is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// StackStorm took it when it was last tried.
    Good,
    /// Refused by StackStorm; a human is needed.
    Refused,
    /// StackStorm could not be asked.
    Unavailable,
    /// StackStorm has not seen it yet.
    Untried,
}

/// One life of Auth.
pub struct Auth {
    name: String,
    client: Rc<Client>,
    credential: config::Credential,
    ttl: Duration,
    held: Option<Held>,
    serial: u64,
    state: State,
    /// After a failure, when a login may be tried again, and what those are told who ask before.
    rest: Option<(Instant, AuthError)>,
    /// How many failures of one kind there were in a row.
    failures: u32,
    asking: Vec<oneshot::Sender<Result<Held, AuthError>>>,
    notice: DeathNotice,
}

impl Auth {
    /// A life for the StackStorm called `name`.
    pub fn new(name: String, client: Rc<Client>, settings: &config::StackStorm, birth: Birth) -> Self {
        Self {
            name,
            client,
            credential: settings.credential.clone(),
            ttl: settings.user_token_ttl,
            held: None,
            serial: 0,
            state: State::Untried,
            rest: None,
            failures: 0,
            asking: Vec::new(),
            notice: birth.notice,
        }
    }

    fn ask(&mut self, ctx: &mut Context<Self>) -> ResponseFuture<Result<Held, AuthError>> {
        if let Some(held) = self.held.clone() {
            return Box::pin(async { Ok(held) });
        }
        if let Some((_, why)) = self.rest.clone().filter(|(until, _)| Instant::now() < *until) {
            return Box::pin(async { Err(why) });
        }
        let (tell, told) = oneshot::channel();
        self.asking.push(tell);
        if self.asking.len() == 1 {
            self.log_in(ctx);
        }
        Box::pin(async move {
            told.await.unwrap_or_else(|_| Err(AuthError::Unavailable("the login was interrupted".into())))
        })
    }

    fn log_in(&mut self, ctx: &mut Context<Self>) {
        let (name, password) = match &self.credential {
            config::Credential::Key(key) => return self.give(Access::Key(key.clone())),
            config::Credential::Token(token) => return self.give(Access::Token(token.clone())),
            config::Credential::User { name, password } => (name.clone(), password.clone()),
        };
        let (client, ttl) = (Rc::clone(&self.client), self.ttl);
        async move { client.token(&name, &password, ttl).await }
            .into_actor(self)
            .map(|granted, auth, ctx| auth.settle(granted, ctx))
            .spawn(ctx);
    }

    /// A key or a token of somebody else's: nothing to ask for.
    fn give(&mut self, access: Access) {
        let held = self.hold(access);
        self.tell(&Ok(held));
    }

    /// Tells all who asked what became of the login.
    fn settle(&mut self, granted: Result<Granted, ApiError>, ctx: &mut Context<Self>) {
        let answer = match granted {
            Ok(token) => {
                info!(stackstorm = %self.name, life = ?token.life, "logged in");
                let held = self.hold(token.access());
                let serial = held.serial;
                ctx.run_later(token.renew_after(), move |auth, ctx| auth.renew(serial, ctx));
                self.proved();
                Ok(held)
            }
            Err(ApiError::Unauthorized { .. }) => Err(self.refused()),
            Err(error) => Err(self.unavailable(&error)),
        };
        self.tell(&answer);
    }

    fn tell(&mut self, answer: &Result<Held, AuthError>) {
        for asker in self.asking.drain(..) {
            drop(asker.send(answer.clone()));
        }
    }

    fn hold(&mut self, access: Access) -> Held {
        self.serial += 1;
        let is_proven = matches!(self.credential, config::Credential::User { .. });
        let held = Held { serial: self.serial, access: Arc::new(access), is_proven };
        self.held = Some(held.clone());
        self.rest = None;
        held
    }

    fn proved(&mut self) {
        self.state = State::Good;
        self.failures = 0;
    }

    /// Replaces a token before it expires. Askers get the old one until the new one is there.
    fn renew(&mut self, serial: u64, ctx: &mut Context<Self>) {
        if self.serial == serial && self.asking.is_empty() {
            self.log_in(ctx);
        }
    }

    /// Said once, loudly; then tried again seldom, because more tries lock accounts.
    fn refused(&mut self) -> AuthError {
        let (is_new, rest) = self.fail(State::Refused, AuthError::Refused, [REST, LONGEST_REST]);
        if is_new {
            error!(
                stackstorm = %self.name,
                retry = ?rest,
                "StackStorm refuses the credential: correct stackstorm.{}.api_auth and restart", self.name
            );
        }
        self.held = None;
        AuthError::Refused
    }

    /// Said once, then tried again soon: not at each command, of which there may be many.
    fn unavailable(&mut self, error: &ApiError) -> AuthError {
        let why = AuthError::Unavailable(error.to_string());
        let (is_new, rest) = self.fail(State::Unavailable, why.clone(), [PAUSE, LONGEST_PAUSE]);
        if is_new {
            warn!(stackstorm = %self.name, %error, retry = ?rest, "login failed");
        }
        why
    }

    /// Takes a rest, of which those who ask are told `why`. Whether this is the first failure of its kind, and how long the
    /// rest is.
    fn fail(&mut self, state: State, why: AuthError, [min, max]: [Duration; 2]) -> (bool, Duration) {
        let is_new = self.state != state;
        if is_new {
            self.failures = 0;
        }
        let rest = Backoff::new(min, max).wait(self.failures, 0.0);
        self.failures = self.failures.saturating_add(1);
        self.state = state;
        self.rest = Some((Instant::now() + rest, why));
        (is_new, rest)
    }
}

/// Makes a call with the present credential, and once more with another one when it is refused.
///
/// # Errors
/// [`CallError`], when there is no credential or the call itself fails.
pub async fn call<T>(
    auth: &Line<Auth>,
    call: impl AsyncFn(&Access) -> Result<T, ApiError>,
) -> Result<T, CallError> {
    let held = flatten(auth.send(Token).await)?;
    // A call is a large future, and whoever waits for one would be moved about with it.
    match Box::pin(call(&held.access)).await {
        Err(ApiError::Unauthorized { .. }) => {
            let held = flatten(auth.send(Rejected { serial: held.serial }).await)?;
            Ok(Box::pin(call(&held.access)).await?)
        }
        Ok(answered) => {
            if !held.is_proven {
                // An Auth between two lives will be told of the next call.
                auth.send_now(Taken { serial: held.serial }).await.ok();
            }
            Ok(answered)
        }
        Err(error) => Err(error.into()),
    }
}

fn flatten(answer: Result<Result<Held, AuthError>, Down>) -> Result<Held, AuthError> {
    answer.unwrap_or_else(|down| Err(AuthError::Unavailable(down.to_string())))
}

impl Actor for Auth {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.notice.online();
    }
}

impl Handler<Token> for Auth {
    type Result = ResponseFuture<Result<Held, AuthError>>;

    fn handle(&mut self, _: Token, ctx: &mut Self::Context) -> Self::Result {
        self.ask(ctx)
    }
}

impl Handler<Rejected> for Auth {
    type Result = ResponseFuture<Result<Held, AuthError>>;

    fn handle(&mut self, Rejected { serial }: Rejected, ctx: &mut Self::Context) -> Self::Result {
        if self.held.as_ref().is_some_and(|held| held.serial == serial) {
            self.held = None;
            if !matches!(self.credential, config::Credential::User { .. }) {
                self.refused();
            }
        }
        self.ask(ctx)
    }
}

impl Handler<Taken> for Auth {
    type Result = ();

    fn handle(&mut self, Taken { serial }: Taken, _: &mut Self::Context) {
        if let Some(held) = self.held.as_mut().filter(|held| held.serial == serial) {
            held.is_proven = true;
            self.proved();
        }
    }
}

impl Handler<Report> for Auth {
    type Result = MessageResult<Report>;

    fn handle(&mut self, _: Report, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.state.clone())
    }
}

obey_supervisor!(Auth);

/// How long a refused credential is left alone at first; each further refusal doubles it.
const REST: Duration = Duration::from_secs(60);

/// How long a refused credential is left alone at most.
const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// How long no login is tried after one without an answer; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(1);

/// How long no login is tried at most while there are no answers.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
