//! What messages are called. Pure, but for the chance in [`Mint`].
//!
//! A message has two names: that which an archive gave it (XEP-0359), by which it is known in rooms, and its writer's own
//! `id`, by which it is corrected (XEP-0308). The gateway knows it by both.

use fulmar_contract::MessageId;
use rustls::crypto::aws_lc_rs;

/// The names of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// The archive's, else the writer's, else one of ours.
    pub(crate) stable: String,
    /// The writer's.
    pub(crate) own: Option<String>,
}

impl Names {
    /// Takes an id apart that [`Names::id`] made.
    pub(crate) fn read(id: &MessageId) -> Self {
        match id.as_str().split_once(' ') {
            Some((stable, own)) => Self { stable: stable.into(), own: Some(own.into()) },
            None => Self { stable: id.as_str().into(), own: None },
        }
    }

    /// Both in one. The archive's has no spaces.
    pub(crate) fn id(&self) -> MessageId {
        match &self.own {
            Some(own) if *own != self.stable => MessageId::new(format!("{} {own}", self.stable)),
            _ => MessageId::new(&self.stable),
        }
    }

    /// The writer's own name of it, as far as we know.
    pub(crate) fn own(&self) -> &str {
        self.own.as_deref().unwrap_or(&self.stable)
    }
}

/// Makes names that nobody else makes or guesses.
#[derive(Debug)]
pub(crate) struct Mint {
    prefix: String,
    made: u64,
}

impl Mint {
    pub(crate) fn new() -> Self {
        let mut bytes = [0_u8; 12];
        // Without chance, names still differ within a session.
        drop(aws_lc_rs::default_provider().secure_random.fill(&mut bytes));
        let prefix = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { prefix, made: 0 }
    }

    /// The next name.
    pub(crate) fn next(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.prefix, self.made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_kept() {
        for (stable, own) in [("s", Some("o")), ("s", Some("o with space")), ("s", None)] {
            let names = Names { stable: stable.into(), own: own.map(str::to_owned) };

            assert_eq!(Names::read(&names.id()), names);
        }
        let alike = Names { stable: "s".into(), own: Some("s".into()) };
        assert_eq!((alike.id().as_str(), alike.own()), ("s", "s"));
    }

    #[test]
    fn names_differ_between_sessions() {
        assert_ne!(Mint::new().next(), Mint::new().next());
    }
}
