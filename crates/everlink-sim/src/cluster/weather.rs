//! What applications, networks and nodes do by themselves.

use std::time::Duration;

use everlink_engine::server::{DrainPlan, SessionInput, SessionStage};
use everlink_engine::{AwayReason, ChannelId, ConnectionState, Input, News, TransportId};

use super::wire::{Down, End, Up, WireId};
use super::{Cluster, Due, MILLI, SECOND, Trap};

/// What can break, and how often in so many.
const FAULTS: &[(u64, Fault)] = &[
    (250, Fault::Cut),
    (80, Fault::Reset),
    (50, Fault::Close),
    (40, Fault::HalfOpenUp),
    (40, Fault::HalfOpenDown),
    (60, Fault::BlackHole),
    (40, Fault::ReadPause),
    (30, Fault::NetworkChanged),
    (20, Fault::FeedStall),
    (15, Fault::Drain),
    (20, Fault::NodeCrash),
    (10, Fault::StoreCrash { durable: true }),
    (4, Fault::StoreCrash { durable: false }),
    (8, Fault::Expire),
    (30, Fault::ClientCrash),
];

/// What breaks in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Cut,
    Reset,
    Close,
    HalfOpenUp,
    HalfOpenDown,
    BlackHole,
    ReadPause,
    NetworkChanged,
    FeedStall,
    Drain,
    NodeCrash,
    StoreCrash { durable: bool },
    Expire,
    ClientCrash,
}

impl Fault {
    /// The place in [`FAULT_KINDS`](crate::FAULT_KINDS).
    fn kind(self) -> usize {
        match self {
            Self::Cut => 0,
            Self::Reset => 1,
            Self::Close => 2,
            Self::HalfOpenUp => 3,
            Self::HalfOpenDown => 4,
            Self::BlackHole => 5,
            Self::ReadPause => 7,
            Self::Drain => 8,
            Self::NodeCrash | Self::ClientCrash | Self::StoreCrash { durable: true } => 9,
            Self::StoreCrash { durable: false } => 10,
            Self::NetworkChanged => 12,
            Self::FeedStall => 15,
            Self::Expire => 16,
        }
    }
}

impl Cluster {
    /// An application does something.
    pub(super) fn acts(&mut self, at: usize) {
        if self.calm {
            return;
        }
        let delay = self.dice.waiting(self.shape.acts_every);
        self.later(delay, Due::Act(at));
        match (self.clients[at].engine.state(), self.dice.below(1000)) {
            (ConnectionState::Closed, _) => self.input(at, Input::Connect),
            (ConnectionState::Error, _) => self.input(at, Input::Reconnect),
            (_, 0) => self.input(at, Input::Disconnect),
            (_, 1..4) => self.input(at, Input::Reconnect),
            (_, 4..20) => self.changes_its_mind(at),
            _ => {
                let burst = self.dice.one_in(200);
                let messages = self.dice.between(1, if burst { 200 } else { 4 });
                for _ in 0..messages {
                    let channel = self.dice.below(self.logs.len() as u64) as u32;
                    let volatile = self.dice.one_in(20);
                    self.speak(at, channel, volatile);
                }
            }
        }
    }

    /// An application wants a channel no longer, or again.
    fn changes_its_mind(&mut self, at: usize) {
        let channel = self.dice.below(self.logs.len() as u64) as u32;
        let id = ChannelId(channel);
        let channels = &mut self.clients[at].channels;
        if let Some(place) = channels.iter().position(|known| *known == channel) {
            channels.remove(place);
            self.judge.unsubscribed(at, channel);
            self.input(at, Input::Unsubscribe { channel: id });
        } else {
            channels.push(channel);
            self.input(at, Input::Subscribe { channel: id, from: None });
        }
    }

    /// Something breaks.
    pub(super) fn weather(&mut self) {
        self.judge_presence();
        if self.calm {
            return;
        }
        let delay = self.dice.waiting(self.shape.breaks_every);
        self.later(delay, Due::Weather);
        let weight = FAULTS.iter().map(|(share, _)| share).sum();
        let mut drawn = self.dice.below(weight);
        let found = FAULTS.iter().find(|(share, _)| {
            let found = drawn < *share;
            drawn = drawn.saturating_sub(*share);
            found
        });
        if let Some((_, fault)) = found {
            self.breaks(*fault);
        }
    }

    fn breaks(&mut self, fault: Fault) {
        self.trace.note(self.now, || format!("fault {fault:?}"));
        self.figures.faults[fault.kind()] += 1;
        let node = self.dice.below(self.nodes.len() as u64) as usize;
        let client = self.dice.below(self.clients.len() as u64) as usize;
        match fault {
            Fault::Drain => self.drains(node),
            Fault::NodeCrash if self.dice.one_in(2) => self.trap = Some(Trap::Node),
            Fault::NodeCrash => self.node_crashes(node),
            Fault::StoreCrash { durable: true } if self.dice.one_in(2) => {
                self.trap = Some(Trap::Store);
            }
            Fault::StoreCrash { durable } => self.store_and_nodes_crash(durable),
            Fault::Expire => self.expire(),
            Fault::ClientCrash => self.client_crashes(client),
            Fault::FeedStall => {
                let time = self.dice.waiting(5 * SECOND);
                self.nodes[node].stalled_until = self.now + time;
            }
            Fault::NetworkChanged => {
                if self.dice.one_in(2)
                    && let Some(id) = self.open_wire(client)
                {
                    self.goes_dark(id, true, true);
                }
                self.input(client, Input::NetworkChanged);
            }
            Fault::Cut
            | Fault::Reset
            | Fault::Close
            | Fault::HalfOpenUp
            | Fault::HalfOpenDown
            | Fault::BlackHole
            | Fault::ReadPause => {
                if let Some(id) = self.open_wire(client) {
                    self.wire_breaks(id, fault);
                }
            }
        }
    }

    fn wire_breaks(&mut self, id: WireId, fault: Fault) {
        match fault {
            Fault::Cut => self.cut(id, true),
            Fault::Reset => self.cut(id, false),
            Fault::Close => {
                // A proxy goes: it closes towards the client, and drops the node.
                self.push_down(id, Down::Close(1001));
                self.push_up(id, Up::End);
            }
            Fault::HalfOpenUp => self.goes_dark(id, true, false),
            Fault::HalfOpenDown => self.goes_dark(id, false, true),
            Fault::BlackHole => self.goes_dark(id, true, true),
            Fault::ReadPause => {
                // By a driver whose application takes nothing, or behind everybody's back.
                let told = self.dice.one_in(2);
                self.stops_reading(id, told);
                let time = self.dice.waiting(8 * SECOND);
                self.later(time, Due::ReadOn(id));
            }
            Fault::NetworkChanged
            | Fault::FeedStall
            | Fault::Drain
            | Fault::NodeCrash
            | Fault::StoreCrash { .. }
            | Fault::Expire
            | Fault::ClientCrash => {}
        }
    }

    /// Some of what is on its way arrives, then both ends learn that it is over.
    fn cut(&mut self, id: WireId, in_part: bool) {
        let (up, down) = (self.dice.roll() as usize, self.dice.roll() as usize);
        if let Some(wire) = self.wires.get_mut(&id) {
            let survive =
                |length: usize, roll: usize| if in_part { roll % (length + 1) } else { 0 };
            wire.up.truncate(survive(wire.up.len(), up));
            wire.down.truncate(survive(wire.down.len(), down));
        }
        self.push_down(id, Down::End);
        self.push_up(id, Up::End);
        if let Some(wire) = self.wires.get_mut(&id) {
            (wire.up.silent, wire.down.silent) = (true, true);
        }
    }

    /// Some of what is on its way arrives, then nothing more, and nobody is told.
    fn goes_dark(&mut self, id: WireId, up: bool, down: bool) {
        let (rolls, Some(wire)) = ([self.dice.roll(), self.dice.roll()], self.wires.get_mut(&id))
        else {
            return;
        };
        if up {
            wire.up.truncate(rolls[0] as usize % (wire.up.len() + 1));
            wire.up.silent = true;
        }
        if down {
            wire.down.truncate(rolls[1] as usize % (wire.down.len() + 1));
            wire.down.silent = true;
        }
    }

    pub(super) fn stops_reading(&mut self, id: WireId, told: bool) {
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        wire.paused = true;
        let (at, transport) = (wire.client, wire.transport);
        if told {
            self.input(at, Input::Transport(transport, News::ReadPaused));
        }
    }

    pub(super) fn reads_on(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id).filter(|wire| wire.paused) else {
            return;
        };
        wire.paused = false;
        let (at, transport, gone) = (wire.client, wire.transport, wire.end == End::Gone);
        if !wire.down.announced && !wire.down.is_empty() {
            wire.down.announced = true;
            self.later(0, Due::Down(id));
        }
        if !gone {
            self.input(at, Input::Transport(transport, News::ReadResumed));
        }
    }

    /// A node goes: it takes no more, asks its clients to come back elsewhere, each in its slot, and
    /// ends when the last is gone or closed.
    pub(super) fn drains(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if !node.up || node.draining {
            return;
        }
        node.draining = true;
        let life = node.life;
        let sessions = self.sessions_of(at);
        let window = Duration::from_secs(self.dice.between(2, 60));
        let seed = self.dice.roll() as u32;
        let plan = DrainPlan::new(sessions.len() as u32, window, seed);
        for (id, slot) in sessions.into_iter().zip(plan) {
            let reason = AwayReason::Drain;
            self.serve(id, SessionInput::GoAway { reason, slot, url: None });
        }
        let over = window.as_nanos() as u64 + 15 * SECOND;
        self.later(over, Due::DrainOver(at, life));
    }

    /// The process of a node dies, and comes back a while later.
    pub(super) fn node_crashes(&mut self, at: usize) {
        if !self.nodes[at].up {
            return;
        }
        let vanishes = self.dice.one_in(3);
        for id in self.sessions_of(at) {
            if vanishes && let Some(wire) = self.wires.get_mut(&id) {
                // The machine went with it: nobody is told.
                wire.down.silent = true;
                wire.up.silent = true;
            }
            self.node_leaves(id, Some(Down::End));
        }
        self.nodes[at].dies();
        let life = self.nodes[at].life;
        let delay = self.dice.between(500 * MILLI, 30 * SECOND);
        self.later(delay, Due::Restart(at, life));
    }

    pub(super) fn drain_is_over(&mut self, at: usize, life: u32) {
        if self.nodes[at].life == life {
            self.node_crashes(at);
        }
    }

    pub(super) fn restarts(&mut self, at: usize, life: u32) {
        if self.nodes[at].life == life {
            self.nodes[at].up = true;
        }
    }

    /// The store dies alone, or the machine with all nodes.
    fn store_and_nodes_crash(&mut self, durable: bool) {
        if self.dice.one_in(2) {
            (0..self.nodes.len()).for_each(|at| self.node_crashes(at));
        }
        self.store_crashes(durable);
    }

    fn sessions_of(&self, at: usize) -> Vec<WireId> {
        let here = self.wires.iter().filter(|(_, wire)| wire.node == at && wire.server.is_some());
        here.map(|(id, _)| *id).collect()
    }

    fn open_wire(&self, client: usize) -> Option<WireId> {
        let mine = self.wires.iter().filter(|(_, wire)| wire.client == client);
        mine.filter(|(_, wire)| wire.end == End::Open).map(|(id, _)| *id).next()
    }

    /// Everything heals; after a long quiet all must have arrived, and all must stand.
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        for at in 0..self.nodes.len() {
            self.later(35 * SECOND, Due::Restart(at, self.nodes[at].life));
        }
        let start = self.now;
        for minute in 1..=90_u64 {
            self.run_until(start + minute * 60 * SECOND);
            self.judge_presence();
            for at in 0..self.clients.len() {
                match self.clients[at].engine.state() {
                    ConnectionState::Closed => self.input(at, Input::Connect),
                    ConnectionState::Error => self.input(at, Input::Reconnect),
                    ConnectionState::Connecting
                    | ConnectionState::Connected
                    | ConnectionState::Disconnected
                    | ConnectionState::Reconnecting => {}
                }
            }
        }
        for at in 0..self.clients.len() {
            self.judge_end(at);
        }
    }

    fn judge_end(&mut self, at: usize) {
        let client = &self.clients[at];
        let state = client.engine.state();
        let open = self.wires.values().filter(|wire| wire.client == at && wire.end == End::Open);
        let open: Vec<TransportId> = open.map(|wire| wire.transport).collect();
        let quiet_since = self.now.saturating_sub(30 * 60 * SECOND);
        let check = if state != ConnectionState::Connected {
            crate::model::broken("everything stands", format!("client {at} is {state:?}"))
        } else if open.len() != 1 {
            crate::model::broken("one socket", format!("client {at} holds {open:?}"))
        } else if self.judge.lost_at[at] > quiet_since {
            crate::model::broken("nothing is lost in the calm", format!("client {at}"))
        } else if !client.orphans.is_empty() {
            let orphans = client.orphans.len();
            crate::model::broken("outboxes drain", format!("client {at}: {orphans} left"))
        } else {
            self.judge.converged(at, &client.engine, &client.channels, &self.logs)
        };
        self.note(check);
        let present = |wire: &&super::wire::Wire| {
            wire.server.as_ref().is_some_and(|server| server.counted.is_some())
        };
        let present = self.wires.values().filter(present).filter(|wire| wire.client == at).count();
        if present != 1 {
            let detail = format!("client {at} counts {present} times");
            self.note(crate::model::broken("presence is true", detail));
        }
        let attached = self.wires.values().filter_map(|wire| wire.server.as_ref());
        debug_assert!(
            attached.clone().all(|server| server.session.info().stage != SessionStage::Closed)
        );
    }
}
