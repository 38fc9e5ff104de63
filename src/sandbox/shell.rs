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
    pub(crate) said: Vec<Said>,
}

/// A line that is printed while something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// How long after the beginning.
    pub(crate) after: Duration,
    /// `stdout` or `stderr`.
    pub(crate) kind: &'static str,
    /// With its end.
    pub(crate) data: String,
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
    let (text, kind, out) = match text.strip_suffix(">&2") {
        Some(text) => (text.trim_end(), "stderr", &mut run.stderr),
        None => (text, "stdout", &mut run.stdout),
    };
    let data = format!("{}\n", text.trim_matches(['"', '\'']));
    out.push_str(&data);
    run.said.push(Said { after: run.takes, kind, data });
}

/// The lines that a result shows to have been printed.
pub(crate) fn printed(result: &Value) -> Vec<Said> {
    let line = |kind, line| Said { after: Duration::ZERO, kind, data: format!("{line}\n") };
    let lines = |kind| result.get(kind)?.as_str().map(|text| text.lines().map(move |text| line(kind, text)));
    ["stdout", "stderr"].into_iter().filter_map(lines).flatten().collect()
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
            said: ["stdout", "stderr"]
                .map(|kind| Said {
                    after: Duration::ZERO,
                    kind,
                    data: if kind == "stdout" { "one\n" } else { "two\n" }.to_owned(),
                })
                .to_vec(),
        };
        assert_eq!(run, expected);
    }

    #[test]
    fn runs_nothing_real() {
        assert_eq!(run("rm -rf /").stdout, "(simulated) rm -rf /\n");
    }
}
