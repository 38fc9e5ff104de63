//! What of a message's beginning is for us: `/command`, `/command@us` or `@us`. Pure.

use teloxide::types::{MessageEntity, MessageEntityKind};

use super::Me;

/// The text without what calls us, and whether it did; nothing if it is for another bot.
///
/// Telegram's slash is one more prefix: it is taken away.
pub(super) fn strip(text: &str, entities: &[MessageEntity], me: &Me) -> Option<(String, bool)> {
    // Positions count code units of UTF-16, and so do bytes before the first character that is not ASCII.
    let first = entities.iter().find(|entity| entity.offset == 0 && is_call(&entity.kind));
    let Some((entity, (head, rest))) = first.and_then(|entity| Some((entity, split(text, entity.length)?))) else {
        return Some((text.to_owned(), false));
    };
    match &entity.kind {
        MessageEntityKind::BotCommand => {
            let (word, bot) = match head.split_once('@') {
                Some((word, bot)) => (word, Some(bot)),
                None => (head, None),
            };
            if bot.is_some_and(|bot| !bot.eq_ignore_ascii_case(&me.username)) {
                return None;
            }
            Some((format!("{}{rest}", word.trim_start_matches('/')), true))
        }
        MessageEntityKind::Mention => {
            let is_us = head.strip_prefix('@').is_some_and(|name| name.eq_ignore_ascii_case(&me.username));
            Some(if is_us { (after(rest), true) } else { (text.to_owned(), false) })
        }
        MessageEntityKind::TextMention { user } if user.id.0 == me.id => Some((after(rest), true)),
        _ => Some((text.to_owned(), false)),
    }
}

const fn is_call(kind: &MessageEntityKind) -> bool {
    matches!(
        kind,
        MessageEntityKind::BotCommand | MessageEntityKind::Mention | MessageEntityKind::TextMention { .. }
    )
}

/// `text` before and after so many code units of UTF-16.
fn split(text: &str, units: usize) -> Option<(&str, &str)> {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left == 0 {
            return text.split_at_checked(at);
        }
        left = left.checked_sub(c.len_utf16())?;
    }
    (left == 0).then_some((text, ""))
}

fn after(rest: &str) -> String {
    rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ',')).to_owned()
}
