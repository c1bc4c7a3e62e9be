//! The driver: gives inputs to the engine, carries its outputs out, and keeps its timer.
#![expect(clippy::wildcard_enum_match_arm, reason = "only few inputs and events are counted")]

use everlink_engine::{
    ChannelId, Dial, Event, HangUp, Input, InputError, MessageId, News, Outgoing, Output, Received,
    SendPolicy, Transmit, TransportId, ValueKey,
};

use super::{Dialed, World};
use crate::agenda::Due;
use crate::model::Truth;
use crate::network::{End, Met, Up};
use crate::peer::Peer;

const MILLI: u64 = 1_000_000;

impl World {
    /// Gives the engine an input, and carries out everything that follows.
    pub(crate) fn input(&mut self, input: Input<u64>) {
        let late = match input {
            Input::Timeout => self.lateness(),
            _ => 0,
        };
        let (now, time) = (self.core.now, self.time());
        self.core.figures.inputs += 1;
        self.trace.input(now, &input);
        self.core.judge.input(now, &input, late);
        self.keeps_session(&input);
        let _ = self.engine.handle_input(time, input);
        self.settle();
    }

    /// What a driver does that holds the name of its session: it enters, follows and leaves it.
    fn keeps_session(&mut self, input: &Input<u64>) {
        let Peer::Sessions(sessions) = &mut self.peer else { return };
        match input {
            Input::Disconnect => sessions.farewell(),
            Input::Transport(transport, News::Frame(frame))
                if self.engine.is_current(*transport) =>
            {
                match frame {
                    Received::Entered { .. } => {
                        if let Some(session) = sessions.entered(*transport) {
                            self.core.judge.entered(session);
                        }
                    }
                    Received::Message { payload, .. } => sessions.delivered(*payload),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Offers a message that asks for nothing.
    pub(crate) fn offer(
        &mut self,
        channel: Option<ChannelId>,
        bytes: u32,
        policy: SendPolicy,
    ) -> Result<MessageId, InputError> {
        self.post(channel, bytes, policy, false)
    }

    /// Offers a message, which may ask for an answer; one that is taken uses up its number.
    pub(crate) fn post(
        &mut self,
        channel: Option<ChannelId>,
        bytes: u32,
        policy: SendPolicy,
        asks: bool,
    ) -> Result<MessageId, InputError> {
        let (now, time) = (self.core.now, self.time());
        let id = MessageId(self.next_id);
        let key = Some(ValueKey(1));
        let message = Outgoing { key, ..Outgoing::new(id, channel, bytes, policy, id.0) };
        let input = if asks { Input::Ask(message) } else { Input::Send(message) };
        self.core.figures.inputs += 1;
        self.trace.input(now, &input);
        self.core.judge.input(now, &input, 0);
        let answer = self.engine.handle_input(time, input);
        self.core.judge.offered(now, (id, channel, bytes, policy), asks, answer);
        if answer.is_ok() {
            self.next_id += 1;
            self.core.figures.sent += 1;
        }
        self.settle();
        answer.map(|()| id)
    }

    /// Asks for a page of history.
    pub(crate) fn read(&mut self, channel: ChannelId, after: u64, limit: u32) {
        let (now, time) = (self.core.now, self.time());
        self.next_read += 1;
        let request = self.next_read;
        let input = Input::Read { request, channel, after, limit };
        self.core.figures.inputs += 1;
        self.trace.input(now, &input);
        self.core.judge.input(now, &input, 0);
        let answer = self.engine.handle_input(time, input);
        self.core.judge.asked(now, (request, channel, after), answer);
        self.settle();
    }

    /// The driver's timer goes off.
    pub(crate) fn times_out(&mut self) {
        if let Some(until) = self.asleep_until {
            self.wake = Some(until);
            return;
        }
        self.trace.note(self.core.now, || format!("timer {:?}", self.engine.poll_timeout()));
        self.input(Input::Timeout);
    }

    /// How long after its deadline a time-out comes now.
    fn lateness(&self) -> u64 {
        let deadline = self.engine.poll_timeout().map_or(u64::MAX, |(at, _)| at.as_nanos());
        self.core.now.saturating_sub(deadline)
    }

    /// Carries out what the engine wants, and reports writes, until there is nothing more.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.engine.poll_output() {
                self.trace.output(self.core.now, &output);
                self.core.judge.output(self.core.now, &output, &self.peer);
                self.carry_out(output);
            }
            self.flush();
            let Some((transport, frames)) = self.take_written() else {
                break;
            };
            let (time, input) =
                (self.time(), Input::Transport(transport, News::Written { frames }));
            self.core.figures.inputs += 1;
            self.trace.input(self.core.now, &input);
            self.core.judge.input(self.core.now, &input, 0);
            let _ = self.engine.handle_input(time, input);
        }
        self.core.judge.at_rest(self.core.now, self.engine.state());
        self.rests = self.rests.wrapping_add(1);
        if self.rests.is_multiple_of(256) {
            let info = self.info();
            let (messages, bytes) = (info.queued_messages, info.queued_bytes);
            self.core.judge.compare_queue(self.core.now, messages, bytes);
        }
        self.set_timer();
    }

    fn set_timer(&mut self) {
        self.wake = self.engine.poll_timeout().map(|(at, _)| {
            let at = at.as_nanos().max(self.core.now);
            if self.grain == 0 { at } else { at.div_ceil(self.grain) * self.grain }
        });
        if let (Some(wake), Some(until)) = (&mut self.wake, self.asleep_until) {
            *wake = until.max(*wake);
        }
    }

    fn take_written(&mut self) -> Option<(TransportId, u32)> {
        let mut taken = self.core.conns.iter_mut().filter(|conn| conn.taken > 0);
        taken.next().map(|conn| (conn.transport, std::mem::take(&mut conn.taken)))
    }

    fn carry_out(&mut self, output: Output<u64>) {
        match output {
            Output::Dial(dial) => self.dial(dial),
            Output::HangUp { transport, how: HangUp::Close(code) } => {
                self.close(transport, code);
            }
            Output::HangUp { transport, how: HangUp::Abandon } => {
                self.core.client_leaves(transport);
            }
            Output::Transmit { transport, frame } => self.transmit(transport, frame),
            Output::Event(event) => {
                self.count(&event);
                if let Some(story) = &mut self.core.story {
                    super::story::tell(story, &event);
                }
            }
        }
    }

    fn count(&mut self, event: &Event<u64>) {
        let figures = &mut self.core.figures;
        match event {
            Event::Message { .. } => figures.delivered += 1,
            Event::Disconnected { .. } => figures.cuts += 1,
            Event::Gap { .. } => figures.gaps += 1,
            Event::DuplicateDropped { .. } => figures.duplicates += 1,
            Event::Moved => figures.moves += 1,
            _ => {}
        }
    }

    fn dial(&mut self, dial: Dial) {
        let Dial { transport, endpoint, refresh_credentials, .. } = dial;
        if self.core.story.is_some() {
            let at = self.now();
            self.dialed.push(Dialed { at, endpoint, refresh_credentials });
        }
        let lazy_in = self.core.network.lazy_in;
        let lazy = lazy_in > 0 && self.core.dice.one_in(lazy_in);
        let met = self.dials.pop_front().unwrap_or(self.otherwise);
        let conn = self.core.conns.add(transport);
        (conn.lazy, conn.met) = (lazy, met);
        let answer_after = match met {
            Met::Stall => return,
            Met::AcceptAfter(delay) => delay.as_nanos() as u64,
            Met::Accept | Met::Flap(_) | Met::Mute | Met::Fail(_) | Met::FailUntil(..) => 0,
        };
        // A hand-shake takes two round trips.
        let at = self.core.arrival();
        let at = at + 3 * (at - self.core.now) + answer_after;
        self.core.agenda.enter(at, Due::Answered(transport));
    }

    fn transmit(&mut self, transport: TransportId, frame: Transmit<u64>) {
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        if conn.client != End::Open {
            return;
        }
        self.pings += u64::from(matches!(frame, Transmit::Ping { .. }));
        let quiet = self.core.now - std::mem::replace(&mut self.wrote, self.core.now);
        self.quiet_max = self.quiet_max.max(quiet);
        conn.unwritten.push_back(frame);
        if conn.lazy {
            if !std::mem::replace(&mut conn.write_due, true) {
                let lazy = self.core.network.lazy.as_nanos() as u64;
                let delay = self.core.dice.between(MILLI, lazy.max(MILLI));
                self.core.later(delay, Due::Write(transport));
            }
        } else {
            self.unflushed = true;
        }
    }

    /// Hands over what was transmitted since the last time, once all outputs are carried out: what
    /// an output then abandons was never written.
    fn flush(&mut self) {
        if !std::mem::take(&mut self.unflushed) {
            return;
        }
        let arrival = self.core.arrival();
        for conn in self.core.conns.iter_mut() {
            if conn.lazy || conn.unwritten.is_empty() || conn.client != End::Open {
                continue;
            }
            if let Some(at) = conn.flush(arrival) {
                self.core.agenda.enter(at, Due::Up(conn.transport));
            }
        }
    }

    /// The operating system takes what it can.
    pub(crate) fn write(&mut self, transport: TransportId) {
        let arrival = self.core.arrival();
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        conn.write_due = false;
        if conn.client != End::Open || conn.closing.is_some() {
            return;
        }
        if let Some(at) = conn.flush(arrival) {
            self.core.agenda.enter(at, Due::Up(transport));
        }
        self.settle();
    }

    /// Sends what is left, then the close frame; what the network swallows is the engine's to notice.
    fn close(&mut self, transport: TransportId, code: u16) {
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        if conn.client == End::Dialing {
            return self.core.client_leaves(transport);
        }
        conn.closing = Some(code);
        let arrival = self.core.arrival();
        if let Some(conn) = self.core.conns.get_mut(transport) {
            let announce = conn.flush(arrival);
            conn.taken = 0;
            if let Some(at) = announce {
                self.core.agenda.enter(at, Due::Up(transport));
            }
        }
        self.core.send_up(transport, Up::Close(code));
    }
}

impl Truth for Peer {
    fn record(
        &self,
        channel: ChannelId,
        epoch: everlink_engine::Epoch,
        offset: u64,
    ) -> Option<(everlink_engine::Origin, u64)> {
        let Self::Resume(resume) = self else { return None };
        let record = resume.record(channel, epoch, offset)?;
        Some((record.origin, record.payload))
    }

    fn head(&self, channel: ChannelId) -> Option<(everlink_engine::Epoch, u64)> {
        let Self::Resume(resume) = self else { return None };
        resume.head(channel)
    }

    fn rooms(&self) -> Option<Vec<ChannelId>> {
        let Self::Sessions(sessions) = self else { return None };
        sessions.rooms()
    }

    fn payload_of(&self, channel: ChannelId, origin: everlink_engine::Origin) -> u64 {
        crate::peer::payload_of(channel, origin)
    }
}
