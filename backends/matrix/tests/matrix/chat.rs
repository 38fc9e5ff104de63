//! Chats as an operator configures them.

use std::path::Path;

use fulmar_conformance::Chat;
use fulmar_matrix::KIND;

/// A chat at a homeserver on loopback.
pub(crate) fn on(port: u16, store: &Path) -> Chat {
    Chat::of(KIND)
        .text("homeserver", &format!("http://127.0.0.1:{port}"))
        .text("store", &store.display().to_string())
        .text("invites", "*:localhost")
}
