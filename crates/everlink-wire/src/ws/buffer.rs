//! The read buffer: small when idle, larger while reads fill it, small again afterwards.

use bytes::{Buf as _, Bytes, BytesMut};

use super::Role;

/// Bytes that have been read and not yet decoded.
///
/// A read gets `read_size` bytes of room. The size doubles when a read fills it and halves when a
/// read stays far below it, between [`READ_SIZE_MIN`] and `read_size_max`. A longer frame gets
/// its room at once up to [`FRAME_TRUSTED`]; beyond that the room follows what has really come, so
/// that announcing a huge frame costs us no memory.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: BytesMut,
    read_size: usize,
    read_size_max: usize,
    /// Size of the allocation behind `bytes`, which `BytesMut` does not tell.
    allocated: usize,
    /// Length and capacity when room was last offered.
    offered: Option<(usize, usize)>,
}

impl ReadBuffer {
    pub(crate) fn new(role: Role) -> Self {
        let read_size_max = match role {
            Role::Client => CLIENT_READ_SIZE_MAX,
            Role::Server => SERVER_READ_SIZE_MAX,
        };
        Self {
            bytes: BytesMut::new(),
            read_size: READ_SIZE_MIN,
            read_size_max,
            allocated: 0,
            offered: None,
        }
    }

    /// Returns the buffer with room for a read, where `missing` bytes would complete a frame.
    pub(crate) fn with_room(&mut self, missing: usize) -> &mut BytesMut {
        let frame_room = missing.min(self.bytes.len().max(FRAME_TRUSTED));
        if self.bytes.capacity() - self.bytes.len() < frame_room.max(self.read_size / 2) {
            self.make_room(frame_room.max(self.read_size));
        }
        self.offered = Some((self.bytes.len(), self.bytes.capacity()));
        &mut self.bytes
    }

    /// Learns from what the last read brought.
    pub(crate) fn observe_read(&mut self) {
        let Some((len, capacity)) = self.offered.take() else {
            return;
        };
        let read = self.bytes.len().saturating_sub(len);
        if len + read >= capacity {
            self.read_size = (self.read_size * 2).min(self.read_size_max);
        } else if read < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(READ_SIZE_MIN);
        }
    }

    /// Takes the first `len` bytes, sharing the memory.
    pub(crate) fn split(&mut self, len: usize) -> Bytes {
        let taken = self.bytes.split_to(len).freeze();
        self.shrink();
        taken
    }

    pub(crate) fn advance(&mut self, len: usize) {
        self.bytes.advance(len);
        self.shrink();
    }

    /// Drops everything, memory included.
    pub(crate) fn clear(&mut self) {
        self.bytes = BytesMut::new();
        self.allocated = 0;
        self.offered = None;
    }

    /// Everything is decoded: keeps no more than an idle connection may hold.
    pub(crate) fn rest(&mut self) {
        if self.bytes.is_empty() && self.allocated > IDLE_MAX {
            self.clear();
        }
    }

    /// Gives an unused allocation back, and starts small again.
    pub(crate) fn release(&mut self) {
        if self.bytes.is_empty() {
            self.clear();
            self.read_size = READ_SIZE_MIN;
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Leaves an allocation that is much larger than a read, once its content is small.
    ///
    /// The large frame that was split off then owns its memory alone.
    fn shrink(&mut self) {
        if self.allocated > self.read_size * 2 && self.bytes.len() < READ_SIZE_MIN {
            if self.bytes.is_empty() {
                self.clear();
            } else {
                let mut bytes = BytesMut::with_capacity(self.bytes.len() + self.read_size);
                bytes.extend_from_slice(&self.bytes);
                self.allocated = bytes.capacity();
                self.bytes = bytes;
            }
        }
    }

    /// Makes room in place where nobody shares the memory, else in a new allocation.
    fn make_room(&mut self, room: usize) {
        self.bytes.reserve(room);
        self.allocated = self.bytes.capacity();
    }
}

/// Smallest room offered to a read.
const READ_SIZE_MIN: usize = 1024;

/// Largest room that a client offers to a read, unless a longer frame is on its way: it has few
/// connections, and a stream of market data is worth a call of the system less.
const CLIENT_READ_SIZE_MAX: usize = 64 * 1024;

/// Largest room that a server offers to a read: it has many connections, which may all be busy.
const SERVER_READ_SIZE_MAX: usize = 16 * 1024;

/// Longest frame that gets its room before its payload has come.
const FRAME_TRUSTED: usize = 64 * 1024;

/// Largest allocation kept while there is nothing to decode.
const IDLE_MAX: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffer: &mut ReadBuffer, bytes: usize) {
        let room = buffer.with_room(0);
        let n = bytes.min(room.capacity() - room.len());
        room.extend_from_slice(&vec![7; n]);
        buffer.observe_read();
    }

    #[test]
    fn room_grows_while_reads_fill_it_and_shrinks_again() {
        let maxima = [(Role::Client, CLIENT_READ_SIZE_MAX), (Role::Server, SERVER_READ_SIZE_MAX)];
        for (role, read_size_max) in maxima {
            let mut buffer = ReadBuffer::new(role);
            for _ in 0..10 {
                read(&mut buffer, usize::MAX);
                let len = buffer.len();
                buffer.advance(len);
            }
            assert_eq!(buffer.read_size, read_size_max);
            for _ in 0..10 {
                read(&mut buffer, 100);
                buffer.advance(100);
            }
            assert_eq!(buffer.read_size, READ_SIZE_MIN);
            assert!(buffer.allocated <= READ_SIZE_MIN * 2, "{}", buffer.allocated);
        }
    }

    #[test]
    fn a_large_frame_leaves_no_large_buffer_behind() {
        let mut buffer = ReadBuffer::new(Role::Client);
        while buffer.len() < 1_000_000 {
            buffer.with_room(1_000_000).extend_from_slice(&[7; 1000]);
            buffer.observe_read();
        }
        let taken = buffer.split(1_000_000 - 10);
        assert_eq!(taken.len(), 1_000_000 - 10);
        assert!(buffer.allocated <= READ_SIZE_MIN * 2, "{}", buffer.allocated);
        assert!(taken.is_unique(), "the rest moved away");
        assert_eq!(buffer.as_slice(), [7; 10]);
    }

    #[test]
    fn fault_38_room_follows_what_came_and_not_what_was_announced() {
        let mut buffer = ReadBuffer::new(Role::Client);
        for came in [0, 100_000, 1_000_000] {
            buffer.bytes.resize(came, 7);
            let room = buffer.with_room(usize::MAX).capacity() - came;
            assert!(room >= READ_SIZE_MIN && room <= came.max(FRAME_TRUSTED) * 2, "{room}");
        }
    }

    #[test]
    fn a_frame_of_middle_size_gets_its_room_at_once() {
        let mut buffer = ReadBuffer::new(Role::Client);
        buffer.with_room(0).extend_from_slice(&[7; 1000]);
        let room = buffer.with_room(60_000);
        assert!(room.capacity() - room.len() >= 60_000);
    }

    #[test]
    fn an_idle_connection_holds_little_and_a_released_one_nothing() {
        let mut buffer = ReadBuffer::new(Role::Client);
        while buffer.read_size < CLIENT_READ_SIZE_MAX {
            read(&mut buffer, usize::MAX);
        }
        let _all = buffer.split(buffer.len());
        buffer.rest();
        assert!(buffer.allocated <= IDLE_MAX);
        buffer.release();
        assert!(buffer.with_room(0).capacity() <= IDLE_MAX);
    }

    #[test]
    fn small_frames_of_one_read_share_one_allocation() {
        let mut buffer = ReadBuffer::new(Role::Client);
        buffer.with_room(0).extend_from_slice(&[7; 900]);
        let first = buffer.split(100);
        let second = buffer.split(100);
        assert_eq!(second.as_ptr() as usize - first.as_ptr() as usize, 100);
    }
}
