//! From words meant for us to a submission, or to an answer of our own.

use std::{rc::Rc, sync::Arc, time::Duration};

use fulmar_contract::{Heard, Mention, Taken};
use tokio::{task::spawn_blocking, time::timeout};
use tracing::{debug, warn};

use super::{
    administrator::Standing,
    builtin,
    choice::Question,
    gate::Ticket,
    lines::{Lines, StackStorm, route_of},
    submit::{Submission, submit},
    words,
};
use crate::{
    actors::{
        aliases::{self, Known},
        auth,
        journal::Count,
        listener,
    },
    alias::{BadHelp, Found, HelpQuery, Hit, Registry},
    journal::{Command, Results, Route},
    st2::wire::MatchAnswer,
    supervise::Down,
};

/// Something that was said to us, with its ticket at the gate of the StackStorm that it concerns.
pub(super) struct Asked {
    pub(super) storm: Rc<StackStorm>,
    pub(super) ticket: Ticket,
    pub(super) chat: String,
    pub(super) heard: Heard,
    pub(super) standing: Standing,
}

/// Hits for a person to choose from.
pub(super) struct Offer {
    pub(super) question: Question,
    pub(super) words: String,
    pub(super) hits: Vec<Hit>,
}

impl Asked {
    /// Where it was said.
    pub(super) fn route(&self) -> Route {
        route_of(&self.chat, &self.heard)
    }

    /// Whose a question is that is asked in answer. It may be answered outside of the thread in which it is asked.
    pub(super) fn question(&self) -> Question {
        (Route { thread: None, ..self.route() }, self.heard.sender.identity.clone(), self.storm.name.clone())
    }

    /// What a command to the same StackStorm begins with here.
    pub(super) fn prefix<'a>(&'a self, lines: &'a Lines) -> &'a str {
        lines.prefix(&self.storm, &self.route(), self.heard.direct)
    }

    /// Lets the network forget the message: what follows may take long, and no network is held up by that.
    pub(super) fn release(&mut self) {
        self.heard.taken = Taken::default();
    }
}

/// Finds out what was `said`, else what `words`, which lack the plugin prefix, mean, and runs it.
pub(super) async fn run(lines: Rc<Lines>, mut asked: Asked, said: String, words: String) -> Option<Offer> {
    let known = match known(&asked).await {
        Ok(known) => known,
        Err(down) => {
            return reply(&lines, &asked, format!("The commands are {down}.")).await;
        }
    };
    if known.loaded.is_none() {
        lines.metrics.refusal("no_aliases");
        return reply(&lines, &asked, not_loaded(&known)).await;
    }
    let whole = if said == words { Found::None } else { known.registry.find(&said) };
    let (found, words) = match whole {
        Found::None => (known.registry.find(&words), words),
        found => (found, said),
    };
    let answer = match found {
        Found::One(hit) => return run_hit(lines, asked, words, *hit).await,
        Found::Several(hits) => {
            lines.metrics.command("ambiguous");
            let text = words::choice(&words, &hits, asked.prefix(&lines));
            lines.reply(&asked.chat, &asked.heard, text).await;
            return Some(Offer { question: asked.question(), words, hits });
        }
        Found::Duplicate { name, packs, .. } => words::duplicate(&name, &packs),
        Found::Disabled(hit) => words::disabled(&hit),
        Found::None => match ask_server(&mut asked, &known.registry, &words).await {
            Ok(hit) => return run_hit(lines, asked, words, hit).await,
            Err(why) => {
                lines.metrics.command("no_match");
                match why {
                    Some(why) => why,
                    None => unknown(&lines, &asked, &known, words).await,
                }
            }
        },
    };
    reply(&lines, &asked, answer).await
}

/// Runs a command whose meaning is known.
pub(super) async fn run_hit(lines: Rc<Lines>, asked: Asked, words: String, hit: Hit) -> Option<Offer> {
    let Asked { storm, ticket, chat, heard, .. } = asked;
    let command = Command {
        id: lines.world.command_id(),
        stackstorm: storm.name.clone(),
        route: route_of(&chat, &heard),
        message: heard.id.clone(),
        direct: heard.sender.direct.clone(),
        author: Mention { identity: heard.sender.identity.clone(), name: heard.sender.name.clone() },
        text: words,
        alias: hit.alias.reference(),
        // Announcements of the results of such commands carry no mark by which to know them.
        results: if hit.match_multiple { Results::Direct } else { storm.settings.results },
    };
    submit(lines, Submission { storm, ticket, command, hit }, heard).await;
    None
}

/// Says what can be run.
pub(super) async fn help(lines: Rc<Lines>, asked: Asked, query: String) -> Option<Offer> {
    let text = match known(&asked).await {
        Err(down) => format!("The commands are {down}."),
        Ok(known) if known.loaded.is_none() => not_loaded(&known),
        Ok(known) => page(&lines, &asked, &known, &query).unwrap_or_else(|bad| bad.to_string()),
    };
    reply(&lines, &asked, text).await
}

/// The page that `query` asks for; with the gateway's own commands after the beginning of everything.
fn page(lines: &Lines, asked: &Asked, known: &Known, query: &str) -> Result<String, BadHelp> {
    let query = HelpQuery::parse(query)?;
    let prefix = asked.prefix(lines);
    let page = known.registry.help(&query, |_| true)?.text(&query, prefix);
    let heading = if lines.has_several() { format!("StackStorm {}\n", asked.storm.name) } else { String::new() };
    if !query.is_for_all() {
        return Ok(format!("{heading}{page}"));
    }
    let others = words::others(&lines.others(&asked.storm, &asked.route(), asked.heard.direct));
    Ok(format!("{heading}{page}\n{}{others}", builtin::help(prefix, asked.standing)))
}

/// Says how the gateway is.
pub(super) async fn status(lines: Rc<Lines>, asked: Asked) -> Option<Offer> {
    let mut storms = Vec::new();
    for storm in lines.stackstorms.values() {
        let aliases = match storm.aliases.send(aliases::Ready).await {
            Ok(known) if known.loaded.is_some() => format!("{} aliases", known.registry.aliases().len()),
            Ok(known) => known.error.unwrap_or_else(|| "no aliases yet".into()),
            Err(down) => format!("aliases {down}"),
        };
        let stream = storm.listener.send_now(listener::Report).await.unwrap_or_default();
        let stream = match stream.phase {
            listener::Phase::Connecting => "its stream is away",
            listener::Phase::Open => "its stream is open",
        };
        let calls = lines.metrics.calls(&storm.name);
        let calls = format!("{} calls in flight, {} waiting", calls.in_flight, calls.waiting);
        storms.push((lines.called(storm, &asked.route()), format!("{aliases}, {stream}, {calls}")));
    }
    let journal = lines.journal.send(Count).await.unwrap_or_default();
    let text = words::status(&storms, &journal);
    reply(&lines, &asked, text).await
}

/// Says who the asker is.
pub(super) async fn whoami(lines: Rc<Lines>, asked: Asked) -> Option<Offer> {
    let text = words::whoami(&asked.heard, &asked.chat, asked.standing);
    reply(&lines, &asked, text).await
}

/// Answers in our own words; nothing is offered with it.
pub(super) async fn reply(lines: &Lines, asked: &Asked, text: impl Into<String>) -> Option<Offer> {
    lines.reply(&asked.chat, &asked.heard, text).await;
    None
}

/// What is known of the aliases; the first load is waited for, for a while. Should the gateway end meanwhile, a network that
/// can says the message again.
async fn known(asked: &Asked) -> Result<Known, Down> {
    let known = asked.storm.aliases.send(aliases::Current).await?;
    if known.loaded.is_some() {
        return Ok(known);
    }
    timeout(FIRST_LOAD, asked.storm.aliases.send(aliases::Ready)).await.unwrap_or(Ok(known))
}

/// A local miss asks StackStorm before it says no: an alias may be newer than our registry.
///
/// `Err(None)` is a miss, as far as StackStorm says so in time.
async fn ask_server(asked: &mut Asked, registry: &Registry, words: &str) -> Result<Hit, Option<String>> {
    asked.release();
    let storm = &asked.storm;
    let asking = async {
        let _turn = asked.ticket.turn().await.ok()?;
        Some(auth::call(&storm.auth, async |access| storm.client.match_alias(access, words).await).await)
    };
    let Ok(Some(matched)) = timeout(SECOND_OPINION, asking).await else { return Err(None) };
    match matched {
        Ok(MatchAnswer::One(found)) => {
            // The registry is out of date; what follows need not wait for it.
            if let Err(error) = storm.aliases.send(aliases::Stale).await {
                warn!(%error, stackstorm = %storm.name, "registry not told that it is out of date");
            }
            registry.admit(found.actionalias, &found.representation).ok_or(None)
        }
        Ok(MatchAnswer::Ambiguous) => {
            Err(Some("StackStorm knows several aliases that match this; say it more precisely.".into()))
        }
        Ok(MatchAnswer::None) => Err(None),
        Err(error) => {
            debug!(%error, stackstorm = %storm.name, "alias not matched by StackStorm");
            Err(None)
        }
    }
}

async fn unknown(lines: &Lines, asked: &Asked, known: &Known, words: String) -> String {
    // Every alias is compared, which takes too long for others to wait for when there are thousands.
    let (registry, said) = (Arc::clone(&known.registry), words.clone());
    let suggestions = spawn_blocking(move || registry.suggest(&said, |_| true)).await;
    words::no_match(&words, &suggestions.unwrap_or_default(), asked.prefix(lines))
}

fn not_loaded(known: &Known) -> String {
    let why = known.error.as_deref().unwrap_or("they are being loaded");
    format!("The commands are not known yet: {why}.")
}

/// How long the first load is waited for.
const FIRST_LOAD: Duration = Duration::from_secs(10);

/// How long StackStorm is waited for with what no alias here matches.
const SECOND_OPINION: Duration = Duration::from_secs(5);
