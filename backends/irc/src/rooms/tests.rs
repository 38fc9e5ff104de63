//! Rooms that keep us out, put us out, or are ordered.

use fulmar_contract::Secret;
use tokio::sync::oneshot;

use super::*;

fn rooms(names: &[&str], now: Instant) -> Rooms {
    let wanted = |text: &&str| {
        let (name, key) = text.split_once(' ').map_or((*text, None), |(name, key)| (name, Some(key)));
        Wanted { name: name.into(), key: key.map(Secret::new) }
    };
    Rooms::new(names.iter().map(wanted).collect(), CaseMapping::Ascii, now)
}

fn seconds_until_rejoin(rooms: &mut Rooms, now: Instant) -> u64 {
    (0..1000).find(|second| !rooms.joins(now + Duration::from_secs(*second)).is_empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn keyed_rooms_come_first_on_the_line() {
    let now = Instant::now();
    let mut rooms = rooms(&["#a", "#b kb", "#c", "#d kd", "#e"], now);

    assert_eq!(rooms.joins(now), ["JOIN #b,#d,#a,#c kb,kd", "JOIN #e"]);
    assert!(rooms.joins(now).is_empty(), "nothing is joined twice");
}

#[tokio::test(start_paused = true)]
async fn rejoins_after_each_kick_later_up_to_a_bound() {
    let now = Instant::now();
    let mut rooms = rooms(&["#Ops"], now);

    let mut waits = Vec::new();
    for _ in 0..10 {
        rooms.joined("#ops", now);
        rooms.left("#ops", "kicked", now);
        waits.push(seconds_until_rejoin(&mut rooms, now));
    }

    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_kept_us_long_forgives() {
    let now = Instant::now();
    let mut rooms = rooms(&["#ops"], now);
    rooms.left("#ops", "kicked", now);
    rooms.left("#ops", "kicked", now);
    rooms.joined("#ops", now);

    let later = now + SETTLED;
    rooms.left("#ops", "kicked", later);

    assert_eq!(seconds_until_rejoin(&mut rooms, later), 2);
}

fn ordered(rooms: &mut Rooms, name: &str, now: Instant) -> oneshot::Receiver<Result<(), String>> {
    let (done, told) = oneshot::channel();
    rooms.order(name.into(), Wanted { name: name.into(), key: None }, done, now);
    told
}

fn dismissed(rooms: &mut Rooms, name: &str, now: Instant) -> (Dismissal, oneshot::Receiver<Result<(), String>>) {
    let (done, told) = oneshot::channel();
    (rooms.dismiss(name, done, now), told)
}

#[tokio::test(start_paused = true)]
async fn a_ban_is_news_once_and_is_retried_seldom() {
    let now = Instant::now();
    let mut rooms = rooms(&["#ops"], now);
    rooms.joins(now);

    let first = rooms.refused("#ops", 474, "banned", now);

    assert!(matches!(first, Departure::Missing(why) if why.contains("lift the ban") && why.contains("(banned)")));
    assert_eq!(seconds_until_rejoin(&mut rooms, now), 300);
    let again = rooms.refused("#ops", 474, "banned", now);
    assert_eq!(again, Departure::Nothing, "the same reason again is no news");
    assert!(rooms.is_missing("#ops") && !rooms.is_missing("#other"));
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_followed_soon_and_only_to_our_rooms() {
    let now = Instant::now();
    let mut rooms = rooms(&["#ops"], now);
    rooms.joins(now);
    rooms.refused("#ops", 473, "invited people only", now);

    rooms.invited("#ops", now);
    rooms.invited("#other", now);

    assert_eq!(seconds_until_rejoin(&mut rooms, now), 2);
    rooms.joined("#ops", now);
    rooms.invited("#ops", now);
    assert!(rooms.joins(now + SETTLED).is_empty(), "we are there already");
}

#[tokio::test(start_paused = true)]
async fn an_ordered_room_is_ours_once_it_lets_us_in_and_not_before() {
    let now = Instant::now();
    let mut rooms = rooms(&[], now);
    let mut refused = ordered(&mut rooms, "#shut", now);
    let mut let_in = ordered(&mut rooms, "#open", now);

    assert_eq!(rooms.joins(now), ["JOIN #open,#shut"]);
    assert_eq!(rooms.refused("#shut", 473, "no", now), Departure::Nothing, "nobody else is to know of it");
    let arrival = rooms.joined("#open", now);
    rooms.confirm("#open");

    assert!(matches!(arrival, Arrival::Won(wanted) if wanted.name == "#open"));
    assert!(refused.try_recv().unwrap().unwrap_err().contains("invite us"));
    assert_eq!(let_in.try_recv().unwrap(), Ok(()));
    assert_eq!(rooms.ids(), [RoomId::new("#open")]);
}

#[tokio::test(start_paused = true)]
async fn an_order_to_join_what_is_configured_and_missing_is_tried_at_once() {
    let now = Instant::now();
    let mut rooms = rooms(&["#ops"], now);
    rooms.joins(now);
    rooms.refused("#ops", 474, "banned", now);

    let mut told = ordered(&mut rooms, "#ops", now);

    assert_eq!(rooms.joins(now), ["JOIN #ops"]);
    rooms.refused("#ops", 474, "banned", now);
    assert!(told.try_recv().unwrap().is_err());
    assert!(rooms.is_missing("#ops"), "it is still ours");
}

#[tokio::test(start_paused = true)]
async fn what_the_server_does_not_answer_is_given_up() {
    let now = Instant::now();
    let mut rooms = rooms(&["#ops"], now);
    rooms.joined("#ops", now);
    let mut joining = ordered(&mut rooms, "#void", now);
    rooms.joins(now);
    let (dismissal, mut leaving) = dismissed(&mut rooms, "#ops", now);

    let later = now + PATIENCE;
    let parted = rooms.give_up(later);
    parted.iter().for_each(|room| rooms.forget(room));

    assert_eq!((dismissal, parted), (Dismissal::Leaving, vec!["#ops".to_owned()]));
    assert!(joining.try_recv().unwrap().is_err());
    assert_eq!(leaving.try_recv().unwrap(), Ok(()));
    assert!(rooms.ids().is_empty());
}

#[tokio::test(start_paused = true)]
async fn leaving_is_over_when_the_server_says_so_in_any_way() {
    let now = Instant::now();
    let mut rooms = rooms(&["#a", "#b", "#c"], now);
    for room in ["#a", "#b"] {
        rooms.joined(room, now);
        assert_eq!(dismissed(&mut rooms, room, now).0, Dismissal::Leaving);
    }

    assert_eq!(rooms.left("#a", "kicked", now), Departure::Parted);
    assert_eq!(rooms.refused("#b", 442, "you are not there", now), Departure::Parted);
    assert_eq!(dismissed(&mut rooms, "#c", now).0, Dismissal::Out);
    let (dismissal, mut told) = dismissed(&mut rooms, "#d", now);
    assert_eq!(dismissal, Dismissal::Unknown);
    assert!(told.try_recv().unwrap().is_err());
}
