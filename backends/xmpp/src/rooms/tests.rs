use tokio::sync::oneshot;

use super::*;

fn ops() -> BareJid {
    BareJid::new("ops@rooms.example").unwrap()
}

fn wanted() -> Wanted {
    Wanted { room: ops(), key: Some(Secret::new("key")) }
}

/// Rooms of which one is joined.
fn joined(now: Instant) -> Rooms {
    let mut rooms = Rooms::new(vec![wanted()], "fulmar", now);
    assert_eq!(rooms.due(now).len(), 1);
    assert!(matches!(rooms.joined(&ops(), now), Arrival::Wanted));
    rooms
}

fn refused(condition: &str) -> Reason {
    Reason::Refused { condition: condition.into(), why: "no".into() }
}

#[tokio::test(start_paused = true)]
async fn who_is_put_out_comes_back_each_time_later() {
    let mut now = Instant::now();
    let mut rooms = joined(now);
    for pause in [2, 4, 8] {
        let departure = rooms.out(&ops(), &Reason::Kicked("enough".into()), now);

        assert_eq!(departure, Departure::Missing("enough".into()));
        assert!(rooms.due(now + Duration::from_secs(pause - 1)).is_empty());
        now += Duration::from_secs(pause);
        assert_eq!(rooms.due(now).len(), 1);
        rooms.joined(&ops(), now);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_once_and_tried_again_seldom_and_a_ban_never() {
    let now = Instant::now();
    for (reason, comes_back) in [(refused("not-authorized"), true), (refused("forbidden"), false)] {
        let mut rooms = Rooms::new(vec![wanted()], "fulmar", now);
        rooms.due(now);

        assert!(matches!(rooms.out(&ops(), &reason, now), Departure::Missing(_)));
        assert_eq!(rooms.due(now + Duration::from_mins(4)).len(), 0);
        assert_eq!(rooms.due(now + Duration::from_hours(9)).len(), usize::from(comes_back));
        let again = rooms.out(&ops(), &reason, now);
        assert_eq!(again, Departure::Nothing);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_lifts_a_ban() {
    let now = Instant::now();
    let mut rooms = joined(now);
    rooms.out(&ops(), &Reason::Banned("out".into()), now);

    rooms.invited(&ops(), now);

    assert_eq!(rooms.due(now + FIRST_REJOIN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_nick_is_tried_a_few_times() {
    let now = Instant::now();
    let mut rooms = Rooms::new(vec![wanted()], "fulmar", now);
    rooms.due(now);

    let nicks: Vec<String> = std::iter::from_fn(|| rooms.renamed(&ops())).map(|entry| entry.nick).collect();

    assert_eq!(nicks, ["fulmar_", "fulmar__", "fulmar___", "fulmar____"]);
    assert_eq!(rooms.nick(&ops()), Some("fulmar"));
}

#[tokio::test(start_paused = true)]
async fn the_nick_that_we_want_is_known_to_be_free() {
    let now = Instant::now();
    let mut rooms = joined(now);
    rooms.known_as(&ops(), "fulmar_");

    assert_eq!(rooms.misnamed(), [(ops(), "fulmar".to_owned())]);
    assert_eq!(rooms.went(&ops(), "ada"), None);
    assert_eq!(rooms.went(&ops(), "fulmar"), Some("fulmar"));
    rooms.known_as(&ops(), "fulmar");
    assert_eq!(rooms.went(&ops(), "fulmar"), None);
}

#[tokio::test(start_paused = true)]
async fn a_nick_that_changes_hands_is_somebody_else() {
    let mut rooms = joined(Instant::now());
    let [ada, eve] = ["ada@example.org", "eve@example.org"].map(|jid| BareJid::new(jid).unwrap());
    rooms.came(&ops(), "ada", Some(ada.clone()));
    assert_eq!(rooms.real(&ops(), "ada"), Some(&ada));

    rooms.went(&ops(), "ada");
    assert_eq!(rooms.real(&ops(), "ada"), None);
    rooms.came(&ops(), "ada", Some(eve.clone()));

    assert_eq!(rooms.real(&ops(), "ada"), Some(&eve));
}

#[tokio::test(start_paused = true)]
async fn a_silent_room_is_asked_whether_we_are_in_it() {
    let now = Instant::now();
    let mut rooms = joined(now);

    assert!(rooms.doubtful(now + DOUBT - Duration::from_secs(1)).is_empty());
    assert_eq!(rooms.doubtful(now + DOUBT), [(ops(), "fulmar".to_owned())]);
    assert!(rooms.doubtful(now + DOUBT).is_empty());
    rooms.seen(&ops(), now + DOUBT);
    assert_eq!(rooms.doubtful(now + 2 * DOUBT).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_orders_is_told_what_became_of_it() {
    let now = Instant::now();
    let mut rooms = Rooms::new(Vec::new(), "fulmar", now);
    let order = |rooms: &mut Rooms| {
        let (done, told) = oneshot::channel();
        rooms.order(wanted(), done, now);
        rooms.due(now);
        told
    };

    let told = order(&mut rooms);
    assert_eq!(rooms.out(&ops(), &refused("gone"), now), Departure::Nothing);
    assert_eq!(told.await, Ok(Err("no".into())));
    assert!(!rooms.is_ours(&ops()), "a room that does not let us in is not tried again");

    let told = order(&mut rooms);
    assert!(matches!(rooms.joined(&ops(), now), Arrival::Won(_)));
    rooms.confirm(&ops());
    assert_eq!(told.await, Ok(Ok(())));

    let told = order(&mut rooms);
    assert_eq!(told.await, Ok(Ok(())));

    let (done, told) = oneshot::channel();
    assert_eq!(rooms.dismiss(&ops(), done, now), Dismissal::Leaving);
    assert_eq!(rooms.out(&ops(), &Reason::Kicked(String::new()), now), Departure::Parted);
    rooms.forget(&ops());
    assert_eq!(told.await, Ok(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_silent_room_is_told_so() {
    let now = Instant::now();
    let mut rooms = Rooms::new(Vec::new(), "fulmar", now);
    let (done, told) = oneshot::channel();
    rooms.order(wanted(), done, now);
    rooms.due(now);

    assert!(rooms.give_up(now + PATIENCE).is_empty());

    assert!(told.await.unwrap().is_err());
    assert!(!rooms.is_ours(&ops()));
}
