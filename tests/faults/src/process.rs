//! The programs that are started, and killed.

use std::{
    fs, io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use crate::Outcome;

/// A program that runs; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    /// Where in the log its own lines begin.
    begin: usize,
    /// Names the process, for whoever cleans up when this one is killed.
    mark: PathBuf,
}

impl Process {
    /// Starts a program that logs to the end of `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let file = fs::File::options().create(true).append(true).open(log)?;
        let begin = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        for name in ["FULMAR_CONFIG", "FULMAR_LOG", "FULMAR_LOG_JSON", "FULMAR_ADMIN"] {
            command.env_remove(name);
        }
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        let mark = log.with_extension(format!("{}.pid", child.id()));
        fs::write(&mark, child.id().to_string())?;
        Ok(Self { child, log: log.to_owned(), begin, mark })
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> io::Result<String> {
        let all = fs::read(&self.log)?;
        Ok(String::from_utf8_lossy(all.get(self.begin..).unwrap_or_default()).into_owned())
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Whether it has killed itself, or was killed.
    pub(crate) fn was_killed(&mut self) -> io::Result<bool> {
        Ok(self.ended()?.is_some_and(|status| status.signal() == Some(9)))
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) -> Outcome<()> {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { Err(format!("kill -{name}: {sent}").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_file(&self.mark));
    }
}
