//! From a transport's bytes to the engine.

use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_engine::{News, PingLevel, Received};
use everlink_wire::ws::Item;
use everlink_wire::{Codec, Message};

use super::shared::Shared;
use super::state::State;
use super::transport::{Ended, Transport};

/// Reads what has come, as long as the application takes it.
///
/// Returns whether there may be more.
pub(super) fn read(
    transport: &mut Transport,
    shared: &Arc<Shared>,
    cx: &mut Context<'_>,
) -> Result<bool, Ended> {
    let (mut busy, mut fresh) = (false, false);
    for _ in 0..READS_MAX {
        let before = transport.paused;
        if !decode(transport, shared, fresh)? {
            busy |= before != transport.paused;
            return match transport.paused.then(|| transport.take_broken()).flatten() {
                Some(ended) => Err(ended),
                None => Ok(busy || !transport.paused),
            };
        }
        match transport.poll_read(cx)? {
            Poll::Ready(_) => (busy, fresh) = (true, true),
            Poll::Pending => return Ok(busy),
        }
    }
    Ok(true)
}

/// Decodes what was read, some of it just now if `fresh`; returns whether more may be read.
fn decode(transport: &mut Transport, shared: &Shared, fresh: bool) -> Result<bool, Ended> {
    let state = &mut *shared.lock();
    for _ in 0..DECODED_MAX {
        if !may_take(transport, state) {
            return Ok(false);
        }
        let Some(item) = transport.next_item()? else {
            if fresh && transport.is_in_message() {
                state.report(transport.id, News::Heard { data: true });
            }
            return Ok(true);
        };
        take(transport, state, item);
    }
    Ok(false)
}

/// Pauses and resumes reading, as the application takes its messages or does not. A transport that
/// closes is read on: the engine drops what comes, and the peer's close frame is awaited.
fn may_take(transport: &mut Transport, state: &mut State) -> bool {
    let room =
        transport.is_closing() || state.outlets.inbox.as_ref().is_none_or(|inbox| inbox.has_room());
    match (transport.paused, room) {
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

fn take(transport: &mut Transport, state: &mut State, item: Item) {
    let news = match item {
        Item::Text(text) => message(transport, state, Message::Text(text)),
        Item::Binary(bytes) => message(transport, state, Message::Binary(bytes)),
        Item::Ping(payload) => {
            transport.pong(&payload);
            News::Heard { data: false }
        }
        Item::Pong(payload) => match Codec::pong(&payload) {
            Some(number) => {
                let (level, nonce) = (PingLevel::Protocol, Some(number));
                News::Frame(Received::Pong { level, nonce })
            }
            None => News::Heard { data: false },
        },
        Item::Close(_) => return,
    };
    state.report(transport.id, news);
}

fn message(transport: &Transport, state: &mut State, message: Message) -> News<Message> {
    let overlaps = state.engine.is_overlapping();
    match transport.codec.decode(message, &state.channels, overlaps) {
        Ok(frame) => News::Frame(frame),
        Err(error) => {
            state.bad_message(&error);
            News::Heard { data: true }
        }
    }
}

/// Reads in a row before other transports get their turn.
const READS_MAX: usize = 8;

/// Messages decoded under one lock.
const DECODED_MAX: usize = 512;
