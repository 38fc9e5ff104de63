//! A shell that runs nothing: it knows `echo`, `sleep`, `exit`, `true` and `false`, and repeats everything else.

use std::time::Duration;

use serde_json::{Value, json};

/// What a command line did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i64,
    pub(crate) takes: Duration,
}

impl Run {
    /// The result of StackStorm's shell runners.
    pub(crate) fn result(&self) -> Value {
        let failed = self.code != 0;
        json!({
            "failed": failed, "succeeded": !failed, "return_code": self.code,
            "stdout": self.stdout.trim_end_matches('\n'), "stderr": self.stderr.trim_end_matches('\n'),
        })
    }
}

/// Reads `line` as commands parted by `;` or `&&`.
pub(crate) fn run(line: &str) -> Run {
    let mut run = Run::default();
    for command in line.split(';').flat_map(|part| part.split("&&")) {
        let (verb, rest) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
        match verb {
            "" => {}
            "echo" => say(&mut run, rest.trim()),
            "exit" => {
                run.code = rest.trim().parse().unwrap_or(0);
                return run;
            }
            "false" => run.code = 1,
            "sleep" => {
                let seconds = rest.trim().parse().ok();
                let pause = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                run.takes = run.takes.saturating_add(pause.unwrap_or_default());
            }
            "true" => run.code = 0,
            _ => say(&mut run, &format!("(simulated) {}", command.trim())),
        }
    }
    run
}

fn say(run: &mut Run, text: &str) {
    let (text, out) = match text.strip_suffix(">&2") {
        Some(text) => (text.trim_end(), &mut run.stderr),
        None => (text, &mut run.stdout),
    };
    out.push_str(text.trim_matches(['"', '\'']));
    out.push('\n');
}

/// The lines that an execution printed, as `GET /executions/ID/output` gives them.
pub(crate) fn output(result: Option<&Value>) -> String {
    let streams = ["stdout", "stderr"].iter().filter_map(|name| result?.get(name)?.as_str());
    let mut text = String::new();
    for stream in streams.filter(|stream| !stream.is_empty()) {
        text.push_str(stream);
        if !stream.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_waits_and_exits() {
        let run = run("echo one; echo two >&2; sleep 0.5 && exit 4; echo never");

        let expected = Run {
            stdout: "one\n".to_owned(),
            stderr: "two\n".to_owned(),
            code: 4,
            takes: Duration::from_millis(500),
        };
        assert_eq!(run, expected);
    }

    #[test]
    fn runs_nothing_real() {
        assert_eq!(run("rm -rf /").stdout, "(simulated) rm -rf /\n");
    }
}
