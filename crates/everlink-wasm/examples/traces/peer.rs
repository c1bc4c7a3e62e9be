//! A network and a server that mostly do what is right, so that an engine gets far.

use std::collections::VecDeque;

use everlink_engine::{
    Cause, ChannelId, Dial, Epoch, Failure, GapCause, HangUp, Input, Kept, News, Origin, Output,
    PingLevel, ProducerId, Received, Transmit, TransportId, ValueKey,
};

use crate::dice::Dice;

/// What the other side will say, and what it has in its logs.
#[derive(Default)]
pub(crate) struct Peer {
    /// News on its way, in order.
    due: VecDeque<(TransportId, News<u64>)>,
    /// The newest transport that is open.
    open: Option<TransportId>,
    /// The offset that each channel was told last.
    heads: [u64; 4],
}

impl Peer {
    /// Returns the next thing that happens by itself.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> Option<Input<u64>> {
        if let Some((transport, news)) = self.due.pop_front() {
            return Some(Input::Transport(transport, news));
        }
        let transport = self.open?;
        let news = match dice.below(40) {
            0 => News::Lost { failure: dice.failure(), verdict: dice.verdict() },
            1..=4 => News::Frame(dice.frame()),
            5 => dice.news(),
            6..=13 => News::Frame(beside(dice)),
            14..=28 => News::Frame(self.delivery(dice)),
            _ => News::Frame(Received::Message {
                channel: dice.maybe(Dice::channel),
                key: dice.maybe(|dice| u64::from(dice.below(5))),
                payload: dice.payload(),
            }),
        };
        Some(Input::Transport(transport, news))
    }

    /// A transport is open, whatever was to become of it.
    pub(crate) fn opened(&mut self, transport: TransportId) {
        self.due.clear();
        self.open = Some(transport);
    }

    /// Takes what the engine asks for.
    pub(crate) fn take(&mut self, dice: &mut Dice, output: &Output<u64>) {
        match output {
            Output::Dial(dial) => self.dialed(dice, *dial),
            Output::HangUp { transport, how } => self.hung_up(dice, *transport, *how),
            Output::Transmit { transport, frame } => {
                let transport = *transport;
                if !dice.one_in(30) {
                    self.due.push_back((transport, News::Written { frames: 1 }));
                }
                self.answer(dice, transport, frame);
            }
            Output::Event(_) => {}
        }
    }

    fn dialed(&mut self, dice: &mut Dice, dial: Dial) {
        let news = if dice.one_in(5) {
            News::Failed { failure: dice.failure(), verdict: dice.verdict() }
        } else {
            self.open = Some(dial.transport);
            News::Opened
        };
        if !dice.one_in(12) {
            self.due.push_back((dial.transport, news));
        }
    }

    fn hung_up(&mut self, dice: &mut Dice, transport: TransportId, how: HangUp) {
        if self.open == Some(transport) {
            self.open = None;
        }
        if let HangUp::Close(code) = how
            && !dice.one_in(3)
        {
            let failure = Failure::new(Cause::Closed(code));
            self.due.push_back((transport, News::Lost { failure, verdict: None }));
        }
    }

    fn answer(&mut self, dice: &mut Dice, transport: TransportId, frame: &Transmit<u64>) {
        if dice.one_in(20) {
            return;
        }
        match frame {
            Transmit::Hello { channels, .. } => {
                let welcome = Received::Welcome {
                    heartbeat: None,
                    return_window: Some(dice.time()),
                    backoff_max: dice.maybe(Dice::time),
                    rate: dice.maybe(|dice| 1 + dice.below(500)),
                    origin_ttl: dice.maybe(Dice::time),
                    kept: Kept::Memory,
                };
                self.say(transport, welcome);
                for wanted in channels {
                    self.subscribed(dice, transport, wanted.channel);
                }
            }
            Transmit::Subscribe { request, channels } => {
                let (request, code) = (*request, dice.below(500));
                match dice.below(6) {
                    0 => self.say(transport, Received::RequestErr { request, code }),
                    1..=3 => self.say(transport, Received::RequestOk { request }),
                    _ => {}
                }
                for wanted in channels {
                    self.subscribed(dice, transport, wanted.channel);
                }
            }
            Transmit::Publish { channel, origin, .. } => {
                let (channel, origin, code) = (*channel, *origin, dice.below(500));
                if dice.one_in(12) {
                    let failure = Failure::new(Cause::Closed(1009));
                    self.due.push_back((transport, News::Lost { failure, verdict: None }));
                }
                let answer = if dice.one_in(6) {
                    Received::Nack { channel, origin, code }
                } else {
                    Received::Ack { channel, origin, offset: self.head(channel) }
                };
                self.say(transport, answer);
            }
            Transmit::Read { request, channel, .. } => {
                let (request, channel) = (*request, *channel);
                let answer = if dice.one_in(4) {
                    Received::ReadErr { request, code: dice.below(500) }
                } else {
                    Received::Page { request, channel, page: dice.page() }
                };
                self.say(transport, answer);
            }
            Transmit::Ping { level, nonce } => {
                let nonce = (*level == PingLevel::Protocol || !dice.one_in(4)).then_some(*nonce);
                let window = if dice.one_in(4) { Some(dice.time()) } else { None };
                self.say(transport, Received::Pong { level: *level, nonce, window });
            }
            Transmit::Message { .. }
            | Transmit::Volatile { .. }
            | Transmit::Unsubscribe { .. }
            | Transmit::Pong { .. }
            | Transmit::Bye => {}
        }
    }

    fn subscribed(&mut self, dice: &mut Dice, transport: TransportId, channel: ChannelId) {
        let answer = if dice.one_in(8) {
            Received::SubscribeErr { channel, code: dice.below(500) }
        } else {
            Received::SubscribeOk { channel, epoch: Epoch(1), head: self.head(channel) }
        };
        self.say(transport, answer);
    }

    /// The message that comes next in its channel, or now and then one that does not.
    fn delivery(&mut self, dice: &mut Dice) -> Received<u64> {
        let channel = dice.channel();
        let skips = u64::from(dice.one_in(10));
        let Some(head) = self.heads.get_mut(channel.0 as usize) else { return Received::Bye };
        *head += 1 + skips;
        let offset = *head;
        let origin = Origin { producer: ProducerId(7), sequence: offset };
        Received::Delivery { channel, offset, epoch: None, origin, payload: dice.payload() }
    }

    fn head(&self, channel: ChannelId) -> u64 {
        self.heads.get(channel.0 as usize).copied().unwrap_or(0)
    }

    fn say(&mut self, transport: TransportId, frame: Received<u64>) {
        self.due.push_back((transport, News::Frame(frame)));
    }
}

/// What a server says beside a channel's log.
fn beside(dice: &mut Dice) -> Received<u64> {
    let (channel, key, payload) = (dice.channel(), ValueKey(dice.below(3)), dice.payload());
    match dice.below(4) {
        0 => Received::Ping { nonce: dice.maybe(|dice| dice.below(9)) },
        1 => Received::Volatile { channel, key, payload },
        2 => Received::Retained { channel, key, version: payload, payload },
        _ => {
            let (cause, epoch) = (GapCause::Slow, None);
            Received::Gap { channel, from: 1, to: u64::from(dice.below(400)), cause, epoch }
        }
    }
}
