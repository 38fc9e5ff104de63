//! Which executions there are, and how StackStorm has them.

use std::{collections::HashMap, rc::Rc};

use jiff::Timestamp;
use tracing::warn;

use super::{listed, words};
use crate::{
    actors::{
        auth,
        journal::Listed,
        router::{
            administrator::Standing,
            command::{Asked, Offer, reply},
            gate::Caller,
            lines::{Lines, StackStorm, route_of},
        },
    },
    journal::{Run, RunId, Scope},
    st2::wire::{Execution, ExecutionId, Status},
};

/// Which executions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actors::router) enum Extent {
    /// All; for administrators.
    Everywhere,
    /// Those of commands of this room; in private, of the asker's.
    Here,
}

/// How StackStorm has an execution.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    pub(super) status: Status,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// What time it is, by the same clock.
    pub(super) now: Timestamp,
}

/// Says which executions run, and which have ended lately.
pub(in crate::actors::router) async fn list(lines: Rc<Lines>, asked: Asked, extent: Extent) -> Option<Offer> {
    let (chat, heard) = (asked.chat.clone(), &asked.heard);
    let scope = match extent {
        Extent::Everywhere if asked.standing != Standing::Administrator => {
            let text = super::super::words::administrators_only(&lines.gateway.admins, &chat, asked.standing);
            return reply(&lines, &asked, text).await;
        }
        Extent::Everywhere => Scope::Everywhere,
        Extent::Here if heard.direct => Scope::Of(chat.clone(), heard.sender.identity.clone()),
        Extent::Here => Scope::Within(chat.clone(), heard.room.clone()),
    };
    let text = match listed(&lines, &asked, scope, String::new()).await {
        Ok(listed) => {
            let stands = stands(&lines, &listed).await;
            words::listed(&listed, &stands, &route_of(&chat, heard), &asked.storm.name)
        }
        Err(why) => why,
    };
    reply(&lines, &asked, text).await
}

/// How each StackStorm has its executions among these, by one call each; without those of one that does not say.
async fn stands(lines: &Lines, Listed { running, over, .. }: &Listed) -> HashMap<RunId, Stand> {
    let mut stands = HashMap::new();
    for storm in lines.stackstorms.values() {
        let its = running.iter().chain(over).filter(|run: &&Run| run.command.stackstorm == storm.name);
        let ids: Vec<ExecutionId> = its.filter_map(|run| ExecutionId::new(run.execution.id.clone())).collect();
        if ids.is_empty() {
            continue;
        }
        let now = || storm.client.time().unwrap_or_else(|| lines.world.now());
        stands.extend(standings(storm, &ids).await.into_iter().map(|it| {
            let stand = Stand { status: it.status().clone(), began: it.started(), ended: it.ended(), now: now() };
            (RunId { stackstorm: storm.name.clone(), id: it.id().as_str().to_owned() }, stand)
        }));
    }
    stands
}

async fn standings(storm: &StackStorm, ids: &[ExecutionId]) -> Vec<Execution> {
    let Some(ticket) = storm.gate.join(Caller::Gateway) else { return Vec::new() };
    let Ok(_turn) = ticket.turn().await else { return Vec::new() };
    let asked = auth::call(&storm.auth, async |access| storm.client.standings(access, ids).await).await;
    asked.unwrap_or_else(|error| {
        warn!(%error, stackstorm = %storm.name, "executions not asked for");
        Vec::new()
    })
}
