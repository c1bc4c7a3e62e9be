//! What becomes of one message.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{Input, MessageId, Outcome};

use crate::driver::Shared;

/// The fate of one message: a future that may be ignored.
///
/// # Cancel safety
///
/// It can be polled, dropped and polled again at will; the message goes its way regardless, unless it is
/// [withdrawn](Self::withdraw).
pub struct Ticket {
    shared: Arc<Shared>,
    id: MessageId,
    slot: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It is with the operating system; a peer that does not acknowledge lets nobody know more.
    Written,
    /// The server has stored it.
    #[non_exhaustive]
    Acknowledged {
        /// The offset of the last message that was acknowledged with it; 0 where that is not known.
        offset: u64,
    },
    /// It will not be sent.
    Dropped {
        /// Why.
        why: Dropped,
    },
}

/// Why a message will not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dropped {
    /// The outbox was full, and its policy drops the oldest.
    Oldest,
    /// A newer message with the same key took its place.
    Coalesced,
    /// It was volatile, and there was no way to send it.
    Volatile,
    /// The client was closed before it was written.
    Cleared,
    /// The server refused it for good.
    #[non_exhaustive]
    Refused {
        /// The server's code.
        code: u32,
    },
    /// The server closed because it is too big.
    TooBig,
    /// The application took it back: [`Ticket::withdraw`].
    Withdrawn,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oldest => f.write_str("the outbox was full"),
            Self::Coalesced => f.write_str("a newer message with the same key took its place"),
            Self::Volatile => f.write_str("it was volatile, and there was no way to send it"),
            Self::Cleared => f.write_str("the client was closed"),
            Self::Refused { code } => write!(f, "the server refused it with code {code}"),
            Self::Withdrawn => f.write_str("the application took it back"),
            Self::TooBig => f.write_str("the server found it too big"),
        }
    }
}

impl Ticket {
    pub(crate) fn new(shared: Arc<Shared>, id: MessageId, slot: usize) -> Self {
        Self { shared, id, slot }
    }

    /// Returns why the server refused it, in its words.
    pub(crate) fn words(&self) -> Arc<str> {
        self.shared.lock().tickets.words(self.slot)
    }

    /// Returns the message's number, which events such as
    /// [`Event::InDoubt`](crate::Event::InDoubt) name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Takes the message back if it was never handed to a connection; [`Dropped::Withdrawn`] says so then.
    ///
    /// Any other message goes its way, also while it waits to be sent again: nobody could say truthfully
    /// that it will not arrive.
    pub fn withdraw(&self) {
        let taken = self.shared.lock().input(Input::Withdraw { message: self.id });
        debug_assert!(taken.is_ok(), "only sends, subscriptions and reads can fail");
        self.shared.waker.wake();
    }
}

impl Future for Ticket {
    type Output = Delivery;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Delivery> {
        self.shared.lock().tickets.poll(self.slot, cx).map(Delivery::from)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shared.lock().tickets.ignore(self.slot);
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.id.0).finish()
    }
}

impl From<Outcome> for Delivery {
    #[expect(clippy::wildcard_enum_match_arm, reason = "outcomes of the engine may grow")]
    fn from(outcome: Outcome) -> Self {
        let why = match outcome {
            Outcome::Written => return Self::Written,
            Outcome::Acknowledged { offset } => return Self::Acknowledged { offset },
            Outcome::DroppedOldest => Dropped::Oldest,
            Outcome::Coalesced => Dropped::Coalesced,
            Outcome::DroppedVolatile => Dropped::Volatile,
            Outcome::Refused { code } => Dropped::Refused { code },
            Outcome::TooBig => Dropped::TooBig,
            Outcome::Withdrawn => Dropped::Withdrawn,
            _ => Dropped::Cleared,
        };
        Self::Dropped { why }
    }
}
