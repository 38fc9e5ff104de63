//! The server's side of SCRAM-SHA-256, from RFC 5802.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::{Engine, engine::general_purpose::STANDARD};

/// A server that knows the password of one account.
pub(crate) struct Verifier {
    password: String,
    /// The client's first message, without what it says of channel binding, and ours.
    firsts: Option<(String, String)>,
    proven: bool,
}

/// What the server says to a message.
pub(crate) enum Verdict {
    Challenge(String),
    Success,
    Failure,
}

impl Verifier {
    pub(crate) fn new(password: &str) -> Self {
        Self { password: password.into(), firsts: None, proven: false }
    }

    /// Takes a message of the client.
    pub(crate) fn take(&mut self, message: &str) -> Verdict {
        if self.proven {
            return Verdict::Success;
        }
        let Some((theirs, ours)) = self.firsts.clone() else {
            let theirs = message.strip_prefix("n,,").unwrap().to_owned();
            let nonce = theirs.strip_prefix("n=fulmar,r=").unwrap();
            let ours = format!("r={nonce}server,s={},i={ITERATIONS}", STANDARD.encode(SALT));
            self.firsts = Some((theirs, ours.clone()));
            return Verdict::Challenge(ours);
        };
        let (unproven, proof) = message.rsplit_once(",p=").unwrap();
        let all = format!("{theirs},{ours},{unproven}");
        let mut salted = [0; 32];
        let rounds = NonZeroU32::new(ITERATIONS).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, SALT, self.password.as_bytes(), &mut salted);
        let stored_key = digest::digest(&digest::SHA256, &mac(&salted, b"Client Key"));
        let signature = mac(stored_key.as_ref(), all.as_bytes());
        let key: Vec<u8> = STANDARD.decode(proof).unwrap().iter().zip(signature).map(|(a, b)| a ^ b).collect();
        if digest::digest(&digest::SHA256, &key).as_ref() != stored_key.as_ref() {
            return Verdict::Failure;
        }
        self.proven = true;
        Verdict::Challenge(format!("v={}", STANDARD.encode(mac(&mac(&salted, b"Server Key"), all.as_bytes()))))
    }
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

const SALT: &[u8] = b"salt of the server";
const ITERATIONS: u32 = 4096;
