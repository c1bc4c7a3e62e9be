//! How far each channel of a connection has been read, and whose turn it is.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::frame::{Cursor, Epoch};
use crate::server::contract::{Bounds, ReadOrder};

/// Where one channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// It was asked for; the log's bounds are not known.
    Joining {
        join: u32,
        from: Option<Cursor>,
        /// What was told of its end meanwhile.
        seen: Option<Bounds>,
    },
    /// Entries behind `after` are read next.
    Reading {
        epoch: Epoch,
        after: u64,
        head: u64,
        /// It has once been level with the head: from then on a loss is the reader's own slowness.
        live: bool,
    },
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader<N> {
    pub(super) channel: N,
    pub(super) position: Position,
    /// It stands in the queue of those with entries to read.
    queued: bool,
}

/// All channels of a connection. Once a channel is here, its end moving and its entries being sent
/// ask for no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Positions<N> {
    readers: Vec<Reader<N>>,
    /// Places in `readers`, in the order of the channels' names.
    by_name: Vec<u32>,
    /// Places in `readers` of those with entries to read, in the order of their turns.
    turns: VecDeque<u32>,
}

impl<N> Default for Positions<N> {
    fn default() -> Self {
        Self { readers: Vec::new(), by_name: Vec::new(), turns: VecDeque::new() }
    }
}

impl<N: Clone + Ord> Positions<N> {
    /// Finds a channel's place.
    pub(super) fn find(&self, channel: &N) -> Option<usize> {
        self.search(channel).ok().map(|at| self.by_name[at] as usize)
    }

    pub(super) fn get(&self, place: usize) -> &Reader<N> {
        &self.readers[place]
    }

    /// Adds a channel that is not here.
    pub(super) fn add(&mut self, channel: N, position: Position) {
        let Err(at) = self.search(&channel) else {
            return;
        };
        let place = self.readers.len();
        reserve(&mut self.readers);
        reserve(&mut self.by_name);
        self.readers.push(Reader { channel, position, queued: false });
        self.by_name.insert(at, place as u32);
        if self.turns.capacity() < self.readers.capacity() {
            self.turns.reserve_exact(self.readers.capacity() - self.turns.len());
        }
    }

    pub(super) fn remove(&mut self, channel: &N) -> bool {
        let Ok(at) = self.search(channel) else {
            return false;
        };
        let place = self.by_name.remove(at);
        self.turns.retain(|turn| *turn != place);
        let last = self.readers.len() as u32 - 1;
        self.readers.swap_remove(place as usize);
        let renumber = |number: &mut u32| {
            if *number == last {
                *number = place;
            }
        };
        self.by_name.iter_mut().for_each(renumber);
        self.turns.iter_mut().for_each(renumber);
        true
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Sets where a channel is, and queues it if there is something to read.
    pub(super) fn set(&mut self, place: usize, position: Position) {
        self.readers[place].position = position;
        self.settle_turn(place);
    }

    /// The end of a channel's log moved within its epoch.
    pub(super) fn advance(&mut self, place: usize, new_head: u64) {
        if let Position::Reading { head, .. } = &mut self.readers[place].position {
            *head = new_head.max(*head);
        }
        self.settle_turn(place);
    }

    /// Entries up to `through` were sent: the next channel has its turn.
    pub(super) fn sent(&mut self, place: usize, through: u64) {
        if let Position::Reading { after, head, live, .. } = &mut self.readers[place].position {
            *after = through;
            *head = through.max(*head);
            *live |= *after == *head;
        }
        self.pass_turn(place);
    }

    /// Gives the turn to the next channel, if this one has it.
    pub(super) fn pass_turn(&mut self, place: usize) {
        self.settle_turn(place);
        if self.turns.front() == Some(&(place as u32)) {
            self.turns.rotate_left(1);
        }
    }

    pub(super) fn next_read(&self) -> Option<ReadOrder<N>> {
        let reader = self.turns.front().map(|place| &self.readers[*place as usize])?;
        match reader.position {
            Position::Joining { .. } => None,
            Position::Reading { epoch, after, head, .. } => {
                Some(ReadOrder { channel: reader.channel.clone(), epoch, after, head })
            }
        }
    }

    pub(super) fn is_at(&self, channel: &N, expected: Epoch, offset: u64) -> bool {
        self.find(channel).is_some_and(|place| self.stands_at(place, expected, offset))
    }

    pub(super) fn stands_at(&self, place: usize, expected: Epoch, offset: u64) -> bool {
        matches!(&self.readers[place].position, Position::Reading { epoch, after, .. }
            if *epoch == expected && *after == offset)
    }

    pub(super) fn len(&self) -> usize {
        self.readers.len()
    }

    pub(super) fn behind(&self) -> usize {
        self.turns.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.readers.capacity() * size_of::<Reader<N>>()
            + (self.by_name.capacity() + self.turns.capacity()) * size_of::<u32>()
    }

    fn settle_turn(&mut self, place: usize) {
        let reader = &mut self.readers[place];
        let behind = matches!(reader.position,
            Position::Reading { after, head, .. } if after < head);
        if behind == reader.queued {
            return;
        }
        reader.queued = behind;
        if behind {
            self.turns.push_back(place as u32);
        } else if self.turns.front() == Some(&(place as u32)) {
            self.turns.pop_front();
        } else {
            self.turns.retain(|turn| *turn != place as u32);
        }
    }

    fn search(&self, channel: &N) -> Result<usize, usize> {
        self.by_name.binary_search_by(|place| self.readers[*place as usize].channel.cmp(channel))
    }
}

/// Makes room for one more: exactly one for the first, as most connections read one channel.
fn reserve<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(1));
    }
}
