//! One connection of a client to a node: two lanes, two ends, and the session at the far one.

use everlink_engine::TransportId;
use everlink_engine::server::{Reply, Request, Session};

use super::name::Name;
use crate::network::lane::Lane;

/// Numbers connections, over all clients and nodes.
pub(super) type WireId = u32;

/// What travels to a node.
#[derive(Clone, Debug)]
pub(super) enum Up {
    Frame(Request<Name, u64>),
    /// The end of the stream, with or without a close frame.
    End,
}

/// What travels to a client.
#[derive(Clone, Debug)]
pub(super) enum Down {
    Frame(Reply<Name, u64>),
    Close(u16),
    End,
}

/// How far the client's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Dialing,
    Open,
    Gone,
}

/// The node's end: a session and what its driver keeps.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) session: Session<Name, u64>,
    /// Who greeted.
    pub(super) client: Option<Name>,
    pub(super) producer: u32,
    /// It counts in presence since then.
    pub(super) counted: Option<u64>,
    /// Wishes for channels that are not answered.
    pub(super) joins: Vec<(Name, u32)>,
    /// Channels whose readers it is among.
    pub(super) channels: Vec<Name>,
    /// When a timer entry is in the agenda for it.
    pub(super) armed: u64,
}

/// How far the entries of a channel have been said on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) channel: u32,
    pub(super) epoch: u64,
    pub(super) offset: u64,
    /// A wish that is not answered: where it wants to go on.
    pub(super) wish: Option<Option<(u64, u64)>>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) client: usize,
    pub(super) transport: TransportId,
    pub(super) node: usize,
    pub(super) end: End,
    pub(super) up: Lane<Up>,
    pub(super) down: Lane<Down>,
    /// Frames that went into a silent lane: what an operating system still took.
    pub(super) swallowed_up: u32,
    pub(super) swallowed_down: usize,
    /// The client does not read.
    pub(super) paused: bool,
    /// Its end is gone since then.
    pub(super) left: u64,
    pub(super) server: Option<Server>,
    pub(super) said: Vec<Said>,
}

impl Wire {
    pub(super) fn new(client: usize, transport: TransportId, node: usize) -> Self {
        Self {
            client,
            transport,
            node,
            end: End::Dialing,
            up: Lane::default(),
            down: Lane::default(),
            swallowed_up: 0,
            swallowed_down: 0,
            paused: false,
            left: 0,
            server: None,
            said: Vec::new(),
        }
    }

    /// Frames that the node has written and the client has not taken.
    pub(super) fn waiting(&self) -> usize {
        self.down.len() + self.swallowed_down
    }

    pub(super) fn is_over(&self) -> bool {
        self.end == End::Gone && self.server.is_none()
    }
}
