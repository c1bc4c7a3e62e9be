//! What a connection reads: the ends of channels from rooms, the rest from the log.

use std::sync::Arc;

use everlink_engine::server::{ReadOrder, Reply, SessionInput};
use everlink_wire::Message;

use super::news::bounds;
use super::{Connection, Stage};
use crate::log::{LogError, Page, PageLimit};
use crate::node::{Shared, TailLimits, TailRead, stored};
use crate::speech::Name;

impl Connection {
    /// Hands entries to the socket while it has room. Returns whether there were some.
    pub(super) fn read_rooms(&mut self) -> bool {
        let mut busy = false;
        while self.stage == Stage::Open
            && !self.jobs.is_replaying()
            && self.socket.waiting() < OUT_FULL
        {
            let Some(order) = self.session.next_read() else {
                break;
            };
            let read = self
                .attachments
                .find(&order.channel)
                .map(|attachment| attachment.room.read(order.epoch, order.after, TAIL_READ));
            match read {
                Some(TailRead::Entries(entries)) if !entries.is_empty() => {
                    self.send_entries(&order, &entries);
                }
                Some(_) | None => self.jobs.replay(&self.node, order),
            }
            self.carry_out();
            busy = true;
        }
        busy
    }

    fn send_entries(&mut self, order: &ReadOrder<Name>, entries: &[Arc<Shared>]) {
        for shared in entries {
            self.send(shared);
        }
        self.sent(order, entries.len());
    }

    /// A page of the log was read.
    pub(super) fn replayed(&mut self, order: &ReadOrder<Name>, page: Result<Page, LogError>) {
        if !self.session.is_current(order) {
            return;
        }
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, channel = %order.channel, "the log cannot be read");
                return self.input(SessionInput::Unavailable { retry: None });
            }
        };
        let follows = page.records.first().is_some_and(|first| first.offset == order.after + 1);
        if page.head.epoch != order.epoch || !follows {
            let (channel, bounds) = (Arc::clone(&order.channel), bounds(page.head));
            return self.input(SessionInput::Missing { channel, bounds });
        }
        for record in &page.records {
            self.say(&Reply::Message(stored(&order.channel, record)));
        }
        self.node.counters.replayed.add(page.records.len() as u64);
        self.sent(order, page.records.len());
    }

    fn sent(&mut self, order: &ReadOrder<Name>, count: usize) {
        self.node.counters.messages_out.add(count as u64);
        let (first, through) = (order.after + 1, order.after + count as u64);
        let channel = Arc::clone(&order.channel);
        self.input(SessionInput::Sent { channel, epoch: order.epoch, first, through });
    }

    /// Says a reply that concerns this connection alone.
    pub(super) fn say(&mut self, reply: &Reply<Name, Message>) {
        if self.stage == Stage::Open {
            let payload = self.speech.encode(reply);
            self.socket.say(&payload);
        }
    }

    /// Says a reply that others are told as well.
    pub(super) fn send(&mut self, shared: &Shared) {
        if self.socket.shares()
            && let Some(frame) = shared.frame(&mut *self.speech)
        {
            return self.socket.push(frame);
        }
        self.say(shared.reply());
    }
}

/// How much of a room is read at once.
const TAIL_READ: TailLimits = TailLimits { messages: 128, bytes: 64 * 1024 };

/// How much of the log is read at once.
pub(super) const LOG_READ: PageLimit = PageLimit { records: 128, bytes: 64 * 1024 };

/// Nothing more is read while so much waits to be written.
const OUT_FULL: usize = 64 * 1024;
