//! What administrators are told in private of messages that could not be delivered: one line, once a minute at most.

use std::{cell::RefCell, rc::Rc, time::Duration};

use fulmar_contract::{Identity, RoomId, UserId};
use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    Died,
    lines::{Lines, Utterance},
    words,
};
use crate::{
    actors::chat::Report,
    config::Administrator,
    journal::{Route, Speech},
};

/// What administrators are still to be told.
#[derive(Debug, Default)]
pub struct Alarm(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    tally: Option<Tally>,
    /// Whether somebody sees to it that it is told.
    is_seen_to: bool,
}

/// Messages that could not be delivered.
#[derive(Clone, Debug)]
struct Tally {
    count: usize,
    since: Timestamp,
    /// Where the last one was to go, and why it did not.
    last: String,
}

/// Has administrators told that something will not be said: at once, or with all else at the end of the minute.
pub(super) fn note(lines: &Rc<Lines>, Died { route: Route { chat, room, .. }, why }: &Died) {
    if lines.gateway.admins.is_empty() {
        return;
    }
    let State { tally, is_seen_to } = &mut *lines.alarm.0.borrow_mut();
    let tally = tally.get_or_insert_with(|| Tally { count: 0, since: lines.world.now(), last: String::new() });
    tally.count += 1;
    tally.last = format!("{chat}/{room}: {why}").trim_start_matches('/').to_owned();
    if !std::mem::replace(is_seen_to, true) {
        actix::spawn(see_to_it(Rc::clone(lines)));
    }
}

/// Tells until nothing is left to be told; while nobody can be reached, it is kept.
async fn see_to_it(lines: Rc<Lines>) {
    while let Some(tally) = lines.alarm.take() {
        if !tell(&lines, &tally).await {
            lines.alarm.put_back(tally);
        }
        sleep(PAUSE).await;
    }
}

impl Alarm {
    fn take(&self) -> Option<Tally> {
        let mut state = self.0.borrow_mut();
        let tally = state.tally.take();
        state.is_seen_to = tally.is_some();
        tally
    }

    fn put_back(&self, earlier: Tally) {
        let tally = &mut self.0.borrow_mut().tally;
        let later = tally.take();
        let count = earlier.count + later.as_ref().map_or(0, |later| later.count);
        let last = later.map_or(earlier.last, |later| later.last);
        *tally = Some(Tally { count, since: earlier.since, last });
    }
}

/// Tells all who can be reached; returns whether there was anybody.
async fn tell(lines: &Lines, Tally { count, since, last }: &Tally) -> bool {
    let mut is_told = false;
    for administrator in &lines.gateway.admins {
        let Some(room) = room_with(lines, administrator).await else { continue };
        let route = Route { chat: administrator.chat.clone(), room, thread: None };
        let text = words::undelivered(*count, *since, last);
        lines.say(route, Utterance { speech: Speech::Alarm, ..Utterance::notice(text) }).await;
        is_told = true;
    }
    is_told
}

/// The private room with an administrator, if their chat is online.
async fn room_with(lines: &Lines, Administrator { chat, identity }: &Administrator) -> Option<RoomId> {
    let outlet = &lines.chats.get(chat)?.outlet;
    let status = outlet.line.send_now(Report).await.ok()?;
    status.me?;
    let who = if status.vouches {
        Identity::Vouched(UserId::new(identity))
    } else {
        Identity::Claimed(identity.clone())
    };
    outlet.backend.private(&who)
}

/// How long nothing more is told after something was.
const PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(count: usize, since: i64, last: &str) -> Tally {
        Tally { count, since: Timestamp::from_second(since).unwrap(), last: last.into() }
    }

    #[test]
    fn what_nobody_could_be_told_is_told_with_what_came_after_it() {
        let alarm = Alarm::default();
        alarm.0.borrow_mut().tally = Some(tally(2, 60, "a"));

        let earlier = alarm.take().unwrap();
        alarm.0.borrow_mut().tally = Some(tally(1, 120, "b"));
        alarm.put_back(earlier);
        let Tally { count, since, last } = alarm.take().unwrap();

        let told = words::undelivered(count, since, &last);
        let expected =
            "3 messages could not be delivered since 00:01 UTC; the last was for b. See `fulmar queue list`.";
        assert_eq!(told, expected);
    }

    #[test]
    fn somebody_sees_to_it_until_nothing_is_left_to_be_told() {
        let alarm = Alarm::default();
        *alarm.0.borrow_mut() = State { tally: Some(tally(1, 0, "a")), is_seen_to: true };

        let first = (alarm.take().is_some(), alarm.0.borrow().is_seen_to);
        let second = (alarm.take().is_some(), alarm.0.borrow().is_seen_to);

        assert_eq!((first, second), ((true, true), (false, false)));
    }
}
