//! Fresh credentials for a connection that stands, ahead of the end of the old ones.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::options::Options;
use crate::client::{Credentials, CredentialsRequest};

type Asking = Pin<Box<dyn Future<Output = Result<Credentials, String>> + Send>>;

/// The credentials of one transport.
#[derive(Default)]
pub(super) struct Renewal {
    endpoint: u16,
    /// When fresh ones are asked for.
    at: Option<Instant>,
    asking: Option<Asking>,
    /// How often that failed in a row.
    failures: u32,
}

impl Renewal {
    /// Credentials were shown that last for a time, if that is known.
    pub(super) fn new(endpoint: u16, lasts: Option<Duration>) -> Self {
        let mut renewal = Self { endpoint, ..Self::default() };
        renewal.lasts(lasts);
        renewal
    }

    /// The credentials last for so long from now; `None` leaves what was known.
    pub(super) fn lasts(&mut self, lasts: Option<Duration>) {
        self.failures = 0;
        if let Some(lasts) = lasts {
            self.at =
                Some(Instant::now() + (lasts / 5 * 4).clamp(RENEW_AFTER_MIN, RENEW_AFTER_MAX));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Asks when it is time; returns what the application answered.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        options: &Arc<Options>,
    ) -> Poll<Result<Credentials, String>> {
        if self.at.is_some_and(|at| at <= Instant::now()) {
            self.at = None;
            self.asking = self.ask(options);
        }
        let Some(asking) = &mut self.asking else { return Poll::Pending };
        let answer = std::task::ready!(asking.as_mut().poll(cx));
        self.asking = None;
        if answer.is_err() {
            let pause = RETRY_MIN.saturating_mul(1 << self.failures.min(4)).min(RETRY_MAX);
            self.failures = self.failures.saturating_add(1);
            self.at = Some(Instant::now() + pause);
        }
        Poll::Ready(answer)
    }

    fn ask(&self, options: &Arc<Options>) -> Option<Asking> {
        let source = options.credentials.clone()?;
        let request = CredentialsRequest { attempt: 0, refresh: true, endpoint: self.endpoint };
        Some(Box::pin(async move {
            let answer = timeout(ASK_MAX, source.ask(request)).await;
            answer.unwrap_or_else(|_| Err(format!("no credentials within {ASK_MAX:?}")))
        }))
    }
}

/// Credentials are not renewed more often, however short they last.
const RENEW_AFTER_MIN: Duration = Duration::from_secs(1);

/// Longest wait: beyond it nobody can tell what clocks do.
const RENEW_AFTER_MAX: Duration = Duration::from_secs(30 * 86_400);

/// First pause after a source of credentials failed; it doubles.
const RETRY_MIN: Duration = Duration::from_secs(2);

/// Longest pause after a source of credentials failed.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Longest time that a source of credentials is given.
const ASK_MAX: Duration = Duration::from_secs(20);
