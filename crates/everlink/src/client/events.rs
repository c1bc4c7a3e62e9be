//! Events as the application takes them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;

use super::event::Event;
use crate::driver::{Listener, block_on};

/// The events of one client, from when this was made on.
///
/// At most [`EVENTS_MAX`](Self::EVENTS_MAX) wait to be taken; a receiver that is slower misses the
/// oldest, and is told so by [`Event::Lagged`]. The connection never waits for it.
#[derive(Debug)]
pub struct Events(Arc<Listener>);

impl Events {
    /// How many events wait for a slow receiver.
    pub const EVENTS_MAX: usize = 1024;

    pub(crate) fn new(listener: Arc<Listener>) -> Self {
        Self(listener)
    }

    /// Returns the next event; `None` once the last handle of the client is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await
    }

    /// Turns this into a [`Stream`].
    pub fn into_stream(self) -> impl Stream<Item = Event> + Send + Unpin {
        Box::pin(unfold(self, |mut events| async {
            let event = events.next().await?;
            Some((event, events))
        }))
    }

    /// Calls a handler for each event, on a thread of its own, so that one which blocks for ever
    /// holds up nothing but itself. A handler that panics is called again for the next event.
    pub(crate) fn handle(mut self, client: Arc<str>, handler: Arc<Handler>) {
        let name = format!("everlink-events-{client}");
        let run = move || {
            while let Some(event) = block_on(self.next()) {
                if catch_unwind(AssertUnwindSafe(|| handler(&event))).is_err() {
                    tracing::error!(%client, "a handler of events panicked");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name(name).spawn(run) {
            tracing::error!(%error, "no thread for a handler of events");
        }
    }
}

/// A handler of events.
pub(crate) type Handler = dyn Fn(&Event) + Send + Sync;
