//! The channels that the application wants and writes to: what outlives every transport.

use alloc::vec::Vec;

use crate::frame::{ChannelId, Cursor, Origin, ProducerId, Wanted};

/// What is known of a channel, whatever transport carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    /// The application wants to read it.
    pub(crate) wanted: bool,
    /// The server refused it: it is not asked for again by itself.
    pub(crate) refused: bool,
    /// How far it was read.
    pub(crate) cursor: Option<Cursor>,
    /// The last number given to a message of ours.
    pub(crate) numbered: u64,
    /// The last of those numbers that was not dropped: what the next message follows.
    pub(crate) tail: u64,
    /// The highest number of ours that was handed to any transport.
    pub(crate) transmitted: u64,
    /// The version of the retained value that was delivered last.
    pub(crate) retained: Option<u64>,
    /// Per producer, the last of its messages that was delivered: across a change of epoch a
    /// repeated message is known by its origin.
    origins: Vec<(ProducerId, u64)>,
}

impl Channel {
    fn new(id: ChannelId) -> Self {
        Self {
            id,
            wanted: false,
            refused: false,
            cursor: None,
            numbered: 0,
            tail: 0,
            transmitted: 0,
            retained: None,
            origins: Vec::new(),
        }
    }

    /// Takes note of an origin; returns whether it was new.
    pub(crate) fn is_new_origin(&mut self, origin: Origin) -> bool {
        match self.origins.binary_search_by_key(&origin.producer, |(producer, _)| *producer) {
            Ok(at) if self.origins[at].1 >= origin.sequence => false,
            Ok(at) => {
                self.origins[at].1 = origin.sequence;
                true
            }
            Err(at) => {
                self.origins.insert(at, (origin.producer, origin.sequence));
                true
            }
        }
    }
}

/// All channels, sorted by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Channels(Vec<Channel>);

impl Channels {
    pub(crate) fn get(&self, id: ChannelId) -> Option<&Channel> {
        let at = self.0.binary_search_by_key(&id, |channel| channel.id).ok()?;
        self.0.get(at)
    }

    pub(crate) fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        let at = self.0.binary_search_by_key(&id, |channel| channel.id).ok()?;
        self.0.get_mut(at)
    }

    pub(crate) fn get_or_insert(&mut self, id: ChannelId) -> &mut Channel {
        let at = match self.0.binary_search_by_key(&id, |channel| channel.id) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, Channel::new(id));
                at
            }
        };
        &mut self.0[at]
    }

    /// Returns every channel that a fresh transport must ask for.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = Wanted> + '_ {
        let wanted = self.0.iter().filter(|channel| channel.wanted && !channel.refused);
        wanted.map(|channel| Wanted { channel: channel.id, from: channel.cursor })
    }

    pub(crate) fn wanted_count(&self) -> usize {
        self.0.iter().filter(|channel| channel.wanted).count()
    }
}
