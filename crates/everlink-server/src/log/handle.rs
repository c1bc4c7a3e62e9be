//! What the handle of a log with a thread can do, whatever it stores in.

use std::sync::{Arc, PoisonError, Weak};
use std::thread;

use futures_util::future::BoxFuture;

use super::error::LogError;
use super::line::{Answer, Line, Shared, Work, check_name};
use super::options::{DROP_WAIT_MAX, LogOptions};
use super::record::{Append, Head};
use super::tables::Totals;
use super::writer::{Store, Writer};
use super::{Done, Follower, LogStatus};

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(super) struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn start(
        kind: &'static str,
        options: LogOptions,
        totals: Totals,
        store: impl Store,
    ) -> Result<Self, LogError> {
        options.check()?;
        let shared = Arc::new(Shared::new(kind, options, totals));
        let writer = Writer::new(Arc::clone(&shared), store);
        thread::Builder::new()
            .name(format!("everlink-{kind}"))
            .spawn(move || writer.run())
            .map_err(|error| LogError::Unavailable { reason: format!("no thread: {error}") })?;
        Ok(Self { shared })
    }

    pub(super) fn append(&self, append: Append, done: Done) {
        self.shared.append(append, done);
    }

    pub(super) async fn ask(
        &self,
        channel: &str,
        work: impl FnOnce(Arc<str>, Answer) -> Work + Send,
    ) -> Result<Head, LogError> {
        check_name("the channel's name", channel)?;
        self.shared.ask(|answer| work(channel.into(), answer)).await
    }

    /// Puts it in line at once, waited for or not.
    pub(super) fn trim<'a>(
        &'a self,
        channel: &str,
        before: u64,
    ) -> BoxFuture<'a, Result<Head, LogError>> {
        let asked = check_name("the channel's name", channel)
            .and_then(|()| self.shared.put(|answer| Work::Trim(channel.into(), before, answer)));
        Box::pin(async move { asked?.await.unwrap_or(Err(LogError::Closed)) })
    }

    pub(super) fn follow(&self, follower: Weak<dyn Follower>) {
        self.shared.followers.add(follower);
    }

    pub(super) fn options(&self) -> &LogOptions {
        &self.shared.options
    }

    pub(super) fn status(&self) -> LogStatus {
        self.shared.status()
    }

    pub(super) fn check_open(&self) -> Result<(), LogError> {
        (!self.shared.lock().closing).then_some(()).ok_or(LogError::Closed)
    }

    pub(super) async fn close(&self) {
        if let Some(ended) = self.shared.close() {
            // The sender is dropped, never used, once the thread has ended.
            let _ = ended.await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut line = self.shared.lock();
        line.closing = true;
        self.shared.work.notify_one();
        let runs = |line: &mut Line| !line.stopped;
        let waited = self.shared.stopped.wait_timeout_while(line, DROP_WAIT_MAX, runs);
        if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
            tracing::warn!(
                kind = self.shared.kind,
                "a log is still stored after its handle is gone"
            );
        }
    }
}
