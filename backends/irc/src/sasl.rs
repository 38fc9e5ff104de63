//! SASL PLAIN (RFC 4616) in the pieces that IRC takes.

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_contract::Secret;
use zeroize::Zeroizing;

/// The lines that answer `AUTHENTICATE +`: base64 in pieces of 400 bytes, of which the last is shorter.
pub(crate) fn plain(account: &str, password: &Secret) -> Vec<Zeroizing<String>> {
    let response = Zeroizing::new(format!("{account}\0{account}\0{}", password.reveal()));
    let encoded = Zeroizing::new(STANDARD.encode(response.as_bytes()));
    let mut rest = encoded.as_str();
    let mut lines = Vec::new();
    while let Some((piece, tail)) = rest.split_at_checked(PIECE) {
        lines.push(Zeroizing::new(format!("AUTHENTICATE {piece}")));
        rest = tail;
    }
    let last = if rest.is_empty() { "+" } else { rest };
    lines.push(Zeroizing::new(format!("AUTHENTICATE {last}")));
    lines
}

const PIECE: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(password: usize) -> Vec<usize> {
        let lines = plain("ada", &Secret::new("x".repeat(password)));
        lines.iter().map(|line| line.len() - "AUTHENTICATE ".len()).collect()
    }

    #[test]
    fn a_short_password_is_one_line() {
        let lines = plain("ada", &Secret::new("pw"));

        assert_eq!(lines[0].as_str(), "AUTHENTICATE YWRhAGFkYQBwdw==");
    }

    #[test]
    fn a_piece_of_exactly_400_is_followed_by_a_plus() {
        assert_eq!(lengths(292), [400, 1]);
        assert_eq!(lengths(293), [400, 4]);
        assert_eq!(lengths(592), [400, 400, 1]);
    }
}
