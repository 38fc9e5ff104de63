//! From the start to the rooms.

use fulmar_contract::{Event, Failure};

use super::named;
use crate::{Harness, Session};

/// [`Event::Online`] comes first, and only once.
pub async fn says_online_first(mut harness: impl Harness) {
    let backend = harness.backend();
    let mut session = Session::start(&*backend);

    let me = session.online().await;

    assert!(!me.name.is_empty(), "we are called something");
    let room = named(&*backend, harness.room());
    session.joined(&room).await;
    harness.peer_says(&room, "hello").await;
    loop {
        match session.event().await {
            Event::Online { .. } => panic!("online was said twice"),
            Event::Heard(_) => break,
            Event::InputEnded | Event::Joined(_) | Event::Left { .. } | Event::Parted(_) | Event::Reacted(_) => {}
        }
    }
}

/// A configured room is named when the session is online, and joined without being asked.
pub async fn joins_its_rooms(harness: impl Harness) {
    let backend = harness.backend();
    let room = named(&*backend, harness.room());
    let mut session = Session::start(&*backend);

    let first = session.event().await;

    let Event::Online { rooms, .. } = first else { panic!("expected to be online first, got {first:?}") };
    assert!(rooms.contains(&room), "{room} is not among the rooms to be joined: {rooms:?}");
    session.joined(&room).await;
}

/// A refused login is [`Failure::Credentials`], and nothing was said to be online.
pub async fn bad_login_is_credentials(harness: impl Harness) {
    let session = Session::start(&*harness.backend_with_bad_login());

    let end = session.ended_unheard().await;

    assert!(matches!(end, Err(Failure::Credentials { .. })), "expected refused credentials, got {end:?}");
}
