//! SCRAM-SHA-256 (RFC 5802, RFC 7677): nobody is shown the password, and the server proves that it knows it, too.
//!
//! Without channel binding. Whatever would make the exchange weaker than the RFC has it is refused.

use std::num::NonZeroU32;

use aws_lc_rs::{
    digest, hmac, pbkdf2,
    rand::{SecureRandom, SystemRandom},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_contract::{Failure, Secret};
use zeroize::Zeroizing;

use super::refused;
use crate::config::Credentials;

/// One exchange.
pub(super) struct Scram {
    account: String,
    password: Secret,
    nonce: String,
    step: Step,
}

/// What the next answer is.
enum Step {
    /// Who we are.
    Name,
    /// The proof that we know the password.
    Proof,
    /// Nothing, if this is what the server signs with.
    Check([u8; 32]),
    /// Nothing: it is over, and the server is who it ought to be.
    Proven,
}

/// What the server asks us to prove the password with.
struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl Scram {
    /// Begins with a nonce that nobody can foresee.
    pub(super) fn begin(credentials: &Credentials) -> Result<Self, Failure> {
        let mut random = [0; 18];
        SystemRandom::new().fill(&mut random).map_err(|_| Failure::lost("the system has no random numbers"))?;
        Self::with_nonce(credentials, STANDARD.encode(random))
    }

    fn with_nonce(Credentials { account, password, .. }: &Credentials, nonce: String) -> Result<Self, Failure> {
        let unfit =
            |what| move |_| Failure::Misconfigured { why: format!("the {what} cannot be used with SCRAM") };
        let account = stringprep::saslprep(account).map_err(unfit("account"))?;
        let password = stringprep::saslprep(password.reveal()).map_err(unfit("sasl_password"))?;
        let account = account.replace('=', "=3D").replace(',', "=2C");
        Ok(Self { account, password: Secret::new(password), nonce, step: Step::Name })
    }

    /// Whether the server has proved that it knows the password.
    pub(super) const fn is_proven(&self) -> bool {
        matches!(self.step, Step::Proven)
    }

    /// Answers the server.
    pub(super) fn answer(&mut self, challenge: &[u8]) -> Result<Zeroizing<String>, Failure> {
        let challenge = str::from_utf8(challenge).map_err(|_| nonsense())?;
        let (answer, next) = match &self.step {
            Step::Name => (format!("{NO_BINDING}{}", self.first()), Step::Proof),
            Step::Proof => self.prove(challenge)?,
            Step::Check(signature) => {
                check(challenge, signature)?;
                (String::new(), Step::Proven)
            }
            Step::Proven => return Err(nonsense()),
        };
        self.step = next;
        Ok(Zeroizing::new(answer))
    }

    fn first(&self) -> String {
        format!("n={},r={}", self.account, self.nonce)
    }

    fn prove(&self, challenge: &str) -> Result<(String, Step), Failure> {
        let Challenge { nonce, salt, iterations } = read(challenge).ok_or_else(nonsense)?;
        if nonce.strip_prefix(self.nonce.as_str()).is_none_or(str::is_empty) {
            return Err(refused("the server answered to a login that is not ours"));
        }
        if !(FEWEST..=MOST).contains(&iterations.get()) {
            let why = format!("the server asks for {iterations} rounds of SCRAM: expected {FEWEST} to {MOST}");
            return Err(Failure::Misconfigured { why });
        }
        let mut salted = Zeroizing::new([0; 32]);
        let password = self.password.reveal().as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password, &mut *salted);
        let client_key = Zeroizing::new(mac(&*salted, b"Client Key"));
        let stored_key = digest::digest(&digest::SHA256, &*client_key);
        let unproven = format!("c={},r={nonce}", STANDARD.encode(NO_BINDING));
        let all = format!("{},{challenge},{unproven}", self.first());
        let signature = mac(stored_key.as_ref(), all.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
        let server_key = Zeroizing::new(mac(&*salted, b"Server Key"));
        let expected = mac(&*server_key, all.as_bytes());
        Ok((format!("{unproven},p={}", STANDARD.encode(proof)), Step::Check(expected)))
    }
}

/// Reads `r=NONCE,s=SALT,i=COUNT`. What may follow is for newer versions; what comes before, as `m=`, is something
/// that we would have to understand.
fn read(challenge: &str) -> Option<Challenge<'_>> {
    let mut parts = challenge.split(',');
    let nonce = parts.next()?.strip_prefix("r=")?;
    let salt = STANDARD.decode(parts.next()?.strip_prefix("s=")?).ok()?;
    let iterations = parts.next()?.strip_prefix("i=")?.parse().ok()?;
    Some(Challenge { nonce, salt, iterations })
}

fn check(last: &str, expected: &[u8; 32]) -> Result<(), Failure> {
    if let Some(error) = last.strip_prefix("e=") {
        return Err(refused(format!("SCRAM: {error}")));
    }
    let signature = last.split(',').next().and_then(|first| first.strip_prefix("v="));
    let signature = signature.and_then(|encoded| STANDARD.decode(encoded).ok()).ok_or_else(nonsense)?;
    aws_lc_rs::constant_time::verify_slices_are_equal(&signature, expected)
        .map_err(|_| refused("the server does not know the password: it may be another one"))
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

fn nonsense() -> Failure {
    Failure::lost("the server's SCRAM makes no sense")
}

/// We do not support channel binding.
const NO_BINDING: &str = "n,,";
/// RFC 7677, section 4.
const FEWEST: u32 = 4096;
/// So that nobody can keep us busy.
const MOST: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Way;

    /// The exchange of RFC 7677, section 3.
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const PROVEN: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn scram(account: &str) -> Scram {
        let credentials = Credentials { account: account.into(), password: Secret::new("pencil"), by: Way::Scram };
        Scram::with_nonce(&credentials, NONCE.into()).unwrap()
    }

    fn told(steps: &[&str]) -> Result<Scram, Failure> {
        let mut scram = scram("user");
        for step in steps {
            scram.answer(step.as_bytes())?;
        }
        Ok(scram)
    }

    #[test]
    fn speaks_as_in_the_rfc() {
        let mut scram = scram("user");

        let said = ["", CHALLENGE, PROVEN].map(|step| scram.answer(step.as_bytes()).unwrap().to_string());

        assert_eq!(said[0], "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assert_eq!(
            said[1],
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(said[2], "");
        assert!(scram.is_proven());
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        let wrong = format!("v={}", STANDARD.encode([7; 32]));

        for last in [wrong.as_str(), "e=invalid-proof"] {
            let end = told(&["", CHALLENGE, last]);

            assert!(matches!(end, Err(Failure::Credentials { .. })), "{last}");
        }
        assert!(!told(&["", CHALLENGE]).unwrap().is_proven());
    }

    #[test]
    fn what_would_weaken_it_is_refused() {
        let replayed = "r=somebodyElses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let echoed = format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let cheap = CHALLENGE.replace("4096", "4095");
        let endless = CHALLENGE.replace("4096", "4294967295");

        assert!(matches!(told(&["", replayed]), Err(Failure::Credentials { .. })));
        assert!(matches!(told(&["", &echoed]), Err(Failure::Credentials { .. })));
        assert!(matches!(told(&["", &cheap]), Err(Failure::Misconfigured { .. })));
        assert!(matches!(told(&["", &endless]), Err(Failure::Misconfigured { .. })));
    }

    #[test]
    fn nonsense_is_a_lost_session() {
        for challenge in ["", "r=", "m=ext,r=x,s=eA==,i=4096", "r=x,s=?,i=4096", "r=x,s=eA==,i=0", "\u{fffd}"] {
            assert!(matches!(told(&["", challenge]), Err(Failure::Lost { .. })), "{challenge:?}");
        }
        assert!(matches!(told(&["", CHALLENGE, "?"]), Err(Failure::Lost { .. })));
        assert!(matches!(told(&["", CHALLENGE, PROVEN, ""]), Err(Failure::Lost { .. })));
    }

    #[test]
    fn a_name_cannot_be_mistaken_for_a_field() {
        let said = scram("a=b,r=x").answer(b"").unwrap();

        assert_eq!(said.as_str(), format!("n,,n=a=3Db=2Cr=3Dx,r={NONCE}"));
    }
}
