//! Who somebody is.

use super::{Settled, settle};
use crate::Harness;

/// Who is vouched for stays who they are when they are called otherwise, and who takes their name does not become them.
pub async fn a_name_is_not_an_identity(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;
    harness.peer_says(&room, "one").await;
    let before = session.heard().await.sender;
    if !before.identity.is_vouched() {
        return;
    }

    harness.peer_is_renamed().await;
    harness.peer_says(&room, "two").await;
    let after = session.heard().await.sender;
    harness.impostor_says(&room, &before.name, "three").await;
    let other = session.heard().await.sender;

    assert_eq!(after.identity, before.identity);
    assert_ne!(after.name, before.name, "the new name is not known");
    assert_eq!(other.name, before.name);
    assert_ne!(other.identity, before.identity);
}
