//! The gateway's posts, as the network takes them. Pure.

use fulmar_contract::{Limit, Post, Undelivered};

/// What goes over the wire for `post`, or why it cannot.
pub(crate) fn line(post: &Post, limit: Limit) -> Result<String, Undelivered> {
    let text: String = post.text.replace("\r\n", "\n").chars().filter(|c| is_harmless(*c)).collect();
    if !limit.admits(&text) {
        return Err(Undelivered::Refused { why: format!("longer than {} {:?}", limit.max, limit.unit) });
    }
    Ok(post.mention.as_ref().map_or_else(|| text.clone(), |mention| format!("{}: {text}", mention.name)))
}

fn is_harmless(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use fulmar_contract::{RoomId, Unit};

    use super::*;

    #[test]
    fn control_characters_are_taken_out() {
        let post = Post::plain(RoomId::new("ops"), "a\0\u{1b}[2J\r\nb\tc", "1");

        let line = line(&post, Limit { max: 20, unit: Unit::Chars });

        assert_eq!(line, Ok("a[2J\nb\tc".into()));
    }

    #[test]
    fn a_post_longer_than_the_limit_is_refused() {
        let post = Post::plain(RoomId::new("ops"), "abc", "1");

        let line = line(&post, Limit { max: 2, unit: Unit::Chars });

        assert!(matches!(line, Err(Undelivered::Refused { .. })));
    }
}
