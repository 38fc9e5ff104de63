//! The rest: the root, who am I, tokens, rules, actions, and the faults.

use serde_json::{Value, json};

use super::call::{Answer, Call, Others};
use super::page::{Attributes, Page};
use super::route::Open;
use crate::sandbox::access::{Caller, Credential, Place};
use crate::sandbox::fault::Fault;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::World;

/// What needs no token and no key.
pub(crate) fn open(world: &World, call: &Call, endpoint: Open) -> Result<Answer, Refusal> {
    match endpoint {
        Open::Faults => inject(world, call.json()?),
        Open::ForgetFaults => {
            world.state().switches.forget();
            Ok(Answer::text(204, "application/json", ""))
        }
        Open::Token => {
            let request = call.object(&[], Others::Allowed)?;
            let issued = world.state().access.issue(call.presented.basic.as_ref(), &request.into())?;
            Ok(Answer::json(201, &issued))
        }
        Open::ValidateToken => {
            let body = call.json()?;
            let token = body.get("token").and_then(Value::as_str).unwrap_or_default();
            let state = world.state();
            state.access.caller(&call.presented)?;
            Ok(Answer::json(200, &json!({"valid": state.access.is_valid(token)})))
        }
    }
}

fn inject(world: &World, body: Value) -> Result<Answer, Refusal> {
    let faults = if body.is_array() {
        serde_json::from_value::<Vec<Fault>>(body)
    } else {
        serde_json::from_value(body).map(|fault| vec![fault])
    };
    let faults = faults.map_err(|error| Refusal::bad(error.to_string()))?;
    faults.into_iter().for_each(|fault| world.inject(fault));
    Ok(Answer::text(204, "application/json", ""))
}

pub(crate) fn root() -> Answer {
    Answer::json(200, &json!({"version": VERSION, "docs_url": DOCS}))
}

pub(crate) fn inquiries(call: &Call) -> Result<Answer, Refusal> {
    Ok(Page::of(call, Some(20))?.answer(0, &[] as &[Value]))
}

pub(crate) fn action(world: &World, reference: &str) -> Result<Answer, Refusal> {
    let state = world.state();
    let runnable = state.catalogue.action(reference);
    let unknown = || format!("Resource with a reference or id \"{reference}\" not found");
    Ok(Answer::json(200, &*runnable.ok_or_else(|| Refusal::missing(unknown()))?.action.document))
}

pub(crate) fn actions(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::of(call, Some(100))?;
    let attributes = Attributes::of(call, &["id", "name", "ref"]);
    let state = world.state();
    let asked = |pack: &str| call.parameter("pack").is_none_or(|wanted| wanted == pack);
    let found: Vec<_> = state.catalogue.actions().filter(|it| asked(&it.action.pack)).collect();
    let total = found.len();
    let shown = page.cut(found).into_iter().map(|it| attributes.choose((*it.action.document).clone()));
    Ok(page.answer(total, &shown.collect::<Vec<_>>()))
}

pub(crate) fn rules(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::of(call, None)?;
    let attributes = Attributes::of(call, &["id", "name", "ref"]);
    let state = world.state();
    let asked = |rule: &&Value| {
        let pack = rule.get("pack").and_then(Value::as_str);
        call.parameter("pack").is_none_or(|wanted| Some(wanted) == pack)
    };
    let found: Vec<_> = state.catalogue.rules.iter().filter(asked).collect();
    let shown: Vec<_> = page.cut(&found).into_iter().map(|rule| attributes.choose((*rule).clone())).collect();
    Ok(page.answer(found.len(), &shown))
}

pub(crate) fn user(caller: &Caller) -> Answer {
    let method = match caller.with {
        Credential::ApiKey => "API key",
        Credential::None | Credential::Password | Credential::Token => "authentication token",
    };
    let location = match caller.place {
        Place::Header => "header",
        Place::Query => "query",
    };
    let user = json!({
        "username": caller.user, "authentication": {"method": method, "location": location},
        "rbac": {"enabled": false, "roles": [], "is_admin": true},
    });
    Answer::json(200, &user)
}

const VERSION: &str = "3.10dev";
const DOCS: &str = "http://docs.stackstorm.com/latest";
