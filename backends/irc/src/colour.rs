//! Good and bad news, in mIRC's colours. Pure.

use std::borrow::Cow;

use fulmar_contract::Tone;

use crate::text::{BOLD, COLOUR, RESET};

/// `text` in the colour of its tone.
pub(crate) fn painted(text: &str, tone: Tone) -> Cow<'_, str> {
    let colour = match tone {
        Tone::Bad => RED,
        Tone::Good => GREEN,
        Tone::Neutral => return Cow::Borrowed(text),
        Tone::Warning => ORANGE,
    };
    // A comma right after the colour could be the beginning of another, that of the background.
    let apart = if text.starts_with(',') { [BOLD, BOLD].iter().collect() } else { String::new() };
    Cow::Owned(format!("{COLOUR}{colour}{apart}{text}{RESET}"))
}

/// How many bytes [`painted`] may add.
pub(crate) const fn width(tone: Tone) -> usize {
    if matches!(tone, Tone::Neutral) { 0 } else { WIDEST }
}

/// How many bytes [`painted`] adds at most.
pub(crate) const WIDEST: usize = "\u{3}00\u{2}\u{2}\u{f}".len();

const GREEN: &str = "03";
const RED: &str = "04";
const ORANGE: &str = "07";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain;

    #[test]
    fn a_colour_is_put_around_the_text_and_changes_none_of_it() {
        assert_eq!(painted("12 ok", Tone::Good), "\u{3}0312 ok\u{f}");
        assert_eq!(painted("no", Tone::Bad), "\u{3}04no\u{f}");
        assert_eq!(painted("as it is", Tone::Neutral), "as it is");
        for text in ["12 ok", ",5 and 6", "", "żółw"] {
            let painted = painted(text, Tone::Warning);

            assert_eq!(plain(&painted), text);
            assert!(painted.len() <= text.len() + width(Tone::Warning));
        }
    }
}
