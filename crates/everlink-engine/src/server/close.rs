//! Why a server ends a connection or refuses something, as numbers.

/// Why, as a number and in words: what an `err`, a refusal and a close frame carry.
///
/// The ranges are those of the client's table ([`TABLE`](crate::TABLE)): 41xx refresh credentials, 43xx
/// retry slowly, 44xx a wrong frame, 45xx give up; below 4000 those of RFC 6455, section 7.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The session is over: `bye` was said.
    Done = 1000,
    /// A frame came out of its turn, or makes no sense.
    Protocol = 1002,
    /// The server is at fault.
    Internal = 1011,
    /// The node goes, and another is there: come back in the slot.
    Restart = 1012,
    /// There is too much to do, or nothing can be stored: come back later.
    Overload = 1013,
    /// The credentials were refused.
    Unauthorized = 4101,
    /// The credentials have ended, and no fresh ones came.
    CredentialsExpired = 4102,
    /// Nothing was taken from the socket for too long.
    SlowReader = 4301,
    /// Far more was sent than the limits allow.
    TooFast = 4302,
    /// A newer connection of the same client took over.
    Replaced = 4303,
    /// Nothing was heard, not even an answer to a ping.
    Silence = 4304,
    /// The user may not do that in this channel.
    Forbidden = 4403,
    /// The greeting did not come in time.
    HelloLate = 4408,
    /// A number of the producer before this one is missing.
    Hole = 4409,
    /// The connection has as many channels as it may.
    TooManyChannels = 4410,
    /// As many of these are on their way as there may be.
    Busy = 4411,
    /// The protocol's version is not known here.
    Version = 4505,
}

impl Code {
    /// Returns the number for a close frame.
    #[must_use]
    pub const fn close(self) -> u16 {
        self as u16
    }

    /// Returns the number for a frame.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Returns why, in words.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Done => "the session is over",
            Self::Protocol => "the frame breaks the protocol",
            Self::Internal => "the server is at fault",
            Self::Restart => "the node goes; come back in your slot",
            Self::Overload => "the server has too much to do; come back later",
            Self::Unauthorized => "the credentials were refused",
            Self::CredentialsExpired => "the credentials have ended",
            Self::SlowReader => "nothing was taken from the socket for too long",
            Self::TooFast => "far more was sent than the limits allow",
            Self::Replaced => "a newer connection of the same client took over",
            Self::Silence => "nothing was heard",
            Self::Forbidden => "not permitted",
            Self::HelloLate => "no hello came in time",
            Self::Hole => "a number of the producer before this one is missing",
            Self::TooManyChannels => "the connection has as many channels as it may",
            Self::Busy => "as many of these are on their way as there may be",
            Self::Version => "the version of the protocol is not known here",
        }
    }
}
