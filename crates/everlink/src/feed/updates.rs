//! From messages to updates: copies dropped, holes told.

use std::collections::VecDeque;
use std::sync::Arc;

use everlink_wire::Message;

use super::sequence::{Hole, Tracker, Verdict};
use crate::driver::ChannelMessage;

/// Something that a feed brings, in the order of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// An event of a stream.
    Message {
        /// The stream.
        stream: Arc<str>,
        /// The event: `data` of the combined stream, as the exchange wrote it.
        message: Message,
    },
    /// Numbers of a stream are missing before the event that follows; told once.
    Hole(Hole),
    /// The exchange began to number a stream anew: what is known of it holds no more.
    Restart {
        /// The stream.
        stream: Arc<str>,
    },
}

/// What waits between the pool and the application.
#[derive(Debug, Default)]
pub(super) struct Updates {
    pub(super) tracker: Tracker,
    /// Updates that the last caller had no room for.
    ready: VecDeque<Update>,
    pub(super) messages: u64,
    pub(super) copies: u64,
    pub(super) holes: u64,
    pub(super) missing: u64,
}

impl Updates {
    /// Judges messages, in order; returns the holes among them.
    pub(super) fn take_in(&mut self, messages: &mut Vec<ChannelMessage>) -> Vec<Hole> {
        let mut holes = Vec::new();
        for update in messages.drain(..) {
            match self.tracker.judge(&update) {
                Verdict::Next => {}
                Verdict::Known => {
                    self.copies += 1;
                    continue;
                }
                Verdict::After(hole) => {
                    self.holes += 1;
                    self.missing = self.missing.saturating_add(hole.count());
                    self.ready.push_back(Update::Hole(hole.clone()));
                    holes.push(hole);
                }
                Verdict::Restart => {
                    let stream = Arc::clone(&update.channel);
                    self.ready.push_back(Update::Restart { stream });
                }
            }
            self.messages += 1;
            let ChannelMessage { channel: stream, message } = update;
            self.ready.push_back(Update::Message { stream, message });
        }
        holes
    }

    /// Hands out up to `limit` updates; returns how many.
    pub(super) fn hand_out(&mut self, buffer: &mut Vec<Update>, limit: usize) -> usize {
        let count = self.ready.len().min(limit);
        buffer.extend(self.ready.drain(..count));
        count
    }
}
