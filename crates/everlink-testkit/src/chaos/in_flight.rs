//! The delay line of one way: what was read and not yet handed on, in order.

use super::conditions::WayConditions;
use super::limits::{IN_FLIGHT_BYTES_MAX, IN_FLIGHT_PIECES_MAX};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use tokio::time::Instant;

/// Pieces on their way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    pieces: VecDeque<Piece>,
    bytes: usize,
}

#[derive(Debug)]
struct Piece {
    read_at: Instant,
    /// Share of the jitter that falls on this piece, from 0 to 1.
    luck: f64,
    cargo: Cargo,
}

/// What a piece carries.
#[derive(Debug)]
enum Cargo {
    Bytes(Bytes),
    Fin,
}

/// The piece whose turn it is.
#[derive(Debug, PartialEq)]
pub(crate) enum Head<'a> {
    Bytes(&'a [u8]),
    Fin,
}

impl InFlight {
    pub(crate) fn push(&mut self, read_at: Instant, luck: f64, bytes: Bytes) {
        self.bytes += bytes.len();
        self.pieces.push_back(Piece { read_at, luck, cargo: Cargo::Bytes(bytes) });
    }

    pub(crate) fn push_fin(&mut self, read_at: Instant) {
        self.pieces.push_back(Piece { read_at, luck: 0.0, cargo: Cargo::Fin });
    }

    /// Returns how many bytes more may be read.
    pub(crate) fn room(&self) -> usize {
        if self.pieces.len() >= IN_FLIGHT_PIECES_MAX {
            return 0;
        }
        IN_FLIGHT_BYTES_MAX - self.bytes
    }

    pub(crate) fn head(&self) -> Option<Head<'_>> {
        self.pieces.front().map(|piece| match &piece.cargo {
            Cargo::Bytes(bytes) => Head::Bytes(bytes),
            Cargo::Fin => Head::Fin,
        })
    }

    /// Returns when the head is due under `conditions`. What follows it waits for it, so that jitter
    /// never changes the order.
    pub(crate) fn due(&self, conditions: &WayConditions) -> Option<Instant> {
        let head = self.pieces.front()?;
        Some(head.read_at + conditions.delay + conditions.jitter.mul_f64(head.luck))
    }

    /// Notes that `count` bytes of the head are gone.
    pub(crate) fn advance(&mut self, count: usize) {
        let Some(Piece { cargo: Cargo::Bytes(bytes), .. }) = self.pieces.front_mut() else {
            return;
        };
        bytes.advance(count);
        self.bytes -= count;
        if bytes.is_empty() {
            self.pieces.pop_front();
        }
    }

    /// Drops everything, and returns how many bytes that were, and whether FIN was among it.
    pub(crate) fn swallow(&mut self) -> (usize, bool) {
        let fin = self.pieces.iter().any(|piece| matches!(piece.cargo, Cargo::Fin));
        self.pieces.clear();
        (std::mem::take(&mut self.bytes), fin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_n07_the_delay_line_is_bounded_in_bytes() {
        let mut line = InFlight::default();
        let now = Instant::now();
        line.push(now, 0.0, Bytes::from(vec![0; IN_FLIGHT_BYTES_MAX - 1]));
        assert_eq!(line.room(), 1);
        line.push(now, 0.0, Bytes::from_static(b"x"));
        assert_eq!(line.room(), 0);
        line.advance(10);
        assert_eq!(line.room(), 10);
        assert_eq!(line.swallow(), (IN_FLIGHT_BYTES_MAX - 10, false));
        assert_eq!(line.room(), IN_FLIGHT_BYTES_MAX);
    }

    #[test]
    fn req_n07_the_delay_line_is_bounded_in_pieces() {
        let mut line = InFlight::default();
        for _ in 0..IN_FLIGHT_PIECES_MAX {
            assert!(line.room() > 0);
            line.push(Instant::now(), 0.0, Bytes::from_static(b"x"));
        }
        assert_eq!(line.room(), 0);
        line.advance(1);
        assert!(line.room() > 0);
    }
}
