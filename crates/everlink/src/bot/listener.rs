//! Takes what a client hears, on a thread of its own, and logs the steps of its life (B06).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use everlink_engine::{ConnectionState, Supervision};
use everlink_wire::Message;
use futures_util::Stream;

use super::handlers::{Counts, Handlers};
use super::message::ChatMessage;
use super::restraint::Restraint;
use crate::client::{Event, Events, Messages, WeakClient};
use crate::driver::block_on;

/// What the thread of a chat client works with.
pub(super) struct Listener {
    pub(super) name: Arc<str>,
    pub(super) client: WeakClient,
    pub(super) events: Events,
    pub(super) messages: Messages,
    pub(super) handlers: Handlers,
    pub(super) counts: Arc<Counts>,
    pub(super) stale_after: Option<Duration>,
    pub(super) restraint: Restraint,
}

/// What comes next.
enum News {
    Event(Event),
    Message(Message),
    /// The client is gone.
    End,
}

impl Listener {
    /// Works until the last handle of the client is gone.
    ///
    /// A thread, because handlers may block: then they hold up each other, and no connection.
    pub(super) fn spawn(mut self) -> std::io::Result<()> {
        let name = format!("everlink-chat-{}", self.name);
        std::thread::Builder::new().name(name).spawn(move || self.run()).map(drop)
    }

    fn run(&mut self) {
        // Before a connection, and after it was given up, there are no messages.
        let mut is_open = false;
        loop {
            match block_on(next(&mut self.events, &mut self.messages, &mut is_open)) {
                News::Event(event) => {
                    is_open |= may_open(&event);
                    self.count(&event);
                    self.log(&event);
                    self.handlers.told(&self.counts, &event);
                }
                News::Message(message) => self.hear(&message),
                News::End => return,
            }
        }
    }

    fn hear(&mut self, message: &Message) {
        let Some(text) = message.as_text() else {
            self.counts.lock().malformed += 1;
            return;
        };
        if !text.starts_with('{') {
            return self.handlers.said(&self.counts, text);
        }
        match ChatMessage::parse(text) {
            Ok(message) => {
                self.handlers.heard(&self.counts, &message);
                if self.restraint.is_own(&message) {
                    self.counts.lock().own += 1;
                } else if let Some(answer) = self.handlers.answer(&self.counts, &message) {
                    self.answer(&answer);
                }
            }
            Err(error) => {
                self.counts.lock().malformed += 1;
                tracing::warn!(client = %self.name, %error, "chat message not understood");
            }
        }
    }

    /// Sends an answer if it is taken at once: waiting here would hold up what comes in.
    fn answer(&mut self, text: &str) {
        let Some(client) = self.client.upgrade() else { return };
        if !self.restraint.may_answer() {
            self.counts.lock().responses_limited += 1;
            tracing::debug!(client = %self.name, "too many answers, one is not given");
            return;
        }
        match client.try_send(ChatMessage::say(text)) {
            Ok(_ticket) => {
                self.restraint.answered(text);
                self.counts.lock().responses += 1;
            }
            Err(error) => {
                self.counts.lock().responses_failed += 1;
                tracing::warn!(client = %self.name, %error, "answer not sent");
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not counted")]
    fn count(&self, event: &Event) {
        let mut counts = self.counts.lock();
        match event {
            Event::Disconnected { .. } => counts.disconnects += 1,
            Event::Reconnecting { .. } => counts.reconnect_attempts += 1,
            Event::ReconnectFailed { .. } => counts.reconnect_failures += 1,
            Event::BadMessage { .. } => counts.malformed += 1,
            Event::Supervised { cause: Supervision::Stale, .. } => counts.forced_stale += 1,
            Event::Supervised { cause: Supervision::Surrender, .. } => counts.forced_surrender += 1,
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the client itself logs the rest")]
    fn log(&self, event: &Event) {
        let client = &self.name;
        match event {
            Event::Disconnected { error, .. } => {
                tracing::warn!(%client, %error, "chat connection lost");
            }
            Event::Reconnecting { attempt, delay } => {
                tracing::info!(%client, attempt, ?delay, "chat reconnection attempt in progress");
            }
            Event::Reconnected { attempts, downtime } => {
                tracing::info!(%client, attempts, ?downtime, "chat reconnection successful");
            }
            Event::ReconnectFailed { attempts, error } => {
                tracing::error!(%client, attempts, %error, "chat reconnection failed");
            }
            Event::Supervised { cause: Supervision::Stale, attempt } => {
                let secs = self.stale_after.unwrap_or_default().as_secs_f64();
                let text = format!("no chat activity for {secs} s, forcing reconnection");
                tracing::warn!(%client, attempt, "{text}");
            }
            Event::Supervised { cause: Supervision::Surrender, attempt } => {
                tracing::warn!(%client, attempt, "chat connection given up, forcing reconnection");
            }
            _ => {}
        }
    }
}

/// Waits for what comes next, events first.
async fn next(events: &mut Events, messages: &mut Messages, is_open: &mut bool) -> News {
    let mut event = pin!(events.next());
    poll_fn(|cx| {
        if let Poll::Ready(event) = event.as_mut().poll(cx) {
            return Poll::Ready(event.map_or(News::End, News::Event));
        }
        if !*is_open {
            return Poll::Pending;
        }
        match Pin::new(&mut *messages).poll_next(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(News::Message(message)),
            Poll::Ready(None) => {
                *is_open = false;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Returns whether messages may come after this.
fn may_open(event: &Event) -> bool {
    let alive = |state: &ConnectionState| {
        !matches!(state, ConnectionState::Closed | ConnectionState::Error)
    };
    if let Event::StateChanged { to, .. } = event {
        return alive(to);
    }
    matches!(event, Event::Lagged { .. })
}
