//! What a connection reads: the ends of channels from rooms, the rest from the log.

use std::sync::Arc;

use everlink_engine::server::{ReadOrder, Reply, SessionInput};
use everlink_wire::Message;

use super::news::bounds;
use super::{Connection, Stage};
use crate::log::{LogError, Page, PageLimit};
use crate::node::{Run, Shared, TailLimits, TailRead, stored};
use crate::speech::Name;

impl Connection {
    /// Hands entries to the socket while it has room.
    pub(super) fn read_rooms(&mut self) {
        while self.may_read()
            && let Some(order) = self.session.next_read()
        {
            match self.read_room(&order) {
                Some(count) => self.sent(&order, count),
                None => self.jobs.replay(&self.node, order),
            }
            self.carry_out();
        }
    }

    /// Returns whether there is something to read, and room for it.
    pub(super) fn may_read_rooms(&self) -> bool {
        self.may_read() && self.session.next_read().is_some()
    }

    fn may_read(&self) -> bool {
        let has_room = self.socket.waiting() < OUT_FULL;
        self.stage == Stage::Open && has_room && !self.jobs.is_replaying()
    }

    /// Hands entries of a room's tail to the socket. Returns how many; `None` where the log has to be read.
    fn read_room(&mut self, order: &ReadOrder<Name>) -> Option<usize> {
        let room = &self.attachments.find(&order.channel)?.room;
        if let Some(format) = self.speech.format().filter(|_| self.socket.shares()) {
            let Run { frames, entries } =
                room.read_run(order, TAIL_READ, format, &mut *self.speech)?;
            self.socket.push_run(frames);
            return Some(entries);
        }
        match room.read(order, TAIL_READ) {
            TailRead::Entries(entries) if !entries.is_empty() => {
                entries.iter().for_each(|entry| self.say_shared(entry));
                Some(entries.len())
            }
            TailRead::Entries(_) | TailRead::CaughtUp | TailRead::Behind => None,
        }
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
        self.say_shared(shared);
    }

    fn say_shared(&mut self, shared: &Shared) {
        if self.stage == Stage::Open {
            let payload = shared.say(&mut *self.speech);
            self.socket.say(&payload);
        }
    }
}

/// How much of a room is read at once.
const TAIL_READ: TailLimits = TailLimits { messages: 128, bytes: 64 * 1024 };

/// How much of the log is read at once.
pub(super) const LOG_READ: PageLimit = PageLimit { records: 128, bytes: 64 * 1024 };

/// Nothing more is read while so much waits to be written.
pub(super) const OUT_FULL: usize = 64 * 1024;
