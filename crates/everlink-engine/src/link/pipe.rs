//! What was handed to a transport and is not yet with the operating system: bounded, and timed.

use alloc::collections::VecDeque;

use crate::frame::MessageId;
use crate::limits::{UNWRITTEN_BYTES_MAX, UNWRITTEN_FRAMES_MAX};
use crate::time::{Span, Timestamp};

/// A message whose outcome is to be told when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Carried {
    /// It is in the outbox, and is sent again if this transport dies.
    Queued(MessageId),
    /// It is nowhere else.
    Volatile(MessageId),
}

/// One frame on its way to the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Unwritten {
    bytes: u32,
    /// The message in it, if its outcome is to be told when it is written.
    pub(crate) message: Option<Carried>,
}

/// The frames of one transport that are not yet written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pipe {
    frames: VecDeque<Unwritten>,
    bytes: u64,
    /// When the oldest of them was handed over, or anything was last written.
    moved: Timestamp,
}

impl Pipe {
    pub(crate) fn push(&mut self, now: Timestamp, bytes: u32, message: Option<Carried>) {
        if self.frames.is_empty() {
            self.moved = now;
        }
        self.bytes += u64::from(bytes);
        self.frames.push_back(Unwritten { bytes, message });
    }

    /// Part of the oldest frame was written: a large message on a slow line is no stall.
    pub(crate) fn moves(&mut self, now: Timestamp) {
        if !self.frames.is_empty() {
            self.moved = self.moved.max(now);
        }
    }

    /// Takes out the oldest frame because it was written.
    pub(crate) fn written(&mut self, now: Timestamp) -> Option<Unwritten> {
        let frame = self.frames.pop_front()?;
        self.bytes -= u64::from(frame.bytes);
        self.moved = now;
        Some(frame)
    }

    /// Forgets time that passed while we slept.
    pub(crate) fn woke(&mut self, now: Timestamp) {
        self.moved = self.moved.max(now);
    }

    pub(crate) fn release(&mut self) {
        self.frames.shrink_to_fit();
    }

    pub(crate) fn has_room(&self) -> bool {
        self.bytes < UNWRITTEN_BYTES_MAX as u64 && self.frames.len() < UNWRITTEN_FRAMES_MAX
    }

    /// Returns the volatile messages that are not written; with this transport they are lost.
    pub(crate) fn volatile(&self) -> impl Iterator<Item = MessageId> {
        self.frames.iter().filter_map(|frame| match frame.message {
            Some(Carried::Volatile(id)) => Some(id),
            Some(Carried::Queued(_)) | None => None,
        })
    }

    /// Returns when a stall becomes a loss.
    pub(crate) fn deadline(&self, write_timeout: Span) -> Option<Timestamp> {
        (!self.frames.is_empty()).then(|| self.moved.plus(write_timeout))
    }
}
