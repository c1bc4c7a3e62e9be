//! Runs the application's handlers.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::inbox::Inbox;

/// Starts a handler: what it does before its first wait is done at once, so that handlers begin in the
/// order of events; the rest is done by a task of its own, which the end of the connection does not end.
pub(super) fn start(
    inbox: &Arc<Inbox>,
    what: &'static str,
    handler: impl FnOnce() -> BoxFuture<'static, ()>,
) {
    let made = std::panic::catch_unwind(AssertUnwindSafe(handler));
    let Ok(future) = made else {
        return panicked(what);
    };
    let mut future = Box::pin(AssertUnwindSafe(future).catch_unwind());
    // Its task polls it again, and is woken then.
    let mut cx = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut cx) {
        Poll::Ready(Ok(())) => {}
        Poll::Ready(Err(_)) => panicked(what),
        Poll::Pending => {
            let running = Running::new(inbox);
            tokio::spawn(async move {
                let _running = running;
                if future.await.is_err() {
                    panicked(what);
                }
            });
        }
    }
}

/// Starts a handler away from the connection.
pub(super) fn spawn(
    what: &'static str,
    handler: impl FnOnce() -> BoxFuture<'static, ()> + Send + 'static,
) {
    tokio::spawn(async move {
        if AssertUnwindSafe(async move { handler().await }).catch_unwind().await.is_err() {
            panicked(what);
        }
    });
}

fn panicked(what: &'static str) {
    tracing::error!(what, "a handler of Socket.IO panicked");
}

/// Counts a handler that runs.
struct Running(Arc<Inbox>);

impl Running {
    fn new(inbox: &Arc<Inbox>) -> Self {
        inbox.handler_began();
        Self(Arc::clone(inbox))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.handler_ended();
    }
}
