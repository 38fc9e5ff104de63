//! Cutting a long text into posts.

use crate::Limit;

/// Cuts `text` into parts that `limit` admits, losing nothing but the white space at the cuts.
///
/// Cuts at a line end if there is one, else at a space in the latter half, else between two graphemes. A
/// part is never empty or only white space, so blank lines at a cut vanish; a blank text has no parts.
pub fn split(text: &str, limit: Limit) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start_matches(['\r', '\n']);
        let fits = limit.prefix(rest);
        if fits == rest.len() {
            parts.push(rest);
            break;
        }
        let (part, tail) = rest.split_at(cut(rest, fits));
        if !part.trim().is_empty() {
            parts.push(part.trim_end());
        }
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    parts
}

/// The best place to cut within the first `max` bytes of `text`, which is longer than that.
fn cut(text: &str, max: usize) -> usize {
    let (head, tail) = text.split_at(max);
    if tail.starts_with('\n') {
        return max;
    }
    if let Some(line) = head.rfind('\n').filter(|at| !head[..*at].trim().is_empty()) {
        return line;
    }
    if tail.starts_with(' ') {
        return max;
    }
    head.rfind(' ').filter(|at| *at >= max / 2).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    fn parts(text: &str, max: usize, unit: Unit) -> Vec<&str> {
        split(text, Limit { max, unit })
    }

    #[test]
    fn a_short_text_is_one_part() {
        assert_eq!(parts("hello", 5, Unit::Bytes), ["hello"]);
    }

    #[test]
    fn a_blank_text_has_no_parts() {
        assert!(parts(" \n\n", 5, Unit::Bytes).is_empty());
    }

    #[test]
    fn cuts_at_line_ends_then_spaces_then_anywhere() {
        assert_eq!(parts("one two\nthree", 9, Unit::Bytes), ["one two", "three"]);
        assert_eq!(parts("one two three", 9, Unit::Bytes), ["one two", "three"]);
        assert_eq!(parts("abcdefghij", 4, Unit::Bytes), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn keeps_indentation_of_the_next_line() {
        assert_eq!(parts("one:\n  two\n  three", 10, Unit::Bytes), ["one:\n  two", "  three"]);
    }

    #[test]
    fn never_breaks_a_scalar_or_a_grapheme() {
        assert_eq!(parts("żółć", 3, Unit::Bytes), ["ż", "ó", "ł", "ć"]);
        assert_eq!(parts("e\u{301}e\u{301}", 4, Unit::Bytes), ["e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_grapheme_longer_than_the_limit_is_cut_between_scalars() {
        let family = "👨\u{200d}👩\u{200d}👧";

        let cut = parts(family, 8, Unit::Bytes);

        assert_eq!(cut.concat(), family);
        assert!(cut.iter().all(|part| part.len() <= 8));
    }

    #[test]
    fn counts_as_the_network_counts() {
        assert_eq!(parts("🚀🚀", 2, Unit::Utf16), ["🚀", "🚀"]);
        assert_eq!(parts("🚀🚀", 2, Unit::Chars), ["🚀🚀"]);
    }

    #[test]
    fn a_mark_that_follows_the_limit_belongs_to_the_letter_before_it() {
        assert_eq!(parts("abce\u{301}", 4, Unit::Bytes), ["abc", "e\u{301}"]);
        assert_eq!(parts("ab\r\ncd", 3, Unit::Bytes), ["ab", "cd"]);
    }

    #[test]
    fn a_limit_below_one_scalar_still_ends() {
        assert_eq!(parts("🚀🚀", 1, Unit::Bytes), ["🚀", "🚀"]);
    }
}
