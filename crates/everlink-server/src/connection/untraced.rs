//! Refusals of producers that the log does not know.

use everlink_engine::server::Refusals;

use crate::speech::Name;

/// What was refused on this connection without leaving a trace in the log.
///
/// A stranger who may publish nothing must not fill the log with names: a refusal does not make a producer
/// known. But if a later message does, what was refused before it would count as stored when it is sent
/// again. So the connection, which is bounded, remembers it and hands it over with that message.
#[derive(Debug, Default)]
pub(super) struct Untraced {
    /// By channel and producer, as the log names him.
    producers: Vec<((Name, Name), Refusals)>,
}

impl Untraced {
    /// Remembers a number and the one before it; returns whether there was room.
    #[must_use]
    pub(super) fn add(
        &mut self,
        channel: &Name,
        producer: &Name,
        (sequence, before): (u64, u64),
        code: u32,
    ) -> bool {
        if let Some(at) = self.find(channel, producer) {
            return self.producers[at].1.add(sequence, before, code);
        }
        let mut refusals = Refusals::new();
        let has_room = self.producers.len() < PRODUCERS_MAX && refusals.add(sequence, before, code);
        if has_room {
            self.producers.push(((Name::clone(channel), Name::clone(producer)), refusals));
        }
        has_room
    }

    /// Returns whether there may be no room for another one.
    pub(super) fn is_full(&self) -> bool {
        let full = self.producers.iter().any(|(_, refusals)| refusals.is_full());
        full || self.producers.len() >= PRODUCERS_MAX
    }

    pub(super) fn of(&self, channel: &Name, producer: &Name) -> Refusals {
        let refusals = self.find(channel, producer).map(|at| self.producers[at].1.clone());
        refusals.unwrap_or_default()
    }

    /// The log knows the producer now, and with him what was refused.
    pub(super) fn settled(&mut self, channel: &Name, producer: &Name) {
        if let Some(at) = self.find(channel, producer) {
            self.producers.swap_remove(at);
        }
    }

    pub(super) fn rest(&mut self) {
        self.producers.shrink_to_fit();
    }

    fn find(&self, channel: &Name, producer: &Name) -> Option<usize> {
        let is_it =
            |((other, who), _): &((Name, Name), Refusals)| other == channel && who == producer;
        self.producers.iter().position(is_it)
    }
}

/// Producers in channels of one connection that publish nothing that may be stored.
const PRODUCERS_MAX: usize = 256;
