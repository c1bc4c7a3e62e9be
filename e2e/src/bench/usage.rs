//! What this process uses.

use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::job::Outcome;

/// CPU time and time since a moment.
#[derive(Debug)]
pub(super) struct Usage {
    started: Instant,
    cpu_ns: u64,
}

impl Usage {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), cpu_ns: cpu_ns() }
    }

    pub(super) fn cpu_ns(&self) -> u64 {
        cpu_ns().saturating_sub(self.cpu_ns)
    }

    /// So many messages were done since then.
    pub(super) fn messages(&self, messages: u64) -> Outcome {
        let elapsed_ns = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Outcome::Messages { messages, elapsed_ns, cpu_ns: self.cpu_ns() }
    }
}

/// Returns the CPU time of this process, its threads and its system calls included.
pub(crate) fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

/// Returns the resident memory of this process in bytes.
pub(super) fn resident_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").context("/proc/self/statm")?;
    let pages = text.split(' ').nth(1).context("/proc/self/statm has no second field")?;
    let pages: u64 = pages.parse().context("/proc/self/statm")?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Allows as many open files as the system lets us.
pub(crate) fn raise_open_files() -> Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files cannot be raised")?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}
