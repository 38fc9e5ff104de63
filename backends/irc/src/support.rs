//! What the server says that it supports (numeric 005, ISUPPORT).

use crate::casemap::CaseMapping;

/// The tokens of ISUPPORT that matter here. Before any came: what RFC 2812 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Support {
    /// The letter of the user mode that marks a program.
    pub(crate) bot: Option<char>,
    pub(crate) casemapping: CaseMapping,
    /// The characters with which a room's name can begin.
    pub(crate) chantypes: String,
    /// The greatest length of a line in bytes, line end included.
    pub(crate) linelen: usize,
    /// The characters before a room's name that address only a part of the room.
    pub(crate) statusmsg: String,
    /// Whether the server tells when a nick becomes free.
    pub(crate) monitor: bool,
    /// The greatest length of a nick in bytes.
    pub(crate) nicklen: usize,
    /// Whether WHO can ask for accounts.
    pub(crate) whox: bool,
}

impl Default for Support {
    fn default() -> Self {
        let casemapping = CaseMapping::default();
        Self {
            bot: None,
            casemapping,
            chantypes: "#&+!".into(),
            linelen: 512,
            monitor: false,
            nicklen: usize::MAX,
            statusmsg: "@+".into(),
            whox: false,
        }
    }
}

impl Support {
    /// Takes in one token, as `CASEMAPPING=ascii`.
    pub(crate) fn learn(&mut self, token: &str) {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        match name {
            "BOT" => self.bot = value.chars().next().filter(char::is_ascii_alphabetic),
            "CASEMAPPING" => self.casemapping = CaseMapping::named(value).unwrap_or(self.casemapping),
            "CHANTYPES" => value.clone_into(&mut self.chantypes),
            "LINELEN" => self.linelen = value.parse().unwrap_or(self.linelen).clamp(512, 16_384),
            "MONITOR" => self.monitor = true,
            "NICKLEN" => self.nicklen = value.parse().unwrap_or(self.nicklen).max(1),
            "STATUSMSG" => value.clone_into(&mut self.statusmsg),
            "WHOX" => self.whox = true,
            _ => {}
        }
    }

    /// The room, folded, that a message to `target` was written in; `None` if `target` is no room.
    pub(crate) fn room(&self, target: &str) -> Option<String> {
        let is_room = |name: &str| name.starts_with(|c| self.chantypes.contains(c));
        let name = match target.strip_prefix(|c| self.statusmsg.contains(c)) {
            Some(name) if is_room(name) => name,
            _ => target,
        };
        is_room(name).then(|| self.casemapping.fold(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_what_it_knows_and_ignores_the_rest() {
        let mut support = Support::default();

        for token in ["CASEMAPPING=ascii", "CHANTYPES=#", "LINELEN=x", "STATUSMSG=~@", "WHOX", "EXCEPTS", "="] {
            support.learn(token);
        }

        assert_eq!((support.casemapping, support.linelen, support.whox), (CaseMapping::Ascii, 512, true));
        assert_eq!(support.room("@#Ops").as_deref(), Some("#ops"));
        assert_eq!(support.room("&local"), None);
    }

    #[test]
    fn a_message_to_a_part_of_a_room_is_in_the_room() {
        let support = Support::default();

        assert_eq!(support.room("@#ops").as_deref(), Some("#ops"));
        assert_eq!(support.room("+#ops").as_deref(), Some("#ops"));
        assert_eq!(support.room("+modeless").as_deref(), Some("+modeless"));
        assert_eq!(support.room("ada"), None);
    }
}
