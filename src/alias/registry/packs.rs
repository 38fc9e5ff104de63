//! Which packs are admitted: globs, and globs after `!` for those to leave out.

/// Whether `globs` admit `pack`: one that is no exclusion must match, if there is any, and no exclusion may.
pub(super) fn admits<S: AsRef<str>>(globs: &[S], pack: &str) -> bool {
    let (excluded, included): (Vec<_>, Vec<_>) =
        globs.iter().map(AsRef::as_ref).partition(|glob: &&str| glob.starts_with('!'));
    let any = |globs: &[&str]| globs.iter().any(|glob| matches(glob.trim_start_matches('!'), pack));
    (included.is_empty() || any(&included)) && !any(&excluded)
}

/// `*` stands for any text, `?` for any character.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut here) = (0, 0);
    let mut star = None;
    while let Some(c) = text.get(here) {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
                continue;
            }
            Some(wanted) if *wanted == '?' || wanted == c => {
                (at, here) = (at + 1, here + 1);
                continue;
            }
            _ => {}
        }
        let Some((before, taken)) = star else { return false };
        (at, here) = (before + 1, taken + 1);
        star = Some((before, taken + 1));
    }
    glob.iter().skip(at).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_admit_and_leave_out() {
        for (globs, pack, admitted) in [
            (vec!["*"], "core", true),
            (vec![], "core", true),
            (vec!["net_*", "aws"], "net_edge", true),
            (vec!["net_*", "aws"], "aws2", false),
            (vec!["*", "!*_test"], "net_test", false),
            (vec!["!net_*"], "core", true),
            (vec!["a?c*e"], "abcde", true),
            (vec!["a*b*c"], "a_b_b", false),
        ] {
            assert_eq!(admits(&globs, pack), admitted, "{globs:?} {pack}");
        }
    }
}
