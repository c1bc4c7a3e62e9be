//! What the application receives: in order, once, and nothing missing that was not told.

use everlink_engine::{
    ChannelId, Cursor, Dialect, Epoch, Event, Origin, ProducerId, Received, TransportId,
};

use super::{Check, broken};

/// What the peer's log really holds.
pub(crate) trait Truth {
    /// Returns the rooms that the client is in, where the peer has rooms and the client a session.
    fn rooms(&self) -> Option<Vec<ChannelId>>;
    /// Returns origin and payload of a place in a log, if it is still kept.
    fn record(&self, channel: ChannelId, epoch: Epoch, offset: u64) -> Option<(Origin, u64)>;
    /// Returns life and end of a log.
    fn head(&self, channel: ChannelId) -> Option<(Epoch, u64)>;
    /// Returns what a producer other than the client says under a number.
    fn payload_of(&self, channel: ChannelId, origin: Origin) -> u64;
}

#[derive(Clone, Debug)]
struct Channel {
    id: ChannelId,
    wanted: bool,
    /// The application takes nothing now.
    paused: bool,
    refused: bool,
    cursor: Option<Cursor>,
    /// Per producer, the last number that was delivered.
    seen: Vec<(ProducerId, u64)>,
    /// The last event of an exchange, and whether the next must follow it.
    last_key: u64,
}

impl Channel {
    /// Moves the cursor over what was seen already: such records are dropped as duplicates.
    fn reach(&mut self, truth: &impl Truth) -> Option<Cursor> {
        let cursor = self.cursor.as_mut()?;
        while let Some((origin, _)) = truth.record(self.id, cursor.epoch, cursor.offset + 1)
            && has_seen(&self.seen, origin)
        {
            cursor.offset += 1;
        }
        Some(*cursor)
    }
}

/// A channel that a transport confirmed, with the end of its log then.
#[derive(Clone, Copy, Debug)]
struct Confirmed {
    transport: TransportId,
    channel: ChannelId,
    epoch: Epoch,
    head: u64,
}

#[derive(Debug)]
pub(crate) struct Feed {
    resumes: bool,
    channels: Vec<Channel>,
    confirmed: Vec<Confirmed>,
    /// Gaps that came and were not told yet.
    gaps: Vec<(ChannelId, u64, u64, Option<Epoch>)>,
}

impl Feed {
    pub(crate) fn new(dialect: &Dialect) -> Self {
        Self {
            resumes: dialect.resumes,
            channels: Vec::new(),
            confirmed: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn channel(&mut self, id: ChannelId) -> &mut Channel {
        let at = self.channels.iter().position(|channel| channel.id == id);
        let at = at.unwrap_or_else(|| {
            let (cursor, seen) = (None, Vec::new());
            let (wanted, paused, refused) = (false, false, false);
            self.channels.push(Channel { id, wanted, paused, refused, cursor, seen, last_key: 0 });
            self.channels.len() - 1
        });
        &mut self.channels[at]
    }

    pub(crate) fn wanted(&mut self, id: ChannelId, from: Option<Cursor>) {
        let channel = self.channel(id);
        if !channel.wanted {
            channel.cursor = from;
        }
        (channel.wanted, channel.refused) = (true, false);
    }

    pub(crate) fn unwanted(&mut self, id: ChannelId) {
        let channel = self.channel(id);
        (channel.wanted, channel.paused, channel.cursor) = (false, false, None);
        // Whoever gives a channel up gives up what is known of it.
        channel.seen.clear();
        self.confirmed.retain(|confirmed| confirmed.channel != id);
    }

    pub(crate) fn paused(&mut self, id: ChannelId, paused: bool) {
        let channel = self.channel(id);
        if channel.wanted {
            channel.paused = paused;
            // What is read on is not caught up until it says so again.
            self.confirmed.retain(|confirmed| confirmed.channel != id);
        }
    }

    /// A frame came on a transport that has a voice.
    pub(crate) fn frame(&mut self, transport: TransportId, frame: &Received<u64>) {
        match *frame {
            Received::SubscribeOk { channel: id, epoch, head } => {
                let channel = self.channel(id);
                if channel.wanted && !channel.paused {
                    channel.cursor.get_or_insert(Cursor { epoch, offset: head });
                }
                if channel.paused {
                    return;
                }
                let same = |known: &Confirmed| known.transport == transport && known.channel == id;
                self.confirmed.retain(|known| !same(known));
                self.confirmed.push(Confirmed { transport, channel: id, epoch, head });
            }
            Received::Gap { channel, from, to, epoch, .. } => {
                self.gaps.push((channel, from, to, epoch));
            }
            _ => {}
        }
    }

    /// The application is told that the connection stands: replay must have reached the head.
    pub(crate) fn connected(&mut self, truth: &impl Truth) -> Check {
        let Some(newest) = self.confirmed.iter().map(|known| known.transport).max() else {
            return Ok(());
        };
        self.confirmed.retain(|known| known.transport == newest);
        for known in &self.confirmed {
            let mut channels = self.channels.iter_mut();
            let of = |channel: &&mut Channel| channel.id == known.channel && channel.wanted;
            let Some(cursor) = channels.find(of).and_then(|channel| channel.reach(truth)) else {
                continue;
            };
            if cursor.epoch != known.epoch || cursor.offset < known.head {
                let detail =
                    format!("{cursor:?} of {:?}, whose head is {}", known.channel, known.head);
                return broken("connected means caught up", detail);
            }
        }
        Ok(())
    }

    pub(crate) fn lost(&mut self) {
        self.gaps.clear();
    }

    pub(crate) fn event(&mut self, event: &Event<u64>, truth: &impl Truth) -> Check {
        match *event {
            Event::Message { channel: Some(id), position: Some(position), payload } => {
                let cursor = Cursor { epoch: position.epoch, offset: position.offset };
                self.delivered(id, cursor, position.origin, payload, truth)
            }
            Event::Message { channel: Some(id), payload, .. } if !self.resumes => {
                self.pushed(id, payload)
            }
            Event::DuplicateDropped { channel: Some(id) } if self.resumes => {
                // A record that was seen under another offset: the cursor goes over it.
                self.channel(id).reach(truth);
                Ok(())
            }
            Event::Gap { channel, from, to, .. } => self.gap(channel, from, to, truth),
            Event::SubscriptionRejected { channel, .. } => {
                self.channel(channel).refused = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn delivered(
        &mut self,
        id: ChannelId,
        at: Cursor,
        origin: Origin,
        payload: u64,
        truth: &impl Truth,
    ) -> Check {
        let channel = self.channel(id);
        if !channel.wanted || channel.paused {
            return broken("only wanted channels speak", format!("{id:?} {at:?}"));
        }
        let Some(cursor) = channel.cursor else {
            return broken("only wanted channels speak", format!("{id:?} before its answer"));
        };
        if at.epoch != cursor.epoch || at.offset <= cursor.offset {
            let detail = format!("{at:?} of {id:?} after {cursor:?}");
            return broken("nothing is doubled or reordered", detail);
        }
        for skipped in cursor.offset + 1..at.offset {
            let known = truth.record(id, at.epoch, skipped);
            if known.is_some_and(|(origin, _)| !has_seen(&channel.seen, origin)) {
                let detail = format!("offset {skipped} of {id:?} between {cursor:?} and {at:?}");
                return broken("nothing is lost in silence", detail);
            }
        }
        channel.cursor = Some(at);
        if has_seen(&channel.seen, origin) {
            return broken(
                "nothing is doubled or reordered",
                format!("{origin:?} again on {id:?}"),
            );
        }
        match channel.seen.iter_mut().find(|(producer, _)| *producer == origin.producer) {
            Some((_, last)) => *last = origin.sequence,
            None => channel.seen.push((origin.producer, origin.sequence)),
        }
        let stored = truth.record(id, at.epoch, at.offset);
        let other = origin.producer != ProducerId(0);
        let right = stored.is_none_or(|(by, what)| by == origin && what == payload)
            && (!other || payload == truth.payload_of(id, origin));
        if right {
            return Ok(());
        }
        broken("what is delivered is what was said", format!("{payload} at {at:?} of {id:?}"))
    }

    /// A gap is told in order, with the range that the server named.
    fn gap(&mut self, id: ChannelId, from: u64, to: u64, truth: &impl Truth) -> Check {
        let rule = "a gap is told in order, with its range";
        let named = self
            .gaps
            .iter()
            .position(|(channel, .., named_to, _)| *channel == id && *named_to == to);
        let Some(named) = named else {
            return broken(rule, format!("{from} to {to} of {id:?}, which no server named"));
        };
        let (_, named_from, _, epoch) = self.gaps.swap_remove(named);
        let channel = self.channel(id);
        let Some(cursor) = channel.reach(truth) else {
            return broken(rule, format!("{id:?} is not wanted"));
        };
        let same_life = epoch.is_none_or(|epoch| epoch == cursor.epoch);
        let skips = (cursor.offset + 1..from).any(|skipped| {
            let known = truth.record(id, cursor.epoch, skipped);
            known.is_some_and(|(origin, _)| !has_seen(&channel.seen, origin))
        });
        if same_life && (from <= cursor.offset || skips || named_from > from || to < from) {
            return broken(rule, format!("{from} to {to} of {id:?} after {cursor:?}"));
        }
        let epoch = epoch.unwrap_or(cursor.epoch);
        channel.cursor = Some(Cursor { epoch, offset: to });
        Ok(())
    }

    /// An event of an exchange, by its number.
    fn pushed(&mut self, id: ChannelId, key: u64) -> Check {
        let channel = self.channel(id);
        if key <= channel.last_key {
            let detail = format!("event {key} of {id:?} after {}", channel.last_key);
            return broken("nothing is doubled or reordered", detail);
        }
        channel.last_key = key;
        Ok(())
    }

    /// After a long calm the peer has the client in the rooms that are wanted, and in no other.
    pub(crate) fn rooms(&self, truth: &impl Truth) -> Check {
        let Some(rooms) = truth.rooms() else { return Ok(()) };
        let wanted = self.channels.iter().filter(|channel| channel.wanted && !channel.refused);
        let mut wanted: Vec<_> = wanted.map(|channel| channel.id).collect();
        wanted.sort_unstable();
        if rooms == wanted {
            return Ok(());
        }
        broken("what is wanted is joined", format!("{wanted:?} wanted, in {rooms:?}"))
    }

    /// After a long calm everything in the logs was delivered.
    pub(crate) fn quiet(&self, truth: &impl Truth) -> Check {
        if !self.resumes {
            return Ok(());
        }
        for channel in self.channels.iter().filter(|channel| channel.wanted && !channel.refused) {
            let (Some(cursor), Some((epoch, head))) = (channel.cursor, truth.head(channel.id))
            else {
                continue;
            };
            for missing in cursor.offset + 1..=head {
                let known = truth.record(channel.id, epoch, missing);
                let new = known.is_some_and(|(origin, _)| !has_seen(&channel.seen, origin));
                if cursor.epoch != epoch || new {
                    let detail = format!("{:?} is at {cursor:?}, its log at {head}", channel.id);
                    return broken("nothing is lost in silence", detail);
                }
            }
        }
        Ok(())
    }
}

fn has_seen(seen: &[(ProducerId, u64)], origin: Origin) -> bool {
    seen.iter().any(|(producer, last)| *producer == origin.producer && *last >= origin.sequence)
}
