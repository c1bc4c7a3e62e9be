//! From a transport's bytes to the engine.

use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{News, PingLevel, Received, Timestamp};
use everlink_wire::ws::Item;
use everlink_wire::{Codec, Message};

use super::options::Options;
use super::shared::Shared;
use super::socketio;
use super::state::State;
use super::transport::{Ended, Transport};
use super::v1;

/// How much may be taken in before the application gets its turn: on a runtime of one thread it would
/// otherwise find a heap of messages that has long left the processor's cache.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    items: usize,
}

impl Budget {
    pub(super) const FULL: Self = Self { bytes: 64 * 1024, items: 512 };

    pub(super) fn is_spent(&self) -> bool {
        self.bytes == 0 || self.items == 0
    }
}

/// Reads what has come, as long as the application takes it.
///
/// Returns whether there may be more.
pub(super) fn read(
    transport: &mut Transport,
    shared: &Arc<Shared>,
    cx: &mut Context<'_>,
    budget: &mut Budget,
) -> Result<bool, Ended> {
    let (mut busy, mut fresh) = (false, false);
    for _ in 0..READS_MAX {
        let before = transport.paused;
        let Some(now) = decode(transport, shared, fresh, budget)? else {
            busy |= before != transport.paused;
            return match transport.paused.then(|| transport.take_broken()).flatten() {
                Some(ended) => Err(ended),
                None => Ok(busy || !transport.paused),
            };
        };
        if budget.is_spent() {
            break;
        }
        match transport.poll_read(cx)? {
            Poll::Ready(count) => {
                (busy, fresh) = (true, true);
                budget.bytes = budget.bytes.saturating_sub(count);
                transport.moved(now);
            }
            Poll::Pending => {
                transport.rest(now);
                return Ok(busy);
            }
        }
    }
    Ok(true)
}

/// Decodes what was read, some of it just now if `fresh`; returns the time if more may be read.
fn decode(
    transport: &mut Transport,
    shared: &Shared,
    fresh: bool,
    budget: &mut Budget,
) -> Result<Option<Timestamp>, Ended> {
    let state = &mut *shared.lock();
    let room = room(transport, state).min(budget.items);
    let now = state.clock.now();
    for _ in 0..room {
        let Some(item) = transport.next_item()? else {
            if fresh && transport.is_in_message() {
                state.report_at(now, transport.id, News::Heard { data: true });
            }
            return Ok(Some(now));
        };
        budget.items -= 1;
        take(transport, state, now, (item, &shared.options))?;
    }
    Ok(None)
}

/// Pauses and resumes reading, as the application takes its messages or does not. A transport that
/// closes is read on: the engine drops what comes, and the peer's close frame is awaited.
fn room(transport: &mut Transport, state: &mut State) -> usize {
    let inbox = state.outlets.inbox.as_ref().filter(|_| !transport.is_closing());
    let room = inbox.map_or(usize::MAX, |inbox| inbox.room());
    match (transport.paused, room > 0) {
        (false, false) => {
            transport.paused = true;
            state.paused(transport.id, true);
        }
        (true, true) => {
            transport.paused = false;
            state.paused(transport.id, false);
        }
        (false, true) | (true, false) => {}
    }
    room
}

fn take(
    transport: &mut Transport,
    state: &mut State,
    now: Timestamp,
    (item, options): (Item, &Options),
) -> Result<(), Ended> {
    let news = match item {
        Item::Text(text) => message(transport, state, Message::Text(text), options)?,
        Item::Binary(bytes) => message(transport, state, Message::Binary(bytes), options)?,
        Item::Ping(payload) => {
            transport.pong(&payload);
            News::Heard { data: false }
        }
        Item::Pong(payload) => match Codec::pong(&payload) {
            Some(number) => {
                let (level, nonce) = (PingLevel::Protocol, Some(number));
                News::Frame(Received::Pong { level, nonce, window: None })
            }
            None => News::Heard { data: false },
        },
        Item::Close(_) => return Ok(()),
    };
    state.report_at(now, transport.id, news);
    v1::told(state);
    socketio::told(state);
    Ok(())
}

fn message(
    transport: &mut Transport,
    state: &mut State,
    message: Message,
    options: &Options,
) -> Result<News<Message>, Ended> {
    if state.v1.is_some() {
        return v1::hear(transport, state, &message, options);
    }
    if state.socketio.is_some() {
        return socketio::hear(transport, state, &message, options);
    }
    let overlaps = state.engine.is_overlapping();
    Ok(match transport.codec.decode(message, &state.channels, overlaps) {
        Ok(frame) => News::Frame(frame),
        Err(error) => {
            state.bad_message(&error);
            News::Heard { data: true }
        }
    })
}

/// Reads in a row before other transports get their turn.
const READS_MAX: usize = 8;
