//! The Progress actor: owns the live lines of those executions of one StackStorm that take long.
//!
//! While none does, StackStorm is asked nothing. Lines are kept nowhere else: after a restart a line is not gone on with.
//! Where messages can be edited the execution has a new one; elsewhere only a change of how it stands is said.

mod board;
mod look;
mod words;

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message, WrapFuture};
use fulmar_contract::Undelivered;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tracing::debug;

use self::{
    board::{Board, Pace, Saying},
    look::Look,
};
use super::{
    delivery::{Editable, Remark},
    journal::Long,
    obey_supervisor,
    router::{Lines, StackStorm},
};
use crate::{
    journal::{CommandId, Run},
    st2::wire::Status,
    supervise::{Birth, DeathNotice},
};

/// An execution of this command is over, so; its result is about to be said.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Over {
    /// The command.
    pub command: CommandId,
    /// How the execution ended.
    pub status: Status,
}

/// One life of Progress.
pub struct Progress {
    storm: Rc<StackStorm>,
    lines: Rc<Lines>,
    board: Board,
    /// Whether StackStorm is being asked.
    looking: bool,
    notice: DeathNotice,
}

impl Progress {
    /// A life for the commands of one StackStorm.
    pub fn new(storm: Rc<StackStorm>, lines: Rc<Lines>, birth: Birth) -> Self {
        let board = Board::new(lines.world.now());
        Self { storm, lines, board, looking: false, notice: birth.notice }
    }

    /// Looks at what runs for long, unless that is being done.
    fn look(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.looking, true) {
            return;
        }
        let (lines, stackstorm) = (Rc::clone(&self.lines), self.storm.name.clone());
        let before = lines.world.now().checked_sub(lines.gateway.progress).unwrap_or_default();
        async move { lines.journal.send(Long { stackstorm, before }).await }
            .into_actor(self)
            .then(|runs, progress, _| {
                // That the Journal does not say what runs does not mean that nothing does.
                let looks = runs.map(|runs| progress.due(runs)).unwrap_or_default();
                let (storm, lines) = (Rc::clone(&progress.storm), Rc::clone(&progress.lines));
                async move { look::at(&storm, &lines, looks).await }.into_actor(progress)
            })
            .map(|seen, progress, ctx| {
                progress.looking = false;
                for look in seen {
                    let said = progress.board.take(look, progress.lines.world.now());
                    progress.say(said, ctx);
                }
            })
            .spawn(ctx);
    }

    /// What is to be looked at.
    fn due(&mut self, runs: Vec<Run>) -> Vec<Look> {
        let mut commands: BTreeMap<CommandId, Vec<Run>> = BTreeMap::new();
        let is_wanted = |run: &Run| run.execution.result.get("enabled") != Some(&Value::Bool(false));
        for run in runs.into_iter().filter(is_wanted) {
            commands.entry(run.command.id).or_default().push(run);
        }
        let pace = |chat: &str| match self.lines.chats.get(chat) {
            Some(chat) if chat.outlet.backend.capabilities().edits => Pace::editing(self.lines.gateway.progress),
            Some(_) | None => Pace::posting(),
        };
        self.board.due(commands.into_values(), pace, Instant::now())
    }

    fn say(&self, saying: Option<Saying>, ctx: &mut Context<Self>) {
        let Some(Saying { run, text, below }) = saying else { return };
        let prefix = self.lines.prefix(&self.storm, &run.command.route, false);
        let text = text.words(prefix);
        let command = run.command.id;
        let Some(delivery) = self.lines.aside(&run.command, &run.execution.result, text) else { return };
        // Handed over now, so that one does not overtake another.
        let sent = self.lines.delivery.send_in_order(Remark { delivery, below });
        async move {
            let unknown = |why: &str| Err(Undelivered::Unknown { why: why.to_owned() });
            match timeout(PATIENCE, sent).await {
                Ok(Ok(said)) => said,
                Ok(Err(down)) => unknown(&down.to_string()),
                Err(_) => unknown("it takes too long"),
            }
        }
        .into_actor(self)
        .map(move |said, progress, ctx| progress.said(command, said, ctx))
        .spawn(ctx);
    }

    fn said(&mut self, command: CommandId, said: Result<Option<Editable>, Undelivered>, ctx: &mut Context<Self>) {
        if let Err(error) = &said {
            debug!(%error, %command, "a live line was not said");
        }
        let more = self.board.said(command, said);
        self.say(more, ctx);
    }
}

impl Actor for Progress {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if !self.lines.gateway.progress.is_zero() {
            ctx.run_interval(Pace::editing(self.lines.gateway.progress).pause(), Self::look);
        }
        self.notice.online();
    }
}

impl Handler<Over> for Progress {
    type Result = ();

    fn handle(&mut self, Over { command, status }: Over, ctx: &mut Self::Context) {
        let saying = self.board.over(command, &status, self.lines.world.now());
        self.say(saying, ctx);
    }
}

obey_supervisor!(Progress);

/// How long a line may take to be said. It is not waited for by anything.
const PATIENCE: Duration = Duration::from_secs(60);
