//! Going without losing anyone: every client is asked to leave in a slot of its own.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::server::{Code, DrainPlan};
use everlink_engine::{AwayReason, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use crate::node::{Mail, Node};
use crate::speech::Name;

/// Whether a node drains, and who waits for its connections to end.
#[derive(Debug)]
pub(crate) struct Drain {
    ends: Mutex<Option<Timestamp>>,
    /// A connection has ended.
    pub(crate) gone: Notify,
}

impl Drain {
    pub(crate) fn new() -> Self {
        Self { ends: Mutex::new(None), gone: Notify::new() }
    }

    /// Begins, unless it has begun. Returns when the last slot is.
    fn begin(&self, now: Timestamp, window: Duration) -> (Timestamp, bool) {
        let mut ends = self.ends.lock();
        let began = ends.is_none();
        (*ends.get_or_insert(now.after(window)), began)
    }

    /// Returns how long it is until the last slot, if the node drains.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.ends.lock().map(|ends| ends.since(now))
    }
}

/// What became of a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Connections that were there when it began.
    pub connections: usize,
    /// Those that had to be cut, since they had not ended some seconds after their slot.
    pub cut: usize,
}

pub(crate) async fn drain(node: &Arc<Node>, window: Duration, url: Option<Name>) -> Drained {
    let now = node.now();
    let window = window.min(everlink_engine::limits::HINT_MAX);
    let (ends, began) = node.drain.begin(now, window);
    let all = node.clients.all();
    let connections = all.len();
    if began {
        tracing::info!(connections, ?window, "draining");
        let seed = node.number() as u32;
        let plan = DrainPlan::new(u32::try_from(connections).unwrap_or(u32::MAX), window, seed);
        for (mailbox, slot) in all.into_iter().zip(plan) {
            let url = url.clone();
            mailbox.push(Mail::Away { reason: AwayReason::Drain, slot, url });
        }
    }
    let grace = node.session_config.away_grace + CLOSE_GRACE;
    let until = node.instant(ends) + grace;
    if all_gone(node, until).await {
        return Drained { connections, cut: 0 };
    }
    let cut = node.clients.all();
    let count = cut.len();
    for mailbox in cut {
        mailbox.push(Mail::Cut { code: Code::Restart });
    }
    all_gone(node, Instant::now() + CLOSE_GRACE).await;
    Drained { connections, cut: count }
}

/// Waits until no connection is left. Returns whether it came to that.
async fn all_gone(node: &Node, until: Instant) -> bool {
    loop {
        let gone = node.drain.gone.notified();
        if node.clients.len() == 0 {
            return true;
        }
        if timeout_at(until, gone).await.is_err() {
            return node.clients.len() == 0;
        }
        // Many go at once; one look is enough for all of them.
        sleep(LOOK).await;
    }
}

/// How long a closing hand-shake may take beyond its deadline.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

const LOOK: Duration = Duration::from_millis(5);
