//! What the handle, or a command over HTTP, tells the tasks.

use crate::chaos::Rejected;
use everlink_wire::ws::close_code_is_valid;
use tokio::time::Instant;

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With a close frame of this code.
    Close(u16),
    /// Closed without a close frame (FIN).
    Fin,
    /// Reset (RST), as when the process is killed.
    Reset,
}

impl Cut {
    /// Checks that a close frame may carry the code (RFC 6455, section 7.4).
    pub(crate) fn check(self) -> Result<(), Rejected> {
        match self {
            Self::Close(code) if !close_code_is_valid(code) => {
                Err(Rejected::new("cut", "code", code, CODES_ACCEPTED))
            }
            Self::Close(_) | Self::Fin | Self::Reset => Ok(()),
        }
    }
}

/// What a close frame may carry.
pub(crate) const CODES_ACCEPTED: &str = "1000 to 1003, 1007 to 1014 or 3000 to 4999";

/// The orders in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orders {
    pub(crate) listens: Listens,
    pub(crate) cuts: Cuts,
    pub(crate) cut: Cut,
    /// Nothing is sent but answers to pings.
    pub(crate) is_silent: bool,
    /// How often an end was announced.
    pub(crate) notices: u64,
    /// Status that upgrades are refused with.
    pub(crate) refusal: Option<u16>,
}

/// How often all connections were ended. One that is older than an order is meant by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cuts(u64);

/// Whether the port is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listens {
    Yes,
    No,
    /// Closed until then.
    From(Instant),
}

impl Orders {
    pub(crate) fn new() -> Self {
        Self {
            listens: Listens::Yes,
            cuts: Cuts::default(),
            cut: Cut::Reset,
            is_silent: false,
            notices: 0,
            refusal: None,
        }
    }

    pub(crate) fn cut(&mut self, how: Cut) {
        self.cuts.0 += 1;
        self.cut = how;
    }

    /// Returns how a connection that was accepted after `cuts` is to end now.
    pub(crate) fn cut_after(&self, cuts: Cuts) -> Option<Cut> {
        (self.cuts > cuts).then_some(self.cut)
    }
}
