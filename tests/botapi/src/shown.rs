//! What the people in a chat see.

use std::sync::Arc;

use serde::Serialize;

use crate::text::{Entity, Text};

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its id within the chat.
    pub id: i32,
    /// The text, or the caption of a file, without marks.
    pub text: String,
    /// The marks.
    pub entities: Vec<Entity>,
    /// The topic in which it is; `None` in the general one.
    pub topic: Option<i32>,
    /// The message that it answers, if that is still there.
    pub answers: Option<i32>,
    /// The file that it carries.
    pub file: Option<Attached>,
    /// Whether nobody's telephone rang.
    pub is_silent: bool,
    /// Whether links in it may be shown with a preview.
    pub has_preview: bool,
    /// Whether the bot wrote it.
    pub is_ours: bool,
    /// The bot's reaction to it.
    pub reaction: Option<String>,
}

impl Shown {
    /// The pieces that are marked as `kind`, such as `bold`.
    pub fn pieces(&self, kind: &str) -> Vec<String> {
        Text::pieces(&self.text, &self.entities, kind)
    }
}

/// A file in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What stands in it.
    #[serde(skip)]
    pub content: Arc<[u8]>,
}

/// Something that the bot did in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Edited(Shown),
    Posted(Shown),
}
