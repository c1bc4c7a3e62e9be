//! Which side we are, and how much we take from the other.

/// Which end of the connection this codec serves.
///
/// A client masks what it sends and refuses masked frames; a server refuses unmasked frames
/// (RFC 6455, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that dialled.
    Client,
    /// The end that accepted.
    Server,
}

/// Bounds on what a [`Decoder`](super::Decoder) takes from its peer.
///
/// Every bound is checked before memory is spent on what exceeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload of one frame; beyond it the peer gets close code 1009.
    ///
    /// Unit: bytes on the wire. Default: [`MESSAGE_MAX`]. Range: any; control frames end at 125
    /// bytes regardless.
    pub frame_max: usize,
    /// Longest message, after joining fragments and after inflation; beyond it the peer gets close
    /// code 1009.
    ///
    /// Unit: bytes. Default: [`MESSAGE_MAX`]. Range: any. This also bounds a compression bomb:
    /// inflation stops at this size, whatever the compressed size.
    pub message_max: usize,
    /// Most fragments without payload in one message; beyond it the peer gets close code 1002.
    ///
    /// Unit: frames. Default: [`EMPTY_FRAGMENTS_MAX`]. Range: any. Fragments with payload need no
    /// bound of their own, because `message_max` bounds their sum.
    pub empty_fragments_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_max: MESSAGE_MAX,
            message_max: MESSAGE_MAX,
            empty_fragments_max: EMPTY_FRAGMENTS_MAX,
        }
    }
}

/// Default of [`Limits::message_max`] and [`Limits::frame_max`]: 16 MiB.
pub const MESSAGE_MAX: usize = 16 * 1024 * 1024;

/// Default of [`Limits::empty_fragments_max`].
pub const EMPTY_FRAGMENTS_MAX: u32 = 64;

/// Longest payload of a control frame (RFC 6455, section 5.5).
pub const CONTROL_PAYLOAD_MAX: usize = 125;

/// Longest reason in a close frame: a control payload less the code (RFC 6455, section 5.5.1).
pub const CLOSE_REASON_MAX: usize = CONTROL_PAYLOAD_MAX - 2;
