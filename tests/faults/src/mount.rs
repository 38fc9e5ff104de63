//! A small file system of its own, which can be spoiled and repaired. Needs root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    wait::{PATIENCE, until},
};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing more fits.
    Full,
    /// The kernel has found an error in it, allows no more writes, and forgets those that were not synced.
    PowerCut,
    /// The kernel has found an error in it and allows no more writes.
    ReadOnly,
}

/// A mounted file system; unmounted when dropped.
pub(crate) struct Disk {
    trouble: Trouble,
    folder: PathBuf,
    image: PathBuf,
}

impl Trouble {
    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::PowerCut => "cut off as by a power cut",
            Self::ReadOnly => "read-only",
        }
    }
}

impl Disk {
    /// Makes one that can have this trouble, under a name of its own.
    pub(crate) fn mount(site: &Path, name: &str, trouble: Trouble) -> Outcome<Self> {
        let folder = site.join(format!("mount-{name}"));
        fs::create_dir_all(&folder)?;
        let disk = Self { trouble, image: folder.with_extension("img"), folder };
        match trouble {
            Trouble::Full => run("mount", &["-t", "tmpfs", "-o", "size=8m", "tmpfs"], &disk.folder)?,
            Trouble::PowerCut | Trouble::ReadOnly => {
                fs::File::create(&disk.image)?.set_len(16 << 20)?;
                run("mkfs.ext4", &["-q"], &disk.image)?;
                disk.attach()?;
            }
        }
        // So that nothing can be made at the same path while it is not mounted.
        fs::create_dir_all(disk.state())?;
        Ok(disk)
    }

    /// A folder on it.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The trouble begins.
    pub(crate) fn suffer(&self) -> Outcome<()> {
        match self.trouble {
            Trouble::Full => match fs::write(self.ballast(), vec![0; 16 << 20]) {
                Ok(()) => Err("the disk is larger than it should be".into()),
                Err(_) => Ok(()),
            },
            // A mere remount is refused while somebody writes.
            Trouble::PowerCut => run("mount", &["-o", "remount,abort"], &self.folder),
            Trouble::ReadOnly => {
                run("sync", &["--file-system"], &self.folder)?;
                run("mount", &["-o", "remount,abort"], &self.folder)
            }
        }
    }

    /// The trouble is over.
    pub(crate) async fn recover(&self) -> Outcome<()> {
        if self.trouble == Trouble::Full {
            return Ok(fs::remove_file(self.ballast())?);
        }
        // Whoever tries to write may have it open at any moment.
        let unmounted = async || Ok(run("umount", &[], &self.folder).ok());
        until("a moment in which nobody uses the disk", PATIENCE, unmounted).await?;
        self.attach()
    }

    fn attach(&self) -> Outcome<()> {
        run("mount", &["-o", "loop", &self.image.to_string_lossy()], &self.folder)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not be mounted.
        drop(run("umount", &["-l"], &self.folder));
    }
}

fn run(program: &str, arguments: &[&str], last: &Path) -> Outcome<()> {
    let output = Command::new(program).args(arguments).arg(last).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
