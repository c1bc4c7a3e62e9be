//! From the application to the engine: publishes, volatile values, questions.

use std::sync::Arc;

use everlink_engine::{ChannelId, Input, InputError, MessageId, Numbered, SendPolicy};
use everlink_wire::v1::check_payload;
use tokio::sync::oneshot;

use crate::client::{HistoryError, HistoryPage, Payload, SendError, Ticket};
use crate::driver::durable::message;
use crate::driver::shared::Shared;
use crate::driver::state::{Draft, State};
use crate::outbox::{Entry, EntryOrigin};

impl Shared {
    /// Checks what can be checked of a publish before it waits for anything.
    pub(crate) fn check_published(
        &self,
        channel: &str,
        payload: &Payload,
    ) -> Result<(), SendError> {
        let mut state = self.lock();
        if state.v1.is_none() {
            return Err(SendError::NoLog { dialect: state.engine.config().dialect().name });
        }
        check_payload(&payload.0)?;
        state.channels.register(channel)?;
        Ok(())
    }

    /// Takes a message for a channel's log or refuses it, at once.
    pub(crate) fn publish(
        self: &Arc<Self>,
        channel: &str,
        payload: &Payload,
        policy: SendPolicy,
    ) -> Result<Ticket, SendError> {
        let mut state = self.lock();
        let channel = Some(state.channels.register(channel)?);
        let draft = Draft { channel, ..Draft::new(payload.0.clone(), policy) };
        let (id, slot) = state.post(draft, None)?;
        drop(state);
        self.waker.wake();
        Ok(Ticket::new(Arc::clone(self), id, slot))
    }

    /// Takes a message for a channel's log once it is on disk.
    pub(crate) async fn publish_stored(
        self: &Arc<Self>,
        channel: &str,
        payload: Payload,
        policy: SendPolicy,
    ) -> Result<Ticket, SendError> {
        let (entry, taken) = {
            let state = &mut *self.lock();
            if state.is_closed() {
                return Err(InputError::Closed.into());
            }
            let id = state.channels.register(channel)?;
            let (Some(durable), Some(v1)) = (&mut state.durable, &state.v1) else {
                return Err(InputError::Closed.into());
            };
            let sequence = durable.staging.number(id);
            let producer = v1.producer.to_string();
            let origin = EntryOrigin { producer, sequence, before: None };
            let entry = durable.entry(&payload.0, policy).channel(channel).origin(origin);
            let taken = durable.staging.line_up(entry.clone(), id);
            (entry, taken)
        };
        self.see_through(entry, taken).await
    }

    /// Sends a value beside a channel's log, now or not at all.
    pub(crate) fn volatile(
        self: &Arc<Self>,
        channel: &str,
        key: &str,
        payload: Payload,
    ) -> Result<Ticket, SendError> {
        self.check_published(channel, &payload)?;
        let state = &mut *self.lock();
        let channel = state.channels.register(channel)?;
        let key = match &mut state.v1 {
            Some(v1) => Some(v1.kind(key)?),
            None => None,
        };
        let draft = Draft::new(payload.0, SendPolicy::Volatile);
        let (id, slot) = state.post(Draft { channel: Some(channel), key, ..draft }, None)?;
        self.waker.wake();
        Ok(Ticket::new(Arc::clone(self), id, slot))
    }

    /// Asks for a page of history.
    pub(crate) async fn history(
        self: &Arc<Self>,
        channel: &str,
        after: u64,
        limit: u32,
    ) -> Result<HistoryPage, HistoryError> {
        if limit == 0 || limit > HistoryError::LIMIT_MAX {
            return Err(HistoryError::Limit { limit });
        }
        let answer = self.ask_page(channel, after, limit)?;
        answer.await.unwrap_or(Err(HistoryError::Lost))
    }

    fn ask_page(
        &self,
        channel: &str,
        after: u64,
        limit: u32,
    ) -> Result<oneshot::Receiver<Result<HistoryPage, HistoryError>>, HistoryError> {
        let state = &mut *self.lock();
        let channel = state.channels.register(channel)?;
        let Some(v1) = &mut state.v1 else {
            let dialect = state.engine.config().dialect().name;
            return Err(HistoryError::NoHistory { dialect });
        };
        v1.last_read = v1.last_read.wrapping_add(1);
        let request = v1.last_read;
        state.input(Input::Read { request, channel, after, limit })?;
        let (answer, answered) = oneshot::channel();
        if let Some(v1) = &mut state.v1 {
            v1.reads.insert(request, answer);
        }
        self.waker.wake();
        Ok(answered)
    }
}

impl State {
    /// Gives the engine a message that is on disk.
    pub(in super::super) fn send_entry(
        &mut self,
        entry: &Entry,
        channel: ChannelId,
    ) -> Result<(MessageId, usize), SendError> {
        let origin = self.numbered(entry)?;
        let draft = Draft::new(message(entry), entry.policy);
        Ok(self.post(Draft { channel: Some(channel), origin, ..draft }, Some(entry))?)
    }

    /// Returns the number that an entry has on disk.
    fn numbered(&mut self, entry: &Entry) -> Result<Option<Numbered>, SendError> {
        let (Some(v1), Some(origin)) = (&mut self.v1, &entry.origin) else {
            return Ok(None);
        };
        let EntryOrigin { producer, sequence, before } = origin;
        let (sequence, before) = (*sequence, *before);
        let producer = v1.publisher(producer)?;
        // A clock that was set back says nothing: then it was just now.
        let age = entry.enqueued_at.elapsed().unwrap_or_default();
        Ok(Some(Numbered { producer, sequence, before, age }))
    }

    /// Gives the engine a message that an earlier run or connection left.
    pub(in super::super) fn send_earlier(
        &mut self,
        entry: &Entry,
    ) -> Result<(MessageId, usize), SendError> {
        if self.v1.is_none() {
            return Ok(self.send(message(entry), SendPolicy::Wait, Some(entry))?);
        }
        // Both may be wrong in what a client of another dialect left.
        let channel = self.channels.register(entry.channel.as_deref().unwrap_or_default())?;
        check_payload(&message(entry))?;
        let entry = Entry { policy: SendPolicy::Wait, ..entry.clone() };
        self.send_entry(&entry, channel)
    }
}
