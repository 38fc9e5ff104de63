//! Where a StackStorm service is.

use std::{fmt, str::FromStr};

use awc::http::Uri;

/// The address of a service: `http` or `https`, ends in `/v1` without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It is no URL with scheme and host.
    #[error("expected a URL, as \"https://st2.example.org/api\", got \"{0}\"")]
    NoUrl(String),
    /// Something that does not belong there.
    #[error("the URL must not contain {0}")]
    Unwanted(&'static str),
}

impl BaseUrl {
    /// The address of something below; `path` begins with a slash and is encoded already.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it needs TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for BaseUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let no_url = || BadUrl::NoUrl(text.to_owned());
        let uri: Uri = text.trim().parse().map_err(|_| no_url())?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(no_url)?;
        let authority = uri.authority().filter(|it| !it.host().is_empty()).ok_or_else(no_url)?;
        if authority.as_str().contains('@') {
            return Err(BadUrl::Unwanted("a user or a password: they belong in api_auth"));
        }
        let has_port = authority.as_str().trim_start_matches(authority.host()).starts_with(':');
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(no_url());
        }
        if uri.query().is_some() {
            return Err(BadUrl::Unwanted("a query"));
        }
        let path = uri.path().trim_end_matches('/');
        let version = if path.ends_with("/v1") { "" } else { "/v1" };
        Ok(Self(format!("{scheme}://{authority}{path}{version}")))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        text.parse::<BaseUrl>().map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn ends_in_v1_without_a_slash() {
        for text in ["https://st2/api", "https://st2/api/", "https://st2/api/v1", "HTTPS://st2/api/v1/"] {
            assert_eq!(url(text), "https://st2/api/v1");
        }
        assert_eq!(url("http://127.0.0.1:9101"), "http://127.0.0.1:9101/v1");
    }

    #[test]
    fn refuses_what_is_no_address_of_a_service() {
        for text in [
            "",
            "st2.example.org",
            "localhost:9101",
            "/api",
            "ftp://st2/",
            "https://",
            "http://st2:99999/",
            "http://st2:/",
        ] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
        assert!(url("https://me:pw@st2/").contains("api_auth"));
        assert!(!url("https://me:pw@st2/").contains("pw@"));
    }
}
