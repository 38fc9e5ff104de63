//! Which spellings of a name are one name.

/// A network's folding of letters (ISUPPORT `CASEMAPPING`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CaseMapping {
    /// A-Z are a-z.
    Ascii,
    /// Also `[]\~` are `{}|^` (RFC 2812, section 2.2). What a network means that does not say.
    #[default]
    Rfc1459,
    /// Like [`CaseMapping::Rfc1459`] without `~` and `^`.
    Rfc1459Strict,
}

impl CaseMapping {
    /// The mapping called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ascii" => Some(Self::Ascii),
            "rfc1459" => Some(Self::Rfc1459),
            "strict-rfc1459" | "rfc1459-strict" => Some(Self::Rfc1459Strict),
            _ => None,
        }
    }

    /// The one spelling that stands for all spellings of `name`.
    pub(crate) fn fold(self, name: &str) -> String {
        name.chars().map(|c| self.fold_char(c)).collect()
    }

    /// Whether `a` and `b` are one name.
    pub(crate) fn same(self, a: &str, b: &str) -> bool {
        a.chars().map(|c| self.fold_char(c)).eq(b.chars().map(|c| self.fold_char(c)))
    }

    const fn fold_char(self, c: char) -> char {
        match (c, self) {
            ('[', Self::Rfc1459 | Self::Rfc1459Strict) => '{',
            (']', Self::Rfc1459 | Self::Rfc1459Strict) => '}',
            ('\\', Self::Rfc1459 | Self::Rfc1459Strict) => '|',
            ('~', Self::Rfc1459) => '^',
            _ => c.to_ascii_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mapping_folds_what_it_should() {
        let name = r"#A[]\~Ż";

        assert_eq!(CaseMapping::Ascii.fold(name), r"#a[]\~Ż");
        assert_eq!(CaseMapping::Rfc1459.fold(name), "#a{}|^Ż");
        assert_eq!(CaseMapping::Rfc1459Strict.fold(name), "#a{}|~Ż");
        assert!(CaseMapping::Rfc1459.same("Ada[m]", "aDA{M}"));
        assert!(!CaseMapping::Ascii.same("ada", "adam"));
    }
}
