//! The gateway's actors and the messages between them.
