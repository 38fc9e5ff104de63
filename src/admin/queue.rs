//! The routes for dead letters and for what waits.

use actix_web::{
    HttpResponse,
    web::{Data, Path, Query, ServiceConfig, get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Admin;
use crate::{
    actors::{
        delivery::{Handle, Handling, Unhandled},
        journal::{Event, Find, Found, Letter, Letters, NotFound, Which},
    },
    journal::{DeliveryId, DeliveryState, Speech},
    supervise::Down,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/queue", get().to(list))
        .route("/queue/retry", post().to(retry_all))
        .route("/queue/drop", post().to(drop_all))
        .route("/queue/{id}", get().to(show))
        .route("/queue/{id}/retry", post().to(retry))
        .route("/queue/{id}/drop", post().to(drop_one));
}

/// What a list is to have in it.
#[derive(Debug, Deserialize)]
struct Wish {
    /// There if what waits is wanted, too.
    all: Option<String>,
}

/// A message in a list.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    chat: String,
    room: String,
    thread: Option<String>,
    speech: Speech,
    command: Option<String>,
    execution: Option<String>,
    /// When it was queued, or last tried again.
    queued: String,
    /// `dead`, `queued` or `sending`.
    state: &'static str,
    /// Why it is dead.
    why: Option<String>,
    text: String,
}

/// A message with all that is known of it.
#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    row: Row,
    mention: Option<String>,
    link: Option<String>,
    author: Option<String>,
    words: Option<String>,
    alias: Option<String>,
    history: Vec<Event>,
}

async fn list(admin: Data<Admin>, wish: Query<Wish>) -> HttpResponse {
    let which = if wish.all.is_some() { Which::All } else { Which::Dead };
    match admin.reach.journal.send_now(Letters(which)).await {
        Ok(letters) => HttpResponse::Ok().json(letters.into_iter().map(Row::from).collect::<Vec<_>>()),
        Err(down) => unavailable("the journal", down),
    }
}

async fn show(admin: Data<Admin>, end: Path<String>) -> HttpResponse {
    match admin.reach.journal.send_now(Find(end.into_inner())).await {
        Ok(Ok(found)) => HttpResponse::Ok().json(Whole::from(found)),
        Ok(Err(error)) => not_found(&error),
        Err(down) => unavailable("the journal", down),
    }
}

async fn retry(admin: Data<Admin>, end: Path<String>) -> HttpResponse {
    handle_one(&admin, end.into_inner(), Handling::Retry).await
}

async fn drop_one(admin: Data<Admin>, end: Path<String>) -> HttpResponse {
    handle_one(&admin, end.into_inner(), Handling::Drop).await
}

async fn retry_all(admin: Data<Admin>) -> HttpResponse {
    handle_all(&admin, Handling::Retry).await
}

async fn drop_all(admin: Data<Admin>) -> HttpResponse {
    handle_all(&admin, Handling::Drop).await
}

async fn handle_one(admin: &Admin, end: String, what: Handling) -> HttpResponse {
    let id = match admin.reach.journal.send_now(Find(end)).await {
        Ok(Ok(found)) => found.letter.delivery.id,
        Ok(Err(error)) => return not_found(&error),
        Err(down) => return unavailable("the journal", down),
    };
    match handle(admin, id, what).await {
        Ok(Ok(())) => HttpResponse::Ok().json(json!({"handled": 1})),
        Ok(Err(Unhandled::NotFound(error))) => not_found(&error),
        Ok(Err(error)) => HttpResponse::Conflict().json(json!({"error": error.to_string()})),
        Err(down) => unavailable("delivery", down),
    }
}

/// In the order in which they were queued, so that they are said in that order.
async fn handle_all(admin: &Admin, what: Handling) -> HttpResponse {
    let letters = match admin.reach.journal.send_now(Letters(Which::Dead)).await {
        Ok(letters) => letters,
        Err(down) => return unavailable("the journal", down),
    };
    let mut handled = 0;
    for letter in letters {
        match handle(admin, letter.delivery.id, what).await {
            Ok(Ok(())) => handled += 1,
            // Somebody else was quicker, or it can only be read.
            Ok(Err(Unhandled::NotFound(_) | Unhandled::Nowhere(_) | Unhandled::Waits)) => {}
            Ok(Err(error)) => {
                let error = format!("{handled} of them only: {error}");
                return HttpResponse::Conflict().json(json!({"error": error, "handled": handled}));
            }
            Err(down) => return unavailable("delivery", down),
        }
    }
    HttpResponse::Ok().json(json!({ "handled": handled }))
}

async fn handle(admin: &Admin, id: DeliveryId, what: Handling) -> Result<Result<(), Unhandled>, Down> {
    admin.reach.delivery.send_now(Handle { id, what, by: "an operator".into() }).await
}

fn not_found(error: &NotFound) -> HttpResponse {
    let mut response = match error {
        NotFound::None(_) => HttpResponse::NotFound(),
        NotFound::Several { .. } => HttpResponse::Conflict(),
    };
    response.json(json!({"error": error.to_string()}))
}

fn unavailable(who: &str, down: Down) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(json!({"error": format!("{who} is {down}")}))
}

impl From<Letter> for Row {
    fn from(Letter { delivery, at, state }: Letter) -> Self {
        let (state, why) = match state {
            DeliveryState::Dead { why } => ("dead", Some(why)),
            DeliveryState::Sending { .. } => ("sending", None),
            DeliveryState::Queued | DeliveryState::Delivered | DeliveryState::Dropped { .. } => ("queued", None),
        };
        Self {
            id: delivery.id.to_string(),
            chat: delivery.route.chat,
            room: delivery.route.room.to_string(),
            thread: delivery.route.thread.map(|thread| thread.to_string()),
            speech: delivery.speech,
            command: delivery.command.map(|id| id.to_string()),
            execution: delivery.execution.map(|run| run.id),
            queued: at.to_string(),
            state,
            why,
            text: delivery.text,
        }
    }
}

impl From<Found> for Whole {
    fn from(Found { letter, command, history }: Found) -> Self {
        let mention = letter.delivery.mention.as_ref().map(|mention| mention.name.clone());
        let (link, row) = (letter.delivery.link.clone(), Row::from(letter));
        let (author, words, alias) = match command {
            Some(command) => (Some(command.author.name), Some(command.text), Some(command.alias)),
            None => (None, None, None),
        };
        Self { row, mention, link, author, words, alias, history }
    }
}
