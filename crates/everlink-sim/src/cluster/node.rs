//! The nodes: drivers of the real sessions, on one log.

use everlink_engine::Timestamp;
use everlink_engine::server::{
    Code, OriginVerdict, ReadOrder, Reply, SessionInput, SessionOutput, Stored,
};

use super::broken::Broken;
use super::log::{Entry, Offer};
use super::name::Name;
use super::wire::{Down, End, Up, WireId};
use super::{Cluster, Due, MILLI, Pending};

/// Frames that wait for a reader beyond which its socket is full.
const BACKLOG_MAX: usize = 64;
/// Entries handed to a socket at once.
const BATCH: u64 = 16;

pub(super) type Input = SessionInput<Name, u64>;
type Output = SessionOutput<Name, u64>;

impl Cluster {
    /// Gives a session an input, and carries out everything that follows.
    pub(super) fn serve(&mut self, id: WireId, input: Input) {
        self.report(id, input);
        self.settle_session(id);
    }

    /// Gives a session an input without carrying anything out yet: more follows.
    pub(super) fn report(&mut self, id: WireId, input: Input) {
        let now = self.time();
        let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut()) else {
            return;
        };
        self.trace.note(self.now, || format!("wire {id} <- {input:?}"));
        server.session.handle_input(now, input);
    }

    pub(super) fn settle_session(&mut self, id: WireId) {
        loop {
            while let Some(output) = self.next_output(id) {
                self.trace.note(self.now, || format!("wire {id} -> {output:?}"));
                self.carry_out(id, output);
            }
            self.notice_congestion(id);
            if !self.read_some(id) {
                break;
            }
        }
        self.arm_session(id);
    }

    /// What has arrived at a node goes to its session, as far as that reads.
    pub(super) fn reaches_node(&mut self, id: WireId) {
        loop {
            let now = self.now;
            let Some(wire) = self.wires.get_mut(&id) else {
                return;
            };
            let paused = wire.server.as_ref().is_some_and(|server| server.session.is_paused());
            if paused {
                wire.up.announced = false;
                return;
            }
            let Some(frame) = wire.up.arrived(now) else {
                wire.up.announced = wire.up.next_at().is_some();
                if let Some(at) = wire.up.next_at() {
                    self.agenda.enter(at, Due::Up(id));
                }
                return;
            };
            match frame {
                Up::Frame(frame) => {
                    self.note_wish(id, &frame);
                    self.serve(id, SessionInput::Frame { frame, bytes: 100 });
                }
                Up::End => {
                    self.serve(id, SessionInput::Gone);
                    self.node_leaves(id, Some(Down::End));
                }
            }
        }
    }

    /// The node's end is gone; `last` is the last thing that the client hears.
    pub(super) fn node_leaves(&mut self, id: WireId, last: Option<Down>) {
        if let Some(last) = last {
            self.push_down(id, last);
        }
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.server = None;
            wire.up.clear();
        }
        self.bury(id);
    }

    pub(super) fn push_down(&mut self, id: WireId, frame: Down) {
        let at = self.arrival();
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        if wire.down.silent {
            wire.swallowed_down += 1;
        } else if let Some(at) = wire.down.push(at, frame) {
            self.agenda.enter(at, Due::Down(id));
        }
    }

    /// The client took some: a full socket takes more.
    pub(super) fn drained(&mut self, id: WireId) {
        let Some(wire) = self.wires.get(&id) else {
            return;
        };
        let congested =
            wire.server.as_ref().is_some_and(|server| server.session.info().is_congested);
        if congested {
            let relieved = wire.waiting() <= BACKLOG_MAX / 2;
            self.seen.count(if relieved { "relieved" } else { "took some" });
            let input = if relieved { SessionInput::Relieved } else { SessionInput::Congested };
            self.serve(id, input);
        }
    }

    pub(super) fn session_times_out(&mut self, id: WireId) {
        let (nanos, now) = (self.now, self.time());
        let server = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut());
        // Another entry may have taken its place.
        let Some(server) = server.filter(|server| server.armed <= nanos) else {
            return;
        };
        server.armed = u64::MAX;
        match server.session.poll_timeout() {
            Some((at, _)) if at <= now => self.serve(id, SessionInput::Timeout),
            _ => self.arm_session(id),
        }
    }

    pub(super) fn admits(&mut self, id: WireId) {
        self.serve(id, SessionInput::ReturnWindow(self.shape.window));
        let expires = self.shape.expires.filter(|_| !self.calm);
        let expires = expires
            .map(|least| std::time::Duration::from_nanos(self.dice.between(least, 2 * least)));
        self.serve(id, SessionInput::Admitted { suffix: None, expires });
    }

    /// The log has told its bounds to a node: a channel is joined.
    pub(super) fn joins(&mut self, id: WireId) {
        let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut()) else {
            return;
        };
        if server.joins.is_empty() {
            return;
        }
        let (channel, join) = server.joins.remove(0);
        let bounds = self.visible(channel.number());
        self.serve(id, SessionInput::Joined { channel, join, bounds });
    }

    fn next_output(&mut self, id: WireId) -> Option<Output> {
        self.wires.get_mut(&id)?.server.as_mut()?.session.poll_output()
    }

    fn carry_out(&mut self, id: WireId, output: Output) {
        self.seen.output(&output);
        match output {
            SessionOutput::Authenticate { greeting, .. } => {
                let server = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut());
                if let (Some(server), Some(greeting)) = (server, greeting) {
                    server.client = Some(greeting.client);
                    server.producer = greeting.producer.number();
                }
                let delay = self.dice.below(50 * MILLI);
                self.later(delay, Due::Admit(id));
            }
            SessionOutput::Attached => self.attached(id),
            SessionOutput::Detached => {
                if let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut())
                {
                    server.counted = None;
                }
            }
            SessionOutput::Transmit(reply) => {
                self.judge_reply(id, &reply);
                self.push_down(id, Down::Frame(reply));
            }
            SessionOutput::Join { channel, join } => self.wants_to_join(id, channel, join),
            SessionOutput::Leave { channel } => {
                if let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut())
                {
                    server.channels.retain(|joined| *joined != channel);
                }
            }
            SessionOutput::Append { channel, producer, sequence, before, first, payload } => {
                let refused = self.refuses(payload).then_some(Code::Forbidden.number());
                let entry = Entry { producer: 0, sequence, payload };
                let offer = Offer { entry, before, first, refused };
                self.append(id, (channel, producer), offer);
            }
            SessionOutput::Volatile { channel, payload, .. } => {
                self.spread(id, channel, payload);
            }
            SessionOutput::Page { .. } => self.report(id, SessionInput::PageSent),
            SessionOutput::PauseReading => {}
            SessionOutput::ResumeReading => self.resumes(id),
            SessionOutput::Close(code) => {
                self.judge_close(id, code);
                self.node_leaves(id, Some(Down::Close(code.close())));
            }
            SessionOutput::Abandon(_) => self.node_leaves(id, Some(Down::End)),
        }
    }

    /// A client stands: its older connections are told, those on other nodes a moment later.
    fn attached(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else {
            return;
        };
        let node = wire.node;
        let Some(server) = &mut wire.server else {
            return;
        };
        server.counted = Some(now);
        let client = server.client;
        let older: Vec<(WireId, usize)> = self
            .wires
            .iter()
            .filter(|(other, wire)| {
                let counts = |server: &super::wire::Server| {
                    server.client == client && server.counted.is_some()
                };
                **other != id && wire.server.as_ref().is_some_and(counts)
            })
            .map(|(other, wire)| (*other, wire.node))
            .collect();
        for (other, at) in older {
            let delay = if at == node { 0 } else { self.dice.below(100 * MILLI) };
            self.later(delay, Due::TakenOver(other));
        }
    }

    fn wants_to_join(&mut self, id: WireId, channel: Name, join: u32) {
        let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut()) else {
            return;
        };
        if !server.channels.contains(&channel) {
            server.channels.push(channel);
        }
        server.joins.push((channel, join));
        let delay = self.dice.below(20 * MILLI);
        self.later(delay, Due::Joined(id));
    }

    fn refuses(&self, payload: u64) -> bool {
        self.shape.refuses_in > 0 && payload.is_multiple_of(self.shape.refuses_in)
    }

    fn append(&mut self, id: WireId, (channel, producer): (Name, Option<Name>), mut offer: Offer) {
        let Some(server) = self.wires.get(&id).and_then(|wire| wire.server.as_ref()) else {
            return;
        };
        offer.entry.producer = producer.map_or(server.producer, Name::number);
        let Entry { sequence, payload, .. } = offer.entry;
        let at = channel.number() as usize;
        let Some(log) = self.logs.get_mut(at) else {
            return;
        };
        let verdict = log.append(offer, self.broken);
        let refused = offer.refused.is_some();
        if refused {
            self.judge.refused(payload);
        }
        match verdict {
            Some(OriginVerdict::Known(_)) => self.seen.count("known already"),
            Some(OriginVerdict::Refused(_)) => self.seen.count("refused already"),
            Some(OriginVerdict::Append | OriginVerdict::Hole(_)) | None => {}
        }
        let pending = Pending { wire: id, channel, producer, sequence, verdict, refused };
        if self.broken == Some(Broken::AckAfterCommit) {
            self.answer(pending);
        } else {
            self.pending.push(pending);
        }
        if self.broken == Some(Broken::DeliveryAfterCommit) {
            self.tell_nodes(channel.number());
        }
        self.commit_soon();
        self.springs_trap(id);
    }

    /// Reports what an append came to.
    pub(super) fn answer(&mut self, pending: Pending) {
        let Pending { wire, channel, producer, sequence, verdict, refused } = pending;
        let Some(verdict) = verdict else {
            return self.report(wire, SessionInput::Unavailable { retry: None });
        };
        let stored = |offset| SessionInput::Stored { channel, producer, sequence, offset };
        let input = match verdict {
            OriginVerdict::Hole(_) => SessionInput::Hole { channel, producer, sequence },
            OriginVerdict::Refused(code) => {
                let code = Code::from_number(code).unwrap_or(Code::Internal);
                let why = Name::Words("refused before");
                SessionInput::Refused { channel, producer, sequence, code, why }
            }
            OriginVerdict::Append if refused => {
                let (code, why) = (Code::Forbidden, Name::Words("refused"));
                SessionInput::Refused { channel, producer, sequence, code, why }
            }
            OriginVerdict::Known(last) if last.sequence == sequence => stored(last.offset),
            OriginVerdict::Known(_) | OriginVerdict::Append => stored(0),
        };
        self.report(wire, input);
    }

    /// A volatile value goes to the other readers on the node.
    fn spread(&mut self, id: WireId, channel: Name, payload: u64) {
        let node = self.wires.get(&id).map(|wire| wire.node);
        let reads = |server: &super::wire::Server| server.channels.contains(&channel);
        let readers: Vec<WireId> = self
            .wires
            .iter()
            .filter(|(other, wire)| **other != id && Some(wire.node) == node)
            .filter(|(_, wire)| wire.server.as_ref().is_some_and(reads))
            .map(|(other, _)| *other)
            .collect();
        for reader in readers {
            let (key, user) = (Name::Number(0), None);
            self.push_down(reader, Down::Frame(Reply::Volatile { channel, key, user, payload }));
        }
    }

    fn resumes(&mut self, id: WireId) {
        if let Some(wire) = self.wires.get_mut(&id)
            && !wire.up.announced
            && !wire.up.is_empty()
        {
            wire.up.announced = true;
            self.later(0, Due::Up(id));
        }
    }

    fn notice_congestion(&mut self, id: WireId) {
        let Some(wire) = self.wires.get(&id) else {
            return;
        };
        let full = wire.waiting() > BACKLOG_MAX;
        if full && wire.server.as_ref().is_some_and(|server| !server.session.info().is_congested) {
            self.seen.count("congested");
            self.report(id, SessionInput::Congested);
        }
    }

    /// Hands the entries to the socket that the session asks for; returns whether there were any.
    fn read_some(&mut self, id: WireId) -> bool {
        let server = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut());
        let Some(order) = server.and_then(|server| server.session.next_read()) else {
            return false;
        };
        let ReadOrder { channel, epoch, after, .. } = order;
        let bounds = self.visible(channel.number());
        if bounds.epoch != epoch || bounds.first > after + 1 || bounds.head <= after {
            self.seen.count("missing");
            self.report(id, SessionInput::Missing { channel, bounds });
            return true;
        }
        let through = bounds.head.min(after + BATCH);
        for offset in after + 1..=through {
            self.show(id, channel, offset);
        }
        self.report(id, SessionInput::Sent { channel, epoch, first: after + 1, through });
        true
    }

    /// Sends an entry to a client.
    pub(super) fn show(&mut self, id: WireId, channel: Name, offset: u64) {
        let log = self.logs.get(channel.number() as usize);
        let Some(Entry { producer, sequence, payload }) = log.and_then(|log| log.get(offset))
        else {
            return;
        };
        let reply = Reply::Message(Stored {
            channel,
            offset,
            epoch: None,
            producer: Name::Number(producer),
            sequence,
            id: None,
            user: None,
            at: 0,
            payload,
        });
        self.judge_reply(id, &reply);
        self.push_down(id, Down::Frame(reply));
    }

    fn arm_session(&mut self, id: WireId) {
        let now = self.now;
        let Some(server) = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut()) else {
            return;
        };
        if let Some((at, _)) = server.session.poll_timeout()
            && at.as_nanos() < server.armed
        {
            server.armed = at.as_nanos().max(now);
            self.agenda.enter(server.armed, Due::SessionTimer(id));
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    /// Forgets a connection that is over at both ends.
    pub(super) fn bury(&mut self, id: WireId) {
        if self.wires.get(&id).is_some_and(|wire| wire.is_over() && wire.end == End::Gone) {
            self.wires.remove(&id);
        }
    }
}
