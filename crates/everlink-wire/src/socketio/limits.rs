//! The bounds of Socket.IO packets, by name.

use crate::v1::NUMBER_MAX;

/// Longest name of a namespace, its slash included, in bytes.
pub const NAMESPACE_BYTES_MAX: usize = 256;

/// Largest number of an acknowledgement: the largest that a JavaScript number holds exactly.
pub const ACK_ID_MAX: u64 = NUMBER_MAX;

/// How large a packet may be that its peer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most attachments of one packet. Default: 64.
    pub attachments_max: usize,
    /// Most bytes of one packet, its text and all its attachments together. Default: 4 MiB.
    ///
    /// One message is bounded by the transport already; this bounds what many of them make.
    pub packet_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attachments_max: 64, packet_bytes_max: 4 * 1024 * 1024 }
    }
}
