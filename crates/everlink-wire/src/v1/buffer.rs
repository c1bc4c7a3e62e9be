//! What frames are appended to.

use bytes::BytesMut;

/// A buffer that grows as needed.
///
/// Not [`bytes::BufMut`], which a buffer of fixed size has too: writing a frame cannot fail.
pub trait Buffer {
    /// Appends all of these bytes.
    fn append(&mut self, bytes: &[u8]);
}

impl Buffer for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Buffer for BytesMut {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
