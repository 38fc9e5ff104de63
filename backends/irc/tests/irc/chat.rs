//! Chats as an operator configures them.

use fulmar_conformance::Chat;
use fulmar_irc::KIND;

/// A chat on loopback that sends without limit.
pub(crate) fn on(port: u16) -> Chat {
    Chat::of(KIND).text("server", "localhost").with("port", i64::from(port)).with("rate", 0)
}

/// What many chats here have.
pub(crate) trait Keys {
    fn sasl(self, account: &str, password: &str) -> Self;
    fn without_tls(self) -> Self;
}

impl Keys for Chat {
    fn sasl(self, account: &str, password: &str) -> Self {
        self.text("sasl", "plain").text("account", account).text("sasl_password", password)
    }

    fn without_tls(self) -> Self {
        self.with("tls", false)
    }
}
