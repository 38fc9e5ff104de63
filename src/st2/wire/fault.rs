//! What StackStorm says when it refuses.

use std::fmt;

use serde_json::Value;

/// StackStorm's `faultstring`, or nothing. Shown, it is one line: see [`Fault::line`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault(String);

/// What nginx says, with status 400, to those who show no certificate (`ngx_http_special_response.c`).
const NGINX_496: &[u8] = b"No required SSL certificate was sent";

/// The greatest length of a shown fault, in characters.
const MAX_LINE: usize = 300;

impl Fault {
    /// Takes a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The server before StackStorm wants to know who we are.
    pub fn wants_identity() -> Self {
        Self::new("it wants a certificate of ours: set client_cert and client_key")
    }

    /// Reads it from a body; empty for a page of a proxy, but for nginx's status 496.
    pub fn in_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(body) => Self::new(body.get("faultstring").and_then(Value::as_str).unwrap_or_default()),
            Err(_) if body.windows(NGINX_496.len()).any(|window| window == NGINX_496) => Self::wants_identity(),
            Err(_) => Self::default(),
        }
    }

    /// Whether, with status 404, it is the path that is not there and not what was asked for: then StackStorm's router
    /// says so (`st2common/router.py`), or it is not StackStorm that answers.
    pub fn is_no_path(&self) -> bool {
        self.0.is_empty() || self.0 == "The resource could not be found."
    }

    /// Whether the command matched nothing. The text ends so (`st2common/util/actionalias_matching.py`).
    pub fn is_no_match(&self) -> bool {
        self.0.ends_with("' matched no patterns")
    }

    /// Whether the command matched too much.
    pub fn is_ambiguous(&self) -> bool {
        self.0.ends_with("' matched more than 1 pattern")
    }

    /// Whether a token was asked for with a longer life than StackStorm allows (`st2common/services/access.py`).
    pub fn is_ttl_too_large(&self) -> bool {
        self.0.starts_with("TTL specified ")
    }

    /// One line for a person: the first, with the name of the parameter that a schema complains of, without the
    /// schema itself and without the hash of a key.
    pub fn line(&self) -> String {
        let mut line = self.0.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
        if let Some(place) = self.instance().filter(|place| !line.contains(&format!("'{place}'"))) {
            line = format!("{place}: {line}");
        }
        let words: Vec<&str> = line
            .split_whitespace()
            .map(|word| if word.starts_with("key_hash=") { "(hidden)" } else { word })
            .collect();
        let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
        match line.char_indices().nth(MAX_LINE) {
            Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
            None => line,
        }
    }

    /// The parameter in `On instance['name']:`, as jsonschema writes it.
    fn instance(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("\nOn instance['")?;
        rest.split_once('\'').map(|(name, _)| name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line();
        f.write_str(if line.is_empty() { "no reason given" } else { &line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_one_line_with_the_name_of_the_parameter() {
        let fault = Fault::new(
            "'nonsense' is not one of ['exit', 'raise']\n\nFailed validating 'enum' in schema['properties']['how']:\n    \
             {'type': 'string'}\n\nOn instance['how']:\n    'nonsense'",
        );

        assert_eq!(fault.line(), "how: 'nonsense' is not one of ['exit', 'raise']");
    }

    #[test]
    fn a_missing_parameter_is_named_by_its_first_line() {
        let fault =
            Fault::new("'message' is a required property\n\nFailed validating 'required' in schema\n{...}");

        assert_eq!(fault.line(), "'message' is a required property");
    }

    #[test]
    fn the_hash_of_a_key_is_hidden() {
        let fault = Fault::new("Unauthorized - ApiKey with key_hash=606cefa60b34 not found.");

        assert_eq!(fault.line(), "Unauthorized - ApiKey with (hidden) not found.");
    }

    #[test]
    fn a_long_line_is_cut_and_a_page_of_a_proxy_says_nothing() {
        assert_eq!(Fault::new("ż".repeat(400)).line().chars().count(), MAX_LINE + 1);
        assert_eq!(Fault::in_body(b"<html>502</html>").to_string(), "no reason given");
        assert_eq!(Fault::in_body(br#"{"faultstring": "Nope"}"#).to_string(), "Nope");
    }

    #[test]
    fn a_proxy_that_wants_to_know_us_names_the_keys_to_set() {
        let page = b"<html><head><title>400 No required SSL certificate was sent</title></head></html>";

        assert_eq!(Fault::in_body(page), Fault::wants_identity());
        assert_eq!(Fault::in_body(br#"{"x": "No required SSL certificate was sent"}"#), Fault::default());
    }

    #[test]
    fn a_command_cannot_pretend_to_be_the_reason() {
        let none = Fault::new("Command 'x' matched more than 1 pattern' matched no patterns");

        assert!(none.is_no_match() && !none.is_ambiguous());
    }
}
