//! What all connections of a node share.

mod clients;
mod counters;
mod mailbox;
mod presence;
mod producer;
mod retained;
mod room;
mod run;
mod shared;
mod tail;
mod tend;
mod walk;
mod watch;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dashmap::DashMap;
use everlink_engine::Timestamp;
use everlink_engine::server::{ReturnWindow, SessionConfig};
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) use clients::{ClientKey, Clients, Registered};
pub(crate) use counters::{Counters, SocketIoCounts};
pub(crate) use mailbox::{AppendTicket, Mail, Mailbox, Reader, take_volatile};
pub use presence::{PRESENCE_KEY, PRESENCE_MEMBERS_MAX, Presence};
pub(crate) use producer::ServerProducer;
pub(crate) use retained::RETAINED_MAX;
pub(crate) use room::{Now, Room};
pub(crate) use run::Run;
pub(crate) use shared::{Shared, stored};
pub(crate) use tail::{TailLimits, TailRead};
pub(crate) use watch::Watch;

use crate::drain::Drain;
use crate::hooks::Hooks;
use crate::limits::Accounts;
use crate::log::{Follower, Head, Log, LogError, Record};
use crate::server::{Settings, is_reserved};
use crate::speech::Name;

/// The state of a node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) settings: Settings,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) session_config: Arc<SessionConfig<Name>>,
    pub(crate) accounts: Accounts,
    pub(crate) clients: Clients,
    pub(crate) counters: Counters,
    pub(crate) drain: Drain,
    pub(crate) producer: ServerProducer,
    /// Values that follow from the one before are set one after the other.
    pub(crate) status_order: Mutex<()>,
    /// Over which time clients should return after a loss.
    pub(crate) returns: Mutex<ReturnWindow>,
    rooms: DashMap<Name, Arc<Room>>,
    /// Rooms whose presence has changed.
    presence_changed: Mutex<Vec<Arc<Room>>>,
    watches: RwLock<Vec<Weak<Watch>>>,
    /// Large rooms whose readers are to be woken, away from the log's thread.
    wakes: mpsc::UnboundedSender<Arc<Room>>,
    started: Instant,
    return_window_ms: AtomicU64,
    numbers: AtomicU64,
}

impl Node {
    /// Starts a node with its housekeeping, which ends with the last handle.
    pub(crate) fn start(
        runtime: &Handle,
        settings: Settings,
        log: Arc<dyn Log>,
        hooks: Arc<dyn Hooks>,
    ) -> Arc<Self> {
        let (wakes, woken) = mpsc::unbounded_channel();
        let returns = ReturnWindow::new(settings.accept_rate.get());
        let node = Arc::new(Self {
            session_config: Arc::new(session_config(&settings, &*log)),
            accounts: Accounts::new(settings.limits, settings.frame_max),
            clients: Clients::new(),
            counters: Counters::new(),
            drain: Drain::new(),
            producer: ServerProducer::new(&settings.node),
            status_order: Mutex::default(),
            return_window_ms: AtomicU64::new(millis(returns.window(0))),
            returns: Mutex::new(returns),
            rooms: DashMap::new(),
            presence_changed: Mutex::default(),
            watches: RwLock::default(),
            wakes,
            started: Instant::now(),
            numbers: AtomicU64::new(1),
            settings,
            log,
            hooks,
        });
        let follower: Arc<dyn Follower> = Arc::clone(&node) as Arc<dyn Follower>;
        node.log.follow(Arc::downgrade(&follower));
        tend::start(runtime, &node, woken);
        node
    }

    /// Returns the room of a channel, which begins with this call if it is new.
    pub(crate) fn room(&self, channel: &Name) -> Arc<Room> {
        if let Some(room) = self.find_room(channel) {
            return room;
        }
        let make = || Arc::new(Room::new(Arc::clone(channel), self.clock_ms()));
        Arc::clone(&self.rooms.entry(Arc::clone(channel)).or_insert_with(make))
    }

    pub(crate) fn find_room(&self, channel: &str) -> Option<Arc<Room>> {
        self.rooms.get(channel).map(|room| Arc::clone(&room))
    }

    pub(crate) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Asks the log for a channel's bounds, for one more reader. A room that knows its log is left as it
    /// is: what it has not been fed yet is on its way.
    pub(crate) async fn bounds(&self, room: &Room) -> Result<Head, LogError> {
        let head = self.log.head(room.channel()).await?;
        if room.head().is_none_or(|known| known.epoch != head.epoch) {
            room.advance(head);
        }
        Ok(head)
    }

    /// Tells the readers of a room that there is more: here if they are few, else by and by in a task.
    pub(crate) fn wake(&self, room: &Arc<Room>) {
        let here = room.readers() <= READERS_WOKEN_AT_ONCE;
        if here || (room.begin_waking() && self.wakes.send(Arc::clone(room)).is_err()) {
            room.wake_readers();
        }
    }

    /// Tells code that follows channels of what was stored in one.
    fn tell_watches(&self, channel: &Name, head: Head, records: &[Arc<Record>]) {
        if is_reserved(channel) {
            return;
        }
        for watch in self.watches.read().iter().filter_map(Weak::upgrade) {
            watch.stored(channel, head.epoch, records);
        }
    }

    /// Adds code that follows channels.
    pub(crate) fn watch(&self, watch: &Arc<Watch>) {
        let mut watches = self.watches.write();
        watches.retain(|watch| watch.strong_count() > 0);
        watches.push(Arc::downgrade(watch));
    }

    /// Someone is in a room from now on.
    pub(crate) fn enter(&self, room: &Arc<Room>, user: Option<&Name>) {
        if room.enter(user) {
            self.presence_changed.lock().push(Arc::clone(room));
        }
    }

    /// Someone is in a room no more.
    pub(crate) fn exit(&self, room: &Arc<Room>, user: Option<&Name>) {
        if room.exit(user) {
            self.presence_changed.lock().push(Arc::clone(room));
        }
    }

    /// Returns the time on the node's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    pub(crate) fn at(&self, instant: Instant) -> Timestamp {
        Timestamp::ZERO.after(instant.saturating_duration_since(self.started))
    }

    /// Returns when a time of the node's clock is.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let since = at.since(Timestamp::ZERO);
        self.started.checked_add(since).unwrap_or(self.started + FAR)
    }

    pub(crate) fn clock_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn both_clocks(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        Now { clock_ms: self.clock_ms(), wall_ms }
    }

    /// Returns over which time clients should return after a loss.
    pub(crate) fn return_window(&self) -> Duration {
        Duration::from_millis(self.return_window_ms.load(Ordering::Relaxed))
    }

    /// Works the return window out anew, and tells another one only where it makes a difference.
    pub(crate) fn refresh_return_window(&self) {
        let connections = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
        let window = millis(self.returns.lock().window(connections));
        let told = self.return_window_ms.load(Ordering::Relaxed);
        if window.abs_diff(told) > told / 10 {
            self.return_window_ms.store(window, Ordering::Relaxed);
        }
    }

    /// Returns a number that is not given twice.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for watch in self.watches.get_mut().iter().filter_map(Weak::upgrade) {
            watch.close();
        }
    }
}

impl Follower for Node {
    fn stored(&self, channel: &Arc<str>, head: Head, records: &[Arc<Record>]) {
        if let Some(room) = self.find_room(channel)
            && room.feed(head, records, self.settings.tail)
        {
            self.wake(&room);
        }
        self.tell_watches(channel, head, records);
    }
}

fn session_config(settings: &Settings, log: &dyn Log) -> SessionConfig<Name> {
    let mut config = SessionConfig::new(Name::from(settings.node.as_str()));
    config.heartbeat_interval = settings.heartbeat_interval;
    config.heartbeat_timeout = settings.heartbeat_timeout;
    config.write_timeout = settings.write_timeout;
    config.origin_ttl = log.origin_ttl();
    config.kept = log.kept();
    config.frame_max = u32::try_from(settings.frame_max).unwrap_or(u32::MAX);
    config.lag_max = settings.lag_max;
    config.page_messages_max = PAGE_MESSAGES_MAX;
    config.channels_max = u32::try_from(settings.channels_max).unwrap_or(u32::MAX);
    config
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Makes a name that no other node and no other start has.
pub(crate) fn random_name(prefix: &str) -> String {
    // The keys of the standard library's hasher come from the system's random source.
    format!("{prefix}{:016x}", RandomState::new().hash_one(prefix))
}

/// Makes a name that nobody can guess.
pub(crate) fn random_token(prefix: &str) -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{prefix}{:032x}", u128::from_ne_bytes(bytes)),
        Err(_) => random_name(&random_name(prefix)),
    }
}

/// Messages in a page that a client asks for: what one frame may hold.
const PAGE_MESSAGES_MAX: u32 = everlink_wire::v1::BATCH_MAX as u32;

/// Readers that are woken on the thread that tells; more would hold the log up.
const READERS_WOKEN_AT_ONCE: usize = 64;

const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
