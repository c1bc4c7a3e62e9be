//! How many files, and so connections, a process may have open.

/// The limit of open files before and after it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    /// What it was; `None` is without limit.
    pub before: Option<u64>,
    /// What it is now; `None` is without limit, or unknown on this system.
    pub now: Option<u64>,
}

/// Raises the limit of open files to the highest that this process may set: each connection is one.
///
/// Changes nothing where the system does not know such a limit, or refuses.
#[must_use]
pub fn raise_open_files() -> OpenFiles {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files was not raised");
        }
        OpenFiles { before: limit.current, now: getrlimit(Resource::Nofile).current }
    }
    #[cfg(not(unix))]
    OpenFiles { before: None, now: None }
}
