//! What handles and task share: the engine, and where its news goes.

use std::collections::VecDeque;
use std::sync::Arc;

use everlink_engine::{
    ChannelId, ConnectionInfo, ConnectionState, Dial, Engine, Event as EngineEvent, Failure,
    HangUp, Input, InputError, MessageId, News as TransportNews, Numbered, Outcome, Outgoing,
    Output, SendPolicy, Timestamp, Transmit, TransportId, ValueKey, Verdict,
};
use everlink_wire::{Channels, DecodeError, Message};
use tokio::sync::{Notify, watch};

use super::clock::Clock;
use super::durable::Durable;
use super::feed::Feed;
use super::news::News;
use super::queue::Queue;
use super::routes::{Routed, Routes};
use super::socketio::{Parcel, SocketIo};
use super::tickets::Tickets;
use super::v1::{Readers, V1};
use crate::client::{ConnectionError, Event, SendError};
use crate::dial::Endpoint;
use crate::outbox::Entry;

/// Something that only the task can do, because it owns the sockets.
#[derive(Debug)]
pub(crate) enum Work {
    Dial(Dial),
    HangUp { transport: TransportId, how: HangUp },
    Transmit { transport: TransportId, frame: Transmit<Message> },
}

/// Behind one lock, held for one input at a time and never across an await.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) engine: Engine<Message>,
    pub(crate) clock: Clock,
    pub(crate) channels: Channels,
    pub(crate) tickets: Tickets,
    pub(crate) routes: Routes,
    /// Bounded by the engine: it hands over no more than its pipe limits.
    pub(crate) work: VecDeque<Work>,
    pub(crate) news: News,
    pub(crate) last_error: Option<ConnectionError>,
    /// What the metrics were told last: the next task goes on from there.
    pub(crate) counted: ConnectionInfo,
    /// Whether the task lives.
    pub(crate) running: bool,
    /// Whether the last handle is gone.
    pub(crate) released: bool,
    /// Who listens to events; ends with the last handle.
    pub(crate) feed: Feed,
    /// Messages of channels that nobody is subscribed to any more.
    pub(crate) unclaimed: u64,
    pub(crate) outlets: Outlets,
    pub(crate) durable: Option<Durable>,
    /// What is known besides the engine where the peer speaks `everlink.v1`.
    pub(crate) v1: Option<Box<V1>>,
    /// What is known besides the engine where the peer speaks Socket.IO.
    pub(crate) socketio: Option<Box<SocketIo>>,
    pub(crate) readers: Readers,
    /// Where the server wants us to go, beyond the endpoints of the configuration.
    pub(crate) elsewhere: Option<Endpoint>,
    /// What the driver knows of the failure that it reports just now.
    detail: Option<Arc<str>>,
    last_message: u64,
    /// There is room in the outbox for what was left by an earlier run.
    has_room: bool,
}

/// A message that is offered, with all that is known of it.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) payload: Message,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) policy: SendPolicy,
    /// Which kind of value it is, if it is volatile.
    pub(crate) key: Option<ValueKey>,
    /// Its number, if it has one already.
    pub(crate) origin: Option<Numbered>,
}

impl Draft {
    pub(crate) fn new(payload: Message, policy: SendPolicy) -> Self {
        Self { payload, channel: None, policy, key: None, origin: None }
    }
}

/// Where the state tells what others wait for.
#[derive(Clone, Debug)]
pub(crate) struct Outlets {
    /// Messages without a channel; `None` if the application does not want them.
    pub(crate) inbox: Option<Arc<Queue<Message>>>,
    pub(crate) states: watch::Sender<ConnectionState>,
    /// There may be room in the outbox.
    pub(crate) room: Arc<Notify>,
    /// Every message has its outcome, or the state changed.
    pub(crate) settled: Arc<Notify>,
    /// Giving up ends what waits for messages: nothing starts anew by itself.
    pub(crate) error_is_final: bool,
}

impl State {
    pub(crate) fn new(engine: Engine<Message>, outlets: Outlets) -> Self {
        let clock = Clock::start();
        Self {
            counted: engine.info(clock.now()),
            engine,
            clock,
            channels: Channels::default(),
            tickets: Tickets::default(),
            routes: Routes::default(),
            work: VecDeque::new(),
            news: News::default(),
            last_error: None,
            running: false,
            released: false,
            feed: Feed::default(),
            unclaimed: 0,
            outlets,
            durable: None,
            v1: None,
            socketio: None,
            readers: Readers::default(),
            elsewhere: None,
            detail: None,
            last_message: 0,
            has_room: false,
        }
    }

    /// Reports an input to the engine and carries out what follows, as far as it is no I/O.
    pub(crate) fn input(&mut self, input: Input<Message>) -> Result<(), InputError> {
        self.input_at(self.clock.now(), input)
    }

    fn input_at(&mut self, now: Timestamp, input: Input<Message>) -> Result<(), InputError> {
        let result = self.engine.handle_input(now, input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Dial(dial) => self.work.push_back(Work::Dial(dial)),
                Output::HangUp { transport, how } => {
                    self.work.push_back(Work::HangUp { transport, how });
                }
                Output::Transmit { transport, frame } => {
                    self.work.push_back(Work::Transmit { transport, frame });
                }
                Output::Event(event) => self.dispatch(event),
            }
        }
        if std::mem::take(&mut self.has_room) && !self.is_closed() {
            self.send_left();
        }
        self.pause_full();
        result
    }

    /// Reports news of a transport, which cannot fail.
    pub(crate) fn report(&mut self, transport: TransportId, news: TransportNews<Message>) {
        self.report_at(self.clock.now(), transport, news);
    }

    /// Reports one of several news of the same moment: asking for the time costs as much as many a message.
    pub(crate) fn report_at(
        &mut self,
        now: Timestamp,
        transport: TransportId,
        news: TransportNews<Message>,
    ) {
        let result = self.input_at(now, Input::Transport(transport, news));
        debug_assert!(result.is_ok(), "only sends and subscriptions can fail");
    }

    /// Reports that an attempt failed or a transport is gone.
    pub(crate) fn gone(
        &mut self,
        transport: TransportId,
        opened: bool,
        failure: Failure,
        verdict: Option<Verdict>,
        detail: &str,
    ) {
        self.detail = Some(detail.into());
        let news = match opened {
            true => TransportNews::Lost { failure, verdict },
            false => TransportNews::Failed { failure, verdict },
        };
        self.report(transport, news);
        self.detail = None;
    }

    /// Takes a message, which may be on disk; the ticket's slot is returned.
    pub(crate) fn send(
        &mut self,
        payload: Message,
        policy: SendPolicy,
        entry: Option<&Entry>,
    ) -> Result<(MessageId, usize), InputError> {
        self.post(Draft::new(payload, policy), entry)
    }

    /// Takes a message with all that is known of it.
    pub(crate) fn post(
        &mut self,
        draft: Draft,
        entry: Option<&Entry>,
    ) -> Result<(MessageId, usize), InputError> {
        let id = MessageId(self.last_message + 1);
        let slot = self.tickets.open(id);
        if let (Some(durable), Some(entry)) = (&mut self.durable, entry) {
            durable.opened(id, entry.clone());
        }
        let Draft { payload, channel, policy, key, origin } = draft;
        let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let message = Outgoing { id, channel, bytes, policy, key, origin, payload };
        let asks = self.socketio.is_some() && Parcel::asks(&message.payload);
        match self.input(if asks { Input::Ask(message) } else { Input::Send(message) }) {
            Ok(()) => {
                self.last_message = id.0;
                Ok((id, slot))
            }
            Err(error) => {
                self.tickets.withdraw(slot);
                if let Some(durable) = &mut self.durable {
                    durable.refused(id);
                }
                Err(error)
            }
        }
    }

    /// Returns whether messages of an earlier run are still to be sent, ahead of all others.
    pub(crate) fn is_behind(&self) -> bool {
        self.durable.as_ref().is_some_and(Durable::is_behind)
    }

    /// Sends what an earlier run or connection left, as far as there is room.
    pub(crate) fn send_left(&mut self) {
        while let Some(entry) = self.durable.as_mut().and_then(Durable::next_left) {
            match self.send_earlier(&entry) {
                Ok((_, slot)) => self.tickets.ignore(slot),
                Err(error) if !is_for_now(&error) => self.cannot_send(&entry, &error),
                Err(_) => {
                    if let Some(durable) = &mut self.durable {
                        durable.put_back(entry);
                    }
                    return;
                }
            }
        }
    }

    /// A message of an earlier run cannot be sent by this one: it stays on disk.
    fn cannot_send(&mut self, entry: &Entry, error: &SendError) {
        let id = entry.id.0;
        let is_big = matches!(error, SendError::Refused(InputError::MessageTooBig { .. }));
        let error = if is_big {
            let bytes = entry.payload.len();
            format!(
                "message {id} of the durable outbox has {bytes} bytes, above `message_bytes_max`; it \
                 stays there"
            )
        } else {
            format!("message {id} of the durable outbox stays there: {error}")
        };
        self.news.push(Event::BadMessage { error: error.into() });
    }

    /// Nothing has moved for a while: gives back memory that busier times left behind.
    pub(crate) fn rest(&mut self) {
        self.engine.release();
        self.tickets.rest();
        self.work.shrink_to_fit();
        self.news.rest();
        if let Some(inbox) = &self.outlets.inbox {
            inbox.rest();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.engine.state() == ConnectionState::Closed
    }

    /// Returns whether the connection stands and messages wait for their outcome.
    pub(crate) fn is_draining(&self) -> bool {
        self.engine.state() == ConnectionState::Connected && !self.tickets.is_settled()
    }

    /// Tells that reading stopped or goes on.
    pub(crate) fn paused(&mut self, transport: TransportId, paused: bool) {
        let (news, event) = match paused {
            true => (TransportNews::ReadPaused, Event::ReadPaused),
            false => (TransportNews::ReadResumed, Event::ReadResumed),
        };
        self.report(transport, news);
        self.news.push(event);
    }

    /// Tells of a message that breaks its dialect.
    pub(crate) fn bad_message(&mut self, error: &DecodeError) {
        self.news.push(Event::BadMessage { error: error.to_string().into() });
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is translated one by one")]
    fn dispatch(&mut self, event: EngineEvent<Message>) {
        if let Some(sio) = &mut self.socketio {
            sio.sees(&event);
        }
        let event = match &self.v1 {
            None => event,
            Some(_) => match self.read_by_channel(event) {
                Some(event) => event,
                None => return,
            },
        };
        match event {
            EngineEvent::Message { channel: None, payload, .. } => {
                if let Some(inbox) = &self.outlets.inbox {
                    inbox.push(payload);
                }
            }
            EngineEvent::Message { channel: Some(channel), payload, .. } => {
                self.deliver(channel, payload);
            }
            EngineEvent::Volatile { channel, payload, .. }
            | EngineEvent::Retained { channel, payload, .. } => self.deliver(channel, payload),
            EngineEvent::Settled { first, last, outcome } => {
                self.settle(first, last, outcome, None);
            }
            EngineEvent::OutboxRoom => {
                self.has_room = true;
                self.outlets.room.notify_one();
            }
            EngineEvent::DuplicateDropped { .. } => self.news.duplicate(),
            EngineEvent::StateChanged { from, to } => self.state_changed(from, to),
            other => {
                if let Some(event) = self.translate(other) {
                    self.news.push(event);
                }
            }
        }
    }

    fn deliver(&mut self, id: ChannelId, payload: Message) {
        let Some(name) = self.channels.name(id) else { return };
        match self.routes.deliver(id, name, payload) {
            Routed::Taken => {}
            Routed::Unclaimed => self.unclaimed += 1,
            Routed::Lagged => self.news.lagged(name),
        }
    }

    pub(super) fn settle(
        &mut self,
        first: MessageId,
        last: MessageId,
        outcome: Outcome,
        words: Option<Arc<str>>,
    ) {
        if let Some(durable) = &mut self.durable {
            durable.settle(first, last, outcome);
        }
        let settled = self.tickets.settle(first, last, outcome, words.as_ref()) as u64;
        if settled > 0 && !matches!(outcome, Outcome::Written | Outcome::Acknowledged { .. }) {
            self.news.dropped((first, last), settled, outcome);
        }
        if self.tickets.is_settled() {
            self.outlets.settled.notify_waiters();
        }
    }

    fn state_changed(&mut self, from: ConnectionState, to: ConnectionState) {
        let ended = match to {
            ConnectionState::Closed => true,
            ConnectionState::Error => self.outlets.error_is_final,
            ConnectionState::Connecting
            | ConnectionState::Connected
            | ConnectionState::Disconnected
            | ConnectionState::Reconnecting => false,
        };
        if let Some(inbox) = &self.outlets.inbox {
            inbox.set_closed(ended);
        }
        self.routes.set_closed(ended);
        self.readers.set_closed(ended);
        if let Some(sio) = self.socketio.as_mut().filter(|_| to == ConnectionState::Closed) {
            sio.ends();
        }
        self.outlets.states.send_replace(to);
        self.outlets.settled.notify_waiters();
        self.news.push(Event::StateChanged { from, to });
    }

    fn error(&mut self, failure: Failure) -> ConnectionError {
        let error = ConnectionError::new(failure, self.detail.clone());
        self.last_error = Some(error.clone());
        error
    }

    fn name(&self, channel: ChannelId) -> Arc<str> {
        let label = self.socketio.as_ref().and_then(|sio| sio.label(channel));
        label.or_else(|| self.channels.name(channel).cloned()).unwrap_or_else(|| "".into())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "events of the engine may grow")]
    fn translate(&mut self, event: EngineEvent<Message>) -> Option<Event> {
        Some(match event {
            EngineEvent::Connected { guarantee } => Event::Connected { guarantee },
            EngineEvent::Disconnected { failure, uptime } => {
                Event::Disconnected { error: self.error(failure), uptime }
            }
            EngineEvent::Reconnecting { attempt, delay } => Event::Reconnecting { attempt, delay },
            EngineEvent::AttemptFailed { attempt, failure } => {
                Event::AttemptFailed { attempt, error: self.error(failure) }
            }
            EngineEvent::Reconnected { attempts, downtime } => {
                Event::Reconnected { attempts, downtime }
            }
            EngineEvent::ReconnectFailed { attempts, failure } => {
                Event::ReconnectFailed { attempts, error: self.error(failure) }
            }
            EngineEvent::Moved => Event::Moved,
            EngineEvent::Supervised { cause, attempt } => Event::Supervised { cause, attempt },
            EngineEvent::QualityChanged { from, to } => Event::QualityChanged { from, to },
            EngineEvent::HealthCheck { latency, quality } => {
                Event::HealthCheck { latency, quality }
            }
            EngineEvent::Breaker { open } => Event::Breaker { open },
            EngineEvent::Subscribed { channel } => {
                Event::Subscribed { channel: self.name(channel) }
            }
            EngineEvent::SubscriptionRejected { channel, code } => {
                Event::SubscriptionRejected { channel: self.name(channel), code }
            }
            EngineEvent::Resubscribed { channels } => Event::Resubscribed { channels },
            EngineEvent::Resumed { recovered } => Event::Resumed { recovered },
            EngineEvent::MaybeDoubled { first, last } => Event::MaybeDoubled { first, last },
            EngineEvent::Gap { channel, from, to, cause, .. } => {
                Event::Gap { channel: self.name(channel), from, to, cause }
            }
            EngineEvent::InDoubt { first, last } => Event::InDoubt { first, last },
            EngineEvent::Away { slot } => {
                let url = self.elsewhere.as_ref().map(|endpoint| endpoint.to_string().into());
                Event::Away { slot, url }
            }
            _ => return None,
        })
    }
}

/// Whether a message that cannot be taken may be taken later.
fn is_for_now(error: &SendError) -> bool {
    error.is_full()
        || matches!(error, SendError::Refused(InputError::NotConnected))
        || error.is_closed()
}
