//! Channels: where reading begins, how it goes on, and what is told of what is missing.

use alloc::vec::Vec;

use super::Session;
use super::positions::Position;
use crate::frame::{Cursor, Epoch, GapCause};
use crate::server::code::Code;
use crate::server::contract::{Bounds, SessionOutput};
use crate::server::frame::{Place, Reply};

/// Where a reader stands in a log, and what it misses before.
struct Entry {
    /// Reading goes on behind this offset.
    after: u64,
    gap: Option<Range>,
}

/// Offsets that will not come.
struct Range {
    from: u64,
    to: u64,
    cause: GapCause,
    /// The new epoch, where it changed.
    epoch: Option<Epoch>,
}

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    /// Asks for channels. One that is read already is read again from where the client says.
    pub(super) fn subscribe(&mut self, channels: Vec<Place<N>>) {
        for Place { channel, from } in channels {
            self.joins = self.joins.wrapping_add(1);
            let join = self.joins;
            let position = Position::Joining { join, from, seen: None };
            match self.positions.find(&channel) {
                Some(place) => self.positions.set(place, position),
                None if self.positions.len() >= self.config.channels_max as usize => {
                    let (code, why) = (Code::TooManyChannels, Code::TooManyChannels.why().into());
                    self.transmit(Reply::SubscribeErr { channel, code: code.number(), why });
                    continue;
                }
                None => self.positions.add(channel.clone(), position),
            }
            self.outputs.push_back(SessionOutput::Join { channel, join });
        }
    }

    pub(super) fn unsubscribe(&mut self, request: u32, channels: &[N]) {
        for channel in channels {
            if self.positions.remove(channel) {
                self.outputs.push_back(SessionOutput::Leave { channel: channel.clone() });
            }
        }
        self.transmit(Reply::UnsubscribeOk { request });
    }

    /// A channel's log is known: replay begins, and goes over into what is new without a seam.
    pub(super) fn joined(&mut self, channel: &N, join: u32, bounds: Bounds) {
        let Some(place) = self.positions.find(channel) else {
            return;
        };
        let (from, seen) = match &self.positions.get(place).position {
            Position::Joining { join: asked, from, seen } if *asked == join => (*from, *seen),
            Position::Joining { .. } | Position::Reading { .. } => return,
        };
        let seen = seen.filter(|seen| seen.epoch == bounds.epoch).map_or(0, |seen| seen.head);
        let head = bounds.head.max(seen);
        let Entry { after, gap } = entry(from, Bounds { head, ..bounds });
        let (epoch, replay) = (bounds.epoch, head.saturating_sub(after));
        self.transmit(Reply::SubscribeOk { channel: channel.clone(), epoch, head, replay });
        self.tell_gap(channel, gap);
        let live = after >= head;
        self.positions.set(place, Position::Reading { epoch, after, head, live });
    }

    pub(super) fn join_refused(&mut self, channel: N, join: u32, code: Code, why: N) {
        let asked = self.positions.find(&channel).map(|place| self.positions.get(place));
        let matches = asked.is_some_and(|reader| {
            matches!(reader.position, Position::Joining { join: asked, .. } if asked == join)
        });
        if matches {
            self.positions.remove(&channel);
            self.transmit(Reply::SubscribeErr { channel, code: code.number(), why });
        }
    }

    pub(super) fn advanced(&mut self, channel: &N, bounds: Bounds) {
        let Some(place) = self.positions.find(channel) else {
            return;
        };
        match self.positions.get(place).position {
            Position::Joining { join, from, .. } => {
                let seen = Some(bounds);
                self.positions.set(place, Position::Joining { join, from, seen });
            }
            Position::Reading { epoch, .. } if epoch == bounds.epoch => {
                self.positions.advance(place, bounds.head);
            }
            Position::Reading { epoch, after, live, .. } => {
                self.begin_again(place, Cursor { epoch, offset: after }, bounds, live);
            }
        }
    }

    /// Entries were handed over. Others than those that the channel needs are a fault of the driver;
    /// the connection ends, as its client knows where to go on.
    pub(super) fn sent(&mut self, channel: &N, epoch: Epoch, first: u64, through: u64) {
        let follows = |place: &usize| {
            through >= first && first > 0 && self.positions.stands_at(*place, epoch, first - 1)
        };
        let place = self.positions.find(channel).filter(follows);
        match place {
            Some(place) => self.positions.sent(place, through),
            None => self.end(Code::Internal, None, Code::Internal.why().into()),
        }
    }

    pub(super) fn missing(&mut self, channel: &N, bounds: Bounds) {
        let Some(place) = self.positions.find(channel) else {
            return;
        };
        if let Position::Reading { epoch, after, live, .. } = self.positions.get(place).position {
            self.begin_again(place, Cursor { epoch, offset: after }, bounds, live);
            self.positions.pass_turn(place);
        }
    }

    /// The socket takes more: a reader that fell too far behind meanwhile is told of a gap, instead of
    /// all that it missed.
    pub(super) fn skip_lag(&mut self) {
        let Some(lag_max) = self.config.lag_max else {
            return;
        };
        for place in 0..self.positions.len() {
            let Position::Reading { epoch, after, head, live: true } =
                self.positions.get(place).position
            else {
                continue;
            };
            if head.saturating_sub(after) > lag_max {
                let channel = self.positions.get(place).channel.clone();
                let gap = Range { from: after + 1, to: head, cause: GapCause::Slow, epoch: None };
                self.tell_gap(&channel, Some(gap));
                let position = Position::Reading { epoch, after: head, head, live: true };
                self.positions.set(place, position);
            }
        }
    }

    /// A reader's place in a log that is not as it was thought to be.
    fn begin_again(&mut self, place: usize, at: Cursor, bounds: Bounds, live: bool) {
        let channel = self.positions.get(place).channel.clone();
        let Entry { after, mut gap } = entry(Some(at), bounds);
        if let Some(gap) = &mut gap
            && gap.epoch.is_none()
            && live
        {
            gap.cause = GapCause::Slow;
        }
        let live = live && gap.as_ref().is_none_or(|gap| gap.epoch.is_none());
        self.tell_gap(&channel, gap);
        let Bounds { epoch, head, .. } = bounds;
        self.positions.set(place, Position::Reading { epoch, after, head, live });
    }

    fn tell_gap(&mut self, channel: &N, gap: Option<Range>) {
        if let Some(Range { from, to, cause, epoch }) = gap {
            self.transmit(Reply::Gap { channel: channel.clone(), from, to, cause, epoch });
        }
    }
}

/// Finds where a reader goes on in a log.
///
/// A cursor of another epoch says nothing about this one: everything that is kept comes. So does a
/// cursor above the head of this one, the sign of a log that lost its end.
fn entry(from: Option<Cursor>, bounds: Bounds) -> Entry {
    let Bounds { epoch, first, head } = bounds;
    // The last offset that is not kept any more.
    let gone = first.saturating_sub(1);
    match from {
        None => Entry { after: head, gap: None },
        Some(cursor) if cursor.epoch != epoch || cursor.offset > head => {
            let gap = Range { from: 1, to: gone, cause: GapCause::Epoch, epoch: Some(epoch) };
            Entry { after: gone, gap: Some(gap) }
        }
        Some(Cursor { offset, .. }) if offset < gone => {
            let gap = Range { from: offset + 1, to: gone, cause: GapCause::Expired, epoch: None };
            Entry { after: gone, gap: Some(gap) }
        }
        Some(Cursor { offset, .. }) => Entry { after: offset, gap: None },
    }
}
