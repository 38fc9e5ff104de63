//! People who give commands of every kind, and programs that announce things.

use std::net::SocketAddr;

use fastrand::Rng;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    http,
    stackstorm::{self, LINES},
    stage::Stage,
};

/// All of them.
pub(super) struct Crowd {
    rng: Rng,
    /// Where webhooks are.
    web: SocketAddr,
    /// What is being announced, and whether it is taken.
    announcing: JoinSet<Option<u64>>,
    /// Who will be asked to choose.
    undecided: Vec<u64>,
    /// Who will think better of it.
    hasty: Vec<u64>,
    /// The commands that may be said to be unclear, since StackStorm takes no mark for them.
    pub(super) unmarked: Vec<u64>,
    /// The plain commands.
    plain: Vec<u64>,
}

impl Crowd {
    pub(super) fn new(rng: Rng, web: SocketAddr) -> Self {
        let [undecided, hasty, unmarked, plain] = [const { Vec::new() }; 4];
        Self { rng, web, announcing: JoinSet::new(), undecided, hasty, unmarked, plain }
    }

    /// Somebody does something.
    pub(super) fn act(&mut self, stage: &mut Stage) {
        self.follow_up(stage);
        match self.rng.u32(..100) {
            0..40 => {
                let seconds = if self.rng.bool() { 0.0 } else { 12.0 * self.rng.f64() };
                self.plain.extend(stage.give(seconds));
            }
            40..50 => drop(stage.order(None, "!tell t{n} for 1", &["t{n}"], LINES)),
            50..58 => self.unmarked.extend(stage.order(None, "!t{n}-1 t{n}-2", &["t{n}-1", "t{n}-2"], 0)),
            58..66 => self.undecided.extend(stage.order(None, "!pick t{n}", &["t{n}"], 0)),
            66..74 => self.repeat(stage),
            74..80 => self.hasty.extend(stage.give(15.0)),
            80..90 => self.announce(stage),
            90..97 => self.post(stage),
            _ => stage.rooms.iter().for_each(|room| _ = stage.network.say("somebody", room, "!status")),
        }
    }

    /// Takes note of what was taken that was to be announced.
    pub(super) fn note(&mut self, stage: &mut Stage) {
        while let Some(announced) = self.announcing.try_join_next() {
            if let Ok(Some(number)) = announced {
                stage.account.is_made(number);
            }
        }
    }

    /// Everybody does what is left to do; waits until everything is taken that was to be announced, or not.
    pub(super) async fn finish(&mut self, stage: &mut Stage) {
        self.follow_up(stage);
        while let Some(announced) = self.announcing.join_next().await {
            if let Ok(Some(number)) = announced {
                stage.account.is_made(number);
            }
        }
    }

    /// Those who were asked choose; those who were acknowledged have it cancelled.
    fn follow_up(&mut self, stage: &mut Stage) {
        self.note(stage);
        for number in self.undecided.extract_if(.., |number| stage.account.is_asked(*number)) {
            stage.speak(number, if self.rng.bool() { "!1" } else { "!2" });
        }
        for number in self.hasty.extract_if(.., |number| stage.account.is_acknowledged(*number)) {
            stage.speak(number, "!cancel");
        }
    }

    /// Somebody else gives a command again, where it was given.
    fn repeat(&mut self, stage: &mut Stage) {
        let Some(number) = self.rng.choice(&self.plain).copied() else { return };
        let Some(id) = stage.account.id_of(number).map(str::to_owned) else { return };
        let room = stage.account.room_of(number).map(str::to_owned);
        stage.order(room, &format!("!rerun {id}"), &[&format!("t{number}")], 0);
    }

    fn announce(&mut self, stage: &mut Stage) {
        let address = stage.stackstorm.address;
        if let Some((number, room)) = stage.perhaps_announced() {
            let announced = async move { stackstorm::announce(address, number, &room).await.is_ok() };
            self.announcing.spawn(async move { announced.await.then_some(number) });
        }
    }

    fn post(&mut self, stage: &mut Stage) {
        let web = self.web;
        let Some((number, room)) = stage.perhaps_announced() else { return };
        let body = json!({"channel": format!("fulmar/{room}"), "message": format!("News n{number}.")}).to_string();
        self.announcing.spawn(async move {
            let posted = http::ask(web, "POST", "/chatops/message", ("", &body)).await;
            posted.is_ok_and(|answer| answer.status == 200).then_some(number)
        });
    }
}
