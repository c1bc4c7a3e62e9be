//! Commits, and how the nodes hear of them.

use std::collections::VecDeque;

use everlink_engine::Epoch;
use everlink_engine::server::{Bounds, SessionInput};

use super::broken::Broken;
use super::log::{Entry, Log};
use super::name::Name;
use super::wire::WireId;
use super::{Cluster, Due, MILLI, Pending, Trap};

/// A node: whether it runs, and what it is about to hear of the log.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) up: bool,
    pub(super) draining: bool,
    /// How many lives it has had, so that news for an earlier one is known.
    pub(super) life: u32,
    /// How long it takes to hear of a commit, at most.
    pub(super) delay: u64,
    /// Its feed stands still until then.
    pub(super) stalled_until: u64,
    /// What it is about to hear, in order.
    feed: VecDeque<(u64, u32, Bounds)>,
}

impl Node {
    pub(super) fn new(delay: u64) -> Self {
        let feed = VecDeque::new();
        Self { up: true, draining: false, life: 0, delay, stalled_until: 0, feed }
    }

    pub(super) fn dies(&mut self) {
        (self.up, self.draining) = (false, false);
        self.life += 1;
        self.feed.clear();
    }
}

impl Cluster {
    /// What readers may see of a log.
    pub(super) fn visible(&self, channel: u32) -> Bounds {
        match self.logs.get(channel as usize) {
            Some(log) if self.broken == Some(Broken::DeliveryAfterCommit) => log.bounds_of_all(),
            Some(log) => log.bounds(),
            None => Bounds { epoch: Epoch(0), first: 1, head: 0 },
        }
    }

    pub(super) fn commit_soon(&mut self) {
        if !std::mem::replace(&mut self.commit_due, true) {
            let delay = self.dice.between(2 * MILLI, 30 * MILLI);
            self.later(delay, Due::Commit);
        }
    }

    /// A crash that waited for an append comes a moment after it: mostly before its commit.
    pub(super) fn springs_trap(&mut self, id: WireId) {
        let node = self.wires.get(&id).map(|wire| wire.node);
        let node = match self.trap.take() {
            None => return,
            Some(Trap::Store) => None,
            Some(Trap::Node) => node,
        };
        let delay = self.dice.below(8 * MILLI);
        self.later(delay, Due::Trap(node));
    }

    pub(super) fn trap_closes(&mut self, node: Option<usize>) {
        match node {
            Some(at) => self.node_crashes(at),
            None => self.store_crashes(true),
        }
    }

    /// What was appended is safe now: it is acknowledged, and the nodes will hear of it.
    pub(super) fn commit(&mut self) {
        self.commit_due = false;
        for channel in 0..self.logs.len() {
            if !self.logs[channel].is_dirty() {
                continue;
            }
            let mut entries: Vec<(u64, Entry)> = Vec::new();
            let log = &mut self.logs[channel];
            log.commit(|offset, entry| entries.push((offset, entry)));
            log.trim(self.shape.history_max);
            let epoch = log.bounds().epoch;
            for (offset, entry) in entries {
                let check = self.judge.committed(channel as u32, epoch, offset, entry);
                self.note(check);
            }
            self.tell_nodes(channel as u32);
        }
        let mut touched: Vec<WireId> = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            if touched.last() != Some(&pending.wire) {
                touched.push(pending.wire);
            }
            self.answer(pending);
        }
        touched.iter().for_each(|wire| self.settle_session(*wire));
    }

    /// Every node will hear how a log is now.
    pub(super) fn tell_nodes(&mut self, channel: u32) {
        let bounds = self.visible(channel);
        for at in 0..self.nodes.len() {
            let delay = self.dice.below(self.nodes[at].delay + 1);
            let node = &mut self.nodes[at];
            let last = node.feed.back().map_or(0, |(at, ..)| *at);
            let due = (self.now + delay).max(node.stalled_until).max(last);
            node.feed.push_back((due, channel, bounds));
            let life = node.life;
            self.agenda.enter(due, Due::Feed(at, life));
        }
    }

    /// A node hears of the log: its sessions read.
    pub(super) fn hears(&mut self, at: usize, life: u32) {
        let node = &mut self.nodes[at];
        if node.life != life {
            return;
        }
        let Some((_, channel, bounds)) = node.feed.pop_front().filter(|_| node.up) else {
            return;
        };
        let channel = Name::Number(channel);
        let on_node = self.wires.iter().filter(|(_, wire)| wire.node == at);
        let sessions: Vec<WireId> = on_node
            .filter(|(_, wire)| {
                wire.server.as_ref().is_some_and(|server| server.channels.contains(&channel))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in sessions {
            if self.broken == Some(Broken::ReplayBeforeLive) {
                self.hands_over_at_once(id, channel, bounds);
            }
            self.serve(id, SessionInput::Advanced { channel, bounds });
        }
    }

    /// Without the rule: what is new goes to a reader that has not finished its replay.
    fn hands_over_at_once(&mut self, id: WireId, channel: Name, bounds: Bounds) {
        let server = self.wires.get_mut(&id).and_then(|wire| wire.server.as_mut());
        let info = server.map(|server| server.session.info());
        if info.is_some_and(|info| info.behind > 0) {
            self.show(id, channel, bounds.head);
        }
    }

    /// The process of the store dies and comes back: what was not committed is gone, or everything.
    pub(super) fn store_crashes(&mut self, durable: bool) {
        self.commit_due = false;
        if !durable && self.broken != Some(Broken::EpochChange) {
            self.epoch += 1;
        }
        for channel in 0..self.logs.len() {
            if durable {
                self.logs[channel].lose_tail();
            } else {
                self.logs[channel] = Log::new(Epoch(self.epoch));
                self.judge.lost_history(channel as u32, Epoch(self.epoch));
                self.tell_nodes(channel as u32);
            }
        }
        let mut waiting: Vec<WireId> =
            std::mem::take(&mut self.pending).iter().map(|Pending { wire, .. }| *wire).collect();
        waiting.dedup();
        for id in waiting {
            self.serve(id, SessionInput::Unavailable { retry: None });
        }
    }

    pub(super) fn expire(&mut self) {
        for log in &mut self.logs {
            log.trim(log.committed() / 2);
        }
    }
}
