//! Entries as rows: the key of a case, the JSON of what happened in it at once, and a sum over all of it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::journal::{Case, CommandId, Dated, DeliveryId, Entry};

/// A case as its rows name it: a digit for its kind, then the bytes of its id or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) Vec<u8>);

/// A row of the table `entry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its place among those of all cases.
    pub(super) seq: i64,
    /// Whose it is; nobody's if it stands for entries that are lost.
    pub(super) key: Key,
    /// Where its case begins: rows of the case before that do not count any more.
    pub(super) since: i64,
    /// 1 if more is to happen in its case, else 0.
    pub(super) open: i64,
    /// When, in microseconds since 1970.
    pub(super) at: i64,
    /// The entry as JSON; several that happened at once as an array.
    pub(super) body: Vec<u8>,
    /// CRC-32 over all of the above.
    pub(super) sum: i64,
}

/// Why a row cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsound {
    #[error("its sum is wrong")]
    Sum,
    #[error("its time is out of range")]
    Time,
    #[error("it is no entry: {0}")]
    Entry(String),
}

impl Key {
    pub(super) fn of(case: &Case) -> Self {
        let (kind, name) = match case {
            Case::Chat(chat) => (CHAT, chat.as_bytes()),
            Case::Command(CommandId(id)) => (COMMAND, id.as_bytes().as_slice()),
            Case::Delivery(DeliveryId(id)) => (DELIVERY, id.as_bytes().as_slice()),
            Case::Watch(stackstorm) => (WATCH, stackstorm.as_bytes()),
        };
        Self([&[kind], name].concat())
    }

    /// The case; none if this is no key.
    pub(super) fn case(&self) -> Option<Case> {
        let (kind, name) = self.0.split_first()?;
        match *kind {
            CHAT => Some(Case::Chat(str::from_utf8(name).ok()?.to_owned())),
            COMMAND => Some(Case::Command(CommandId(Uuid::from_slice(name).ok()?))),
            DELIVERY => Some(Case::Delivery(DeliveryId(Uuid::from_slice(name).ok()?))),
            WATCH => Some(Case::Watch(str::from_utf8(name).ok()?.to_owned())),
            _ => None,
        }
    }

    /// The case in words.
    pub(super) fn words(&self) -> String {
        match self.case() {
            Some(Case::Chat(chat)) => format!("what is heard in {chat}"),
            Some(Case::Command(id)) => format!("command {id}"),
            Some(Case::Delivery(id)) => format!("delivery {id}"),
            Some(Case::Watch(stackstorm)) => format!("the announcements of {stackstorm}"),
            None => "something without a name".to_owned(),
        }
    }
}

impl Row {
    /// The row of entries that happened at once, with its sum.
    ///
    /// # Errors
    /// When they cannot be written as JSON, which does not happen with what was read from JSON or from people.
    pub(super) fn new(
        seq: i64,
        key: Key,
        since: i64,
        open: bool,
        at: Timestamp,
        entries: &[&Entry],
    ) -> Result<Self, serde_json::Error> {
        let body = match entries {
            [entry] => serde_json::to_vec(entry)?,
            entries => serde_json::to_vec(entries)?,
        };
        let mut row = Self { seq, key, since, open: i64::from(open), at: at.as_microsecond(), body, sum: 0 };
        row.seal();
        Ok(row)
    }

    /// One that says which entries are lost: those from `since` to `seq`.
    pub(super) fn lost(since: i64, seq: i64) -> Self {
        let at = Timestamp::now().as_microsecond();
        let mut row = Self { seq, key: Key(Vec::new()), since, open: 0, at, body: Vec::new(), sum: 0 };
        row.seal();
        row
    }

    /// Whether it stands for entries that are lost.
    pub(super) fn is_lost(&self) -> bool {
        self.key.0.is_empty() && self.is_sound()
    }

    pub(super) fn seal(&mut self) {
        self.sum = self.due_sum();
    }

    /// Whether it is as it was written.
    pub(super) fn is_sound(&self) -> bool {
        self.sum == self.due_sum()
    }

    /// The entries.
    ///
    /// # Errors
    /// [`Unsound`].
    pub(super) fn entries(&self) -> Result<Vec<Dated>, Unsound> {
        if !self.is_sound() {
            return Err(Unsound::Sum);
        }
        let at = Timestamp::from_microsecond(self.at).map_err(|_| Unsound::Time)?;
        let read = match self.body.first() {
            Some(b'[') => serde_json::from_slice(&self.body),
            _ => serde_json::from_slice(&self.body).map(|entry| vec![entry]),
        };
        let entries: Vec<Entry> = read.map_err(|error| Unsound::Entry(error.to_string()))?;
        Ok(entries.into_iter().map(|entry| (at, entry)).collect())
    }

    fn due_sum(&self) -> i64 {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.key.0);
        for number in [self.seq, self.since, self.open, self.at] {
            sum.update(&number.to_le_bytes());
        }
        sum.update(&self.body);
        i64::from(sum.finalize())
    }
}

/// The kind of the case of a StackStorm's announcements.
const WATCH: u8 = b'1';

/// The kind of the case of a delivery that belongs to no command.
const DELIVERY: u8 = b'2';

/// The kind of the case of what is heard in a chat.
const CHAT: u8 = b'4';

/// The kind of a command's case.
const COMMAND: u8 = b'3';
