//! What a session is told to do.

use tokio::sync::{mpsc, oneshot};

use crate::{MessageId, Post, Receipt, RoomId, Secret, Undelivered};

/// Something that a session is to do, with the place to report what became of it.
#[derive(Debug)]
pub enum Order {
    /// Replace the text of a post by that of another, in its place: nothing new appears in the room, and nobody is
    /// alerted anew where the network lets one choose. Only where [`crate::Capabilities::edits`]; refused elsewhere.
    ///
    /// To give the same edit twice does no harm, nor does an edit that changes nothing.
    Edit {
        /// The message that is replaced, as the [`Receipt`] of its post named it: always the first, however often it was
        /// edited since. One that is not there any more, or cannot be edited any more, is refused.
        message: MessageId,
        /// What stands there from now on. Room and thread are those of the message; the key is one of its own.
        post: Post,
        /// As that of a post.
        receipt: oneshot::Sender<Result<Receipt, Undelivered>>,
    },
    /// Be in a room, now and in later lives of this process, as if it were configured. Only where
    /// [`crate::Capabilities::joins`].
    Join {
        /// The room, as [`crate::Backend::room`] makes it.
        room: RoomId,
        /// What opens it, where the network has that; ignored elsewhere.
        key: Option<Secret>,
        /// Told once the network has let us in or has not; a room that did not let us in is not tried again.
        done: Done,
    },
    /// Be out of a room, now and in later lives of this process, even if it is configured. Only where
    /// [`crate::Capabilities::joins`].
    Leave {
        /// The room.
        room: RoomId,
        /// Told once we are out. It is an error if we neither were in the room nor wanted to be.
        done: Done,
    },
    /// Offer these commands to people while they type, in place of those that were offered before. Only where
    /// [`crate::Capabilities::offers`], and no more than that. A session begins with what the last one offered.
    Offer {
        /// The commands, the most useful first.
        commands: Vec<Offered>,
        /// Told once the network has taken them.
        done: Done,
    },
    /// Write a post.
    Post {
        /// What to write.
        post: Post,
        /// Told once. Dropped without a word, it counts as [`Undelivered::Unknown`].
        receipt: oneshot::Sender<Result<Receipt, Undelivered>>,
    },
    /// React to a message. Only where [`crate::Capabilities::reactions`].
    React {
        /// Where the message is.
        room: RoomId,
        /// The message.
        message: MessageId,
        /// One emoji, which takes the place of an earlier one of ours; `None` takes that away.
        emoji: Option<String>,
        /// Told once the network has taken it.
        done: Done,
    },
}

impl Order {
    /// Answers that it was not carried out and, if it is something to write, may be later.
    pub fn put_off(self, why: &str) {
        self.fail(Undelivered::Later { after: None, why: why.to_owned() });
    }

    /// Answers that it never will be carried out.
    pub fn refuse(self, why: &str) {
        self.fail(Undelivered::Refused { why: why.to_owned() });
    }

    /// Takes no more of `orders`, and puts off those that wait.
    pub fn put_off_all(orders: &mut mpsc::Receiver<Self>, why: &str) {
        orders.close();
        while let Ok(order) = orders.try_recv() {
            order.put_off(why);
        }
    }

    fn fail(self, fate: Undelivered) {
        match self {
            Self::Edit { receipt, .. } | Self::Post { receipt, .. } => drop(receipt.send(Err(fate))),
            Self::Join { done, .. }
            | Self::Leave { done, .. }
            | Self::Offer { done, .. }
            | Self::React { done, .. } => drop(done.send(Err(fate.why().to_owned()))),
        }
    }
}

/// A command that the network offers to people while they type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The first word of the command, without a prefix: letters, digits, `-` and `_`.
    pub word: String,
    /// What it does, on one line.
    pub summary: String,
}

/// Where to say that an order was carried out, or why not, for a person to read. Dropped without a word, it is
/// not known.
pub type Done = oneshot::Sender<Result<(), String>>;
