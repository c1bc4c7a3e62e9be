//! What another process has used.

use anyhow::{Context as _, Result};

/// Returns the CPU time of a process in nanoseconds, of all its threads that live.
pub(super) fn cpu_ns(process: u32) -> Result<u64> {
    let tasks = format!("/proc/{process}/task");
    let mut total = 0;
    for task in std::fs::read_dir(&tasks).with_context(|| tasks.clone())? {
        let path = task?.path().join("schedstat");
        // A thread may end between the two.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let time = text.split(' ').next().with_context(|| format!("{}: {text}", path.display()))?;
        total += time.parse::<u64>().with_context(|| format!("{}: {text}", path.display()))?;
    }
    Ok(total)
}

/// Returns the resident memory of a process in bytes.
pub(super) fn resident_bytes(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/statm");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let pages = text.split(' ').nth(1).with_context(|| format!("{path}: {text}"))?;
    let pages: u64 = pages.parse().with_context(|| format!("{path}: {text}"))?;
    Ok(pages * rustix::param::page_size() as u64)
}
