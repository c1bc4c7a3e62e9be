//! The reference model of the whole: what is committed, what was acknowledged, what each client was given.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule looks at the few events that it is about"
)]

use std::collections::{BTreeMap, VecDeque};

use everlink_engine::{
    ChannelId, Cursor, Engine, Epoch, Event, GapCause, MessageId, Outcome, Position,
};

use super::client::Orphan;
use super::log::{Entry, Log};
use super::words::Identity;
use crate::model::{Check, broken};

/// Entries remembered of each life of a log, beyond what the log keeps.
const REMEMBERED_MAX: usize = 4096;
/// Lives of a log that are remembered.
const LIVES_MAX: usize = 4;

/// One life of a channel's log, as far as it was committed.
#[derive(Debug)]
struct Life {
    /// Counts them, for an epoch that was kept by mistake.
    number: u64,
    epoch: Epoch,
    first: u64,
    entries: VecDeque<Entry>,
    /// The last number of each producer.
    last: BTreeMap<u32, u64>,
}

/// A message that its sender does not know the fate of.
#[derive(Debug)]
struct Outstanding {
    channel: u32,
    payload: u64,
    numbered: Option<(u64, u64)>,
    committed: bool,
    refused: bool,
    /// Its process is dead; the outbox on disk has it.
    orphaned: bool,
}

/// How far a client has been given a channel.
#[derive(Debug, Default)]
struct Reader {
    at: Option<Cursor>,
    /// Of which life of the log that is.
    life: u64,
    /// The last number of each producer that the present process was given, and in which life.
    given: BTreeMap<u32, (u64, u64)>,
    /// The same of the processes before it, which counts as long as the log lives on.
    given_before: BTreeMap<u32, u64>,
}

impl Reader {
    fn last(&self, producer: u32) -> u64 {
        let given = self.given.get(&producer).map_or(0, |(last, _)| *last);
        given.max(self.given_before.get(&producer).copied().unwrap_or(0))
    }

    /// Another process reads on from what is on disk.
    fn is_inherited(&mut self) {
        let given = std::mem::take(&mut self.given).into_iter();
        // What it was given in an earlier life of the log, nobody knows any more.
        let of_this_life = given.filter(|(_, (_, life))| *life == self.life);
        for (producer, (sequence, _)) in of_this_life {
            let last = self.given_before.entry(producer).or_default();
            *last = sequence.max(*last);
        }
    }
}

#[derive(Debug)]
struct Known {
    outstanding: BTreeMap<u64, Outstanding>,
    readers: Vec<Reader>,
}

/// An event that a client was told.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) now: u64,
    pub(super) client: usize,
    pub(super) event: &'a Event<u64>,
    pub(super) who: Identity,
}

/// Judges clients, nodes and log together.
#[derive(Debug)]
pub(super) struct Judge {
    channels: Vec<VecDeque<Life>>,
    clients: Vec<Known>,
    /// When each client was last told of a loss.
    pub(super) lost_at: Vec<u64>,
    /// Readers that fall behind are told of a gap although history is kept.
    may_lag: bool,
}

impl Judge {
    pub(super) fn new(clients: usize, channels: usize, may_lag: bool) -> Self {
        let known = || Known {
            outstanding: BTreeMap::new(),
            readers: (0..channels).map(|_| Reader::default()).collect(),
        };
        Self {
            channels: (0..channels).map(|_| VecDeque::from([Life::new(1, Epoch(1))])).collect(),
            clients: (0..clients).map(|_| known()).collect(),
            lost_at: vec![0; clients],
            may_lag,
        }
    }

    /// An application sent a message, and its engine took it.
    pub(super) fn sent(&mut self, client: usize, id: u64, channel: u32, payload: u64) {
        let (numbered, committed, refused, orphaned) = (None, false, false, false);
        let message = Outstanding { channel, payload, numbered, committed, refused, orphaned };
        self.clients[client].outstanding.insert(id, message);
    }

    /// An engine put a message on a connection: its number is its number for ever.
    pub(super) fn numbered(
        &mut self,
        client: usize,
        id: u64,
        sequence: u64,
        before: Option<u64>,
    ) -> Check {
        let Some(message) = self.clients[client].outstanding.get_mut(&id) else {
            return broken("settled is settled", format!("message {id} is sent once more"));
        };
        let before = before.unwrap_or(sequence - 1);
        let (known, _) = *message.numbered.get_or_insert((sequence, before));
        if known != sequence {
            return broken("a number for ever", format!("message {id} was {known}, is {sequence}"));
        }
        Ok(())
    }

    /// An entry is committed.
    pub(super) fn committed(
        &mut self,
        channel: u32,
        epoch: Epoch,
        offset: u64,
        entry: Entry,
    ) -> Check {
        let Entry { producer, sequence, payload } = entry;
        let lives = &mut self.channels[channel as usize];
        let Some(life) = lives.back_mut().filter(|life| life.epoch == epoch) else {
            return broken("epochs", format!("{epoch:?} of channel {channel} was not begun"));
        };
        if offset != life.first + life.entries.len() as u64 {
            return broken("offsets", format!("channel {channel} has {offset} out of order"));
        }
        life.entries.push_back(entry);
        if life.entries.len() > REMEMBERED_MAX {
            life.entries.pop_front();
            life.first += 1;
        }
        let last = life.last.insert(producer, sequence);
        if let Some(message) = self.message(payload) {
            message.committed = true;
        }
        match last {
            Some(last) if sequence <= last => broken(
                "stored once and in order",
                format!("channel {channel}: {sequence} of producer {producer} after {last}"),
            ),
            _ => Ok(()),
        }
    }

    /// A node refused a message for good.
    pub(super) fn refused(&mut self, payload: u64) {
        if let Some(message) = self.message(payload) {
            message.refused = true;
        }
    }

    /// A log lost everything.
    pub(super) fn lost_history(&mut self, channel: u32, epoch: Epoch) {
        let lives = &mut self.channels[channel as usize];
        let number = lives.back().map_or(0, |life| life.number) + 1;
        lives.push_back(Life::new(number, epoch));
        if lives.len() > LIVES_MAX {
            lives.pop_front();
        }
    }

    /// A client was told something.
    pub(super) fn told(&mut self, told: &Told<'_>, engine: &Engine<u64>, logs: &[Log]) -> Check {
        let client = told.client;
        match told.event {
            Event::Subscribed { channel } => {
                let Some(cursor) = engine.cursor(*channel) else {
                    return Ok(());
                };
                let life = self.life(channel.0, cursor.epoch);
                let reader = &mut self.clients[client].readers[channel.0 as usize];
                if reader.at.is_none() {
                    (reader.at, reader.life) = (Some(cursor), life);
                }
                Ok(())
            }
            Event::Message { channel: Some(channel), position: Some(position), payload } => {
                self.given(told, *channel, *position, *payload)
            }
            Event::Gap { channel, from, to, cause, .. } => {
                let cursor = engine.cursor(*channel);
                let log = logs.get(channel.0 as usize);
                self.gap(client, *channel, (*from, *to, *cause), cursor, log)
            }
            Event::Settled { first, last, outcome } => {
                self.settled(client, *first, *last, *outcome)
            }
            Event::Disconnected { .. } => {
                self.lost_at[client] = told.now;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message was acknowledged to its sender.
    pub(super) fn acknowledged(&mut self, client: usize, id: u64) -> Check {
        match self.clients[client].outstanding.remove(&id) {
            Some(Outstanding { committed: false, refused: true, channel, .. }) => broken(
                "refused is never acknowledged",
                format!("message {id} of client {client} was refused in channel {channel}"),
            ),
            Some(Outstanding { committed: false, refused: false, channel, .. }) => broken(
                "acknowledged is committed",
                format!("message {id} of client {client} is not in the log of channel {channel}"),
            ),
            _ => Ok(()),
        }
    }

    /// A sender was told that a message is refused.
    pub(super) fn refused_for_good(&mut self, client: usize, id: u64) -> Check {
        match self.clients[client].outstanding.remove(&id) {
            Some(Outstanding { refused: false, .. }) => {
                broken("refused is refused", format!("message {id} of client {client}"))
            }
            _ => Ok(()),
        }
    }

    /// The process of a client died; returns what its outbox on disk holds.
    pub(super) fn process_died(&mut self, client: usize, durable: bool) -> Vec<Orphan> {
        let known = &mut self.clients[client];
        if !durable {
            known.outstanding.clear();
            known.readers.iter_mut().for_each(|reader| *reader = Reader::default());
            return Vec::new();
        }
        known.readers.iter_mut().for_each(Reader::is_inherited);
        known.outstanding.retain(|_, message| message.numbered.is_some());
        let mut orphans = Vec::new();
        for message in known.outstanding.values_mut().filter(|message| !message.orphaned) {
            message.orphaned = true;
            let (sequence, before) = message.numbered.unwrap_or_default();
            let Outstanding { channel, payload, .. } = *message;
            orphans.push(Orphan { producer: 0, channel, sequence, before, payload });
        }
        orphans
    }

    /// Where a client's application has got to, as it would be on disk.
    pub(super) fn cursor(&self, client: usize, channel: u32) -> Option<Cursor> {
        self.clients[client].readers[channel as usize].at
    }

    pub(super) fn unsubscribed(&mut self, client: usize, channel: u32) {
        self.clients[client].readers[channel as usize] = Reader::default();
    }

    /// After a long quiet everything has arrived.
    pub(super) fn converged(
        &self,
        client: usize,
        engine: &Engine<u64>,
        channels: &[u32],
        logs: &[Log],
    ) -> Check {
        if let Some((id, message)) = self.clients[client].outstanding.iter().next() {
            let detail = format!("message {id} of client {client} has no fate: {message:?}");
            return broken("everything settles", detail);
        }
        for channel in channels {
            let bounds = logs[*channel as usize].bounds();
            let end = Some(Cursor { epoch: bounds.epoch, offset: bounds.head });
            let cursor = engine.cursor(ChannelId(*channel));
            if cursor != end {
                let detail = format!("client {client}, channel {channel}: {cursor:?}, not {end:?}");
                return broken("everything arrives", detail);
            }
            let reader = &self.clients[client].readers[*channel as usize];
            if let Some(at) = reader.at.filter(|at| at.epoch == bounds.epoch) {
                self.known(client, *channel, at, bounds.head + 1)?;
            }
        }
        Ok(())
    }

    fn given(
        &mut self,
        told: &Told<'_>,
        channel: ChannelId,
        position: Position,
        payload: u64,
    ) -> Check {
        let (client, channel) = (told.client, channel.0);
        let Position { epoch, offset, origin } = position;
        let producer = if origin.producer.0 == 0 { told.who.producer } else { origin.producer.0 };
        let entry = Entry { producer, sequence: origin.sequence, payload };
        let wrong = |rule, detail: &dyn std::fmt::Debug| {
            let place = format!("client {client}, channel {channel}, {}:{offset}", epoch.0);
            broken(rule, format!("{place}: {entry:?}, but {detail:?}"))
        };
        let committed = self.entry(channel, epoch, offset);
        if committed != Some(entry) {
            return wrong("given is committed", &committed);
        }
        let reader = &self.clients[client].readers[channel as usize];
        match reader.at {
            Some(at) if at.epoch != epoch => return wrong("no epoch without a gap", &at),
            Some(at) if self.life(channel, epoch) != reader.life => {
                return wrong("no new life without a gap", &at);
            }
            Some(at) if offset <= at.offset => return wrong("given in order", &at),
            Some(at) => self.known(client, channel, at, offset)?,
            None => {}
        }
        let reader = &mut self.clients[client].readers[channel as usize];
        reader.at = Some(Cursor { epoch, offset });
        let last = reader.last(producer);
        reader.given.insert(producer, (origin.sequence, reader.life));
        if last >= origin.sequence { wrong("given once", &last) } else { Ok(()) }
    }

    /// What was left out between `at` and `next` had been given before, under another offset.
    fn known(&self, client: usize, channel: u32, at: Cursor, next: u64) -> Check {
        let reader = &self.clients[client].readers[channel as usize];
        for offset in at.offset + 1..next {
            let known = self
                .entry(channel, at.epoch, offset)
                .is_some_and(|entry| reader.last(entry.producer) >= entry.sequence);
            if !known {
                let detail = format!("client {client}, channel {channel}: {offset} never came");
                return broken("given without a hole", detail);
            }
        }
        Ok(())
    }

    fn gap(
        &mut self,
        client: usize,
        channel: ChannelId,
        (from, to, cause): (u64, u64, GapCause),
        cursor: Option<Cursor>,
        log: Option<&Log>,
    ) -> Check {
        let (channel, place) = (channel.0, format!("client {client}: {from}..{to} {cause:?}"));
        let reader = &self.clients[client].readers[channel as usize];
        let (Some(at), Some(cursor), Some(log)) = (reader.at, cursor, log) else {
            return Ok(());
        };
        let (bounds, life) = (log.bounds(), self.life(channel, cursor.epoch));
        if life == reader.life {
            if cause == GapCause::Epoch {
                return broken("a gap is true", format!("{place}: the epoch is the same"));
            }
            self.known(client, channel, at, from)?;
            let may_skip = self.may_lag && cause == GapCause::Slow;
            if bounds.epoch == at.epoch && to >= bounds.first && !may_skip {
                return broken("a gap is true", format!("{place}: {bounds:?} is kept"));
            }
        } else if cause != GapCause::Epoch {
            return broken("a gap is true", format!("{place}: the epoch is another"));
        }
        let reader = &mut self.clients[client].readers[channel as usize];
        if life != reader.life {
            // Only the process that was given a message knows it across the change of epoch.
            reader.given_before.clear();
        }
        (reader.at, reader.life) = (Some(cursor), life);
        Ok(())
    }

    fn settled(
        &mut self,
        client: usize,
        first: MessageId,
        last: MessageId,
        outcome: Outcome,
    ) -> Check {
        let settled = self.clients[client].outstanding.range(first.0..=last.0);
        let settled: Vec<u64> =
            settled.filter(|(_, message)| !message.orphaned).map(|(id, _)| *id).collect();
        for id in settled {
            match outcome {
                Outcome::Acknowledged { .. } => self.acknowledged(client, id)?,
                Outcome::Refused { .. } => self.refused_for_good(client, id)?,
                _ => drop(self.clients[client].outstanding.remove(&id)),
            }
        }
        Ok(())
    }

    fn entry(&self, channel: u32, epoch: Epoch, offset: u64) -> Option<Entry> {
        let lives = &self.channels[channel as usize];
        let life = lives.iter().rev().find(|life| life.epoch == epoch)?;
        life.entries.get(offset.checked_sub(life.first)? as usize).copied()
    }

    /// The newest life of a log with that epoch.
    fn life(&self, channel: u32, epoch: Epoch) -> u64 {
        let lives = self.channels[channel as usize].iter().rev();
        lives.into_iter().find(|life| life.epoch == epoch).map_or(0, |life| life.number)
    }

    fn message(&mut self, payload: u64) -> Option<&mut Outstanding> {
        let (client, id) = ((payload >> 40) as usize, payload & ((1 << 40) - 1));
        self.clients.get_mut(client)?.outstanding.get_mut(&id)
    }
}

impl Life {
    fn new(number: u64, epoch: Epoch) -> Self {
        Self { number, epoch, first: 1, entries: VecDeque::new(), last: BTreeMap::new() }
    }
}
