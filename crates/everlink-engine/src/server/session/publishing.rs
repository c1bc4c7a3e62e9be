//! What a client says: numbered messages, volatile values, wishes for history.

use super::Session;
use crate::server::code::Code;
use crate::server::contract::SessionOutput;
use crate::server::frame::{Publish, Reply};
use crate::time::Timestamp;

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    pub(super) fn publish(&mut self, publish: Publish<N, P>, bytes: u32) {
        let Publish { channel, producer, sequence, before, payload } = publish;
        let before = before.unwrap_or(sequence.saturating_sub(1));
        if before >= sequence {
            return self.break_off();
        }
        // A pause takes effect at the driver's next read; beyond twice the bound it was ignored.
        if self.publishes.count() >= self.config.publishes_max.saturating_mul(2) {
            return self.end(Code::TooFast, None, Code::TooFast.why().into());
        }
        let producer = producer.filter(|producer| Some(producer) != self.producer.as_ref());
        let first = self.publishes.begin(&channel, producer.as_ref(), sequence, bytes);
        let append = SessionOutput::Append { channel, producer, sequence, before, first, payload };
        self.outputs.push_back(append);
    }

    pub(super) fn refused(
        &mut self,
        channel: N,
        producer: Option<N>,
        sequence: u64,
        code: Code,
        why: N,
    ) {
        if self.publishes.refused(&channel, producer.as_ref(), sequence) {
            let code = code.number();
            self.transmit(Reply::Nack { channel, producer, sequence, code, why });
        }
    }

    /// The client has lost a number. What it sent behind it cannot be stored either: it comes back and
    /// sends again from the first that is not acknowledged.
    pub(super) fn hole(&mut self, channel: &N, producer: Option<&N>, sequence: u64) {
        if self.publishes.refused(channel, producer, sequence) {
            self.flush_acks();
            self.say_error(Code::Hole, true, None, Code::Hole.why().into());
            self.close(Code::Protocol);
        }
    }

    /// A volatile value over the rate is dropped: a later one says more.
    pub(super) fn volatile(&mut self, now: Timestamp, channel: N, key: N, payload: P) {
        if self.volatile_rate.as_mut().is_none_or(|rate| rate.take(now, 1)) {
            self.outputs.push_back(SessionOutput::Volatile { channel, key, payload });
        } else {
            self.volatile_dropped = self.volatile_dropped.saturating_add(1);
        }
    }

    pub(super) fn page(&mut self, request: u32, channel: N, after: u64, limit: u32) {
        if self.pages >= self.config.pages_max {
            let (code, why) = (Code::Busy.number(), Code::Busy.why().into());
            return self.transmit(Reply::ReadErr { request, code, why });
        }
        self.pages += 1;
        let limit = limit.min(self.config.page_messages_max);
        self.outputs.push_back(SessionOutput::Page { request, channel, after, limit });
    }

    pub(super) fn flush_acks(&mut self) {
        let mut publishes = core::mem::take(&mut self.publishes);
        publishes.flush(|ack| {
            let super::publishes::Ack { channel, producer, sequence, offset } = ack;
            self.transmit(Reply::Ack { channel, producer, sequence, offset });
        });
        self.publishes = publishes;
    }
}
