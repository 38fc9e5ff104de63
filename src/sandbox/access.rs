//! Who is asking: passwords become tokens, tokens and API keys open the API.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::{ApiKey, SandboxConfig, User};
use super::python;
use super::refusal::Refusal;
use super::stamp;

/// What a request proved itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    ApiKey,
    /// Nothing.
    None,
    /// A name and a password.
    Password,
    /// A token.
    Token,
}

/// Where the credential stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    Query,
}

/// The credentials that a request carries, not yet believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    pub(crate) token: Option<(String, Place)>,
    pub(crate) key: Option<(String, Place)>,
    /// The name and password of `Authorization: Basic`.
    pub(crate) basic: Option<(String, String)>,
}

impl Presented {
    /// The kind that StackStorm would look at.
    pub(crate) fn kind(&self) -> Credential {
        match self {
            Self { token: Some(_), .. } => Credential::Token,
            Self { key: Some(_), .. } => Credential::ApiKey,
            Self { basic: Some(_), .. } => Credential::Password,
            Self { token: None, key: None, basic: None } => Credential::None,
        }
    }
}

/// Somebody known.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user: String,
    pub(crate) with: Credential,
    pub(crate) place: Place,
}

/// Users, keys and the tokens given out.
pub(crate) struct Access {
    users: Vec<User>,
    keys: Vec<ApiKey>,
    tokens: HashMap<String, Token>,
}

struct Token {
    user: String,
    expiry: Timestamp,
}

impl Access {
    pub(crate) fn new(config: &SandboxConfig) -> Self {
        Self { users: config.users.clone(), keys: config.api_keys.clone(), tokens: HashMap::new() }
    }

    /// Who asks; a token is looked at first, and a wrong one is not made good by a key.
    pub(crate) fn caller(&self, presented: &Presented) -> Result<Caller, Refusal> {
        if let Some((token, place)) = &presented.token {
            let user = self.token_owner(token)?;
            return Ok(Caller { user, with: Credential::Token, place: *place });
        }
        let Some((key, place)) = &presented.key else {
            return Err(Refusal::unauthorised("Unauthorized - One of Token or API key required."));
        };
        let user = self.key_owner(key)?;
        Ok(Caller { user, with: Credential::ApiKey, place: *place })
    }

    fn token_owner(&self, token: &str) -> Result<String, Refusal> {
        let known = self.tokens.get(token).ok_or_else(|| Refusal::unauthorised("Unauthorized"))?;
        if known.expiry <= Timestamp::now() {
            return Err(Refusal::unauthorised("Unauthorized - Token has expired."));
        }
        Ok(known.user.clone())
    }

    fn key_owner(&self, key: &str) -> Result<String, Refusal> {
        let Some(known) = self.keys.iter().find(|known| known.key.reveal() == key) else {
            let digest = key_digest(key);
            return Err(Refusal::unauthorised(format!("Unauthorized - ApiKey with key_hash={digest} not found.")));
        };
        if !known.enabled {
            return Err(Refusal::unauthorised("Unauthorized - API key is disabled."));
        }
        Ok(known.user.clone())
    }

    /// Answers `POST /tokens`.
    pub(crate) fn issue(&mut self, basic: Option<&(String, String)>, request: &Value) -> Result<Value, Refusal> {
        let user = basic.and_then(|(name, password)| self.user(name, password)).cloned();
        let user = user.ok_or_else(|| Refusal::unauthorised("Invalid or missing credentials"))?;
        let life = life(request.get("ttl").unwrap_or(&Value::Null))?;
        let holder = self.holder(&user, request)?;
        let expiry = Timestamp::now() + life;
        let token = stamp::random_hex();
        self.forget_expired();
        self.tokens.insert(token.clone(), Token { user: holder.clone(), expiry });
        Ok(json!({
            "user": holder, "token": token, "expiry": stamp::text(expiry), "metadata": {}, "service": false,
            "id": stamp::new_id(),
        }))
    }

    /// Whether `token` is good, for `POST /tokens/validate`.
    pub(crate) fn is_valid(&self, token: &str) -> bool {
        self.token_owner(token).is_ok()
    }

    /// Lets every token given out so far end now.
    pub(crate) fn expire_tokens(&mut self) {
        let now = Timestamp::now();
        self.tokens.values_mut().for_each(|token| token.expiry = now);
    }

    fn user(&self, name: &str, password: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name && user.password.reveal() == password)
    }

    /// Whom the token is for: the one who logged in, or somebody else when a service asks.
    fn holder(&self, user: &User, request: &Value) -> Result<String, Refusal> {
        let text = |key: &str| request.get(key).and_then(Value::as_str);
        if text("user").is_none() && text("impersonate_user").is_none() {
            return Ok(user.name.clone());
        }
        if !user.service {
            return Err(Refusal::bad("Current user is not a service and cannot request impersonated tokens"));
        }
        if let Some(name) = text("user") {
            return Ok(name.to_owned());
        }
        let nickname = text("impersonate_user").unwrap_or_default();
        let Some(origin) = text("nickname_origin") else {
            let quoted = python::repr(&Value::from(nickname));
            return Err(Refusal::bad(format!("Nickname origin is not provided for nickname {quoted}")));
        };
        let named = |user: &&User| user.nicknames.iter().any(|(o, n)| o == origin && n == nickname);
        let found = self.users.iter().find(named);
        found
            .map(|user| user.name.clone())
            .ok_or_else(|| Refusal::bad(format!("Could not locate user {nickname}@{origin}")))
    }

    /// Keeps an hour of expired tokens, which are refused in other words than unknown ones.
    fn forget_expired(&mut self) {
        let limit = Timestamp::now() - Duration::from_secs(3600);
        if self.tokens.len() >= MOST_TOKENS {
            self.tokens.retain(|_, token| token.expiry > limit);
        }
    }
}

fn life(ttl: &Value) -> Result<Duration, Refusal> {
    if ttl.is_null() {
        return Ok(LONGEST_LIFE);
    }
    let Some(seconds) = ttl.as_i64() else {
        return Err(Refusal::bad(format!("{} is not of type 'integer', 'null'", python::repr(ttl))));
    };
    let Ok(seconds @ 1..) = u64::try_from(seconds) else {
        return Err(Refusal::bad(format!("{seconds} is less than the minimum of 1")));
    };
    let most = LONGEST_LIFE.as_secs();
    if seconds > most {
        return Err(Refusal::bad(format!("TTL specified {seconds} is greater than max allowed {most}.")));
    }
    Ok(Duration::from_secs(seconds))
}

/// As long as the SHA-512 that StackStorm echoes, but no hash worth the name: nothing here is secret.
fn key_digest(key: &str) -> String {
    let word = |round: u64| {
        let mut hasher = DefaultHasher::new();
        (round, key).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    (0..8).map(word).collect()
}

const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
const MOST_TOKENS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let config = SandboxConfig {
            users: vec![User { service: true, ..User::new("bot", "botpass") }, User::new("ann", "pw")],
            api_keys: vec![ApiKey::new("key", "ann"), ApiKey { enabled: false, ..ApiKey::new("old", "ann") }],
            ..SandboxConfig::default()
        };
        Access::new(&config)
    }

    fn basic(name: &str, password: &str) -> Option<(String, String)> {
        Some((name.to_owned(), password.to_owned()))
    }

    #[test]
    fn a_password_buys_a_token_that_opens() {
        let mut access = access();

        let answer = access.issue(basic("ann", "pw").as_ref(), &json!({})).unwrap();

        assert!(access.is_valid(answer["token"].as_str().unwrap()));
        assert_eq!(answer["user"], "ann");
    }

    #[test]
    fn an_expired_token_says_so() {
        let mut access = access();
        let answer = access.issue(basic("ann", "pw").as_ref(), &json!({"ttl": 1})).unwrap();
        let token = answer["token"].as_str().unwrap().to_owned();

        access.expire_tokens();

        let presented = Presented { token: Some((token, Place::Header)), ..Presented::default() };
        let refusal = access.caller(&presented).unwrap_err();
        assert_eq!(refusal, Refusal::unauthorised("Unauthorized - Token has expired."));
    }

    #[test]
    fn only_a_service_asks_for_others() {
        let mut access = access();

        let refused = access.issue(basic("ann", "pw").as_ref(), &json!({"user": "zoe"})).unwrap_err();
        let granted = access.issue(basic("bot", "botpass").as_ref(), &json!({"user": "zoe"})).unwrap();

        assert_eq!(refused.status, 400);
        assert_eq!(granted["user"], "zoe");
    }

    #[test]
    fn a_wrong_token_is_not_made_good_by_a_key() {
        let key = Some(("key".to_owned(), Place::Header));
        let token = Some(("bogus".to_owned(), Place::Header));

        assert!(access().caller(&Presented { key: key.clone(), ..Presented::default() }).is_ok());
        assert!(access().caller(&Presented { key, token, basic: None }).is_err());
    }
}
