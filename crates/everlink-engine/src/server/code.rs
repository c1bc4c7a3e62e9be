//! Why a server ends a connection or refuses something: one table of numbers, names and meanings.

/// Defines [`Code`] from its table.
macro_rules! codes {
    ($( $(#[doc = $meaning:literal])+ $code:ident = $number:literal, $name:literal, $why:literal; )+) => {
        /// Why, as a number: what `nack`, `sub_err`, `read_err`, `err` and a close frame carry.
        ///
        /// A code that ends the connection is the close code too, and stands in the ranges of the client's
        /// table ([`TABLE`](crate::TABLE)): 41xx refresh credentials, 43xx retry slowly, 44xx a wrong frame,
        /// 45xx give up; below 4000 those of RFC 6455, section 7.4.1. Numbers are never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $( $(#[doc = $meaning])+ $code = $number, )+
        }

        impl Code {
            /// All codes, by number.
            pub const ALL: &[Self] = &[$( Self::$code ),+];

            /// Returns the name that documents and logs use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$code => $name, )+
                }
            }

            /// Returns why, in the words that a frame carries.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self {
                    $( Self::$code => $why, )+
                }
            }

            /// Returns what it means, for documents.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $( Self::$code => concat!($($meaning),+).trim_start(), )+
                }
            }
        }
    };
}

codes! {
    /// The session is over: `bye` was said.
    Done = 1000, "done", "the session is over";
    /// A frame came out of its turn: before `hello`, a second `hello`, or after `bye`.
    Protocol = 1002, "protocol", "the frame breaks the protocol";
    /// A text message where binary ones are agreed on, or the other way round.
    MessageKind = 1003, "message_kind", "the wrong kind of message";
    /// A message that is not JSON or CBOR.
    DataInvalid = 1007, "data_invalid", "the message is not valid";
    /// A message is too large: the frame (then the connection ends), or its payload for the channel.
    TooLarge = 1009, "too_large", "the message is too large";
    /// The server is at fault.
    Internal = 1011, "internal", "the server is at fault";
    /// The node goes, and another is there: come back in the slot.
    Restart = 1012, "draining", "the node goes; come back in your slot";
    /// There is too much to do, or nothing can be stored: come back later.
    Overload = 1013, "overloaded", "the server has too much to do; come back later";
    /// The credentials were refused.
    Unauthorized = 4101, "unauthorized", "the credentials were refused";
    /// The credentials have ended, and no fresh ones came.
    CredentialsExpired = 4102, "expired_token", "the credentials have ended";
    /// Nothing was taken from the socket for too long.
    SlowReader = 4301, "slow_reader", "nothing was taken from the socket for too long";
    /// More was sent than the limits allow; far more ends the connection.
    TooFast = 4302, "rate_limited", "far more was sent than the limits allow";
    /// A newer connection of the same client took over.
    Replaced = 4303, "superseded", "a newer connection of the same client took over";
    /// Nothing was heard, not even an answer to a ping.
    Silence = 4304, "silence", "nothing was heard";
    /// A frame of an unknown type, or with a field that is missing, of the wrong type or out of range.
    BadFrame = 4400, "bad_frame", "the frame is wrong";
    /// The first frame was not the greeting.
    HelloMissing = 4401, "hello_missing", "the first frame is not hello";
    /// The user may not do that in this channel.
    Forbidden = 4403, "forbidden", "not permitted";
    /// There is no such channel, and none is made by asking for it.
    UnknownChannel = 4404, "unknown_channel", "there is no such channel";
    /// The greeting did not come in time; a slow network is no fault, so that clients just come back.
    HelloLate = 4408, "hello_late", "no hello came in time";
    /// A number of the producer before this one is missing.
    Hole = 4409, "hole", "a number of the producer before this one is missing";
    /// The connection has as many channels as it may.
    TooManyChannels = 4410, "too_many_channels", "the connection has as many channels as it may";
    /// As many of these are on their way as there may be.
    Busy = 4411, "busy", "as many of these are on their way as there may be";
    /// The place to read from is none that this log can have had.
    BadCursor = 4412, "bad_cursor", "the log never had this place";
    /// The version of the protocol is not known here.
    Version = 4505, "version", "the version of the protocol is not known here";
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

    /// Returns the code of a number; `None` for one that a later version may know.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use crate::{Cause, Verdict, verdict};

    #[test]
    fn numbers_rise_and_names_are_unique() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{pair:?}");
        }
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(*code));
            let same = Code::ALL.iter().filter(|other| other.name() == code.name());
            assert_eq!(same.count(), 1, "{}", code.name());
        }
        assert_eq!(Code::from_number(0), None);
    }

    #[test]
    fn a_client_does_after_each_code_what_its_range_says() {
        let of = |code: Code| verdict(Cause::Closed(code.close()), &[]);
        assert_eq!(of(Code::CredentialsExpired), Verdict::RefreshCredentials);
        assert_eq!(of(Code::Replaced), Verdict::RetrySlowly);
        assert_eq!(of(Code::BadFrame), Verdict::RetryThrice);
        assert_eq!(of(Code::HelloLate), Verdict::Retry);
        assert_eq!(of(Code::Version), Verdict::GiveUp);
        assert_eq!(of(Code::Restart), Verdict::Retry);
    }
}
