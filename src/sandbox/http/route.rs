//! Which path is what. Pure.

/// What a path and a method ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// Needs a token or a key.
    Known(Known<'a>),
    /// Anybody may ask.
    Open(Open),
    /// Needs a token or a key, and answers for ever.
    Stream,
}

/// What somebody known may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    Action(&'a str),
    Actions,
    Alias(&'a str),
    Aliases,
    CancelExecution(&'a str),
    Children(&'a str),
    CreateAlias,
    CreateExecution,
    DeleteAlias(&'a str),
    Execute,
    Execution(&'a str),
    Executions,
    Help,
    Inquiries,
    Match,
    MatchAndExecute,
    Output(&'a str),
    PutExecution(&'a str),
    Rerun(&'a str),
    Result(&'a str),
    Root,
    Rules,
    UpdateAlias(&'a str),
    User,
}

/// What anybody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Faults,
    ForgetFaults,
    Token,
    ValidateToken,
}

impl<'a> Endpoint<'a> {
    /// The endpoint of `path`, which begins with `/v1`; none is 404, as is a wrong method.
    pub(crate) fn of(method: &str, path: &'a str) -> Option<Self> {
        let mut parts = [""; 3];
        let mut rest = path.strip_prefix("/v1")?.split('/').skip(1);
        for part in &mut parts {
            *part = rest.next().unwrap_or_default();
        }
        if rest.next().is_some() {
            return None;
        }
        let open = match (method, parts) {
            ("GET", ["stream", "", ""]) => return Some(Self::Stream),
            ("POST", ["tokens", "", ""]) => Open::Token,
            ("POST", ["tokens", "validate", ""]) => Open::ValidateToken,
            ("POST", ["sandbox", "faults", ""]) => Open::Faults,
            ("DELETE", ["sandbox", "faults", ""]) => Open::ForgetFaults,
            (method, parts) => return Known::of(method, parts).map(Self::Known),
        };
        Some(Self::Open(open))
    }
}

impl<'a> Known<'a> {
    fn of(method: &str, parts: [&'a str; 3]) -> Option<Self> {
        Some(match (method, parts) {
            ("GET", ["", "", ""]) => Self::Root,
            ("GET", ["user", "", ""]) => Self::User,
            ("GET", ["rules", "", ""]) => Self::Rules,
            ("GET", ["inquiries", "", ""]) => Self::Inquiries,
            ("GET", ["actions", "", ""]) => Self::Actions,
            ("GET", ["actions", reference, ""]) => Self::Action(reference),
            ("POST", ["aliasexecution", "", ""]) => Self::Execute,
            ("POST", ["aliasexecution", "match_and_execute", ""]) => Self::MatchAndExecute,
            (method, ["actionalias", key, ""]) => return Self::alias(method, key),
            (method, ["executions", id, part]) => return Self::execution(method, id, part),
            _ => return None,
        })
    }

    fn alias(method: &str, key: &'a str) -> Option<Self> {
        Some(match (method, key) {
            ("GET", "") => Self::Aliases,
            ("POST", "") => Self::CreateAlias,
            ("GET", "help") => Self::Help,
            ("POST", "match") => Self::Match,
            ("GET", key) => Self::Alias(key),
            ("PUT", key) if !key.is_empty() => Self::UpdateAlias(key),
            ("DELETE", key) if !key.is_empty() => Self::DeleteAlias(key),
            _ => return None,
        })
    }

    fn execution(method: &str, id: &'a str, part: &str) -> Option<Self> {
        Some(match (method, id, part) {
            ("GET", "", "") => Self::Executions,
            ("POST", "", "") => Self::CreateExecution,
            ("GET", id, "") => Self::Execution(id),
            ("PUT", id, "") => Self::PutExecution(id),
            ("DELETE", id, "") => Self::CancelExecution(id),
            ("GET", id, "children") => Self::Children(id),
            ("GET", id, "output") => Self::Output(id),
            ("GET", id, "result") => Self::Result(id),
            ("POST", id, "re_run") => Self::Rerun(id),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn known(known: Known<'_>) -> Option<Endpoint<'_>> {
        Some(Endpoint::Known(known))
    }

    #[test]
    fn a_wrong_method_is_no_endpoint() {
        assert_eq!(Endpoint::of("GET", "/v1/tokens"), None);
        assert_eq!(Endpoint::of("PATCH", "/v1/actionalias"), None);
        assert_eq!(Endpoint::of("GET", "/v1/nope"), None);
        assert_eq!(Endpoint::of("GET", "/v1/executions/x/children/y"), None);
    }

    #[test]
    fn parts_of_paths_are_taken_out() {
        assert_eq!(Endpoint::of("GET", "/v1/executions/x/result"), known(Known::Result("x")));
        assert_eq!(Endpoint::of("GET", "/v1/actionalias/p.a"), known(Known::Alias("p.a")));
        assert_eq!(Endpoint::of("GET", "/v1"), known(Known::Root));
    }
}
