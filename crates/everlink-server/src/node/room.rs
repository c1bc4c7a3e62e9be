//! One channel in use on this node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use everlink_engine::server::{ReadOrder, Reply};
use everlink_wire::Message;
use parking_lot::{Mutex, RwLock};
use slab::Slab;

use super::mailbox::{Mail, Mailbox, Reader};
use super::presence::{Members, PRESENCE_KEY, Presence};
use super::retained::RetainedValues;
use super::run::{Run, Runs};
use super::shared::Shared;
use super::tail::{Tail, TailLimits, TailRead};
use super::walk::Walk;
use crate::log::{Head, Record};
use crate::speech::{Format, Name, Speech};

/// A channel in use: its tail, who reads it, its retained values and who is in it.
///
/// Locks are held for moments; while one is held, only a mailbox's is taken.
#[derive(Debug)]
pub(crate) struct Room {
    channel: Name,
    tail: RwLock<Tail>,
    runs: Runs,
    readers: RwLock<Slab<Arc<Reader>>>,
    retained: Mutex<RetainedValues>,
    members: Mutex<Members>,
    /// How far its readers have been woken.
    walk: Mutex<Walk>,
    /// When something last happened, in milliseconds of the node's clock.
    used_ms: AtomicU64,
}

impl Room {
    pub(crate) fn new(channel: Name, now_ms: u64) -> Self {
        Self {
            channel,
            tail: RwLock::new(Tail::new()),
            runs: Runs::default(),
            readers: RwLock::new(Slab::new()),
            retained: Mutex::default(),
            members: Mutex::default(),
            walk: Mutex::default(),
            used_ms: AtomicU64::new(now_ms),
        }
    }

    pub(crate) const fn channel(&self) -> &Name {
        &self.channel
    }

    /// Takes in what was stored. Returns whether readers should be told.
    pub(crate) fn feed(&self, head: Head, records: &[Arc<Record>], limits: TailLimits) -> bool {
        let read = !self.readers.read().is_empty();
        let moved = self.tail.write().feed(&self.channel, head, records, read.then_some(limits));
        moved && read
    }

    /// Learns the bounds from the log. Returns whether they show a hole in what it was fed.
    pub(crate) fn advance(&self, head: Head) -> bool {
        self.tail.write().advance(head)
    }

    pub(crate) fn head(&self) -> Option<Head> {
        self.tail.read().head()
    }

    pub(crate) fn read(&self, order: &ReadOrder<Name>, limits: TailLimits) -> TailRead {
        self.tail.read().read(order.epoch, order.after, limits)
    }

    /// Reads entries as the frames of a format, which is that of `speech`. `None` where the log has to be read.
    pub(crate) fn read_run(
        &self,
        order: &ReadOrder<Name>,
        limits: TailLimits,
        format: Format,
        speech: &mut dyn Speech,
    ) -> Option<Run> {
        if let Some(run) = self.runs.find(format, order) {
            return Some(run);
        }
        match self.read(order, limits) {
            TailRead::Entries(entries) => self.runs.join(format, order, &entries, speech),
            TailRead::CaughtUp | TailRead::Behind => None,
        }
    }

    /// Adds a reader; the number removes it again.
    pub(crate) fn join(&self, reader: Arc<Reader>) -> usize {
        self.readers.write().insert(reader)
    }

    pub(crate) fn leave(&self, number: usize, now_ms: u64) {
        self.used_ms.store(now_ms, Ordering::Relaxed);
        let mut readers = self.readers.write();
        readers.try_remove(number);
        if readers.is_empty() {
            readers.shrink_to_fit();
            drop(readers);
            self.tail.write().clear();
            self.runs.clear();
        }
    }

    /// Gives back what a single reader has read already; more readers may stand at different places.
    pub(crate) fn rest(&self) {
        let readers = self.readers.read();
        if readers.len() <= 1 {
            self.tail.write().clear();
            self.runs.clear();
        }
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers.read().len()
    }

    /// Notes that all readers are to be told; returns whether [`wake_some`](Self::wake_some) has to be begun
    /// for that, as it is not under way.
    pub(crate) fn begin_waking(&self) -> bool {
        let places = self.readers.read().capacity();
        self.walk.lock().begin(places)
    }

    /// Tells some of the readers that there is more; returns whether others wait to be told. Who is told
    /// late reads what has come until then in one go, so that a busy room costs fewer wake-ups.
    pub(crate) fn wake_some(&self) -> bool {
        let places = self.readers.read().capacity();
        let (places, goes_on) = self.walk.lock().step(places);
        let readers = self.readers.read();
        for reader in places.filter_map(|place| readers.get(place)) {
            reader.tell_advanced();
        }
        goes_on
    }

    /// Tells all readers that there is more.
    pub(crate) fn wake_readers(&self) {
        for (_, reader) in self.readers.read().iter() {
            reader.tell_advanced();
        }
    }

    /// Hands a value that is not kept to everyone here but its sender.
    pub(crate) fn volatile(
        &self,
        key: Name,
        user: Option<Name>,
        payload: Message,
        sender: Option<&Arc<Mailbox>>,
    ) {
        let channel = Arc::clone(&self.channel);
        let shared = Arc::new(Shared::new(Reply::Volatile { channel, key, user, payload }));
        for (_, reader) in self.readers.read().iter() {
            if sender.is_none_or(|sender| !Arc::ptr_eq(sender, &reader.mailbox)) {
                reader.mailbox.push(Mail::Volatile(Arc::clone(&shared)));
            }
        }
    }

    /// Sets a retained value and tells all readers. Returns whether there was room for it.
    pub(crate) fn retain(&self, key: Name, payload: Message, now: Now) -> bool {
        self.used_ms.store(now.clock_ms, Ordering::Relaxed);
        if !self.retained.lock().set(&self.channel, key, payload, now.wall_ms) {
            return false;
        }
        for (_, reader) in self.readers.read().iter() {
            reader.tell_retained();
        }
        true
    }

    /// Returns the retained values after a version, and the version that this reaches.
    pub(crate) fn retained_after(&self, version: u64) -> (Vec<Arc<Shared>>, u64) {
        self.retained.lock().after(version)
    }

    /// Returns the retained value of a kind.
    pub(crate) fn retained_value(&self, key: &str) -> Option<Message> {
        self.retained.lock().get(key)
    }

    /// Someone is here now. Returns whether the change is to be queued for being told.
    pub(crate) fn enter(&self, user: Option<&Name>) -> bool {
        self.change_members(|members| members.enter(user))
    }

    /// Someone is gone.
    pub(crate) fn exit(&self, user: Option<&Name>) -> bool {
        self.change_members(|members| members.leave(user))
    }

    fn change_members(&self, change: impl FnOnce(&mut Members)) -> bool {
        let mut members = self.members.lock();
        change(&mut members);
        members.changed && !std::mem::replace(&mut members.queued, true)
    }

    /// Retains who is here, if that has changed since it was last told.
    pub(crate) fn tell_presence(&self, now: Now) {
        let presence = {
            let mut members = self.members.lock();
            members.queued = false;
            if !std::mem::take(&mut members.changed) {
                return;
            }
            members.presence()
        };
        match serde_json::to_string(&presence) {
            Ok(json) => {
                self.retain(PRESENCE_KEY.into(), json.into(), now);
            }
            Err(error) => tracing::error!(%error, channel = %self.channel, "presence not told"),
        }
    }

    pub(crate) fn presence(&self) -> Presence {
        self.members.lock().presence()
    }

    /// Returns whether nothing would be missed if it went away: nobody reads it, and what it retains
    /// is older than `retained_ttl`.
    pub(crate) fn is_idle(&self, now_ms: u64, retained_ttl_ms: u64) -> bool {
        if self.readers() > 0 || self.members.lock().presence().count > 0 {
            return false;
        }
        let idle_ms = now_ms.saturating_sub(self.used_ms.load(Ordering::Relaxed));
        let keeps = self.retained.lock().has_beside(PRESENCE_KEY);
        idle_ms > if keeps { retained_ttl_ms } else { ROOM_IDLE_MS }
    }
}

/// The time, by two clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Milliseconds of the node's own clock, which never jumps.
    pub(crate) clock_ms: u64,
    /// Milliseconds since 1970.
    pub(crate) wall_ms: u64,
}

/// A room that nobody uses goes away after this.
const ROOM_IDLE_MS: u64 = 30_000;
