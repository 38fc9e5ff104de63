//! Which addresses are links, and whether a text says truly where its link leads.

/// Whether `url` may be a link at all: nothing that runs, reads files or is only part of an address.
pub(super) fn is_good(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let is_known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known && !rest.trim_matches('/').is_empty() && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// `url` with what could call everybody written as URLs write it (RFC 3986, section 2.1).
pub(super) fn inert(url: &str) -> String {
    if super::inert::calls_all(url) { url.replace('@', "%40") } else { url.to_owned() }
}

/// Whether `label` says where the link leads, so that nothing need be added.
pub(super) fn is_said_by(label: &str, url: &str) -> bool {
    bare(label).eq_ignore_ascii_case(bare(url))
}

/// Whether `label` looks like the address of another host than the link leads to.
pub(super) fn is_spoof(label: &str, url: &str) -> bool {
    label.split_whitespace().any(|word| host(word).is_some_and(|named| !same_host(named, url)))
}

fn same_host(named: &str, url: &str) -> bool {
    host(url).is_some_and(|host| bare_host(host).eq_ignore_ascii_case(bare_host(named)))
}

fn bare_host(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The host that an address, or what looks like one, names.
fn host(text: &str) -> Option<&str> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.strip_prefix("mailto:").unwrap_or(rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let (name, top) = host.rsplit_once('.')?;
    let is_host = !name.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphanumeric);
    is_host.then_some(host)
}

/// An address without what people leave out.
fn bare(url: &str) -> &str {
    let url = url.trim().trim_end_matches('/');
    let url = url.strip_prefix("mailto:").unwrap_or(url);
    url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url)
}

/// The schemes of links.
const SCHEMES: [&str; 9] = ["http", "https", "mailto", "ftp", "xmpp", "matrix", "tg", "irc", "ircs"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_somewhere_is_a_link() {
        for (url, expected) in [
            ("https://st2.example.org/#/x", true),
            ("MAILTO:joe@example.org", true),
            ("irc://irc.example.org/ops", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("file:///etc/passwd", false),
            ("README.md", false),
            ("https://", false),
            ("https://a b", false),
        ] {
            assert_eq!(is_good(url), expected, "{url}");
        }
    }

    #[test]
    fn a_text_that_names_another_host_lies() {
        for (label, expected) in [
            ("the docs", false),
            ("v1.2", false),
            ("https://example.org/x", false),
            ("www.example.org", false),
            ("example.org", false),
            ("https://bank.example.com", true),
            ("see bank.example.com/login", true),
        ] {
            assert_eq!(is_spoof(label, "https://example.org/y"), expected, "{label}");
        }
    }

    #[test]
    fn an_address_is_not_said_twice() {
        assert!(is_said_by("example.org/x", "https://example.org/x/"));
        assert!(is_said_by("joe@example.org", "mailto:joe@example.org"));
        assert!(!is_said_by("docs", "https://example.org"));
    }

    #[test]
    fn no_address_calls_everybody() {
        assert_eq!(inert("https://x.org/@all/1"), "https://x.org/%40all/1");
        assert_eq!(inert("https://x.org/@ada"), "https://x.org/@ada");
    }
}
