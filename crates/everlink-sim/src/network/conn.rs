//! One transport as the network sees it: two lanes and who still holds an end.

use std::collections::VecDeque;

use everlink_engine::{Received, Transmit, TransportId};

use super::Met;
use super::lane::Lane;

/// What travels to the peer.
#[derive(Clone, Debug)]
pub(crate) enum Up {
    Frame(Transmit<u64>),
    Close(u16),
    End,
}

/// What travels to the client.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Frame(Received<u64>),
    /// The first bytes of a message whose rest never comes.
    Part,
    /// A control frame that the driver answers by itself.
    Control,
    Close(u16),
    /// The end of the stream without a close frame.
    End,
}

/// How far the client's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Dialing,
    Open,
    Gone,
}

/// One transport.
#[derive(Clone, Debug)]
pub(crate) struct Conn {
    pub(crate) transport: TransportId,
    /// What its dial meets.
    pub(crate) met: Met,
    pub(crate) client: End,
    pub(crate) peer: End,
    pub(crate) up: Lane<Up>,
    pub(crate) down: Lane<Down>,
    /// Transmitted, but not yet with the operating system.
    pub(crate) unwritten: VecDeque<Transmit<u64>>,
    /// How many frames the operating system still takes while nothing flows; `None` is any number.
    pub(crate) buffer: Option<u32>,
    /// Writes are taken a moment later.
    pub(crate) lazy: bool,
    pub(crate) write_due: bool,
    /// The client has hung up; its close frame follows what is unwritten.
    pub(crate) closing: Option<u16>,
    /// The client does not read.
    pub(crate) paused: bool,
    /// Frames taken by the operating system that the engine has not been told of.
    pub(crate) taken: u32,
    /// No fault has touched it.
    pub(crate) clean: bool,
}

impl Conn {
    fn new(transport: TransportId) -> Self {
        Self {
            transport,
            met: Met::Accept,
            client: End::Dialing,
            peer: End::Dialing,
            up: Lane::default(),
            down: Lane::default(),
            unwritten: VecDeque::new(),
            buffer: None,
            lazy: false,
            write_due: false,
            closing: None,
            paused: false,
            taken: 0,
            clean: true,
        }
    }

    fn renew(&mut self, transport: TransportId) {
        self.transport = transport;
        (self.client, self.peer) = (End::Dialing, End::Dialing);
        self.up.reset();
        self.down.reset();
        self.unwritten.clear();
        (self.buffer, self.lazy, self.write_due) = (None, false, false);
        (self.closing, self.paused, self.taken, self.clean) = (None, false, 0, true);
    }

    /// The operating system takes what it can of what is unwritten, to arrive at `at`. Returns when
    /// the agenda must be told of, if it must.
    pub(crate) fn flush(&mut self, at: u64) -> Option<u64> {
        let mut announce = None;
        while self.buffer != Some(0)
            && let Some(frame) = self.unwritten.pop_front()
        {
            if let Some(buffer) = &mut self.buffer {
                *buffer -= 1;
            }
            self.taken += 1;
            announce = announce.or(self.up.push(at, Up::Frame(frame)));
        }
        announce
    }

    /// Returns whether nothing can come of it any more.
    fn is_over(&self) -> bool {
        self.client == End::Gone && self.peer == End::Gone
    }
}

/// All transports that are not over; the memory of those that are is used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conns {
    live: Vec<Conn>,
    spare: Vec<Conn>,
}

impl Conns {
    pub(crate) fn add(&mut self, transport: TransportId) -> &mut Conn {
        let conn = match self.spare.pop() {
            Some(mut conn) => {
                conn.renew(transport);
                conn
            }
            None => Conn::new(transport),
        };
        self.live.push(conn);
        let at = self.live.len() - 1;
        &mut self.live[at]
    }

    pub(crate) fn get(&self, transport: TransportId) -> Option<&Conn> {
        self.live.iter().find(|conn| conn.transport == transport)
    }

    pub(crate) fn get_mut(&mut self, transport: TransportId) -> Option<&mut Conn> {
        self.live.iter_mut().find(|conn| conn.transport == transport)
    }

    /// Removes a transport if it is over; returns whether it was removed.
    pub(crate) fn bury(&mut self, transport: TransportId) -> bool {
        let Some(at) = self.live.iter().position(|conn| conn.transport == transport) else {
            return false;
        };
        if !self.live[at].is_over() {
            return false;
        }
        let conn = self.live.swap_remove(at);
        self.spare.push(conn);
        true
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conn> {
        self.live.iter_mut()
    }

    /// Counts the transports whose client's end is not gone.
    pub(crate) fn of_client(&self) -> usize {
        self.live.iter().filter(|conn| conn.client != End::Gone).count()
    }

    /// Returns a transport whose peer's end is open.
    pub(crate) fn held_by_peer(&self) -> Option<TransportId> {
        let mut held = self.live.iter().filter(|conn| conn.peer == End::Open);
        held.next().map(|conn| conn.transport)
    }

    /// Returns the oldest transport whose both ends are open.
    pub(crate) fn standing(&self) -> Option<TransportId> {
        let open = |conn: &&Conn| conn.client == End::Open && conn.closing.is_none();
        self.live.iter().filter(open).map(|conn| conn.transport).min()
    }
}
