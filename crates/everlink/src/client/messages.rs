//! Messages that belong to no channel.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_wire::Message;
use futures_util::Stream;

use super::socketio::as_message;
use crate::driver::Shared;

/// The messages of a client that belong to no channel, as a [`Stream`].
#[derive(Debug)]
pub struct Messages(Arc<Shared>);

impl Messages {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl Stream for Messages {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        poll_inbox(&self.0, cx)
    }
}

/// Takes a message that belongs to no channel.
pub(super) fn poll_inbox(shared: &Shared, cx: &mut Context<'_>) -> Poll<Option<Message>> {
    match &shared.outlets.inbox {
        Some(inbox) => inbox.poll_pop(cx).map(|popped| popped.map(|m| as_taken(shared, m))),
        None => Poll::Ready(None),
    }
}

/// Takes several messages that belong to no channel.
pub(super) fn poll_inbox_many(
    shared: &Shared,
    cx: &mut Context<'_>,
    buffer: &mut Vec<Message>,
    limit: usize,
) -> Poll<usize> {
    match &shared.outlets.inbox {
        Some(inbox) => {
            inbox.poll_pop_many(cx, limit, |message| buffer.push(as_taken(shared, message)))
        }
        None => Poll::Ready(0),
    }
}

/// Returns a message as the application sees it: an event of Socket.IO as its list in JSON.
pub(super) fn as_taken(shared: &Shared, message: Message) -> Message {
    if shared.options.namespace.is_some() { as_message(message) } else { message }
}
