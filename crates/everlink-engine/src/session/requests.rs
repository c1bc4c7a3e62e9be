//! Subscription requests of one transport: batched, numbered, confirmed.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::frame::ChannelId;

/// What a channel still needs on a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Need {
    Subscribe {
        /// With how many others at most, itself included.
        most: u16,
    },
    /// It is subscribed, and is read again from its cursor.
    Again,
    Unsubscribe,
}

/// A channel that needs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Needed {
    channel: ChannelId,
    need: Need,
    /// The peer has it already, so that giving it up must be said.
    attached: bool,
}

/// A subscription on its way; what is given up need not be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    request: u32,
    again: bool,
    channels: Vec<ChannelId>,
}

/// What the answer for one channel answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It was subscribed.
    First,
    /// It was read again.
    Again,
    /// Nobody had asked.
    Unasked,
}

/// The next request to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) request: u32,
    pub(crate) subscribe: bool,
    pub(crate) channels: Vec<ChannelId>,
}

/// What a refusal means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// This channel is refused.
    Channel(ChannelId),
    /// One of a batch is at fault: each half is asked for by itself now.
    Split,
    /// Nothing that matters.
    Ignored,
}

/// The requests of one transport.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Requests {
    needs: VecDeque<Needed>,
    asked: Vec<Asked>,
    last_request: u32,
    /// How many channels were confirmed since everything was last complete.
    pub(crate) confirmed: u32,
}

impl Requests {
    /// Asks for channels on a transport that has asked for none yet.
    pub(crate) fn begin(&mut self, channels: impl Iterator<Item = ChannelId>) {
        let need = Need::Subscribe { most: u16::MAX };
        self.needs.extend(channels.map(|channel| Needed { channel, need, attached: false }));
    }

    pub(crate) fn subscribe(&mut self, channel: ChannelId) {
        let attached = self.forget(channel).is_some_and(|old| old.attached);
        let need = Need::Subscribe { most: u16::MAX };
        self.needs.push_back(Needed { channel, need, attached });
    }

    /// Asks for a subscribed channel again, from its cursor.
    pub(crate) fn again(&mut self, channel: ChannelId) {
        if self.needs.iter().all(|needed| needed.channel != channel) {
            self.needs.push_back(Needed { channel, need: Need::Again, attached: true });
        }
    }

    /// Asks for a channel that was given up for the moment, from its cursor.
    pub(crate) fn resume(&mut self, channel: ChannelId) {
        self.forget(channel);
        self.needs.push_back(Needed { channel, need: Need::Again, attached: true });
    }

    /// Returns whether a channel was asked for again, and the answer is still to come.
    pub(crate) fn is_asked_again(&self, channel: ChannelId) -> bool {
        let needed = |needed: &Needed| needed.channel == channel && needed.need == Need::Again;
        let asked = |asked: &Asked| asked.again && asked.channels.contains(&channel);
        self.needs.iter().any(needed) || self.asked.iter().any(asked)
    }

    /// Asks to give a channel up; a subscription that was not yet asked for is only forgotten.
    pub(crate) fn unsubscribe(&mut self, channel: ChannelId) {
        for asked in &mut self.asked {
            asked.channels.retain(|other| *other != channel);
        }
        self.asked.retain(|asked| !asked.channels.is_empty());
        if self.forget(channel).is_none_or(|old| old.attached) {
            let need = Need::Unsubscribe;
            self.needs.push_back(Needed { channel, need, attached: true });
        }
    }

    fn forget(&mut self, channel: ChannelId) -> Option<Needed> {
        let at = self.needs.iter().position(|needed| needed.channel == channel)?;
        self.needs.remove(at)
    }

    /// Takes out the next batch; numbered and remembered if its answer matters.
    pub(crate) fn next_batch(&mut self, batch_max: u16, confirmed: bool) -> Option<Batch> {
        let Needed { channel, need, .. } = self.needs.pop_front()?;
        let mut channels = alloc::vec![channel];
        let most = match need {
            Need::Again => 1,
            Need::Subscribe { most } => most.min(batch_max),
            Need::Unsubscribe => batch_max,
        };
        while channels.len() < usize::from(most) {
            match self.needs.front() {
                Some(next) if next.need == need => channels.push(next.channel),
                Some(_) | None => break,
            }
            self.needs.pop_front();
        }
        self.last_request += 1;
        let request = self.last_request;
        let subscribe = need != Need::Unsubscribe;
        if subscribe && confirmed {
            let again = need == Need::Again;
            self.asked.push(Asked { request, again, channels: channels.clone() });
        } else if subscribe {
            self.confirmed += channels.len() as u32;
        }
        Some(Batch { request, subscribe, channels })
    }

    /// Remembers channels that the greeting asked for, each answered by itself.
    pub(crate) fn greeted(&mut self, channels: Vec<ChannelId>) {
        if !channels.is_empty() {
            self.asked.push(Asked { request: 0, again: false, channels });
        }
    }

    /// A request was confirmed; returns the channels that are subscribed by it.
    pub(crate) fn request_confirmed(&mut self, request: u32) -> Vec<ChannelId> {
        let Some(at) = self.asked.iter().position(|asked| asked.request == request) else {
            return Vec::new();
        };
        let asked = self.asked.swap_remove(at);
        if asked.again {
            return Vec::new();
        }
        self.confirmed += asked.channels.len() as u32;
        asked.channels
    }

    /// A request was refused as a whole.
    pub(crate) fn request_refused(&mut self, request: u32) -> Refusal {
        let Some(at) = self.asked.iter().position(|asked| asked.request == request) else {
            return Refusal::Ignored;
        };
        let asked = self.asked.swap_remove(at);
        if let [channel] = asked.channels[..] {
            return Refusal::Channel(channel);
        }
        let need = Need::Subscribe { most: asked.channels.len().div_ceil(2) as u16 };
        let halves = asked.channels.into_iter();
        self.needs.extend(halves.map(|channel| Needed { channel, need, attached: false }));
        Refusal::Split
    }

    /// One channel was answered by itself.
    pub(crate) fn channel_answered(&mut self, channel: ChannelId, confirmed: bool) -> Answered {
        for at in 0..self.asked.len() {
            let asked = &mut self.asked[at];
            let Some(found) = asked.channels.iter().position(|other| *other == channel) else {
                continue;
            };
            let again = asked.again;
            asked.channels.swap_remove(found);
            if asked.channels.is_empty() {
                self.asked.remove(at);
            }
            if again {
                return Answered::Again;
            }
            self.confirmed += u32::from(confirmed);
            return Answered::First;
        }
        Answered::Unasked
    }

    pub(crate) fn has_next(&self) -> bool {
        !self.needs.is_empty()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.needs.is_empty() && self.asked.is_empty()
    }
}
