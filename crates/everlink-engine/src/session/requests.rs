//! Subscription requests of one transport: batched, numbered, confirmed.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::frame::ChannelId;

/// What a channel still needs on a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Need {
    Subscribe { alone: bool },
    Unsubscribe,
}

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    request: u32,
    subscribe: bool,
    channels: Vec<ChannelId>,
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
    /// One of a batch is at fault: each is asked for alone now.
    Split,
    /// Nothing that matters.
    Ignored,
}

/// The requests of one transport.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Requests {
    needs: VecDeque<(ChannelId, Need)>,
    asked: Vec<Asked>,
    last_request: u32,
    /// How many channels were confirmed since everything was last complete.
    pub(crate) confirmed: u32,
}

impl Requests {
    pub(crate) fn subscribe(&mut self, channel: ChannelId) {
        self.forget(channel);
        self.needs.push_back((channel, Need::Subscribe { alone: false }));
    }

    /// Asks to give a channel up; a subscription that was not yet asked for is only forgotten.
    pub(crate) fn unsubscribe(&mut self, channel: ChannelId) {
        if !self.forget(channel) {
            self.needs.push_back((channel, Need::Unsubscribe));
        }
    }

    fn forget(&mut self, channel: ChannelId) -> bool {
        let before = self.needs.len();
        self.needs.retain(|(needed, _)| *needed != channel);
        self.needs.len() < before
    }

    /// Takes out the next batch; numbered and remembered if its answer matters.
    pub(crate) fn next_batch(&mut self, batch_max: u16, confirmed: bool) -> Option<Batch> {
        let (first, need) = self.needs.pop_front()?;
        let subscribe = matches!(need, Need::Subscribe { .. });
        let mut channels = alloc::vec![first];
        while need != (Need::Subscribe { alone: true }) && channels.len() < usize::from(batch_max) {
            match self.needs.front() {
                Some((_, next)) if *next == need => {}
                Some(_) | None => break,
            }
            channels.extend(self.needs.pop_front().map(|(channel, _)| channel));
        }
        self.last_request += 1;
        let request = self.last_request;
        if confirmed {
            self.asked.push(Asked { request, subscribe, channels: channels.clone() });
        } else if subscribe {
            self.confirmed += channels.len() as u32;
        }
        Some(Batch { request, subscribe, channels })
    }

    /// Numbers a request that asks again for a channel which is subscribed.
    pub(crate) fn ask_again(&mut self, channel: ChannelId) -> u32 {
        self.last_request += 1;
        let request = self.last_request;
        self.asked.push(Asked { request, subscribe: true, channels: alloc::vec![channel] });
        request
    }

    /// Remembers channels that the greeting asked for, each answered by itself.
    pub(crate) fn greeted(&mut self, channels: Vec<ChannelId>) {
        if !channels.is_empty() {
            self.asked.push(Asked { request: 0, subscribe: true, channels });
        }
    }

    /// A request was confirmed; returns the channels that are subscribed by it.
    pub(crate) fn request_confirmed(&mut self, request: u32) -> Vec<ChannelId> {
        let Some(at) = self.asked.iter().position(|asked| asked.request == request) else {
            return Vec::new();
        };
        let asked = self.asked.swap_remove(at);
        if !asked.subscribe {
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
        if !asked.subscribe {
            return Refusal::Ignored;
        }
        if let [channel] = asked.channels[..] {
            return Refusal::Channel(channel);
        }
        let alone = asked.channels.into_iter();
        self.needs.extend(alone.map(|channel| (channel, Need::Subscribe { alone: true })));
        Refusal::Split
    }

    /// One channel was answered by itself; returns whether it had been asked for.
    pub(crate) fn channel_answered(&mut self, channel: ChannelId, confirmed: bool) -> bool {
        for at in 0..self.asked.len() {
            let asked = &mut self.asked[at];
            if !asked.subscribe {
                continue;
            }
            let Some(found) = asked.channels.iter().position(|other| *other == channel) else {
                continue;
            };
            asked.channels.swap_remove(found);
            if asked.channels.is_empty() {
                self.asked.swap_remove(at);
            }
            self.confirmed += u32::from(confirmed);
            return true;
        }
        false
    }

    pub(crate) fn has_next(&self) -> bool {
        !self.needs.is_empty()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.needs.is_empty() && self.asked.is_empty()
    }
}
