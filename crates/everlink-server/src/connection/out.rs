//! What waits to be written to a socket.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes, BytesMut};

/// Frames that wait: small ones copied together, so that one write takes them all; large ones shared
/// with whoever else sends them.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// In front of `tail`.
    chunks: VecDeque<Bytes>,
    chunk_bytes: usize,
    tail: BytesMut,
}

impl Out {
    pub(crate) fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the buffer that an encoder appends to.
    pub(crate) const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends a frame that others send too.
    pub(crate) fn push(&mut self, frame: &Bytes) {
        if frame.len() < SHARED_MIN {
            self.tail.extend_from_slice(frame);
        } else {
            self.share(frame.clone());
        }
    }

    /// Appends frames that others send too, and that may be the only ones here: then they are not copied, small
    /// or not.
    pub(crate) fn push_run(&mut self, frames: Bytes) {
        if frames.len() < SHARED_MIN && !self.is_empty() {
            self.tail.extend_from_slice(&frames);
        } else if !frames.is_empty() {
            self.share(frames);
        }
    }

    fn share(&mut self, frames: Bytes) {
        if !self.tail.is_empty() {
            let small = self.tail.split().freeze();
            self.chunk_bytes += small.len();
            self.chunks.push_back(small);
        }
        self.chunk_bytes += frames.len();
        self.chunks.push_back(frames);
    }

    /// Returns what comes next, for one write.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let mut count = 0;
        for chunk in self.chunks.iter().take(SLICES_MAX - 1) {
            slices[count] = IoSlice::new(chunk);
            count += 1;
        }
        if count == self.chunks.len() && !self.tail.is_empty() {
            slices[count] = IoSlice::new(&self.tail);
            count += 1;
        }
        count
    }

    /// Drops what was written.
    pub(crate) fn advance(&mut self, mut written: usize) {
        while written > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                self.tail.advance(written.min(self.tail.len()));
                break;
            };
            let part = written.min(chunk.len());
            chunk.advance(part);
            self.chunk_bytes -= part;
            written -= part;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
        }
        if self.is_empty() && self.tail.capacity() > KEPT_BYTES {
            self.tail = BytesMut::new();
        }
    }

    /// Gives back what an idle connection does not need.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

/// Slices of one write.
pub(crate) const SLICES_MAX: usize = 16;

/// Frames from this size on are not copied.
const SHARED_MIN: usize = 2 * 1024;

/// An empty buffer that has become larger is given back.
const KEPT_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(out: &mut Out, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !out.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = out.slices(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            let step = step.min(bytes.len());
            all.extend_from_slice(&bytes[..step]);
            out.advance(step);
        }
        all
    }

    #[test]
    fn frames_keep_their_order_however_they_are_written() {
        for step in [1, 700, 5000, usize::MAX] {
            let mut out = Out::default();
            let mut expected = Vec::new();
            for (at, len) in [10, 3000, 20, 30, 5000, 2048, 7].into_iter().enumerate() {
                let frame = Bytes::from(vec![at as u8; len]);
                expected.extend_from_slice(&frame);
                out.push(&frame);
            }
            assert_eq!(out.len(), expected.len());
            assert_eq!(written(&mut out, step), expected, "step {step}");
        }
    }

    #[test]
    fn a_run_is_not_copied_where_nothing_else_waits() {
        let (small, other) = (Bytes::from(vec![1; 100]), Bytes::from(vec![2; 100]));
        let mut out = Out::default();
        out.push_run(Bytes::new());
        assert!(out.is_empty());
        out.push_run(small.clone());
        out.push_run(other.clone());
        assert_eq!((out.chunks.len(), out.tail.len()), (1, 100));
        assert_eq!(out.chunks[0].as_ptr(), small.as_ptr());
        assert_eq!(written(&mut out, 30), [small, other].concat());
    }

    #[test]
    fn an_empty_queue_keeps_no_large_buffer() {
        let mut out = Out::default();
        out.buffer().extend_from_slice(&[7; 100_000]);
        out.advance(100_000);
        assert!(out.tail.capacity() <= KEPT_BYTES, "{}", out.tail.capacity());
    }
}
