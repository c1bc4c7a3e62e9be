//! Which channels have something to answer: reading positions, as everywhere; messages stay in the log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use super::work::work;
use super::{RespondOptions, Responder};
use crate::hooks::pattern_matches;
use crate::log::{Follower, Head, LogError, Record};
use crate::node::Node;
use crate::server::{Server, is_reserved};
use crate::speech::Name;

/// Keeps a responder attached.
#[derive(Debug)]
#[must_use = "the responder answers until this is dropped"]
pub struct RespondHandle {
    feed: Arc<Feed>,
}

impl Drop for RespondHandle {
    fn drop(&mut self) {
        self.feed.stopped.store(true, Ordering::SeqCst);
        self.feed.stop.notify_waiters();
    }
}

/// A responder that is attached.
pub(super) struct Feed {
    pub(super) options: RespondOptions,
    pub(super) responder: Arc<dyn Responder>,
    node: Weak<Node>,
    me: Weak<Self>,
    pub(super) turns: Semaphore,
    /// Channels that are worked at; a channel is one as long as it stands here.
    busy: Mutex<BTreeMap<Name, Busy>>,
    /// What came before it was attached has not been looked through yet.
    catching_up: AtomicBool,
    stopped: AtomicBool,
    stop: Notify,
    runtime: Handle,
}

/// A channel that is worked at.
#[derive(Debug)]
struct Busy {
    /// More came meanwhile.
    more: bool,
}

/// Attaches a responder.
pub(super) fn start(
    server: &Server,
    options: RespondOptions,
    responder: Arc<dyn Responder>,
) -> RespondHandle {
    let feed = Arc::new_cyclic(|me| Feed {
        me: Weak::clone(me),
        turns: Semaphore::new(options.concurrent_max),
        options,
        responder,
        node: Arc::downgrade(server.node()),
        busy: Mutex::default(),
        catching_up: AtomicBool::new(true),
        stopped: AtomicBool::new(false),
        stop: Notify::new(),
        runtime: Handle::current(),
    });
    let follower: Arc<dyn Follower> = Arc::clone(&feed) as Arc<dyn Follower>;
    server.log().follow(Arc::downgrade(&follower));
    let catching_up = Arc::clone(&feed);
    tokio::spawn(async move { catching_up.catch_up().await });
    RespondHandle { feed }
}

impl Feed {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Returns the server, as long as it is there and the responder attached.
    pub(super) fn server(&self) -> Option<Server> {
        if self.is_stopped() { None } else { self.server_left() }
    }

    /// Returns the server, as long as it is there.
    pub(super) fn server_left(&self) -> Option<Server> {
        self.node.upgrade().map(|node| Server::new(node, None))
    }

    /// Waits, or returns `false` when the responder is detached meanwhile.
    pub(super) async fn rest(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stop.notified() => false,
            () = tokio::time::sleep(time) => !self.is_stopped(),
        }
    }

    /// Waits until the responder is detached.
    pub(super) async fn stopped(&self) {
        let stop = self.stop.notified();
        if !self.is_stopped() {
            stop.await;
        }
    }

    /// Returns whether a channel is to be read on; if not, it is not worked at any more.
    pub(super) fn goes_on(&self, channel: &Name) -> bool {
        let mut busy = self.busy.lock();
        if busy.get_mut(channel).is_some_and(|busy| std::mem::take(&mut busy.more)) {
            return true;
        }
        busy.remove(channel);
        false
    }

    /// Begins to work at a channel, unless that is so already. Without a place it is looked up.
    fn begin(self: &Arc<Self>, channel: &Name, after: Option<u64>) {
        let mut busy = self.busy.lock();
        if let Some(busy) = busy.get_mut(channel) {
            busy.more = true;
            return;
        }
        busy.insert(Arc::clone(channel), Busy { more: false });
        drop(busy);
        let (feed, channel) = (Arc::clone(self), Arc::clone(channel));
        self.runtime.spawn(async move { work(feed, channel, after).await });
    }

    /// Looks through the channels for what came while nobody answered.
    async fn catch_up(self: Arc<Self>) {
        while let Err(error) = self.look_through().await {
            let responder = &self.options.name;
            tracing::warn!(%error, %responder, "what came before cannot be looked through");
            if matches!(error, LogError::Closed) || !self.rest(CATCH_UP_RETRY).await {
                return;
            }
        }
        self.catching_up.store(false, Ordering::SeqCst);
    }

    async fn look_through(self: &Arc<Self>) -> Result<(), LogError> {
        let pattern = &self.options.channels;
        if !pattern.contains('*') {
            self.begin(&Name::from(pattern.as_str()), None);
            return Ok(());
        }
        let mut after: Option<Name> = None;
        while let Some(server) = self.server() {
            let names = server.log().channels(after.as_deref(), CHANNELS_AT_ONCE).await?;
            let matches = |name: &&Name| pattern_matches(pattern, name) && !is_reserved(name);
            for name in names.iter().filter(matches) {
                while self.busy.lock().len() >= BUSY_MAX {
                    if !self.rest(BUSY_REST).await {
                        return Ok(());
                    }
                }
                self.begin(name, None);
            }
            after = names.last().cloned();
            if after.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Follower for Feed {
    fn stored(&self, channel: &Arc<str>, _head: Head, records: &[Arc<Record>]) {
        let Some(first) = records.first() else {
            return;
        };
        let matches = pattern_matches(&self.options.channels, channel) && !is_reserved(channel);
        if self.is_stopped() || !matches {
            return;
        }
        let after =
            (!self.catching_up.load(Ordering::SeqCst)).then(|| first.offset.saturating_sub(1));
        if let Some(feed) = self.me.upgrade() {
            feed.begin(channel, after);
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Channels that are listed at once.
const CHANNELS_AT_ONCE: usize = 256;

/// Channels that are looked through at once.
const BUSY_MAX: usize = 1024;

const BUSY_REST: Duration = Duration::from_millis(50);

const CATCH_UP_RETRY: Duration = Duration::from_secs(5);
