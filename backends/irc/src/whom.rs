//! Whom a one-to-one room is with: an account, as long as the network vouches for one, else a nick. Pure.

use fulmar_contract::{Identity, RoomId};

use crate::{casemap::CaseMapping, lasting::Lasting, outbound};

/// The other end of a one-to-one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Whoever is logged in to this account, in lower case, whatever their nick is by now.
    Account(String),
    /// Whoever has this nick.
    Nick(String),
}

impl Whom {
    /// The room with them.
    pub(crate) fn room(&self, casemapping: CaseMapping) -> RoomId {
        RoomId::new(match self {
            Self::Account(account) => format!("{MARK}{account}"),
            Self::Nick(nick) => casemapping.fold(nick),
        })
    }

    /// Whom `room` is with, if it is one-to-one.
    pub(crate) fn of(room: &RoomId) -> Option<Self> {
        let name = room.as_str();
        match name.strip_prefix(MARK) {
            Some(account) => Some(Self::Account(account.to_owned())),
            None => outbound::is_nick(name).then(|| Self::Nick(name.to_owned())),
        }
    }
}

/// Whom somebody means by `name`: `~account` outright; else the account of that name if somebody was ever seen logged
/// in to it, so that nobody can read what is for them by taking the nick; else the nick.
pub(crate) fn named(name: &str, lasting: &Lasting) -> Option<Whom> {
    let (account, is_marked) = name.strip_prefix(MARK).map_or((name, false), |account| (account, true));
    if !outbound::is_nick(account) {
        return None;
    }
    let account = account.to_ascii_lowercase();
    let is_account = is_marked || lasting.nick_of(&account).is_some();
    Some(if is_account { Whom::Account(account) } else { Whom::Nick(name.to_owned()) })
}

/// Whom somebody is, who is vouched for or not: what is for an account is never for who only has its nick.
pub(crate) fn identified(who: &Identity, lasting: &Lasting) -> Option<Whom> {
    match who {
        Identity::Claimed(name) => named(name, lasting),
        Identity::Vouched(account) => Some(Whom::Account(account.as_str().to_ascii_lowercase())),
    }
}

/// Stands before an account in the name of a room. No nick begins with it.
const MARK: char = '~';

#[cfg(test)]
mod tests {
    use fulmar_contract::UserId;

    use super::*;

    #[test]
    fn a_name_that_is_known_as_an_account_is_never_a_nick() {
        let lasting = Lasting::new(Vec::new());
        let before = named("Lovelace", &lasting);

        lasting.seen("lovelace", "ada");

        assert_eq!(before, Some(Whom::Nick("Lovelace".into())));
        assert_eq!(named("Lovelace", &lasting), Some(Whom::Account("lovelace".into())));
        assert_eq!(named("~byron", &lasting), Some(Whom::Account("byron".into())));
        assert_eq!(named("#ops", &lasting), None);
    }

    #[test]
    fn what_is_for_an_account_is_not_for_a_nick() {
        let lasting = Lasting::new(Vec::new());
        let (vouched, claimed) = (Identity::Vouched(UserId::new("Ada")), Identity::Claimed("Ada".into()));

        assert_eq!(identified(&vouched, &lasting), Some(Whom::Account("ada".into())));
        assert_eq!(identified(&claimed, &lasting), Some(Whom::Nick("Ada".into())));
    }

    #[test]
    fn a_room_remembers_whom_it_is_with() {
        for whom in [Whom::Account("lovelace".into()), Whom::Nick("ada{m}".into())] {
            assert_eq!(Whom::of(&whom.room(CaseMapping::Rfc1459)), Some(whom));
        }
        assert_eq!(Whom::of(&RoomId::new("#ops")), None);
    }
}
