//! Attempts under way.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use everlink_engine::{Cause, Dial, Failure, TransportId};
use futures_util::FutureExt;
use tracing::Instrument;

use super::shared::Shared;
use super::turns::Turn;
use crate::client::CredentialsRequest;
use crate::dial::{DialError, HeaderMap, Opened, dial};

/// Why an attempt failed, for the engine and for people.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) detail: String,
}

impl From<DialError> for Failed {
    fn from(error: DialError) -> Self {
        let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        Self { failure: error.failure, detail: format!("{error}{hint}") }
    }
}

/// A transport, and what its greeting shows.
pub(crate) struct Dialed {
    pub(crate) opened: Opened,
    pub(crate) endpoint: u16,
    pub(crate) token: Option<String>,
    /// How long the token lasts, where that is known.
    pub(crate) lasts: Option<Duration>,
}

type Attempt = Pin<Box<dyn Future<Output = Result<Dialed, Failed>> + Send>>;

/// The attempts of one client: at most the connection's and its successor's. Dropping one closes
/// all that belongs to it.
#[derive(Default)]
pub(crate) struct Dials(Vec<(TransportId, Attempt)>);

impl Dials {
    pub(crate) fn start(&mut self, shared: &Arc<Shared>, dial: Dial, turn: Option<Turn>) {
        let span = tracing::debug_span!(
            "attempt",
            client = %shared.options.name,
            transport = dial.transport.0,
            attempt = dial.attempt,
        );
        let attempt = attempt(Arc::clone(shared), dial, turn).instrument(span);
        self.0.push((dial.transport, Box::pin(attempt)));
    }

    /// Abandons an attempt; returns whether it was one.
    pub(crate) fn abandon(&mut self, transport: TransportId) -> bool {
        let before = self.0.len();
        self.0.retain(|(dialed, _)| *dialed != transport);
        self.0.len() < before
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns an attempt that has come to its end.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Option<(TransportId, Result<Dialed, Failed>)> {
        for at in 0..self.0.len() {
            let (transport, attempt) = &mut self.0[at];
            if let Poll::Ready(result) = attempt.as_mut().poll(cx) {
                let transport = *transport;
                drop(self.0.swap_remove(at));
                return Some((transport, result));
            }
        }
        None
    }
}

/// Waits for its turn, asks for credentials and dials. Everything of the application runs contained.
async fn attempt(shared: Arc<Shared>, wanted: Dial, turn: Option<Turn>) -> Result<Dialed, Failed> {
    if let Some(turn) = turn {
        tokio::time::sleep(turn.wait).await;
        turn.take();
    }
    let options = &shared.options;
    let known = shared.lock().endpoint(wanted.endpoint, options);
    let Some((endpoint, own)) = known else {
        let detail = format!("endpoint {} does not exist", wanted.endpoint);
        return Err(Failed { failure: Failure::new(Cause::Local), detail });
    };
    let greets = options.greets;
    let (headers, token, lasts) = match &options.credentials {
        None => (HeaderMap::new(), None, None),
        Some(source) => {
            let request = CredentialsRequest {
                attempt: wanted.attempt,
                refresh: wanted.refresh_credentials,
                endpoint: own,
            };
            let credentials = source.ask(request).await.map_err(unavailable)?;
            let lasts = credentials.lasts().filter(|_| greets);
            let parts = match options.namespace.is_some() {
                true => credentials.into_socket_auth(),
                false => credentials.into_parts(greets),
            };
            let (headers, token) = parts.map_err(unavailable)?;
            (headers, token, lasts)
        }
    };
    let dialing = AssertUnwindSafe(dial(&endpoint, &options.dial, &headers)).catch_unwind();
    match dialing.await {
        Ok(opened) => Ok(Dialed { opened: opened?, endpoint: own, token, lasts }),
        // Only a resolver of the application can get here.
        Err(_) => Err(Failed {
            failure: Failure::new(Cause::Local),
            detail: "the resolver panicked".to_owned(),
        }),
    }
}

fn unavailable(detail: String) -> Failed {
    Failed { failure: Failure::new(Cause::CredentialsUnavailable), detail }
}
