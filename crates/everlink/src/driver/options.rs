//! What the task needs besides the engine's configuration.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{Failure, Verdict};
use everlink_wire::Codec;
use everlink_wire::ws::{DeflateConfig, Limits, Text};

use super::cursors::CursorStore;
use super::turns::DialLimit;
use crate::client::{ConnectionError, CredentialsSource};
use crate::dial::{DialOptions, Endpoint};

/// Decides on a failure instead of the engine's table.
pub(crate) type Classify = dyn Fn(&ConnectionError) -> Option<Verdict> + Send + Sync;

/// Everything about I/O that was decided in the builder.
pub(crate) struct Options {
    /// Names this client in logs and metrics.
    pub(crate) name: Arc<str>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Hosts besides theirs to which a server may send this client.
    pub(crate) known_hosts: Vec<String>,
    pub(crate) dial: DialOptions,
    /// What dials are counted against, together with those of other clients.
    pub(crate) dial_limit: Option<DialLimit>,
    pub(crate) deflate: Option<DeflateConfig>,
    pub(crate) limits: Limits,
    pub(crate) codec: Codec,
    /// Where channels' cursors survive the process.
    pub(crate) cursors: Option<Arc<CursorStore>>,
    pub(crate) credentials: Option<CredentialsSource>,
    /// The peer's dialect greets: a token goes into the greeting, not into a header.
    pub(crate) greets: bool,
    /// The namespace, where Socket.IO is spoken.
    pub(crate) namespace: Option<Text>,
    pub(crate) classify: Option<Arc<Classify>>,
    pub(crate) close_timeout: Duration,
    pub(crate) subscription_messages_max: usize,
}

impl Options {
    /// Asks the application's hook, contained: a hook that panics has no opinion.
    pub(crate) fn classify(&self, failure: Failure, detail: &str) -> Option<Verdict> {
        let hook = self.classify.as_ref()?;
        let error = ConnectionError::new(failure, Some(detail.into()));
        catch_unwind(AssertUnwindSafe(|| hook(&error))).unwrap_or_else(|_| {
            tracing::error!(client = %self.name, "the failure-classification hook panicked");
            None
        })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("endpoints", &self.endpoints)
            .field("dial", &self.dial)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
