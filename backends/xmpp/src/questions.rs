//! What we asked of others, so that an answer counts only from whom it was asked. Pure.

use std::collections::HashMap;

use jid::{BareJid, Jid};

/// What we asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// What a service can do.
    Info(Jid),
    /// Which services our server has.
    Items,
    /// Whether we are in a room.
    Room(BareJid),
    /// Where to put a file.
    Slot,
}

/// The questions that have no answer yet.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// By the id of the request, with whom it was sent to.
    open: HashMap<String, (Jid, Question)>,
}

impl Questions {
    /// Something was asked. An earlier question to the same effect is forgotten.
    pub(crate) fn asked(&mut self, id: String, of: Jid, question: Question) {
        self.open.retain(|_, (_, earlier)| *earlier != question);
        self.open.insert(id, (of, question));
    }

    /// Whether we still ask which services there are.
    pub(crate) fn is_looking(&self) -> bool {
        self.open.values().any(|(_, question)| matches!(question, Question::Info(_) | Question::Items))
    }

    /// Somebody answers. Returns the question, if it was asked of them.
    pub(crate) fn answered(&mut self, id: &str, from: Option<&Jid>) -> Option<Question> {
        let (of, _) = self.open.get(id)?;
        if from.map(Jid::to_bare) != Some(of.to_bare()) {
            return None;
        }
        self.open.remove(id).map(|(_, question)| question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_once_and_from_whom_was_asked() {
        let [room, other] = ["ops@rooms.example", "evil@example.org"].map(|jid| Jid::new(jid).unwrap());
        let occupant = Jid::new("ops@rooms.example/fulmar").unwrap();
        let mut questions = Questions::default();
        let question = Question::Room(room.to_bare());
        questions.asked("1".into(), room.clone(), question.clone());
        questions.asked("2".into(), room, question.clone());

        assert_eq!(questions.answered("2", Some(&other)), None);
        assert_eq!(questions.answered("2", None), None);
        assert_eq!(questions.answered("1", Some(&occupant)), None);
        assert_eq!(questions.answered("2", Some(&occupant)), Some(question));
        assert_eq!(questions.answered("2", Some(&occupant)), None);
    }
}
