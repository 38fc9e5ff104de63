//! The packs compiled in: StackStorm's own, as far as the sandbox needs them, and the demo's.

use super::pack::{Pack, PackError};

/// `core` and `chatops`, which every StackStorm has.
pub(crate) fn system() -> Result<Vec<Pack>, PackError> {
    Ok(vec![Pack::parse_static(&CORE)?, Pack::parse_static(&CHATOPS)?])
}

/// `demo`: something to try.
pub(crate) fn demo() -> Result<Pack, PackError> {
    Pack::parse_static(&DEMO)
}

/// The texts of a pack's files by their paths.
macro_rules! pack {
    ($name:literal: $($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("packs/", $name, "/", $file)))),*]
    };
}

const CORE: [(&str, &str); 6] = pack!(
    "core":
    "actions/echo.yaml",
    "actions/http.yaml",
    "actions/local.yaml",
    "actions/noop.yaml",
    "actions/remote.yaml",
    "pack.yaml",
);

const CHATOPS: [(&str, &str); 6] = pack!(
    "chatops":
    "actions/format_execution_result.yaml",
    "actions/post_message.yaml",
    "actions/post_result.yaml",
    "pack.yaml",
    "rules/notify_errbot.yaml",
    "rules/notify_hubot.yaml",
);

const DEMO: [(&str, &str); 27] = pack!(
    "demo":
    "actions/deploy.yaml",
    "actions/disk.yaml",
    "actions/echo.yaml",
    "actions/fail.yaml",
    "actions/hostile.yaml",
    "actions/long.yaml",
    "actions/release.yaml",
    "actions/run.yaml",
    "actions/wait.yaml",
    "aliases/deploy.yaml",
    "aliases/disk.yaml",
    "aliases/echo.yaml",
    "aliases/fail.yaml",
    "aliases/hello.yaml",
    "aliases/hostile.yaml",
    "aliases/long.yaml",
    "aliases/production.yaml",
    "aliases/quiet.yaml",
    "aliases/release.yaml",
    "aliases/retired.yaml",
    "aliases/run.yaml",
    "aliases/silent.yaml",
    "aliases/status_of_host.yaml",
    "aliases/status_of_service.yaml",
    "aliases/tickets.yaml",
    "aliases/wait.yaml",
    "pack.yaml",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_packs_can_be_read() {
        assert_eq!(system().unwrap().len(), 2);
        assert!(demo().unwrap().aliases.len() > 15);
    }
}
