//! `fulmar demo`: everything in one process, nothing to set up.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use super::{
    FAILED, fail,
    run::{exit_code, serve, within_system},
    say,
};
use crate::{
    config::Config,
    sandbox::{Sandbox, SandboxConfig, User},
};

pub(super) fn run() -> ExitCode {
    within_system(async {
        let sandbox = match Sandbox::start(SandboxConfig {
            users: vec![User::new("demo", "demo")],
            ..SandboxConfig::default()
        }) {
            Ok(sandbox) => sandbox,
            Err(error) => return fail(FAILED, format_args!("the sandbox cannot be served: {error}")),
        };
        let config = match Config::parse(&configuration(&sandbox.url()), "the demo's configuration", &|_| None) {
            Ok(config) => config,
            Err(error) => return fail(FAILED, error),
        };
        let ended = serve(&config, |admin| {
            if io::stdin().is_terminal() {
                say(format_args!("{}", welcome(&admin.to_string())));
            }
        })
        .await;
        sandbox.stop().await;
        match ended {
            Ok(ended) => exit_code(ended),
            Err(error) => fail(FAILED, error),
        }
    })
}

fn configuration(url: &str) -> String {
    format!(
        r#"
[gateway]
state = "memory"

[admin]
listen = "127.0.0.1:0"

[stackstorm.default]
auth_url = "{url}/auth/v1"
api_url = "{url}/api/v1"
stream_url = "{url}/stream/v1"
api_auth = {{ user = {{ name = "demo", password = "demo" }} }}

[chats.terminal]
kind = "terminal"
"#
    )
}

fn welcome(admin: &str) -> String {
    format!(
        "Fulmar {version}: a sandbox StackStorm, with this terminal as the chat.\n\
         Try !help, !echo hello, !run date on web1, !deploy api. The status page is http://{admin}/\n\
         Ctrl-D ends.",
        version = env!("CARGO_PKG_VERSION"),
    )
}
