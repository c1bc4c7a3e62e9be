//! One direction of a connection: frames on their way, in order.

use std::collections::VecDeque;

/// Frames on their way in one direction. What goes into a silent lane vanishes, and nobody is told.
#[derive(Clone, Debug)]
pub(crate) struct Lane<F> {
    frames: VecDeque<(u64, F)>,
    last: u64,
    pub(crate) silent: bool,
    /// Whether the agenda holds the arrival of the first frame.
    pub(crate) announced: bool,
}

impl<F> Default for Lane<F> {
    fn default() -> Self {
        Self { frames: VecDeque::new(), last: 0, silent: false, announced: false }
    }
}

impl<F> Lane<F> {
    /// Puts a frame in, to arrive at `at` but never before an earlier one. Returns when the
    /// agenda must be told of, if it must.
    pub(crate) fn push(&mut self, at: u64, frame: F) -> Option<u64> {
        if self.silent {
            return None;
        }
        self.last = self.last.max(at);
        self.frames.push_back((self.last, frame));
        let news = !self.announced;
        self.announced = true;
        news.then_some(self.last)
    }

    /// Takes out the first frame if it has arrived.
    pub(crate) fn arrived(&mut self, now: u64) -> Option<F> {
        self.frames.front().filter(|(at, _)| *at <= now)?;
        self.frames.pop_front().map(|(_, frame)| frame)
    }

    pub(crate) fn next_at(&self) -> Option<u64> {
        self.frames.front().map(|(at, _)| *at)
    }

    /// Keeps the first `survivors` frames; returns whether any was lost.
    pub(crate) fn truncate(&mut self, survivors: usize) -> bool {
        let loses = self.frames.len() > survivors;
        self.frames.truncate(survivors);
        loses
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Makes it as new, keeping its memory.
    pub(crate) fn reset(&mut self) {
        self.frames.clear();
        (self.last, self.silent, self.announced) = (0, false, false);
    }
}
