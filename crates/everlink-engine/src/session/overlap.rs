//! Two transports carry the same stream for a moment: what one has delivered, the other must not.

use alloc::vec::Vec;

use crate::frame::ChannelId;
use crate::limits::OVERLAP_MESSAGES_MAX;
use crate::time::Timestamp;

/// A message that the successor brought while the old transport still had its voice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held<P> {
    pub(crate) channel: Option<ChannelId>,
    pub(crate) key: u64,
    pub(crate) payload: P,
}

/// Deduplicates a planned move on a dialect without offsets, by the keys of its messages.
///
/// Until the hand-over the old transport speaks, and what the successor brings is held. At the
/// hand-over, what is held and was not delivered follows; afterwards, what the old one had
/// delivered ahead is dropped once when the successor brings it.
///
/// A channel is joined by the first message that both have brought: what the successor brought there
/// before it is older than the overlap, and from it on nothing can be missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Overlap<P> {
    /// Sorted keys with how often the old transport delivered them and the successor has not yet.
    ahead: Vec<(u64, u32)>,
    /// How many messages the old transport delivered before the hand-over.
    ahead_total: usize,
    held: Vec<Held<P>>,
    /// Channels on which anything came, sorted, and whether they are joined.
    lanes: Vec<(Option<ChannelId>, bool)>,
    /// When the keys are forgotten, once the hand-over is done.
    pub(crate) until: Option<Timestamp>,
}

impl<P> Default for Overlap<P> {
    fn default() -> Self {
        Self { ahead: Vec::new(), ahead_total: 0, held: Vec::new(), lanes: Vec::new(), until: None }
    }
}

impl<P> Overlap<P> {
    /// The old transport delivered a message.
    pub(crate) fn delivered(&mut self, channel: Option<ChannelId>, key: u64) {
        self.ahead_total += 1;
        if let Some(lane) = self.unjoined(channel) {
            let copy = |held: &Held<P>| held.key == key && held.channel == channel;
            if let Some(at) = self.held.iter().position(copy) {
                return self.join(lane, at + 1);
            }
        }
        match self.ahead.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => self.ahead[at].1 += 1,
            Err(at) => self.ahead.insert(at, (key, 1)),
        }
    }

    /// The successor brought a message before the hand-over.
    pub(crate) fn hold(&mut self, held: Held<P>) {
        if let Some(lane) = self.unjoined(held.channel)
            && self.is_duplicate(held.key)
        {
            return self.join(lane, self.held.len());
        }
        self.held.push(held);
    }

    /// Returns the place of a channel that is not joined yet.
    fn unjoined(&mut self, channel: Option<ChannelId>) -> Option<usize> {
        if cfg!(not(feature = "feed")) {
            return None;
        }
        match self.lanes.binary_search_by_key(&channel, |(channel, _)| *channel) {
            Ok(at) => (!self.lanes[at].1).then_some(at),
            Err(at) => {
                self.lanes.insert(at, (channel, false));
                Some(at)
            }
        }
    }

    /// Both have brought the same message: the first `end` that are held are not newer.
    fn join(&mut self, lane: usize, end: usize) {
        self.lanes[lane].1 = true;
        let channel = self.lanes[lane].0;
        let mut at = 0;
        self.held.retain(|held| {
            at += 1;
            at > end || held.channel != channel
        });
    }

    /// Returns whether every channel on which anything came is joined, and that at least so many are.
    pub(crate) fn is_joined(&self, channels: usize) -> bool {
        cfg!(not(feature = "feed"))
            || self.lanes.len() >= channels && self.lanes.iter().all(|(_, joined)| *joined)
    }

    /// The hand-over: returns what was held and not delivered, in order.
    pub(crate) fn release(&mut self) -> Vec<Held<P>> {
        let held = core::mem::take(&mut self.held);
        held.into_iter().filter(|held| !self.is_duplicate(held.key)).collect()
    }

    /// Returns whether a message of the successor was delivered by the old transport; once for each time.
    pub(crate) fn is_duplicate(&mut self, key: u64) -> bool {
        let Ok(at) = self.ahead.binary_search_by_key(&key, |(key, _)| *key) else {
            return false;
        };
        self.ahead[at].1 -= 1;
        if self.ahead[at].1 == 0 {
            self.ahead.remove(at);
        }
        true
    }

    /// Returns whether the overlap must end now because it holds all it may.
    pub(crate) fn is_full(&self) -> bool {
        self.held.len() >= OVERLAP_MESSAGES_MAX || self.ahead_total >= OVERLAP_MESSAGES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Overlap};
    use crate::frame::ChannelId;
    use alloc::vec::Vec;

    fn held(key: u64) -> Held<u64> {
        Held { channel: None, key, payload: key }
    }

    #[test]
    fn req_f09_messages_of_both_transports_are_delivered_once() {
        let mut overlap = Overlap::default();
        for key in [1, 2, 3, 3] {
            overlap.delivered(None, key);
        }
        for key in [2, 3, 4] {
            overlap.hold(held(key));
        }
        let released: Vec<_> = overlap.release().into_iter().map(|held| held.key).collect();
        assert_eq!(released, [4], "2 and one 3 were delivered by the old transport");
        assert!(
            overlap.is_duplicate(3),
            "the second equal message the old one had delivered ahead"
        );
        assert!(!overlap.is_duplicate(3), "a third equal message is a new one");
        assert!(!overlap.is_duplicate(4));
    }

    #[test]
    fn req_f09_a_channel_is_joined_by_the_first_message_that_both_have_brought() {
        let mut overlap = Overlap::default();
        let on = |channel, key| Held { channel: Some(ChannelId(channel)), key, payload: key };
        // The successor lags behind on 1, and is ahead on 2.
        for key in [8, 9] {
            overlap.hold(on(1, key));
        }
        for key in [22, 23] {
            overlap.hold(on(2, key));
        }
        assert!(!overlap.is_joined(0));
        overlap.delivered(Some(ChannelId(1)), 11);
        overlap.delivered(Some(ChannelId(2)), 21);
        overlap.hold(on(1, 10));
        assert!(!overlap.is_joined(0), "11 has not come from both, nor has 21");
        overlap.hold(on(1, 11));
        overlap.hold(on(1, 12));
        overlap.delivered(Some(ChannelId(2)), 22);
        assert!(overlap.is_joined(2) && !overlap.is_joined(3));
        let released: Vec<_> = overlap.release().into_iter().map(|held| held.key).collect();
        assert_eq!(released, [23, 12], "8 to 10 had been delivered before the overlap began");
    }
}
