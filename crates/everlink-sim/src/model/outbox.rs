//! Messages on their way out: one outcome each, bounds, order, and none lost without a warning.

use std::collections::VecDeque;

use everlink_engine::{
    ChannelId, ConnectionState, Dialect, InputError, MessageId, Outcome, SendPolicy, Transmit,
    TransportId,
};

use super::{Check, Rules, broken};

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
struct Known {
    bytes: u32,
    /// Its number in its channel, where the dialect numbers.
    number: u64,
    queued: bool,
    /// It is kept until it is answered.
    asks: bool,
    outcome: Option<Outcome>,
    sent_on: Option<TransportId>,
    /// When it was last transmitted.
    sent_at: Option<u64>,
    arrived: bool,
    stored: bool,
    doubted: bool,
    /// Nothing more can be learned of it.
    done: bool,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    acknowledges: bool,
    pub(crate) answers: bool,
    messages_max: usize,
    bytes_max: usize,
    /// The number of the first message in `known`; they are dense.
    base: u64,
    known: VecDeque<Known>,
    open: usize,
    open_bytes: usize,
    numbers: Vec<(ChannelId, u64)>,
    last_on: Option<(TransportId, u64)>,
    waits: bool,
    /// How long the peer says that it remembers a producer.
    remembers: Option<u64>,
    /// Sent again after so long that the peer may have forgotten, and not yet told.
    late: Vec<MessageId>,
    pub(crate) lost_in_doubt: u64,
}

impl Outbox {
    pub(crate) fn new(rules: &Rules, dialect: &Dialect) -> Self {
        Self {
            acknowledges: dialect.acknowledges,
            answers: dialect.answers,
            messages_max: rules.queue_messages_max() as usize,
            bytes_max: rules.queue_bytes_max() as usize,
            base: 1,
            known: VecDeque::new(),
            open: 0,
            open_bytes: 0,
            numbers: Vec::new(),
            last_on: None,
            waits: false,
            remembers: None,
            late: Vec::new(),
            lost_in_doubt: 0,
        }
    }

    /// A message was offered; those that are taken are numbered without a hole.
    pub(crate) fn offered(
        &mut self,
        (id, channel, bytes, policy): (MessageId, Option<ChannelId>, u32, SendPolicy),
        asks: bool,
        answer: Result<(), InputError>,
        told: ConnectionState,
    ) -> Check {
        let rule = "a send fails only for its reason";
        match answer {
            Ok(()) => {
                let queued = policy != SendPolicy::Volatile;
                return self.took(id, channel, bytes, (queued, asks && queued));
            }
            Err(InputError::QueueFull { waits, .. }) => {
                self.waits |= waits;
                let fits = self.open < self.messages_max
                    && self.open_bytes + bytes as usize <= self.bytes_max;
                if fits {
                    return broken(rule, format!("full with {} messages", self.open));
                }
            }
            Err(InputError::Closed) if told != ConnectionState::Closed => {
                return broken(rule, format!("closed in {told:?}"));
            }
            Err(InputError::NotConnected) if told == ConnectionState::Connected => {
                return broken(rule, "not connected while connected");
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn took(
        &mut self,
        id: MessageId,
        channel: Option<ChannelId>,
        bytes: u32,
        (queued, asks): (bool, bool),
    ) -> Check {
        if queued {
            self.open += 1;
            self.open_bytes += bytes as usize;
        }
        let number = if self.acknowledges && queued { self.next_number(channel) } else { 0 };
        if id.0 != self.base + self.known.len() as u64 {
            return broken("the simulation numbers messages densely", format!("{id:?}"));
        }
        self.known.push_back(Known {
            bytes,
            number,
            queued,
            asks,
            outcome: None,
            sent_on: None,
            sent_at: None,
            arrived: false,
            stored: false,
            doubted: false,
            done: false,
        });
        Ok(())
    }

    fn next_number(&mut self, channel: Option<ChannelId>) -> u64 {
        let Some(channel) = channel else { return 0 };
        match self.numbers.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, last)) => {
                *last += 1;
                *last
            }
            None => {
                self.numbers.push((channel, 1));
                1
            }
        }
    }

    fn get(&mut self, id: MessageId) -> Option<&mut Known> {
        let at = id.0.checked_sub(self.base)?;
        self.known.get_mut(at as usize)
    }

    pub(crate) fn remembers(&mut self, nanos: Option<u64>) {
        self.remembers = nanos;
    }

    pub(crate) fn transmits(
        &mut self,
        now: u64,
        transport: TransportId,
        frame: &Transmit<u64>,
    ) -> Check {
        let remembers = self.remembers;
        let (id, origin) = match frame {
            Transmit::Message { id, .. } | Transmit::Volatile { id, .. } => (*id, None),
            Transmit::Publish { id, origin, .. } => (*id, Some(*origin)),
            _ => return Ok(()),
        };
        let Some(known) = self.get(id) else {
            return broken("only what was sent is transmitted", format!("{frame:?} is settled"));
        };
        if known.outcome.is_some() {
            let detail = format!("{id:?} is {:?}", known.outcome);
            return broken("what is settled is not sent again", detail);
        }
        if origin.is_some_and(|origin| origin.sequence != known.number) {
            let detail = format!("{id:?} has number {}, sent as {origin:?}", known.number);
            return broken("a publish keeps its number", detail);
        }
        known.sent_on = Some(transport);
        let ago = known.sent_at.replace(now).map(|at| now - at);
        let is_late = match origin {
            Some(_) => remembers.is_some_and(|most| ago > Some(most)),
            None => known.asks && ago.is_some(),
        };
        if known.queued {
            if let Some((on, last)) = self.last_on
                && on == transport
                && id.0 <= last
            {
                return broken("messages keep their order", format!("{id:?} after {last}"));
            }
            self.last_on = Some((transport, id.0));
        }
        if is_late {
            self.late.push(id);
        }
        Ok(())
    }

    pub(crate) fn settled(&mut self, first: MessageId, last: MessageId, outcome: Outcome) -> Check {
        let rule = "one outcome for each message";
        if first > last {
            return broken(rule, format!("settled from {first:?} to {last:?}"));
        }
        let mut any = false;
        for id in first.0.max(self.base)..=last.0 {
            let acknowledges = self.acknowledges;
            let Some(known) = self.get(MessageId(id)) else {
                return broken(rule, format!("message {id} was never sent: {outcome:?}"));
            };
            if known.outcome.is_some() {
                continue;
            }
            any = true;
            let (sent, stored) = (known.sent_on.is_some(), known.stored);
            let wrong = match outcome {
                Outcome::Written => !sent || (acknowledges && known.queued) || known.asks,
                Outcome::Acknowledged { .. } if known.asks => !known.arrived,
                Outcome::Acknowledged { .. } => !stored,
                Outcome::DroppedOldest | Outcome::Coalesced => {
                    known.asks && known.sent_at.is_some()
                }
                Outcome::Refused { .. } => !known.arrived,
                Outcome::Withdrawn => known.sent_at.is_some(),
                _ => false,
            };
            if wrong {
                let detail = format!("message {id} is told as {outcome:?}: {known:?}");
                return broken("an outcome is true", detail);
            }
            known.outcome = Some(outcome);
            if known.queued {
                let bytes = known.bytes as usize;
                self.open -= 1;
                self.open_bytes -= bytes;
            }
        }
        if !any {
            return broken(rule, format!("{first:?} to {last:?} told again: {outcome:?}"));
        }
        Ok(())
    }

    pub(crate) fn in_doubt(&mut self, first: MessageId, last: MessageId) -> Check {
        if first > last {
            return broken("doubt names a range", format!("{first:?} to {last:?}"));
        }
        for id in first.0.max(self.base)..=last.0 {
            if let Some(known) = self.get(MessageId(id)) {
                known.doubted = true;
            }
        }
        Ok(())
    }

    /// The application is told that messages may be stored twice.
    pub(crate) fn maybe_doubled(&mut self, first: MessageId, last: MessageId) -> Check {
        for id in (first.0..=last.0).map(MessageId) {
            let Some(at) = self.late.iter().position(|late| *late == id) else {
                return broken("only a late copy may be doubled", format!("{id:?}"));
            };
            self.late.swap_remove(at);
        }
        Ok(())
    }

    pub(crate) fn room(&mut self) -> Check {
        if !std::mem::take(&mut self.waits) || self.open >= self.messages_max {
            return broken("room is told when there is some", format!("{} open", self.open));
        }
        Ok(())
    }

    /// A message reached the peer's application.
    pub(crate) fn arrived(&mut self, id: MessageId) -> Check {
        let (acknowledges, answers) = (self.acknowledges, self.answers);
        let Some(known) = self.get(id) else {
            return if acknowledges || answers {
                Ok(())
            } else {
                broken("nothing arrives twice", format!("{id:?} arrived after its end"))
            };
        };
        if known.arrived && !acknowledges && !known.asks {
            return broken("nothing arrives twice", format!("{id:?} arrived again"));
        }
        known.arrived = true;
        Ok(())
    }

    /// A message is safe in the log.
    pub(crate) fn stored(&mut self, id: MessageId) -> Check {
        if let Some(known) = self.get(id) {
            (known.arrived, known.stored) = (true, true);
        }
        Ok(())
    }

    /// Nothing more can come of a transport: what it carried has arrived, or was in doubt.
    pub(crate) fn buried(&mut self, transport: TransportId) -> Check {
        if self.acknowledges {
            return Ok(());
        }
        for (at, known) in self.known.iter_mut().enumerate() {
            if known.sent_on != Some(transport) || known.done {
                continue;
            }
            match known.outcome {
                Some(Outcome::Written) if !known.arrived && !known.doubted => {
                    let detail = format!("message {} on {transport:?}", self.base + at as u64);
                    return broken("a lost message was announced in doubt", detail);
                }
                Some(Outcome::Written) if !known.arrived => {
                    self.lost_in_doubt += 1;
                    known.done = true;
                }
                Some(_) => known.done = true,
                // It waits for another transport; of this one nothing can come.
                None => known.sent_on = None,
            }
        }
        Ok(())
    }

    /// Forgets what can no longer surprise.
    pub(crate) fn at_rest(&mut self) -> Check {
        while let Some(known) = self.known.front() {
            let over = match known.outcome {
                None => false,
                Some(Outcome::Written) if known.queued || !self.acknowledges => {
                    known.arrived || known.done
                }
                Some(Outcome::Written) => true,
                Some(_) => {
                    known.sent_on.is_none() || known.done || self.acknowledges || known.arrived
                }
            };
            if !over {
                break;
            }
            self.known.pop_front();
            self.base += 1;
        }
        if let Some(late) = self.late.first() {
            return broken("a late copy is said to be maybe doubled", format!("{late:?}"));
        }
        if self.open > self.messages_max || self.open_bytes > self.bytes_max {
            let detail = format!("{} messages, {} bytes", self.open, self.open_bytes);
            return broken("the outbox is bounded", detail);
        }
        let full = self.open >= self.messages_max || self.open_bytes >= self.bytes_max;
        if self.waits && !full {
            return broken("room is told when there is some", format!("{} open", self.open));
        }
        Ok(())
    }

    pub(crate) fn compare(&self, messages: usize, bytes: usize) -> Check {
        if (messages, bytes) == (self.open, self.open_bytes) {
            return Ok(());
        }
        let detail = format!(
            "the engine counts {messages} messages and {bytes} bytes, the model {} and {}",
            self.open, self.open_bytes
        );
        broken("the outbox counts right", detail)
    }

    pub(crate) fn quiet(&self) -> Check {
        match self.known.iter().position(|known| known.outcome.is_none()) {
            None => Ok(()),
            Some(at) => {
                let detail =
                    format!("{} has no outcome: {:?}", self.base + at as u64, self.known[at]);
                broken("every message has an outcome", detail)
            }
        }
    }
}
