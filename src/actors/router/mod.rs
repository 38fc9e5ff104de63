//! The Router actor: decides what a message means and sets going what follows from it.
//!
//! It keeps no state of commands: every step passes through the Journal.

mod address;
mod administrator;
mod alarm;
mod announce;
mod builtin;
mod choice;
mod command;
mod conclude;
mod gate;
mod lines;
mod look_up;
mod looks;
mod manner;
mod message;
mod missed;
mod offer;
mod overdue;
mod pace;
mod person;
mod place;
mod resume;
mod runs;
mod sequence;
mod submit;
mod suspense;
mod whisper;
mod words;

use std::{future::Future, rc::Rc};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message, ResponseFuture,
    WrapFuture,
};
use fulmar_contract::{self as contract, Secret};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tracing::{info, warn};

use self::{
    administrator::{Move, standing},
    builtin::Builtin,
    choice::Choices,
    command::{Asked, Offer},
    gate::Caller,
    lines::UnderWay,
    pace::Pace,
    person::Person,
    words::{REPEATED, Refusal},
};
use super::{
    journal::{Idle, Knows},
    obey_supervisor,
};
use crate::supervise::{Birth, DeathNotice, Line, Shutdown, Supervisor};

pub use self::{
    address::{Addressed, Addressing},
    alarm::Alarm,
    announce::{Announcing, InFlight},
    gate::Gate,
    lines::{Chat, Lines, StackStorm},
    looks::Looks,
    message::{Announced, Concluded, Died, Heard, InputEnded, Missed, Outcome},
    missed::Tally,
    offer::{Online, Renewed},
    overdue::Overdue,
    runs::Tails,
    sequence::Sequence,
};

/// A task of the Router's has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Done(Option<Offer>);

/// One life of the Router.
pub struct Router {
    lines: Rc<Lines>,
    addressing: Addressing,
    choices: Choices,
    pace: Pace,
    supervisor: Line<Supervisor>,
    notice: DeathNotice,
}

impl Router {
    /// A life over `lines`.
    pub fn new(lines: Rc<Lines>, supervisor: Line<Supervisor>, birth: Birth) -> Self {
        let general = lines.gateway.bot_prefix.iter().map(|prefix| (prefix.clone(), None));
        let own = lines.stackstorms.values().flat_map(|storm| {
            let prefixes = storm.settings.bot_prefix.iter();
            prefixes.map(|prefix| (prefix.clone(), Some(storm.name.clone())))
        });
        let addressing = Addressing {
            name: lines.gateway.name.clone(),
            prefixes: general.chain(own).collect(),
            plugin_prefix: lines.gateway.plugin_prefix.clone(),
        };
        let pace = Pace::new(lines.gateway.rate, lines.gateway.burst, Instant::now());
        Self { lines, addressing, choices: Choices::default(), pace, supervisor, notice: birth.notice }
    }

    /// Does what `said` means.
    fn obey(&mut self, mut asked: Asked, said: String, ctx: &mut Context<Self>) {
        let words = self.addressing.without_plugin_prefix(&said).to_owned();
        let lines = Rc::clone(&self.lines);
        if let Some((words, hit)) = self.choices.choose(&asked.question(), &words) {
            return self.run(command::run_hit(lines, asked, words, hit), ctx);
        }
        let Some(builtin) = Builtin::parse(&words) else {
            return self.run(command::run(lines, asked, said, words), ctx);
        };
        if builtin.waits() {
            asked.release();
        }
        let known = Knows::of(&asked.chat, &asked.heard);
        let task = match builtin {
            Builtin::Cancel(id) => runs::cancel(lines, asked, id.map(str::to_owned)).boxed_local(),
            Builtin::Executions(extent) => runs::list(lines, asked, extent).boxed_local(),
            Builtin::Help(query) => command::help(lines, asked, query.to_owned()).boxed_local(),
            Builtin::Join(name, key) => {
                let order = Move::Join(key.map(Secret::new));
                administrator::go(lines, asked, name.to_owned(), order).boxed_local()
            }
            Builtin::Leave(name) => administrator::go(lines, asked, name.to_owned(), Move::Leave).boxed_local(),
            Builtin::Rerun(id) => runs::rerun(lines, asked, id.to_owned()).boxed_local(),
            Builtin::Status => command::status(lines, asked).boxed_local(),
            Builtin::Tail(id) => runs::tail(lines, asked, id.map(str::to_owned)).boxed_local(),
            Builtin::TailStop => runs::stop(lines, asked).boxed_local(),
            Builtin::Whoami => command::whoami(lines, asked).boxed_local(),
        };
        self.run_once(known, task, ctx);
    }

    /// When `heard` was written and what time it is now, if that is too long ago to do anything about it.
    fn is_old(&self, heard: &contract::Heard) -> Option<(Timestamp, Timestamp)> {
        let (now, max_age) = (self.lines.world.now(), self.lines.gateway.max_age);
        let written = Timestamp::try_from(heard.at).unwrap_or(Timestamp::UNIX_EPOCH);
        let is_old =
            now.duration_since(written) > SignedDuration::try_from(max_age).unwrap_or(SignedDuration::MAX);
        (is_old && !max_age.is_zero()).then_some((written, now))
    }

    /// Passes over what was written too long ago. What ran, and is only repeated by the network, needs no word.
    fn pass_over(&self, person: Person, heard: contract::Heard, why: Refusal, ctx: &mut Context<Self>) {
        let knows = Knows::of(&person.chat, &heard);
        let journal = self.lines.journal.clone();
        async move { journal.send(knows).await }
            .into_actor(self)
            .map(move |knows, router, ctx| match knows {
                Ok(true) => router.lines.metrics.refusal(REPEATED),
                Ok(false) | Err(_) => router.refuse(&person, &heard, why, ctx),
            })
            .spawn(ctx);
    }

    /// Says that something was not taken, unless its author knows.
    fn refuse(&mut self, person: &Person, heard: &contract::Heard, why: Refusal, ctx: &mut Context<Self>) {
        self.lines.metrics.refusal(why.label());
        if !self.pace.tells(person, Instant::now()) {
            return;
        }
        warn!(chat = %person.chat, who = person.identity.as_str(), ?why, "not taken");
        let (lines, text) = (Rc::clone(&self.lines), words::refusal(why, &self.lines.gateway));
        let (chat, heard) = (person.chat.clone(), heard.clone());
        self.run(
            async move {
                lines.reply(&chat, &heard, text).await;
                None
            },
            ctx,
        );
    }

    /// As [`Self::run`], unless the message that asks for it is `known`: it is repeated by the network.
    fn run_once(
        &self,
        known: Knows,
        task: impl Future<Output = Option<Offer>> + 'static,
        ctx: &mut Context<Self>,
    ) {
        let lines = Rc::clone(&self.lines);
        let task = async move {
            if lines.journal.send(known).await.unwrap_or(false) {
                lines.metrics.refusal(REPEATED);
                return None;
            }
            task.await
        };
        self.run(task, ctx);
    }

    /// Runs a task of the Router's; what it offers to choose from is remembered.
    fn run(&self, task: impl Future<Output = Option<Offer>> + 'static, ctx: &mut Context<Self>) {
        let (under_way, router) = (UnderWay::new(&self.lines), ctx.address());
        actix::spawn(async move {
            let offer = task.await;
            drop(under_way);
            // A life that has ended since wants to know nothing of it.
            router.send(Done(offer)).await.unwrap_or_default();
        });
    }

    /// Once nobody can say anything any more and all that was said is answered, there is nothing left to do.
    fn end_if_done(&self, ctx: &mut Context<Self>) {
        if self.lines.silent.borrow().len() < self.lines.chats.len() || self.lines.under_way.get() > 0 {
            return;
        }
        let (journal, supervisor) = (self.lines.journal.clone(), self.supervisor.clone());
        async move { journal.send(Idle).await }
            .into_actor(self)
            .then(|idle, router, ctx: &mut Context<Self>| {
                let done = router.lines.under_way.get() == 0;
                if idle.is_err() {
                    ctx.notify(Done(None));
                }
                async move {
                    if idle.is_ok() && done {
                        info!("all input has ended and all is answered");
                        supervisor.send(Shutdown).await.unwrap_or_default();
                    }
                }
                .into_actor(router)
            })
            .spawn(ctx);
    }
}

impl Actor for Router {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for begun in self.lines.begun.take() {
            let resumed = resume::resume(Rc::clone(&self.lines), begun);
            self.run(resumed.map(|()| None), ctx);
        }
        self.notice.online();
    }
}

impl Handler<Heard> for Router {
    type Result = ();

    fn handle(&mut self, Heard { chat, me, vouches, heard }: Heard, ctx: &mut Self::Context) {
        let Some(Addressed { words, stackstorm }) = self.addressing.words(&heard, me.as_deref()) else { return };
        let named = stackstorm.map(|name| self.lines.stackstorms.get(name));
        let Some(storm) = named.unwrap_or_else(|| self.lines.home_of(&chat, &heard.room)).cloned() else { return };
        let (words, person) = (words.into_owned(), Person::of(&chat, &heard));
        let thread = heard.thread.clone().or_else(|| self.lines.opened(&chat, &heard));
        let heard = contract::Heard { thread, ..heard };
        if let Some((written, now)) = self.is_old(&heard) {
            return self.pass_over(person, heard, Refusal::Old { written, now }, ctx);
        }
        let refused = if !self.pace.admits(&person, Instant::now()) {
            Refusal::TooFast
        } else if let Some(ticket) = storm.gate.join(Caller::Person(person.clone())) {
            let standing = standing(&self.lines.gateway.admins, &person, vouches);
            return self.obey(Asked { storm, ticket, chat, heard, standing }, words, ctx);
        } else {
            Refusal::Busy
        };
        self.refuse(&person, &heard, refused, ctx);
    }
}

impl Handler<Done> for Router {
    type Result = ();

    fn handle(&mut self, Done(offer): Done, ctx: &mut Self::Context) {
        if let Some(Offer { question, words, hits }) = offer {
            self.choices.offer(question, words, hits);
        }
        self.end_if_done(ctx);
    }
}

impl Handler<InputEnded> for Router {
    type Result = ();

    fn handle(&mut self, InputEnded { chat }: InputEnded, ctx: &mut Self::Context) {
        info!(%chat, "input ended");
        self.lines.silent.borrow_mut().insert(chat);
        self.end_if_done(ctx);
    }
}

impl Handler<Concluded> for Router {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, concluded: Concluded, _: &mut Self::Context) -> Self::Result {
        Box::pin(conclude::conclude(Rc::clone(&self.lines), concluded))
    }
}

impl Handler<Announced> for Router {
    type Result = ResponseFuture<Outcome>;

    fn handle(&mut self, announced: Announced, _: &mut Self::Context) -> Self::Result {
        // It outlives a life of the Router: what has begun is not begun anew.
        let task = actix::spawn(announce::announce(Rc::clone(&self.lines), announced));
        Box::pin(async move { task.await.unwrap_or_else(|_| Outcome::failed()) })
    }
}

impl Handler<Died> for Router {
    type Result = ();

    fn handle(&mut self, died: Died, _: &mut Self::Context) {
        alarm::note(&self.lines, &died);
    }
}

impl Handler<Missed> for Router {
    type Result = ResponseFuture<Option<Tally>>;

    fn handle(&mut self, missed: Missed, _: &mut Self::Context) -> Self::Result {
        let task = actix::spawn(missed::missed(Rc::clone(&self.lines), missed));
        Box::pin(async move { task.await.ok() })
    }
}

obey_supervisor!(Router);
