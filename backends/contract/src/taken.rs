//! [`Taken`]: how a session learns that messages need not be heard again.

use std::convert::Infallible;

use tokio::sync::mpsc;

/// A hold on a message that the network would repeat: whoever has it may still lose the message.
///
/// It is dropped once the message is journalled, or was not for us. Dropped by accident it counts as well: a message that
/// breaks the gateway is not to come again.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Never sends: its end is what is waited for.
    _hold: Option<mpsc::Sender<Infallible>>,
    /// Another, for somebody else who waits.
    _other: Option<mpsc::Sender<Infallible>>,
}

/// Waits until all holds of one [`Taken::new`] are dropped.
#[derive(Debug)]
pub struct Taking(mpsc::Receiver<Infallible>);

impl Taken {
    /// A hold, of which each message of a batch gets a clone, and the wait for all of them. Networks that repeat nothing
    /// use the default, which holds nobody up.
    pub fn new() -> (Self, Taking) {
        let (hold, held) = mpsc::channel(1);
        (Self { _hold: Some(hold), _other: None }, Taking(held))
    }

    /// The same hold, for which whoever waits for `other` waits, too. There is one such other: a later one takes its place.
    #[must_use]
    pub fn along_with(self, other: &Self) -> Self {
        Self { _other: other._hold.clone(), ..self }
    }
}

impl PartialEq for Taken {
    /// Messages are compared by what they say.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Taken {}

impl Taking {
    /// Returns once nothing is held any more. May be dropped and called anew.
    pub async fn all(&mut self) {
        let None = self.0.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn is_waited_for_until_the_last_hold_is_dropped() {
        let (taken, mut taking) = Taken::new();
        let other = taken.clone();

        drop(taken);
        assert!(taking.all().now_or_never().is_none());
        drop(other);
        assert!(taking.all().now_or_never().is_some());
    }

    #[test]
    fn two_may_wait_for_one_hold() {
        let ((first, mut first_taking), (second, mut second_taking)) = (Taken::new(), Taken::new());

        let both = first.along_with(&second);
        drop(second);

        assert!(first_taking.all().now_or_never().is_none() && second_taking.all().now_or_never().is_none());
        drop(both);
        assert!(first_taking.all().now_or_never().is_some() && second_taking.all().now_or_never().is_some());
    }
}
