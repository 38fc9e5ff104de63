//! What a session is told to do.

use tokio::sync::oneshot;

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
    /// Write a post.
    Post {
        /// What to write.
        post: Post,
        /// Told once. Dropped without a word, it counts as [`Undelivered::Unknown`].
        receipt: oneshot::Sender<Result<Receipt, Undelivered>>,
    },
}

/// Where to say that an order was carried out, or why not, for a person to read. Dropped without a word, it is
/// not known.
pub type Done = oneshot::Sender<Result<(), String>>;
