//! From the engine's events to those who read channels, and back to the engine when they are slow.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{
    ChannelId, Cursor, Event as EngineEvent, GapCause, Input, Outcome, Page, PageMessage, Position,
    ReadFailure,
};
use everlink_wire::Message;

use super::reply::{Arriving, Details};
use crate::client::{ChannelEvent, Event, HistoryError, HistoryPage, LogMessage, Payload};
use crate::driver::reader::Reader;
use crate::driver::state::State;

/// The channels that are read without a loss.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    all: HashMap<ChannelId, Reading>,
    /// Those whose application takes too little, found since the last look.
    full: Vec<ChannelId>,
    /// How many are paused.
    paused: usize,
}

#[derive(Debug)]
struct Reading {
    reader: Arc<Reader>,
    is_paused: bool,
}

impl Readers {
    pub(crate) fn set_closed(&self, closed: bool) {
        for reading in self.all.values() {
            reading.reader.queue.set_closed(closed);
        }
    }
}

impl State {
    /// Returns whether anybody takes what a channel brings.
    pub(crate) fn is_subscribed(&self, id: ChannelId) -> bool {
        self.readers.all.contains_key(&id) || self.routes.has(id)
    }

    pub(crate) fn is_read(&self, id: ChannelId) -> bool {
        self.readers.all.contains_key(&id)
    }

    pub(crate) fn add_reader(&mut self, id: ChannelId, reader: Arc<Reader>) {
        self.readers.all.insert(id, Reading { reader, is_paused: false });
    }

    /// A reader is gone; returns whether nobody is left who takes what the channel brings.
    pub(crate) fn forget_reader(&mut self, id: ChannelId) -> bool {
        let Some(reading) = self.readers.all.remove(&id) else {
            return false;
        };
        self.readers.paused -= usize::from(reading.is_paused);
        let is_left = self.routes.has(id);
        if is_left && reading.is_paused {
            self.resume(id);
        }
        !is_left
    }

    /// Hands an event to the reader of its channel; gives it back if it is for others too.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is about no channel")]
    pub(in super::super) fn read_by_channel(
        &mut self,
        event: EngineEvent<Message>,
    ) -> Option<EngineEvent<Message>> {
        let arriving =
            if is_about_a_frame(&event) { self.take_arriving() } else { Arriving::Nothing };
        match event {
            EngineEvent::Message { channel: Some(channel), position: Some(position), payload } => {
                self.bring(channel, position, arriving, &payload);
                return self.routed(channel).then_some(EngineEvent::Message {
                    channel: Some(channel),
                    position: Some(position),
                    payload,
                });
            }
            EngineEvent::Volatile { channel, key, payload } => {
                if let Arriving::Value { key, user } = arriving {
                    let payload = Payload(payload.clone());
                    self.tell_reader(channel, ChannelEvent::Volatile { key, user, payload });
                }
                return self.routed(channel).then_some(EngineEvent::Volatile {
                    channel,
                    key,
                    payload,
                });
            }
            EngineEvent::Retained { channel, key, version, payload } => {
                if let Arriving::Value { key, .. } = arriving {
                    let payload = Payload(payload.clone());
                    self.tell_reader(channel, ChannelEvent::Retained { key, version, payload });
                }
                return self.routed(channel).then_some(EngineEvent::Retained {
                    channel,
                    key,
                    version,
                    payload,
                });
            }
            EngineEvent::Gap { channel, from, to, cause, epoch } => {
                let cursor = Cursor { epoch, offset: to };
                let cause = self.bring_gap(channel, cursor, from, cause)?;
                return Some(EngineEvent::Gap { channel, from, to, cause, epoch });
            }
            EngineEvent::SubscriptionRejected { channel, code } => {
                let why = words(arriving);
                self.tell_reader(channel, ChannelEvent::Refused { code, why });
                return Some(EngineEvent::SubscriptionRejected { channel, code });
            }
            EngineEvent::Subscribed { channel } => {
                let reading = self.readers.all.get(&channel);
                if let (Some(reading), Some(cursor)) = (reading, self.engine.cursor(channel)) {
                    reading.reader.starts(cursor);
                }
                return Some(EngineEvent::Subscribed { channel });
            }
            EngineEvent::Page { request, page, .. } => self.paged(request, page, arriving),
            EngineEvent::ReadFailed { request, why } => self.not_paged(request, why, arriving),
            EngineEvent::Settled { first, last, outcome } => {
                let why = words(arriving);
                self.settle(first, last, outcome, (!why.is_empty()).then_some(why));
            }
            EngineEvent::MaybeDoubled { first, last } => {
                self.news.push(Event::MaybeDoubled { first, last });
            }
            other => return Some(other),
        }
        None
    }

    fn take_arriving(&mut self) -> Arriving {
        self.v1.as_mut().map(|v1| std::mem::take(&mut v1.arriving)).unwrap_or_default()
    }

    fn routed(&self, channel: ChannelId) -> bool {
        self.routes.has(channel) || !self.is_read(channel)
    }

    fn bring(
        &mut self,
        channel: ChannelId,
        position: Position,
        arriving: Arriving,
        payload: &Message,
    ) {
        let Some(Reading { reader, .. }) = self.readers.all.get(&channel) else { return };
        let Arriving::Message(details) = arriving else { return };
        let Position { epoch, offset, .. } = position;
        reader.begins();
        let message = log_message(position, details, payload.clone());
        reader.bring(Cursor { epoch, offset }, Some(ChannelEvent::Message(message)));
        self.note_room(channel);
    }

    /// Brings a gap to its reader; returns the cause to tell others, `None` if it is no news.
    fn bring_gap(
        &mut self,
        channel: ChannelId,
        cursor: Cursor,
        from: u64,
        cause: GapCause,
    ) -> Option<GapCause> {
        let Some(Reading { reader, .. }) = self.readers.all.get(&channel) else {
            return Some(cause);
        };
        let to = cursor.offset;
        // Whoever reads from the beginning names no life of the log: what he misses has expired.
        let (cause, is_news) = match reader.begins() {
            true => (GapCause::Expired, to >= from),
            false => (cause, true),
        };
        reader.bring(cursor, is_news.then_some(ChannelEvent::Gap { from, to, cause }));
        self.note_room(channel);
        is_news.then_some(cause)
    }

    fn tell_reader(&mut self, channel: ChannelId, event: ChannelEvent) {
        if let Some(Reading { reader, .. }) = self.readers.all.get(&channel) {
            reader.tell(event);
            self.note_room(channel);
        }
    }

    /// Takes note of a reader who has all that may wait.
    fn note_room(&mut self, channel: ChannelId) {
        let Some(reading) = self.readers.all.get(&channel) else { return };
        if !reading.is_paused && reading.reader.queue.room() == 0 {
            self.readers.full.push(channel);
        }
    }

    /// Gives channels up for the moment whose application takes too little.
    pub(in super::super) fn pause_full(&mut self) {
        while let Some(channel) = self.readers.full.pop() {
            let Some(reading) = self.readers.all.get_mut(&channel) else { continue };
            if std::mem::replace(&mut reading.is_paused, true) {
                continue;
            }
            self.readers.paused += 1;
            let name = Arc::clone(&reading.reader.name);
            self.news.push(Event::ChannelPaused { channel: name });
            let paused = self.input(Input::Pause { channel });
            debug_assert!(paused.is_ok(), "only sends and subscriptions can fail");
        }
    }

    /// Reads channels on whose application has taken half of what waited.
    pub(in super::super) fn resume_taken(&mut self) {
        if self.readers.paused == 0 {
            return;
        }
        let taken = |(id, reading): (&ChannelId, &Reading)| {
            (reading.is_paused && reading.reader.queue.is_half_free()).then_some(*id)
        };
        let ready: Vec<ChannelId> = self.readers.all.iter().filter_map(taken).collect();
        for channel in ready {
            if let Some(reading) = self.readers.all.get_mut(&channel) {
                reading.is_paused = false;
                self.readers.paused -= 1;
                let name = Arc::clone(&reading.reader.name);
                self.news.push(Event::ChannelResumed { channel: name });
            }
            self.resume(channel);
        }
    }

    fn resume(&mut self, channel: ChannelId) {
        let resumed = self.input(Input::Resume { channel });
        debug_assert!(resumed.is_ok(), "only sends and subscriptions can fail");
    }

    fn paged(&mut self, request: u32, page: Page<Message>, arriving: Arriving) {
        let Some(waiting) = self.v1.as_mut().and_then(|v1| v1.reads.remove(&request)) else {
            return;
        };
        let Arriving::Page(details) = arriving else { return };
        let Page { epoch, first, head, messages } = page;
        let message = |(message, details): (PageMessage<Message>, Details)| {
            let PageMessage { offset, origin, payload } = message;
            log_message(Position { epoch, offset, origin }, details, payload)
        };
        let messages = messages.into_iter().zip(details).map(message).collect();
        // Whoever asked may have gone.
        let _ = waiting.send(Ok(HistoryPage { epoch: epoch.0, first, head, messages }));
    }

    fn not_paged(&mut self, request: u32, why: ReadFailure, arriving: Arriving) {
        let Some(waiting) = self.v1.as_mut().and_then(|v1| v1.reads.remove(&request)) else {
            return;
        };
        let error = match why {
            ReadFailure::Refused { code } => HistoryError::Refused { code, why: words(arriving) },
            ReadFailure::TimedOut => HistoryError::TimedOut,
            ReadFailure::Lost | _ => HistoryError::Lost,
        };
        let _ = waiting.send(Err(error));
    }
}

/// Whether an event tells of the frame that has just come.
fn is_about_a_frame(event: &EngineEvent<Message>) -> bool {
    matches!(
        event,
        EngineEvent::Message { .. }
            | EngineEvent::Volatile { .. }
            | EngineEvent::Retained { .. }
            | EngineEvent::SubscriptionRejected { .. }
            | EngineEvent::Page { .. }
            | EngineEvent::ReadFailed { why: ReadFailure::Refused { .. }, .. }
            | EngineEvent::Settled { outcome: Outcome::Refused { .. }, .. }
    )
}

fn words(arriving: Arriving) -> Arc<str> {
    match arriving {
        Arriving::Why(why) => why,
        Arriving::Elsewhere(_)
        | Arriving::Nothing
        | Arriving::Message(_)
        | Arriving::Value { .. }
        | Arriving::Page(_) => "".into(),
    }
}

fn log_message(position: Position, details: Details, payload: Message) -> LogMessage {
    let Position { epoch, offset, origin } = position;
    let Details { producer, id, user, at } = details;
    LogMessage {
        offset,
        epoch: epoch.0,
        producer,
        sequence: origin.sequence,
        user,
        at: LogMessage::stored_at(at.min(AT_MAX)),
        payload: Payload(payload),
        given_id: id,
        handle: None,
    }
}

/// A hundred thousand years: no clock is right beyond.
const AT_MAX: Duration = Duration::from_secs(100_000 * 366 * 86_400);
