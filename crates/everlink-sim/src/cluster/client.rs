//! The clients: drivers of the real engine, with processes that come and go.

use everlink_engine::server::{Publish, Reply, Request, SessionInput};
use everlink_engine::{
    Cause, Dial, Engine, Event, Failure, HangUp, Input, MessageId, News, Outgoing, Output,
    Received, SendPolicy, Transmit, TransportId,
};

use super::broken::Broken;
use super::judge::Told;
use super::name::Name;
use super::wire::{Down, End, Server, Up, Wire, WireId};
use super::words::{self, Identity};
use super::{Cluster, Due, MILLI, SECOND};

/// Frames that an operating system takes while nothing flows.
const BUFFER: u32 = 64;

/// A message of an earlier process that its outbox on disk still holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orphan {
    pub(super) producer: u32,
    pub(super) channel: u32,
    pub(super) sequence: u64,
    pub(super) before: u64,
    pub(super) payload: u64,
}

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) engine: Engine<u64>,
    pub(super) who: Identity,
    /// Keeps its outbox and its cursors on disk.
    pub(super) durable: bool,
    pub(super) channels: Vec<u32>,
    pub(super) orphans: Vec<Orphan>,
    next_id: u64,
    /// The newest transport.
    newest: TransportId,
    /// When a timer entry is in the agenda for it.
    armed: u64,
    /// Frames handed over per transport since it was last reported.
    written: Vec<(TransportId, u32)>,
}

impl Client {
    pub(super) fn new(engine: Engine<u64>, who: Identity, durable: bool) -> Self {
        Self {
            engine,
            who,
            durable,
            channels: Vec::new(),
            orphans: Vec::new(),
            next_id: 1,
            newest: TransportId(0),
            armed: u64::MAX,
            written: Vec::new(),
        }
    }

    /// Another process of the same client: nothing stays but what is on disk.
    pub(super) fn is_reborn(&mut self, engine: Engine<u64>, who: Identity) {
        (self.engine, self.who) = (engine, who);
        (self.newest, self.armed) = (TransportId(0), u64::MAX);
        self.written.clear();
    }
}

impl Cluster {
    /// Gives an engine an input, and carries out everything that follows.
    pub(super) fn input(&mut self, at: usize, input: Input<u64>) {
        let now = self.time();
        self.figures.inputs += 1;
        self.trace.of(at);
        self.trace.input(self.now, &input);
        let _ = self.clients[at].engine.handle_input(now, input);
        self.settle(at);
    }

    /// The application says something in a channel.
    pub(super) fn speak(&mut self, at: usize, channel: u32, volatile: bool) {
        let now = self.time();
        let client = &mut self.clients[at];
        let id = MessageId(client.next_id);
        let payload = ((at as u64) << 40) | id.0;
        let input = Input::Send(Outgoing {
            id,
            channel: Some(everlink_engine::ChannelId(channel)),
            bytes: 100,
            policy: if volatile { SendPolicy::Volatile } else { SendPolicy::Configured },
            key: volatile.then_some(everlink_engine::ValueKey(0)),
            origin: None,
            payload,
        });
        self.trace.of(at);
        self.trace.input(self.now, &input);
        if client.engine.handle_input(now, input).is_ok() {
            client.next_id += 1;
            self.figures.sent += 1;
            if !volatile {
                self.judge.sent(at, id.0, channel, payload);
            }
        }
        self.settle(at);
    }

    pub(super) fn client_times_out(&mut self, at: usize) {
        let now = self.time();
        if self.clients[at].armed > self.now {
            // Another entry took its place.
            return;
        }
        self.clients[at].armed = u64::MAX;
        match self.clients[at].engine.poll_timeout() {
            Some((due, _)) if due <= now => self.input(at, Input::Timeout),
            _ => self.arm_client(at),
        }
    }

    /// What has arrived at a client goes to its engine, as far as that reads.
    pub(super) fn reaches_client(&mut self, id: WireId) {
        let mut took = false;
        loop {
            let now = self.now;
            let Some(wire) = self.wires.get_mut(&id) else {
                return;
            };
            if wire.paused {
                wire.down.announced = false;
                break;
            }
            let Some(frame) = wire.down.arrived(now) else {
                wire.down.announced = wire.down.next_at().is_some();
                if let Some(at) = wire.down.next_at() {
                    self.agenda.enter(at, Due::Down(id));
                }
                break;
            };
            if wire.end == End::Open {
                took = true;
                self.hears_from(id, frame);
            }
        }
        if took {
            self.drained(id);
        }
    }

    /// A dial is answered.
    pub(super) fn answered(&mut self, id: WireId, refused: bool) {
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        if wire.end != End::Dialing {
            return;
        }
        let (at, transport, node) = (wire.client, wire.transport, wire.node);
        let node = &self.nodes[node];
        if refused || !node.up || node.draining {
            self.figures.faults[17] += 1;
            wire.end = End::Gone;
            self.wires.remove(&id);
            let failure = Failure::new(Cause::Refused);
            let news = News::Failed { failure, verdict: None };
            return self.input(at, Input::Transport(transport, news));
        }
        wire.end = End::Open;
        let session = everlink_engine::server::Session::new(
            std::sync::Arc::clone(&self.config),
            everlink_engine::Timestamp::from_nanos(self.now),
        );
        wire.server = Some(Server {
            session,
            client: None,
            producer: 0,
            counted: None,
            joins: Vec::new(),
            channels: Vec::new(),
            armed: u64::MAX,
        });
        self.figures.connects += 1;
        self.settle_session(id);
        self.input(at, Input::Transport(transport, News::Opened));
    }

    /// The client's end is gone without a word.
    pub(super) fn client_leaves(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        (wire.end, wire.left) = (End::Gone, now);
        wire.down.clear();
        (wire.down.silent, wire.swallowed_down) = (true, 0);
        self.push_up(id, Up::End);
        self.bury(id);
    }

    pub(super) fn push_up(&mut self, id: WireId, frame: Up) {
        let arrival = self.arrival();
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        if wire.up.silent {
            wire.swallowed_up += 1;
        } else if let Some(at) = wire.up.push(arrival, frame) {
            self.agenda.enter(at, Due::Up(id));
        }
    }

    /// Finds the connection that is a transport of a client's present engine.
    pub(super) fn wire_of(&self, at: usize, transport: TransportId) -> Option<WireId> {
        let mine = |(_, wire): &(&WireId, &Wire)| {
            wire.client == at && wire.transport == transport && wire.end != End::Gone
        };
        self.wires.iter().find(mine).map(|(id, _)| *id)
    }

    fn hears_from(&mut self, id: WireId, frame: Down) {
        let Some(wire) = self.wires.get(&id) else {
            return;
        };
        let (at, transport) = (wire.client, self.believed(wire.client, wire.transport));
        let lost = |cause| News::Lost { failure: Failure::new(cause), verdict: None };
        let news = match frame {
            Down::Frame(reply) => {
                self.serves_orphans(at, &reply);
                let who = self.clients[at].who;
                words::received(reply, who).map_or(News::Heard { data: true }, News::Frame)
            }
            Down::Close(code) => lost(Cause::Closed(code)),
            Down::End => lost(Cause::EndedAbruptly),
        };
        if matches!(news, News::Lost { .. }) {
            self.client_leaves(id);
        }
        let welcomed = matches!(news, News::Frame(Received::Welcome { .. }));
        self.input(at, Input::Transport(transport, news));
        if welcomed {
            self.sends_orphans(at, id);
        }
    }

    /// Whose news it is; without the rule, whatever comes is of the newest transport.
    fn believed(&self, at: usize, transport: TransportId) -> TransportId {
        match self.broken {
            Some(Broken::Generation) => self.clients[at].newest,
            _ => transport,
        }
    }

    /// Carries out what the engine wants, and reports writes, until there is nothing more.
    pub(super) fn settle(&mut self, at: usize) {
        loop {
            while let Some(output) = self.clients[at].engine.poll_output() {
                self.trace.output(self.now, &output);
                self.carry_out_for(at, output);
            }
            let Some((transport, frames)) = self.clients[at].written.pop() else {
                break;
            };
            let (now, input) = (self.time(), Input::Transport(transport, News::Written { frames }));
            self.trace.input(self.now, &input);
            let _ = self.clients[at].engine.handle_input(now, input);
        }
        self.arm_client(at);
    }

    fn carry_out_for(&mut self, at: usize, output: Output<u64>) {
        match output {
            Output::Dial(dial) => self.dials(at, dial),
            Output::HangUp { transport, how } => {
                let Some(id) = self.wire_of(at, transport) else {
                    return;
                };
                match how {
                    HangUp::Close(_) if self.wires[&id].end == End::Open => {
                        self.push_up(id, Up::End);
                    }
                    HangUp::Close(_) | HangUp::Abandon => self.client_leaves(id),
                }
            }
            Output::Transmit { transport, frame } => self.transmits(at, transport, frame),
            Output::Event(event) => self.hears_event(at, &event),
        }
    }

    fn dials(&mut self, at: usize, dial: Dial) {
        let id = self.next_wire;
        self.next_wire += 1;
        let node = self.balances();
        self.clients[at].newest = dial.transport;
        self.wires.insert(id, Wire::new(at, dial.transport, node));
        let (refused, stalls) = (self.dice.one_in(30), self.dice.one_in(100));
        let fair = self.shape.fair || self.calm;
        if stalls && !fair {
            return;
        }
        let hand_shake = 3 * (self.arrival() - self.now);
        self.later(hand_shake, Due::Answered(id, refused && !fair));
    }

    /// A balancer knows mostly which nodes take connections.
    fn balances(&mut self) -> usize {
        let takes: Vec<usize> = (0..self.nodes.len())
            .filter(|at| self.nodes[*at].up && !self.nodes[*at].draining)
            .collect();
        if takes.is_empty() || (!self.shape.fair && self.dice.one_in(10)) {
            return self.dice.below(self.nodes.len() as u64) as usize;
        }
        takes[self.dice.below(takes.len() as u64) as usize]
    }

    fn transmits(&mut self, at: usize, transport: TransportId, frame: Transmit<u64>) {
        if let Transmit::Publish { id, origin, before, .. } = &frame {
            let check = self.judge.numbered(at, id.0, origin.sequence, *before);
            self.note(check);
        }
        let Some(id) = self.wire_of(at, transport) else {
            return;
        };
        let who = self.clients[at].who;
        if let Some(request) = words::request(frame, who) {
            self.push_up(id, Up::Frame(request));
        }
        if self.wires.get(&id).is_some_and(|wire| wire.swallowed_up <= BUFFER) {
            let written = &mut self.clients[at].written;
            match written.iter_mut().find(|(known, _)| *known == transport) {
                Some((_, frames)) => *frames += 1,
                None => written.push((transport, 1)),
            }
        }
    }

    fn hears_event(&mut self, at: usize, event: &Event<u64>) {
        self.count(event);
        if let Event::ReconnectFailed { failure, .. } = event {
            self.seen.count("gave up");
            self.trace.note(self.now, || format!("gave up: {failure:?}"));
        }
        let client = &self.clients[at];
        let told = Told { now: self.now, client: at, event, who: client.who };
        let check = self.judge.told(&told, &client.engine, &self.logs);
        self.note(check);
    }

    /// What an earlier process left in its outbox is sent under its own name.
    fn sends_orphans(&mut self, at: usize, id: WireId) {
        for orphan in self.clients[at].orphans.clone() {
            let Orphan { producer, channel, sequence, before, payload } = orphan;
            let publish = Publish {
                channel: Name::Number(channel),
                producer: Some(Name::Number(producer)),
                sequence,
                before: Some(before),
                payload,
            };
            self.push_up(id, Up::Frame(Request::Publish(publish)));
        }
    }

    /// An answer for an earlier process.
    fn serves_orphans(&mut self, at: usize, reply: &Reply<Name, u64>) {
        let (channel, producer, numbers, refused) =
            if let Reply::Ack { channel, producer: Some(producer), sequence, .. } = reply {
                (channel, producer, 0..=*sequence, false)
            } else if let Reply::Nack { channel, producer: Some(producer), sequence, .. } = reply {
                (channel, producer, *sequence..=*sequence, true)
            } else {
                return;
            };
        let (channel, producer) = (channel.number(), producer.number());
        let is_meant = |orphan: &Orphan| {
            let whose = (orphan.producer, orphan.channel) == (producer, channel);
            whose && numbers.contains(&orphan.sequence)
        };
        let (answered, left): (Vec<Orphan>, _) =
            self.clients[at].orphans.drain(..).partition(is_meant);
        self.clients[at].orphans = left;
        for orphan in answered {
            let id = orphan.payload & ((1 << 40) - 1);
            let check = if refused {
                self.judge.refused_for_good(at, id)
            } else {
                self.judge.acknowledged(at, id)
            };
            self.note(check);
        }
    }

    fn arm_client(&mut self, at: usize) {
        let now = self.now;
        let client = &mut self.clients[at];
        if let Some((due, _)) = client.engine.poll_timeout()
            && due.as_nanos() < client.armed
        {
            client.armed = due.as_nanos().max(now);
            self.agenda.enter(client.armed, Due::ClientTimer(at));
        }
    }

    /// The process of a client dies, and another one starts a moment later with what is on disk.
    pub(super) fn client_crashes(&mut self, at: usize) {
        let mine = self.wires.iter().filter(|(_, wire)| wire.client == at && wire.end != End::Gone);
        let mine: Vec<WireId> = mine.map(|(id, _)| *id).collect();
        for id in mine {
            // A machine that loses its power says nothing.
            if self.dice.one_in(3)
                && let Some(wire) = self.wires.get_mut(&id)
            {
                wire.up.clear();
                wire.up.silent = true;
            }
            self.client_leaves(id);
        }
        let delay = self.dice.between(MILLI, 20 * SECOND);
        self.later(delay, Due::ClientStarts(at));
        let durable = self.clients[at].durable;
        let producer = self.clients[at].who.producer;
        let left = self.judge.process_died(at, durable);
        let orphans = left.into_iter().map(|left| Orphan { producer, ..left });
        self.clients[at].orphans.extend(orphans);
        self.start_engine(at);
    }

    pub(super) fn tell_taken_over(&mut self, id: WireId) {
        self.serve(id, SessionInput::TakenOver);
    }
}
