//! What the network, the peer and the judge share: the clock, the agenda and the connections.

use everlink_engine::{MessageId, Received, TransportId};

use crate::agenda::{Agenda, Due};
use crate::dice::Dice;
use crate::figures::Figures;
use crate::model::Judge;
use crate::network::{Conns, Down, End, Network, Up};

/// The part of a world that is not the engine.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) now: u64,
    pub(crate) agenda: Agenda<Due>,
    pub(crate) conns: Conns,
    pub(crate) network: Network,
    pub(crate) dice: Dice,
    pub(crate) judge: Judge,
    pub(crate) figures: Figures,
    /// What happened, in sentences, if somebody wants to read it.
    pub(crate) story: Option<Vec<String>>,
}

impl Core {
    /// Draws how long a frame takes that is sent now, and returns when it arrives.
    pub(crate) fn arrival(&mut self) -> u64 {
        let jitter = self.network.jitter.as_nanos() as u64;
        self.now + self.network.latency.as_nanos() as u64 + self.dice.below(jitter + 1)
    }

    /// A message reached the peer's application.
    pub(crate) fn arrived(&mut self, id: MessageId) {
        self.judge.arrived(self.now, id);
        self.tell_arrival(id);
    }

    /// A message is safe in the peer's log.
    pub(crate) fn stored(&mut self, id: MessageId) {
        self.judge.stored(self.now, id);
        self.tell_arrival(id);
    }

    fn tell_arrival(&mut self, id: MessageId) {
        if let Some(story) = &mut self.story {
            story.push(format!("> {}", id.0));
        }
    }

    pub(crate) fn later(&mut self, delay: u64, due: Due) {
        self.agenda.enter(self.now + delay, due);
    }

    pub(crate) fn send_up(&mut self, transport: TransportId, frame: Up) {
        let at = self.arrival();
        if let Some(conn) = self.conns.get_mut(transport)
            && let Some(at) = conn.up.push(at, frame)
        {
            self.agenda.enter(at, Due::Up(transport));
        }
    }

    pub(crate) fn send_down(&mut self, transport: TransportId, frame: Down) {
        let at = self.arrival();
        if let Some(conn) = self.conns.get_mut(transport)
            && let Some(at) = conn.down.push(at, frame)
        {
            self.agenda.enter(at, Due::Down(transport));
        }
    }

    /// A peer says something on a connection it still holds.
    pub(crate) fn say(&mut self, transport: TransportId, frame: Received<u64>) {
        if self.peer_holds(transport) {
            self.send_down(transport, Down::Frame(frame));
        }
    }

    pub(crate) fn peer_holds(&self, transport: TransportId) -> bool {
        self.conns.get(transport).is_some_and(|conn| conn.peer == End::Open)
    }

    /// Frames on their way to the client.
    pub(crate) fn backlog(&self, transport: TransportId) -> usize {
        self.conns.get(transport).map_or(usize::MAX, |conn| conn.down.len())
    }

    /// The peer ends a connection with a close frame and forgets it.
    pub(crate) fn peer_closes(&mut self, transport: TransportId, code: u16) {
        self.peer_leaves(transport, Down::Close(code));
    }

    /// The peer's end is gone; `last` is the last thing that the client hears of it.
    pub(crate) fn peer_leaves(&mut self, transport: TransportId, last: Down) {
        if !self.peer_holds(transport) {
            return;
        }
        self.send_down(transport, last);
        if let Some(conn) = self.conns.get_mut(transport) {
            conn.peer = End::Gone;
        }
        self.bury(transport);
    }

    /// The process of the peer dies: every connection of it ends.
    pub(crate) fn peer_dies(&mut self) {
        while let Some(transport) = self.conns.held_by_peer() {
            self.peer_leaves(transport, Down::End);
        }
    }

    /// The client's end is gone without a word.
    pub(crate) fn client_leaves(&mut self, transport: TransportId) {
        let Some(conn) = self.conns.get_mut(transport) else {
            return;
        };
        conn.client = End::Gone;
        conn.unwritten.clear();
        conn.down.clear();
        conn.down.silent = true;
        if conn.peer == End::Dialing {
            conn.peer = End::Gone;
        }
        self.send_up(transport, Up::End);
        self.bury(transport);
    }

    /// Forgets a connection that is over at both ends.
    pub(crate) fn bury(&mut self, transport: TransportId) {
        if self.conns.bury(transport) {
            self.judge.buried(transport);
        }
    }
}
