//! The world's state, and what can happen in it.

use std::collections::VecDeque;

use everlink_engine::{
    Cause, ChannelId, ConnectionState, Cursor, Engine, Epoch, Event, Failure, HangUp, Input, Kept,
    MessageId, News, Origin, Outcome, Outgoing, Output, ProducerId, Received, SendPolicy,
    Timestamp, Transmit, TransportId, Wanted,
};

use crate::bench::{CHANNEL, everlink};

const EPOCH: Epoch = Epoch(1);

/// How often each kind of thing may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) sends: u8,
    pub(super) foreign: u8,
    pub(super) cuts: u8,
    pub(super) changes: u8,
    pub(super) disconnects: u8,
    pub(super) timeouts: u8,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Send,
    Foreign,
    NetworkChanged,
    Disconnect,
    Timeout,
    Open(TransportId),
    /// The client sees the end of a transport; what is on its way may still arrive.
    Cut(TransportId),
    ServerReads(TransportId),
    ClientReads(TransportId),
    /// What is on its way on a dead transport is lost.
    Lose(TransportId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Life {
    Dialing,
    Open,
    Dead,
}

/// One connection, with what is on its way both ways.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    id: TransportId,
    life: Life,
    attached: bool,
    up: VecDeque<Transmit<u8>>,
    down: VecDeque<Received<u8>>,
}

/// A server with one log: it appends each number of a producer once, and acknowledges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    log: Vec<(Origin, u8)>,
    pub(super) refused: bool,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) engine: Engine<u8>,
    now: Timestamp,
    lines: Vec<Line>,
    pub(super) server: Server,
    left: Budget,
    all: Budget,
    read: Vec<u64>,
    acknowledged: Vec<u64>,
    pub(super) moved: bool,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.engine == other.engine
            && (self.now, &self.lines, &self.server) == (other.now, &other.lines, &other.server)
            && (self.left, &self.read, &self.acknowledged, self.moved)
                == (other.left, &other.read, &other.acknowledged, other.moved)
    }
}

impl std::hash::Hash for World {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.engine.hash(state);
        (self.now, &self.lines, &self.server).hash(state);
        (self.left, &self.read, &self.acknowledged, self.moved).hash(state);
    }
}

impl World {
    pub(super) fn new(budget: Budget) -> Self {
        let mut world = Self {
            engine: Engine::new(everlink().build().unwrap(), 1),
            now: Timestamp::ZERO,
            lines: Vec::new(),
            server: Server::default(),
            left: budget,
            all: budget,
            read: Vec::new(),
            acknowledged: Vec::new(),
            moved: false,
        };
        let from = Some(Cursor { epoch: EPOCH, offset: 0 });
        world.give(Input::Subscribe { channel: CHANNEL, from });
        world.give(Input::Connect);
        world
    }

    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for line in &self.lines {
            let id = line.id;
            match line.life {
                Life::Dialing => actions.push(Action::Open(id)),
                Life::Open | Life::Dead => {}
            }
            if line.life != Life::Dead && self.left.cuts > 0 {
                actions.push(Action::Cut(id));
            }
            if !line.up.is_empty() {
                actions.push(Action::ServerReads(id));
            }
            if !line.down.is_empty() {
                actions.push(Action::ClientReads(id));
            }
            if line.life == Life::Dead {
                actions.push(Action::Lose(id));
            }
        }
        let wished = self.engine.state() != ConnectionState::Closed;
        let wishes = [
            (self.left.sends, Action::Send),
            (self.left.changes, Action::NetworkChanged),
            (self.left.disconnects, Action::Disconnect),
        ];
        actions.extend(wishes.iter().filter(|(left, _)| *left > 0 && wished).map(|(_, act)| *act));
        if self.left.foreign > 0 {
            actions.push(Action::Foreign);
        }
        // Time passes as often as allowed, and whenever nothing else can bring the world further.
        let stuck = actions.is_empty() && !self.is_settled();
        if self.engine.poll_timeout().is_some() && (self.left.timeouts > 0 || stuck) {
            actions.push(Action::Timeout);
        }
        actions
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Send => {
                self.left.sends -= 1;
                let number = self.all.sends - self.left.sends;
                let (id, policy) = (MessageId(number.into()), SendPolicy::Configured);
                let channel = Some(CHANNEL);
                self.give(Input::Send(Outgoing::new(id, channel, 1, policy, number)));
            }
            Action::Foreign => {
                self.left.foreign -= 1;
                let producer = ProducerId(7);
                let sequence = (self.all.foreign - self.left.foreign).into();
                self.append(Origin { producer, sequence }, 0);
            }
            Action::NetworkChanged => {
                self.left.changes -= 1;
                self.give(Input::NetworkChanged);
            }
            Action::Disconnect => {
                self.left.disconnects -= 1;
                self.give(Input::Disconnect);
            }
            Action::Timeout => {
                self.left.timeouts = self.left.timeouts.saturating_sub(1);
                let deadline = self.engine.poll_timeout().map(|(at, _)| at);
                self.now = deadline.map_or(self.now, |at| at.max(self.now));
                self.give(Input::Timeout);
            }
            Action::Open(id) => {
                self.line(id).life = Life::Open;
                self.give(Input::Transport(id, News::Opened));
            }
            Action::Cut(id) => {
                self.left.cuts -= 1;
                self.line(id).life = Life::Dead;
                let failure = Failure::new(Cause::EndedAbruptly);
                self.give(Input::Transport(id, News::Lost { failure, verdict: None }));
            }
            Action::Lose(id) => self.lines.retain(|line| line.id != id),
            Action::ServerReads(id) => self.server_reads(id),
            Action::ClientReads(id) => {
                if let Some(frame) = self.line(id).down.pop_front() {
                    self.give(Input::Transport(id, News::Frame(frame)));
                }
            }
        }
        self.lines.retain(|line| line.life != Life::Dead || !line.is_empty());
    }

    fn line(&mut self, id: TransportId) -> &mut Line {
        self.lines.iter_mut().find(|line| line.id == id).expect("actions name lines that are there")
    }

    fn give(&mut self, input: Input<u8>) {
        self.engine.handle_input(self.now, input).expect("the world asks only what is allowed");
        while let Some(output) = self.engine.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output<u8>) {
        match output {
            Output::Dial(dial) => self.lines.push(Line {
                id: dial.transport,
                life: Life::Dialing,
                attached: false,
                up: VecDeque::new(),
                down: VecDeque::new(),
            }),
            Output::HangUp { transport, how: HangUp::Close(_) | HangUp::Abandon } => {
                if let Some(line) = self.lines.iter_mut().find(|line| line.id == transport) {
                    line.life = Life::Dead;
                }
            }
            Output::Transmit { transport, frame } => {
                self.line(transport).up.push_back(frame);
                self.give(Input::Transport(transport, News::Written { frames: 1 }));
            }
            Output::Event(Event::Message { position: Some(position), .. }) => {
                self.read.push(position.offset);
            }
            Output::Event(Event::Settled {
                first,
                last,
                outcome: Outcome::Acknowledged { .. },
            }) => {
                self.acknowledged.extend(first.0..=last.0);
            }
            Output::Event(Event::Moved) => self.moved = true,
            Output::Event(_) => {}
        }
    }

    fn server_reads(&mut self, id: TransportId) {
        let Some(frame) = self.line(id).up.pop_front() else { return };
        match frame {
            Transmit::Hello { channels, .. } => {
                self.line(id).down.push_back(Received::Welcome {
                    heartbeat: None,
                    return_window: None,
                    backoff_max: None,
                    origin_ttl: None,
                    kept: Kept::Disk,
                    rate: None,
                });
                self.attach(id, &channels);
            }
            Transmit::Subscribe { channels, .. } => self.attach(id, &channels),
            Transmit::Publish { origin, before, payload, .. } => {
                self.publish(id, origin, before, payload);
            }
            Transmit::Ping { level, nonce } => {
                self.line(id).down.push_back(Received::Pong {
                    level,
                    nonce: Some(nonce),
                    window: None,
                });
            }
            _ => {}
        }
    }

    fn attach(&mut self, id: TransportId, channels: &[Wanted]) {
        let head = self.server.log.len() as u64;
        let log = self.server.log.clone();
        for wanted in channels {
            let from = wanted.from.map_or(head, |from| from.offset);
            let channel = wanted.channel;
            let line = self.line(id);
            line.attached = true;
            line.down.push_back(Received::SubscribeOk { channel, epoch: EPOCH, head });
            for (index, entry) in log.iter().enumerate().skip(from as usize) {
                line.down.push_back(delivery(channel, index, *entry));
            }
        }
    }

    fn publish(&mut self, id: TransportId, origin: Origin, before: Option<u64>, payload: u8) {
        let own = self.server.log.iter().filter(|(known, _)| known.producer == origin.producer);
        let last = own.map(|(known, _)| known.sequence).max().unwrap_or(0);
        if origin.sequence > last {
            if before.unwrap_or(origin.sequence - 1) > last {
                self.server.refused = true;
                return;
            }
            self.append(origin, payload);
        }
        let stored = |(known, _): &(Origin, u8)| *known == origin;
        let offset = self.server.log.iter().position(stored).map_or(0, |index| index as u64 + 1);
        self.line(id).down.push_back(Received::Ack { channel: CHANNEL, origin, offset });
    }

    fn append(&mut self, origin: Origin, payload: u8) {
        let entry = (origin, payload);
        let index = self.server.log.len();
        self.server.log.push(entry);
        for line in self.lines.iter_mut().filter(|line| line.attached) {
            line.down.push_back(delivery(CHANNEL, index, entry));
        }
    }

    pub(super) fn log_is_in_order(&self) -> bool {
        let own = |producer| {
            let of = self.server.log.iter().filter(move |(origin, _)| origin.producer == producer);
            of.map(|(origin, _)| origin.sequence).collect::<Vec<_>>()
        };
        [ProducerId(0), ProducerId(7)].into_iter().all(|producer| {
            own(producer).iter().zip(1..).all(|(sequence, expected)| *sequence == expected)
        })
    }

    pub(super) fn reads_in_order(&self) -> bool {
        self.read.iter().zip(1..).all(|(offset, expected)| *offset == expected)
    }

    pub(super) fn acknowledgements_hold(&self) -> bool {
        let stored = self.server.log.iter().filter(|(origin, _)| origin.producer == ProducerId(0));
        self.acknowledged.iter().zip(1..).all(|(id, expected)| *id == expected)
            && self.acknowledged.len() <= stored.count()
    }

    pub(super) fn live(&self) -> usize {
        self.lines.iter().filter(|line| line.life != Life::Dead).count()
    }

    pub(super) fn was_cut(&self) -> bool {
        self.left.cuts < self.all.cuts
    }

    /// Every message of ours is stored and acknowledged, and all of the log was read.
    pub(super) fn has_all(&self) -> bool {
        self.acknowledged.len() == usize::from(self.all.sends)
            && self.read.len() == self.server.log.len()
    }

    pub(super) fn is_settled(&self) -> bool {
        match self.engine.state() {
            ConnectionState::Closed | ConnectionState::Error => true,
            ConnectionState::Connected => self.has_all(),
            ConnectionState::Connecting
            | ConnectionState::Disconnected
            | ConnectionState::Reconnecting => false,
        }
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        self.up.is_empty() && self.down.is_empty()
    }
}

fn delivery(channel: ChannelId, index: usize, (origin, payload): (Origin, u8)) -> Received<u8> {
    Received::Delivery { channel, offset: index as u64 + 1, epoch: None, origin, payload }
}
