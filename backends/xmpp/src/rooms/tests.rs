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
async fn who_is_put_out_comes_back_soon_and_who_is_banned_never() {
    let now = Instant::now();
    for (reason, comes_back) in
        [(Reason::Kicked("enough".into()), true), (refused("not-authorized"), true), (refused("forbidden"), false)]
    {
        let mut rooms = joined(now);

        assert!(matches!(rooms.out(&ops(), &reason, now), Departure::Missing(_)));

        assert!(rooms.due(now + Duration::from_secs(1)).is_empty());
        assert_eq!(rooms.due(now + Duration::from_hours(9)).len(), usize::from(comes_back));
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_ordered_keeps_its_password() {
    let now = Instant::now();
    let mut rooms = Rooms::new(Vec::new(), "fulmar", now);
    let order = |rooms: &mut Rooms, wanted| rooms.order(wanted, oneshot::channel().0, now);

    order(&mut rooms, wanted());
    order(&mut rooms, Wanted { key: None, ..wanted() });

    assert_eq!(rooms.due(now)[0].key.as_ref().unwrap().reveal(), "key");
    assert_eq!(rooms.joined(&ops(), now), Arrival::Won);
    assert_eq!(rooms.wanted(&ops()).key.unwrap().reveal(), "key");
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
