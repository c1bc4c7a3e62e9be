//! The channels that the application wants and writes to: what outlives every transport.

use alloc::vec::Vec;

use super::SELF;
use crate::frame::{ChannelId, Cursor, Origin, ProducerId, ValueKey, Wanted};
use crate::limits::{CHANNELS_MAX, FOREIGN_PRODUCERS_MAX, ORIGINS_MAX, RETAINED_MAX};

/// What is known of a channel, whatever transport carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    /// The application wants to read it.
    pub(crate) wanted: bool,
    /// The server refused it: it is not asked for again by itself.
    pub(crate) refused: bool,
    /// The application does not take what it brings: it is given up for the moment.
    pub(crate) paused: bool,
    /// How far it was read.
    pub(crate) cursor: Option<Cursor>,
    /// The last number given to a message of ours.
    pub(crate) numbered: u64,
    /// The last of those numbers that was not dropped: what the next message follows.
    pub(crate) tail: u64,
    /// The highest number of ours that was handed to any transport.
    pub(crate) transmitted: u64,
    /// Producers of earlier processes, sorted; at most [`FOREIGN_PRODUCERS_MAX`].
    foreign: Vec<Foreign>,
    /// The version of each retained value that was told last, oldest news first; at most
    /// [`RETAINED_MAX`].
    retained: Vec<(ValueKey, u64)>,
    /// Sorted by producer, at most [`ORIGINS_MAX`].
    origins: Vec<Known>,
    /// How many messages were delivered: the clock by which producers are forgotten.
    deliveries: u64,
}

/// The last message of a producer that was delivered: across a change of epoch a repeated message is
/// known by its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Known {
    producer: ProducerId,
    sequence: u64,
    heard: u64,
}

/// What is sent on for a producer of an earlier process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Foreign {
    producer: ProducerId,
    /// Its highest number that was taken.
    taken: u64,
    /// Its highest number that was handed to any transport.
    transmitted: u64,
}

impl Channel {
    fn new(id: ChannelId) -> Self {
        Self {
            id,
            wanted: false,
            refused: false,
            paused: false,
            cursor: None,
            numbered: 0,
            tail: 0,
            transmitted: 0,
            foreign: Vec::new(),
            retained: Vec::new(),
            origins: Vec::new(),
            deliveries: 0,
        }
    }

    /// Returns whether what comes for it is wanted now.
    pub(crate) fn is_read(&self) -> bool {
        self.wanted && !self.paused
    }

    /// Takes note of the version of a retained value; returns whether it was news.
    pub(crate) fn is_new_version(&mut self, key: ValueKey, version: u64) -> bool {
        let known = self.retained.iter().position(|(known, _)| *known == key);
        match known {
            Some(at) if self.retained[at].1 >= version => return false,
            Some(at) => {
                self.retained.remove(at);
            }
            None if self.retained.len() >= RETAINED_MAX => {
                self.retained.remove(0);
            }
            None => {}
        }
        self.retained.push((key, version));
        true
    }

    /// Forgets all versions: those of another life have nothing to do with those of this one.
    pub(crate) fn forget_versions(&mut self) {
        self.retained.clear();
    }

    /// Numbers a message of ours: with the next number, or with the one that it has already.
    /// Returns it with the number that it follows, where that is not the one before it.
    pub(crate) fn number(&mut self, given: Option<u64>) -> (u64, Option<u64>) {
        let sequence = given.unwrap_or(self.numbered + 1);
        let before = (self.tail != sequence - 1).then_some(self.tail);
        self.numbered = sequence.max(self.numbered);
        self.tail = sequence;
        (sequence, before)
    }

    /// Returns whether messages of a producer can be sent on.
    pub(crate) fn has_room_for(&self, producer: ProducerId) -> bool {
        let has_place = producer == SELF || self.place(producer).is_ok();
        self.foreign.len() < FOREIGN_PRODUCERS_MAX || has_place
    }

    /// Returns the highest number that was taken of a producer and not cleared.
    pub(crate) fn taken(&self, producer: ProducerId) -> u64 {
        if producer == SELF {
            return self.tail;
        }
        self.place(producer).map_or(0, |at| self.foreign[at].taken)
    }

    /// A message of an earlier process will be sent on.
    pub(crate) fn adopt(&mut self, Origin { producer, sequence: taken }: Origin) {
        match self.place(producer) {
            Ok(at) => self.foreign[at].taken = taken,
            Err(at) => self.foreign.insert(at, Foreign { producer, taken, transmitted: 0 }),
        }
    }

    /// A message is cleared that was taken: it may be taken again, as what it was.
    pub(crate) fn give_back(&mut self, origin: Origin, before: u64) {
        match self.place(origin.producer) {
            _ if origin.producer == SELF => self.tail = before,
            Ok(at) => self.foreign[at].taken = before,
            Err(_) => {}
        }
    }

    /// A number is handed to a transport.
    pub(crate) fn transmits(&mut self, origin: Origin) {
        let highest = match self.place(origin.producer) {
            _ if origin.producer == SELF => &mut self.transmitted,
            Ok(at) => &mut self.foreign[at].transmitted,
            Err(_) => return,
        };
        *highest = origin.sequence.max(*highest);
    }

    /// Returns the highest number of a producer that was handed to any transport; `None` for a
    /// producer of somebody else.
    pub(crate) fn transmitted(&self, producer: ProducerId) -> Option<u64> {
        if producer == SELF {
            return Some(self.transmitted);
        }
        self.place(producer).ok().map(|at| self.foreign[at].transmitted)
    }

    fn place(&self, producer: ProducerId) -> Result<usize, usize> {
        self.foreign.binary_search_by_key(&producer, |known| known.producer)
    }

    /// Takes note of an origin; returns whether it was new.
    pub(crate) fn is_new_origin(&mut self, origin: Origin) -> bool {
        let Origin { producer, sequence } = origin;
        self.deliveries = self.deliveries.saturating_add(1);
        let heard = self.deliveries;
        let place = |origins: &[Known]| origins.binary_search_by_key(&producer, |o| o.producer);
        if let Ok(at) = place(&self.origins) {
            let known = &mut self.origins[at];
            let is_new = known.sequence < sequence;
            *known = Known { producer, sequence: known.sequence.max(sequence), heard };
            return is_new;
        }
        if self.origins.len() >= ORIGINS_MAX {
            let silent = (0..self.origins.len()).min_by_key(|at| self.origins[*at].heard);
            silent.map(|at| self.origins.remove(at));
        }
        let at = place(&self.origins).unwrap_or_else(|at| at);
        self.origins.insert(at, Known { producer, sequence, heard });
        true
    }

    /// Forgets what belongs to reading; numbers of our own messages stay.
    pub(crate) fn unread(&mut self) {
        let (numbered, tail, transmitted) = (self.numbered, self.tail, self.transmitted);
        let foreign = core::mem::take(&mut self.foreign);
        *self = Self { numbered, tail, transmitted, foreign, ..Self::new(self.id) };
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
        let wanted = self.0.iter().filter(|channel| channel.is_read() && !channel.refused);
        wanted.map(|channel| Wanted { channel: channel.id, from: channel.cursor })
    }

    /// Forgets what belongs to reading a channel, and the channel if we never wrote to it.
    pub(crate) fn unread(&mut self, id: ChannelId) {
        let Ok(at) = self.0.binary_search_by_key(&id, |channel| channel.id) else {
            return;
        };
        self.0[at].unread();
        if self.0[at].numbered == 0 && self.0[at].foreign.is_empty() {
            self.0.remove(at);
        }
    }

    /// Returns whether a channel is known, or another one can be.
    pub(crate) fn has_room_for(&self, id: ChannelId) -> bool {
        self.0.len() < CHANNELS_MAX || self.get(id).is_some()
    }
}
