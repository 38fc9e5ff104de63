//! What a process costs, by what Linux says in `/proc`.

use std::{collections::HashMap, fs, io, ops::Sub, path::PathBuf};

use serde::Serialize;

/// Processor time, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Cpu {
    /// In the program itself.
    pub(crate) user: f64,
    /// In the kernel, on its behalf.
    pub(crate) system: f64,
}

/// Memory, in megabytes of 1,000,000 bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) now: f64,
    /// Resident at most.
    pub(crate) peak: f64,
}

/// The processor time that a process has had at some moment.
pub(crate) struct Clock {
    /// In ticks of 10 ms, but with the part of the kernel told apart.
    coarse: Cpu,
    /// In nanoseconds, for each thread that lives.
    threads: HashMap<PathBuf, u64>,
}

impl Cpu {
    /// Both together.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

impl Clock {
    /// Reads the clock of process `pid`.
    pub(crate) fn read(pid: u32) -> io::Result<Self> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let path = task?.path();
            // A thread may end while it is looked at.
            let nanoseconds = fs::read_to_string(path.join("schedstat")).ok().and_then(|text| number(&text, 0));
            threads.extend(nanoseconds.map(|it| (path, it)));
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, after_name) = stat.rsplit_once(") ").ok_or(io::ErrorKind::InvalidData)?;
        let seconds = |at| number(after_name, at).map_or(0.0, |ticks| ticks as f64 / TICKS);
        Ok(Self { coarse: Cpu { user: seconds(11), system: seconds(12) }, threads })
    }
}

impl Sub for &Clock {
    type Output = Cpu;

    /// What the process had between two moments: exact if no thread has ended, else in ticks.
    fn sub(self, before: &Clock) -> Cpu {
        let (user, system) = (self.coarse.user - before.coarse.user, self.coarse.system - before.coarse.system);
        if before.threads.keys().any(|thread| !self.threads.contains_key(thread)) {
            return Cpu { user, system };
        }
        let had = |thread| before.threads.get(thread).copied().unwrap_or(0);
        let nanoseconds: u64 = self.threads.iter().map(|(thread, now)| now.saturating_sub(had(thread))).sum();
        let seconds = nanoseconds as f64 / 1e9;
        let share = if user + system > 0.0 { user / (user + system) } else { 1.0 };
        Cpu { user: seconds * share, system: seconds * (1.0 - share) }
    }
}

impl Memory {
    /// Of process `pid`.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let megabytes = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| number(line, 0)).map_or(0.0, |kibibytes| kibibytes as f64 * 1024.0 / 1e6)
        };
        Ok(Self { now: megabytes("VmRSS:"), peak: megabytes("VmHWM:") })
    }
}

fn number(text: &str, at: usize) -> Option<u64> {
    text.split_whitespace().nth(at)?.parse().ok()
}

/// A second has so many ticks, on every Linux that people run (`man 5 proc`, `USER_HZ`).
const TICKS: f64 = 100.0;

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn work_is_seen_and_so_is_memory() {
        let before = Clock::read(process::id()).unwrap();
        let sum: u64 = (0..20_000_000_u64).map(std::hint::black_box).sum();

        let spent = &Clock::read(process::id()).unwrap() - &before;

        assert!(sum > 0 && spent.total() > 0.0, "{spent:?}");
        let memory = Memory::of(process::id()).unwrap();
        assert!(memory.now > 0.1 && memory.peak >= memory.now, "{memory:?}");
    }
}
