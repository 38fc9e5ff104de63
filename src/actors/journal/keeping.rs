//! How long is waited for what is being written: a disk that hangs says nothing.

use std::{cell::Cell, rc::Rc, time::Duration};

use tokio::time::timeout;
use tracing::{error, info};

use super::NotKept;
use crate::journal::{Assurance, Misfit, StoreError, Written};

/// What is being written.
pub(super) struct Keeping {
    pub(super) written: Written,
    pub(super) assurance: Assurance,
    /// Why not all of it is.
    pub(super) misfit: Option<Misfit>,
    pub(super) silence: Rc<Silence>,
}

/// How many writes have had no answer for so long that nobody waits for it any more.
#[derive(Debug, Default)]
pub(super) struct Silence {
    writes: Cell<usize>,
    /// Those that were to outlive the machine's power: others may be answered still, or not.
    syncs: Cell<usize>,
}

impl Keeping {
    /// Whether it was kept. What did not fit may have been there already, so that is waited for, too.
    ///
    /// What need not be kept for certain has happened after [`PATIENCE`] all the same.
    ///
    /// # Errors
    /// [`NotKept`].
    pub(super) async fn done(self) -> Result<(), NotKept> {
        let Self { mut written, assurance, misfit, silence } = self;
        if let Some(patience) = silence.patience(assurance) {
            if let Ok(kept) = timeout(patience, &mut written).await {
                kept.unwrap_or_else(|_| Err(StoreError::of_disk("its writer is gone")))?;
            } else {
                silence.last_until(written, assurance);
                if assurance > Assurance::Eventual {
                    return Err(silent().into());
                }
            }
        }
        misfit.map_or(Ok(()), |misfit| Err(misfit.into()))
    }
}

impl Silence {
    /// Why nothing can be kept for certain at present.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        (self.writes.get() + self.syncs.get() > 0).then(silent)
    }

    /// How long it is worth to wait for an answer.
    const fn patience(&self, assurance: Assurance) -> Option<Duration> {
        match assurance {
            Assurance::Eventual if self.writes.get() > 0 => None,
            Assurance::Eventual if self.syncs.get() > 0 => Some(BRIEFLY),
            Assurance::Eventual | Assurance::Written | Assurance::Synced => Some(PATIENCE),
        }
    }

    fn last_until(self: Rc<Self>, answered: Written, assurance: Assurance) {
        if self.trouble().is_none() {
            error!("the journal's disk does not answer: commands are refused until it does");
        }
        self.count(assurance).update(|unanswered| unanswered + 1);
        actix::spawn(async move {
            drop(answered.await);
            self.count(assurance).update(|unanswered| unanswered - 1);
            if self.trouble().is_none() {
                info!("the journal's disk answers again");
            }
        });
    }

    const fn count(&self, assurance: Assurance) -> &Cell<usize> {
        match assurance {
            Assurance::Eventual | Assurance::Written => &self.writes,
            Assurance::Synced => &self.syncs,
        }
    }
}

/// What is wrong with a disk that says nothing.
pub(super) fn silent() -> StoreError {
    StoreError::of_disk("the disk does not answer")
}

/// How long the disk may take. Slow ones need a second or two when there is much to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take while the disk is sure of nothing: what it need not be sure of takes milliseconds.
const BRIEFLY: Duration = Duration::from_secs(1);
