//! Commands that the network offers while people type.

use super::{Settled, settle};
use crate::Harness;

/// The commands that are offered are those of the last order. Where none can be offered, the order is refused.
pub async fn offers_what_it_is_told_last(mut harness: impl Harness) {
    let Settled { backend, mut session, .. } = settle(&harness).await;

    for words in [["help", "deploy"].as_slice(), &["help", "run", "st2_date"]] {
        let taken = session.offer(words).await;

        if backend.capabilities().offers == 0 {
            assert!(taken.is_err(), "nothing can be offered here");
        } else {
            assert_eq!(taken, Ok(()));
            harness.peer_is_offered(words).await;
        }
    }
}
