//! The reference model: what may come out of an engine, from what went in.

use std::collections::{BTreeMap, BTreeSet};

use everlink_engine::{
    ChannelId, Config, ConnectionInfo, ConnectionState, Cursor, Dialect, Event, HangUp, Input,
    News, Origin, Outcome, Output, PingLevel, Position, ProducerId, SendPolicy, Transmit,
    TransportId, limits,
};

/// What the outside knows of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Dialing,
    Open,
    Leaving,
}

pub(super) struct Judge {
    dialect: Dialect,
    queue_messages_max: usize,
    queue_bytes_max: usize,
    state: ConnectionState,
    wanted: bool,
    outage: bool,
    newest: u32,
    lives: BTreeMap<TransportId, Life>,
    /// The transport that carried the last message of the application, and that message.
    voice: (TransportId, u64),
    next_message: u64,
    /// Messages whose fate is not known, and whether they were ever transmitted.
    open: BTreeMap<u64, bool>,
    /// The number of each message in its channel.
    numbers: BTreeMap<(ChannelId, Origin), u64>,
    acknowledged: BTreeMap<(ChannelId, ProducerId), u64>,
    /// Messages that ask for an answer, and whether it has come.
    asked: BTreeMap<u64, bool>,
    cursors: BTreeMap<ChannelId, Cursor>,
    delivered: BTreeSet<(ChannelId, Origin)>,
    newest_ping: u32,
    /// Questions that are open, and the transport of each.
    reads: BTreeMap<u32, TransportId>,
    newest_read: u32,
}

impl Judge {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            dialect: *config.dialect(),
            queue_messages_max: config.settings().queue_messages_max() as usize,
            queue_bytes_max: config.settings().queue_bytes_max() as usize,
            state: ConnectionState::Closed,
            wanted: false,
            outage: false,
            newest: 0,
            lives: BTreeMap::new(),
            voice: (TransportId(0), 0),
            next_message: 1,
            open: BTreeMap::new(),
            numbers: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            asked: BTreeMap::new(),
            cursors: BTreeMap::new(),
            delivered: BTreeSet::new(),
            newest_ping: 0,
            reads: BTreeMap::new(),
            newest_read: 0,
        }
    }

    pub(super) fn next_message(&self) -> u64 {
        self.next_message
    }

    pub(super) fn newest_transport(&self) -> u32 {
        self.newest
    }

    pub(super) fn newest_ping(&self) -> u32 {
        self.newest_ping
    }

    pub(super) fn answers(&self) -> bool {
        self.dialect.answers
    }

    pub(super) fn ping_level(&self) -> PingLevel {
        self.dialect.ping
    }

    /// Returns a number for the next question.
    pub(super) fn next_read(&self) -> u32 {
        self.newest_read + 1
    }

    /// Returns the number of the newest question.
    pub(super) fn newest_read(&self) -> u32 {
        self.newest_read
    }

    /// Returns the highest number that was published to a channel.
    pub(super) fn sequence(&self, channel: ChannelId) -> u64 {
        let origin = |sequence| Origin { producer: ProducerId(0), sequence };
        let of_channel = (channel, origin(0))..=(channel, origin(u64::MAX));
        self.numbers.range(of_channel).next_back().map_or(0, |((_, origin), _)| origin.sequence)
    }

    pub(super) fn sees_input(&mut self, input: &Input<u32>) {
        match input {
            Input::Connect | Input::Reconnect => self.wanted = true,
            Input::Disconnect => self.wanted = false,
            Input::Transport(transport, news) => self.sees_news(*transport, news),
            _ => {}
        }
    }

    fn sees_news(&mut self, transport: TransportId, news: &News<u32>) {
        match news {
            News::Opened => {
                if let Some(life @ Life::Dialing) = self.lives.get_mut(&transport) {
                    *life = Life::Open;
                }
            }
            News::Failed { .. } | News::Lost { .. } => {
                self.lives.remove(&transport);
            }
            News::Frame(everlink_engine::Received::Answer { id }) => {
                if let Some(answered) = self.asked.get_mut(&id.0) {
                    *answered = true;
                }
            }
            News::Frame(everlink_engine::Received::Ack { channel, origin, .. }) => {
                let known = self.acknowledged.entry((*channel, origin.producer)).or_default();
                *known = origin.sequence.max(*known);
            }
            _ => {}
        }
    }

    pub(super) fn sees_taken(&mut self, input: &Input<u32>) {
        match input {
            Input::Send(message) | Input::Ask(message) => {
                self.next_message = message.id.0 + 1;
                self.open.insert(message.id.0, false);
                if let (Input::Ask(_), true) = (input, message.policy != SendPolicy::Volatile) {
                    self.asked.insert(message.id.0, false);
                }
            }
            Input::Unsubscribe { channel } => {
                self.cursors.remove(channel);
                self.delivered.retain(|(of, _)| of != channel);
            }
            _ => {}
        }
    }

    pub(super) fn sees_output(&mut self, output: &Output<u32>) {
        match output {
            Output::Dial(dial) => {
                assert!(self.wanted, "dials although nobody wants a connection");
                assert!(dial.transport.0 == self.newest + 1, "transports are numbered upwards");
                self.newest += 1;
                self.lives.insert(dial.transport, Life::Dialing);
            }
            Output::HangUp { transport, how } => self.sees_hang_up(*transport, *how),
            Output::Transmit { transport, frame } => self.sees_frame(*transport, frame),
            Output::Event(event) => self.sees_event(event),
        }
    }

    fn sees_hang_up(&mut self, transport: TransportId, how: HangUp) {
        let life = self.lives.get(&transport).copied();
        assert!(life.is_some(), "hangs up {transport:?}, which is gone: {how:?}");
        match how {
            HangUp::Abandon => self.lives.remove(&transport),
            HangUp::Close(_) => {
                assert_eq!(life, Some(Life::Open), "closes {transport:?} in an orderly way");
                self.lives.insert(transport, Life::Leaving)
            }
        };
    }

    fn sees_frame(&mut self, transport: TransportId, frame: &Transmit<u32>) {
        let life = self.lives.get(&transport);
        assert_eq!(life, Some(&Life::Open), "{frame:?} on {transport:?}");
        match frame {
            Transmit::Message { id, .. } | Transmit::Volatile { id, .. } => {
                self.sees_message(transport, id.0);
            }
            Transmit::Read { request, .. } => {
                self.newest_read = *request;
                self.reads.insert(*request, transport);
            }
            Transmit::Publish { id, channel, origin, before, .. } => {
                self.sees_message(transport, id.0);
                let number = self.numbers.entry((*channel, *origin)).or_insert(id.0);
                assert_eq!(*number, id.0, "a number names one message for ever");
                assert!(before.is_none_or(|before| before < origin.sequence), "{frame:?}");
            }
            Transmit::Ping { nonce, .. } => self.newest_ping = *nonce,
            _ => {}
        }
    }

    fn sees_message(&mut self, transport: TransportId, id: u64) {
        let (voice, last) = self.voice;
        assert!(transport >= voice, "{transport:?} speaks after {voice:?}");
        assert!(transport > voice || id > last, "{id} after {last} on {transport:?}");
        self.voice = (transport, id);
        let open = self.open.get_mut(&id).expect("only messages with an open fate are sent");
        *open = true;
    }

    fn sees_event(&mut self, event: &Event<u32>) {
        match event {
            Event::StateChanged { from, to } => {
                assert_eq!(*from, self.state);
                assert!(from.may_become(*to), "{from:?} -> {to:?}");
                self.state = *to;
            }
            Event::Disconnected { .. } => {
                assert!(!self.outage, "an outage is told once");
                assert_eq!(self.state, ConnectionState::Disconnected);
                self.outage = true;
            }
            Event::Reconnected { attempts, .. } => {
                assert!(self.outage, "back without an outage");
                assert!(*attempts > 0 && self.state == ConnectionState::Connected);
                self.outage = false;
            }
            Event::Connected { .. } => {
                assert_eq!(self.state, ConnectionState::Connected);
                self.outage = false;
            }
            Event::Reconnecting { attempt, .. } => assert!(*attempt > 0),
            Event::ReconnectFailed { .. } => assert_eq!(self.state, ConnectionState::Error),
            Event::Settled { first, last, outcome } => self.sees_fate(first.0, last.0, *outcome),
            Event::Page { request, .. } | Event::ReadFailed { request, .. } => {
                assert!(self.reads.remove(request).is_some(), "{event:?} answers no open question");
            }
            Event::MaybeDoubled { first, last } => assert!(first <= last),
            Event::InDoubt { first, last } => assert!(first <= last),
            Event::Message { channel: Some(channel), position: Some(position), .. } => {
                self.sees_delivery(*channel, *position);
            }
            Event::Gap { channel, .. } => {
                // Where it leads is the engine's word; that it never leads back is checked at the end.
                self.cursors.remove(channel);
            }
            _ => {}
        }
    }

    fn sees_fate(&mut self, first: u64, last: u64, outcome: Outcome) {
        assert!(first <= last);
        assert!(self.open.contains_key(&first) && self.open.contains_key(&last), "{outcome:?}");
        let settled: Vec<_> =
            self.open.range(first..=last).map(|(id, sent)| (*id, *sent)).collect();
        for (id, sent) in settled {
            match outcome {
                Outcome::Written => assert!(sent && !self.asked.contains_key(&id), "{id}"),
                Outcome::Refused { .. } | Outcome::TooBig => assert!(sent),
                Outcome::Acknowledged { .. } if self.dialect.answers => {
                    assert!(sent && self.asked[&id], "{id} without an answer");
                }
                Outcome::Acknowledged { .. } => assert!(sent && self.is_acknowledged(id), "{id}"),
                Outcome::Withdrawn => assert!(!sent, "{id} may arrive"),
                Outcome::DroppedOldest | Outcome::Coalesced => {
                    let kept = self.dialect.acknowledges || self.asked.contains_key(&id);
                    assert!(!sent || !kept, "{id} may have arrived");
                }
                _ => {}
            }
            self.open.remove(&id);
        }
    }

    fn is_acknowledged(&self, id: u64) -> bool {
        let number = self.numbers.iter().find(|(_, of)| **of == id);
        number.is_some_and(|((channel, origin), _)| {
            let known = self.acknowledged.get(&(*channel, origin.producer));
            known.is_some_and(|known| *known >= origin.sequence)
        })
    }

    fn sees_delivery(&mut self, channel: ChannelId, position: Position) {
        let Position { epoch, offset, origin } = position;
        if let Some(before) = self.cursors.get(&channel) {
            assert_eq!(epoch, before.epoch, "another epoch without a gap");
            // A message known by its origin moves the cursor without being delivered.
            assert!(offset > before.offset, "{offset} after {before:?}");
        }
        self.cursors.insert(channel, Cursor { epoch, offset });
        assert!(self.delivered.insert((channel, origin)), "{origin:?} twice on {channel:?}");
    }

    /// An input is done: whatever came before, now all must fit.
    pub(super) fn sees_end(
        &mut self,
        input: &Input<u32>,
        state: ConnectionState,
        info: &ConnectionInfo,
    ) {
        assert_eq!(state, self.state, "every change of state is told: {input:?}");
        if state == ConnectionState::Closed {
            self.wanted = false;
            self.outage = false;
            assert!(self.open.is_empty(), "fates left open: {:?}", self.open);
        }
        let gone = |on: &&TransportId| self.lives.get(on) != Some(&Life::Open);
        assert_eq!(self.reads.values().find(gone), None, "a question outlives its transport");
        let count = |life| self.lives.values().filter(|other| **other == life).count();
        let (dialing, open) = (count(Life::Dialing), count(Life::Open));
        let most = match state {
            ConnectionState::Closed | ConnectionState::Error | ConnectionState::Disconnected => 0,
            ConnectionState::Connected => 2,
            ConnectionState::Connecting | ConnectionState::Reconnecting => 1,
        };
        assert!(dialing + open <= most, "{state:?}: {:?}", self.lives);
        assert!(count(Life::Leaving) <= limits::LEAVING_MAX);
        assert!(info.queued_messages <= self.queue_messages_max.min(self.open.len()));
        assert!(info.queued_bytes <= self.queue_bytes_max);
    }
}
