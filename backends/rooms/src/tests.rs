//! Rooms that keep us out, put us out, or are ordered.

use tokio::sync::oneshot;

use super::{
    room::{FIRST_REJOIN, PATIENCE, SETTLED},
    *,
};

type Names = Rooms<&'static str, ()>;

fn rooms(names: &[&'static str], now: Instant) -> Names {
    Rooms::new(names.iter().map(|name| (*name, ())), now)
}

fn due(rooms: &mut Names, now: Instant) -> Vec<&'static str> {
    rooms.due(now).into_iter().map(|(name, ())| *name).collect()
}

fn seconds_until_rejoin(rooms: &mut Names, now: Instant) -> u64 {
    (0..1000).find(|second| !due(rooms, now + Duration::from_secs(*second)).is_empty()).unwrap()
}

fn ordered(rooms: &mut Names, name: &'static str, now: Instant) -> oneshot::Receiver<Result<(), String>> {
    let (done, told) = oneshot::channel();
    rooms.order(name, (), done, now);
    told
}

fn dismissed(
    rooms: &mut Names,
    name: &'static str,
    now: Instant,
) -> (Dismissal, oneshot::Receiver<Result<(), String>>) {
    let (done, told) = oneshot::channel();
    (rooms.dismiss(&name, done, now), told)
}

/// As a ban is answered.
fn refused(rooms: &mut Names, name: &'static str, now: Instant) -> Departure {
    rooms.refused(&name, "banned", Some(Duration::from_mins(5)), now)
}

#[tokio::test(start_paused = true)]
async fn rejoins_after_each_kick_later_up_to_a_bound() {
    let now = Instant::now();
    let mut rooms = rooms(&["ops"], now);

    let mut waits = Vec::new();
    for _ in 0..10 {
        rooms.joined(&"ops", now);
        assert_eq!(rooms.put_out(&"ops", "kicked", now), Departure::Missing("kicked".into()));
        waits.push(seconds_until_rejoin(&mut rooms, now));
    }

    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_kept_us_long_forgives() {
    let now = Instant::now();
    let mut rooms = rooms(&["ops"], now);
    for _ in 0..2 {
        rooms.joined(&"ops", now);
        rooms.put_out(&"ops", "kicked", now);
    }
    rooms.joined(&"ops", now);

    let later = now + SETTLED;
    rooms.put_out(&"ops", "kicked", later);

    assert_eq!(seconds_until_rejoin(&mut rooms, later), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_news_once_and_is_tried_again_when_it_says() {
    let now = Instant::now();
    let mut rooms = rooms(&["ops"], now);
    due(&mut rooms, now);

    let first = refused(&mut rooms, "ops", now);

    assert_eq!(first, Departure::Missing("banned".into()));
    assert_eq!(seconds_until_rejoin(&mut rooms, now), 300);
    assert_eq!(refused(&mut rooms, "ops", now), Departure::Nothing, "the same reason again is no news");
    assert!(rooms.is_missing(&"ops") && !rooms.is_missing(&"other"));
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_followed_soon_and_only_to_our_rooms() {
    let now = Instant::now();
    for pause in [Some(Duration::from_mins(5)), None] {
        let mut rooms = rooms(&["ops"], now);
        due(&mut rooms, now);
        rooms.refused(&"ops", "invited people only", pause, now);

        rooms.invited(&"ops", now);
        rooms.invited(&"other", now);

        assert!(due(&mut rooms, now).is_empty());
        assert_eq!(due(&mut rooms, now + FIRST_REJOIN), ["ops"]);
        rooms.joined(&"ops", now);
        rooms.invited(&"ops", now);
        assert!(due(&mut rooms, now + SETTLED).is_empty(), "we are there already");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ordered_room_is_ours_once_it_lets_us_in_and_not_before() {
    let now = Instant::now();
    let mut rooms = rooms(&[], now);
    let mut kept_out = ordered(&mut rooms, "shut", now);
    let mut let_in = ordered(&mut rooms, "open", now);

    assert_eq!(due(&mut rooms, now), ["open", "shut"]);
    assert_eq!(refused(&mut rooms, "shut", now), Departure::Nothing, "nobody else is to know of it");
    let arrival = rooms.joined(&"open", now);
    rooms.confirm(&"open");

    assert_eq!(arrival, Arrival::Won);
    assert_eq!(kept_out.try_recv().unwrap(), Err("banned".into()));
    assert_eq!(let_in.try_recv().unwrap(), Ok(()));
    assert!(rooms.names().eq([&"open"]));
    assert_eq!(rooms.joined(&"open", now), Arrival::Known);
    assert_eq!(ordered(&mut rooms, "open", now).try_recv().unwrap(), Ok(()), "we are there already");
}

#[tokio::test(start_paused = true)]
async fn an_order_to_join_what_is_configured_and_missing_is_tried_at_once() {
    let now = Instant::now();
    let mut rooms = rooms(&["ops"], now);
    due(&mut rooms, now);
    refused(&mut rooms, "ops", now);

    let mut told = ordered(&mut rooms, "ops", now);

    assert_eq!(due(&mut rooms, now), ["ops"]);
    refused(&mut rooms, "ops", now);
    assert!(told.try_recv().unwrap().is_err());
    assert!(rooms.is_missing(&"ops"), "it is still ours");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_is_given_up() {
    let now = Instant::now();
    let mut rooms = rooms(&["ops"], now);
    rooms.joined(&"ops", now);
    let mut joining = ordered(&mut rooms, "void", now);
    due(&mut rooms, now);
    let (dismissal, mut leaving) = dismissed(&mut rooms, "ops", now);

    let parted = rooms.give_up(now + PATIENCE);
    parted.iter().for_each(|room| rooms.forget(room));

    assert_eq!((dismissal, parted), (Dismissal::Leaving, vec!["ops"]));
    assert!(joining.try_recv().unwrap().is_err());
    assert_eq!(leaving.try_recv().unwrap(), Ok(()));
    assert_eq!(rooms.names().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn leaving_is_over_when_the_network_says_so_in_any_way() {
    let now = Instant::now();
    let mut rooms = rooms(&["a", "b", "c"], now);
    for room in ["a", "b"] {
        rooms.joined(&room, now);
        assert_eq!(dismissed(&mut rooms, room, now).0, Dismissal::Leaving);
    }

    assert_eq!(rooms.joined(&"a", now), Arrival::Unwanted, "somebody put us back");
    assert_eq!(rooms.put_out(&"a", "kicked", now), Departure::Parted);
    assert_eq!(refused(&mut rooms, "b", now), Departure::Parted);
    assert_eq!(dismissed(&mut rooms, "c", now).0, Dismissal::Out);
    let (dismissal, mut told) = dismissed(&mut rooms, "d", now);
    assert_eq!(dismissal, Dismissal::Unknown);
    assert!(told.try_recv().unwrap().is_err());
}
