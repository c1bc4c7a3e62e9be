//! How a peer can break the protocol.

/// The peer broke the protocol or exceeded a limit; the connection cannot go on.
///
/// Answer with a close frame of [`close_code`](Self::close_code), then drop the connection
/// (RFC 6455, section 7.1.7). The decoder stays failed and repeats the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WsError {
    /// A reserved bit is set that no negotiated extension defines (RFC 6455, section 5.2).
    #[error("reserved bits {bits:03b} set, none of them negotiated for this frame")]
    #[non_exhaustive]
    ReservedBits {
        /// RSV1 to RSV3 as a number of three bits.
        bits: u8,
    },
    /// The frame has an opcode that is not defined (RFC 6455, section 5.2).
    #[error("opcode {opcode:#x} is reserved; defined are 0x0 to 0x2 and 0x8 to 0xa")]
    #[non_exhaustive]
    OpcodeReserved {
        /// The opcode found.
        opcode: u8,
    },
    /// A client sent a frame without masking it (RFC 6455, section 5.1).
    #[error("frame from a client is not masked")]
    MaskMissing,
    /// A server sent a masked frame (RFC 6455, section 5.1).
    #[error("frame from a server is masked")]
    MaskUnexpected,
    /// A control frame came in fragments (RFC 6455, section 5.5).
    #[error("control frame is fragmented")]
    ControlFragmented,
    /// A control frame is too long (RFC 6455, section 5.5).
    #[error("control frame of more than 125 bytes")]
    ControlTooLong,
    /// A length is not in its shortest form (RFC 6455, section 5.2).
    #[error("length {len} is not encoded in the fewest bytes")]
    #[non_exhaustive]
    LengthNotMinimal {
        /// The length found.
        len: u64,
    },
    /// A length has its highest bit set (RFC 6455, section 5.2).
    #[error("length {len:#x} has its highest bit set")]
    #[non_exhaustive]
    LengthInvalid {
        /// The length found.
        len: u64,
    },
    /// A continuation frame came without a message to continue (RFC 6455, section 5.4).
    #[error("continuation frame without a message to continue")]
    ContinuationUnexpected,
    /// A new message began before the one before it was complete (RFC 6455, section 5.4).
    #[error("new message inside a fragmented one")]
    MessageInterrupted,
    /// One message has too many fragments without payload.
    #[error("more than {max} empty fragments in one message")]
    #[non_exhaustive]
    EmptyFragments {
        /// [`Limits::empty_fragments_max`](super::Limits::empty_fragments_max).
        max: u32,
    },
    /// A frame is longer than this side takes.
    #[error("frame of {len} bytes, at most {max} are accepted")]
    #[non_exhaustive]
    FrameTooLarge {
        /// Length the frame announces.
        len: u64,
        /// [`Limits::frame_max`](super::Limits::frame_max).
        max: usize,
    },
    /// A message is longer than this side takes, perhaps only after inflation.
    #[error("message of more than the {max} bytes that are accepted")]
    #[non_exhaustive]
    MessageTooLarge {
        /// [`Limits::message_max`](super::Limits::message_max).
        max: usize,
    },
    /// A text message is not UTF-8 (RFC 6455, section 8.1).
    #[error("text message is not UTF-8")]
    TextInvalid,
    /// A compressed message cannot be inflated (RFC 7692, section 7.2.2).
    #[error("compressed message cannot be inflated")]
    InflateFailed,
    /// A close frame carries one byte, too few for a code (RFC 6455, section 5.5.1).
    #[error("close frame with a payload of one byte")]
    CloseTruncated,
    /// A close frame carries a code that may not be sent (RFC 6455, section 7.4).
    #[error("close code {code}; accepted are 1000 to 1003, 1007 to 1014 and 3000 to 4999")]
    #[non_exhaustive]
    CloseCodeInvalid {
        /// The code found.
        code: u16,
    },
    /// The reason in a close frame is not UTF-8 (RFC 6455, section 5.5.1).
    #[error("reason of a close frame is not UTF-8")]
    CloseReasonInvalid,
}

impl WsError {
    /// Returns the close code that answers this error: 1002, 1007 or 1009.
    ///
    /// See RFC 6455, section 7.4.1.
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        match self {
            Self::ReservedBits { .. }
            | Self::OpcodeReserved { .. }
            | Self::MaskMissing
            | Self::MaskUnexpected
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::LengthNotMinimal { .. }
            | Self::LengthInvalid { .. }
            | Self::ContinuationUnexpected
            | Self::MessageInterrupted
            | Self::EmptyFragments { .. }
            | Self::CloseTruncated
            | Self::CloseCodeInvalid { .. } => 1002,
            Self::TextInvalid | Self::InflateFailed | Self::CloseReasonInvalid => 1007,
            Self::FrameTooLarge { .. } | Self::MessageTooLarge { .. } => 1009,
        }
    }
}
