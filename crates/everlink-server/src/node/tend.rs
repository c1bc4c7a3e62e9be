//! Housekeeping: what a node does without being asked.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::{Node, Room};
use crate::log::Head;

/// Starts the tasks of a node. They end with it.
pub(super) fn start(runtime: &Handle, node: &Arc<Node>, woken: mpsc::UnboundedReceiver<Arc<Room>>) {
    runtime.spawn(wake(woken));
    runtime.spawn(each_second(Arc::downgrade(node)));
    runtime.spawn(sweep(Arc::downgrade(node)));
    runtime.spawn(compare(Arc::downgrade(node), node.settings.feed_check));
}

/// Wakes the readers of large rooms, some of each in turn. Between two turns those that were woken run.
async fn wake(mut woken: mpsc::UnboundedReceiver<Arc<Room>>) {
    let mut rooms = VecDeque::new();
    while let Some(room) = woken.recv().await {
        rooms.push_back(room);
        while let Some(room) = rooms.pop_front() {
            if room.wake_some() {
                rooms.push_back(room);
            }
            tokio::task::yield_now().await;
            while let Ok(room) = woken.try_recv() {
                rooms.push_back(room);
            }
        }
    }
}

/// Tells presence, at most once a second for each room, and works rates out.
async fn each_second(node: Weak<Node>) {
    let mut ticks = ticks(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else {
            return;
        };
        node.tell_presence();
        node.counters.second();
        node.refresh_return_window();
        node.counters.meters.gauges(&node);
    }
}

/// Lets go of rooms and accounts that nobody uses.
async fn sweep(node: Weak<Node>) {
    let mut ticks = ticks(SWEEP);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else {
            return;
        };
        node.sweep_rooms();
        node.accounts.sweep();
        node.counters.meters.tidy();
    }
}

/// Compares what rooms were fed with the log: a feed that stalls is noticed by nobody else, as
/// heartbeats go on.
async fn compare(node: Weak<Node>, every: Duration) {
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else {
            return;
        };
        let rooms: Vec<_> = node.rooms.iter().map(|room| Arc::clone(room.value())).collect();
        let mut behind = Vec::new();
        for room in rooms.into_iter().filter(|room| room.readers() > 0) {
            if let Some(head) = node.ahead_of(&room).await {
                behind.push((room, head));
            }
        }
        if behind.is_empty() {
            continue;
        }
        // What was stored just now may be on its way.
        tokio::time::sleep(FEED_GRACE).await;
        for (room, head) in behind {
            node.fill_hole(&room, head);
        }
    }
}

impl Node {
    pub(super) fn tell_presence(&self) {
        let changed = std::mem::take(&mut *self.presence_changed.lock());
        let now = self.both_clocks();
        for room in changed.into_iter().filter(|_| self.settings.presence) {
            room.tell_presence(now);
        }
    }

    pub(super) fn sweep_rooms(&self) {
        let now = self.clock_ms();
        let ttl = u64::try_from(self.settings.retained_ttl.as_millis()).unwrap_or(u64::MAX);
        // While the map's lock is held nobody can take another handle of the room.
        self.rooms.retain(|_, room| Arc::strong_count(room) > 1 || !room.is_idle(now, ttl));
    }

    /// Returns the log's bounds if they are ahead of what a room was fed.
    async fn ahead_of(&self, room: &Room) -> Option<Head> {
        let head = match self.log.head(room.channel()).await {
            Ok(head) => head,
            Err(error) => {
                tracing::warn!(%error, channel = %room.channel(), "the log's head cannot be read");
                return None;
            }
        };
        let known = room.head()?;
        (known.epoch != head.epoch || known.head < head.head).then_some(head)
    }

    fn fill_hole(&self, room: &Arc<Room>, head: Head) {
        if room.advance(head) {
            tracing::warn!(channel = %room.channel(), head = head.head, "a hole in the feed");
            self.counters.feed_holes.add(1);
            self.wake(room);
        }
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// How long what is stored may take to be told.
const FEED_GRACE: Duration = Duration::from_millis(500);

const SWEEP: Duration = Duration::from_secs(10);
