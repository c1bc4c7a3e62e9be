//! Single stories of a cluster, where nothing happens but what a test does.

use std::time::Duration;

use everlink_engine::server::SessionConfig;
use everlink_engine::{Config, ConnectionState, Dialect, Profile};

use super::name::Name;
use super::shape::Shape;
use super::wire::{End, WireId};
use super::{Cluster, Dice, MILLI, SECOND, Trap};

/// Clients on nodes with one channel, connected and quiet.
fn quiet(clients: usize, nodes: usize) -> Cluster {
    let config = Config::builder(Profile::Standard).dialect(Dialect::EVERLINK);
    let shape = Shape {
        clients,
        channels: 1,
        feeds: vec![5 * MILLI; nodes],
        latency: 10 * MILLI,
        jitter: 5 * MILLI,
        engine: config.stable_after(Duration::from_secs(5)).build().unwrap(),
        session: SessionConfig::new(Name::Words("node")),
        history_max: 1_000,
        window: Duration::from_secs(2),
        refuses_in: 0,
        expires: None,
        acts_every: 0,
        breaks_every: 0,
        fair: true,
    };
    let mut cluster = Cluster::new(shape, Dice::new(7), None);
    cluster.start();
    cluster.pass(20 * SECOND);
    for client in &cluster.clients {
        assert_eq!(client.engine.state(), ConnectionState::Connected);
    }
    cluster
}

impl Cluster {
    fn pass(&mut self, time: u64) {
        self.run_until(self.now + time);
        self.judge_presence();
        assert_eq!(self.violation, None);
    }

    /// Lets time pass while everybody speaks twice a second.
    fn chat(&mut self, seconds: u64) {
        for _ in 0..2 * seconds {
            (0..self.clients.len()).for_each(|at| self.speak(at, 0, false));
            self.pass(SECOND / 2);
        }
    }

    /// Everything that was said has arrived everywhere.
    fn ends_well(mut self) {
        self.calm_down();
        assert_eq!(self.violation, None);
        let heard = self.figures.sent * self.clients.len() as u64;
        assert_eq!(self.figures.delivered, heard, "everybody hears everything, once");
    }

    fn seen(&self, what: &str) -> u64 {
        self.seen.0.get(what).copied().unwrap_or(0)
    }

    fn wire(&self, at: usize) -> WireId {
        let open = |wire: &super::Wire| wire.client == at && wire.end == End::Open;
        *self.wires.iter().find(|(_, wire)| open(wire)).unwrap().0
    }

    fn node(&self, at: usize) -> usize {
        self.wires[&self.wire(at)].node
    }

    /// How often a client counts in presence.
    fn present(&self, at: usize) -> usize {
        let mine = self.wires.values().filter(|wire| wire.client == at);
        let server = mine.filter_map(|wire| wire.server.as_ref());
        server.filter(|server| server.counted.is_some()).count()
    }
}

#[test]
fn req_n05_fault_51_a_rolling_deploy_moves_each_client_once_for_each_node_and_nobody_notices() {
    let mut cluster = quiet(6, 3);
    let (mut asked, connected) = (0, cluster.figures.connects);
    for node in 0..3 {
        let there = (0..6).filter(|at| cluster.node(*at) == node).count() as u64;
        asked += there;
        cluster.drains(node);
        cluster.chat(120);
        assert!((0..6).all(|at| cluster.node(at) != node) || cluster.nodes[node].up);
        assert_eq!(cluster.figures.moves, asked, "each of them once");
    }
    assert!(asked >= 6, "{asked}");
    assert_eq!(cluster.figures.connects - connected, asked, "and nobody dialed twice");
    assert_eq!(cluster.seen("asked to go"), asked);
    assert_eq!((cluster.figures.cuts, cluster.figures.gaps), (0, 0));
    cluster.ends_well();
}

#[test]
fn req_n04_a_drain_spreads_its_clients_over_its_window() {
    let mut cluster = quiet(40, 2);
    // Everybody on one node first.
    cluster.drains(1);
    cluster.pass(120 * SECOND);
    cluster.nodes[1].up = true;
    let there = (0..40).filter(|at| cluster.node(*at) == 0).count() as u64;
    assert_eq!(there, 40);
    let start = cluster.figures.connects;
    cluster.drains(0);
    let mut busiest = 0;
    for _ in 0..120 {
        let before = cluster.figures.connects;
        cluster.pass(SECOND);
        busiest = busiest.max(cluster.figures.connects - before);
    }
    assert_eq!(cluster.figures.connects - start, 40);
    assert!(busiest <= 8, "{busiest} in one second");
    assert_eq!(cluster.figures.cuts, 0);
}

#[test]
fn fault_34_a_client_whose_node_died_goes_on_at_another_where_it_was() {
    let mut cluster = quiet(4, 2);
    cluster.chat(5);
    cluster.node_crashes(0);
    cluster.chat(20);
    assert!(cluster.figures.cuts > 0);
    assert_eq!(cluster.figures.gaps, 0);
    cluster.ends_well();
}

#[test]
fn fault_32_a_store_that_dies_and_comes_back_has_lost_nothing_that_was_acknowledged() {
    let mut cluster = quiet(3, 2);
    for _ in 0..20 {
        cluster.trap = Some(Trap::Store);
        cluster.chat(3);
        cluster.pass(40 * SECOND);
    }
    assert!(cluster.seen("closed: nothing can be stored") >= 10);
    assert_eq!(cluster.figures.gaps, 0);
    cluster.ends_well();
}

#[test]
fn fault_33_a_log_that_lost_its_history_is_a_gap_and_what_was_not_acknowledged_comes_once() {
    let mut cluster = quiet(3, 2);
    cluster.chat(5);
    cluster.store_crashes(false);
    cluster.chat(5);
    assert_eq!(cluster.figures.gaps, 3, "one for each reader");
    cluster.ends_well();
}

#[test]
fn fault_28_a_message_whose_acknowledgement_was_lost_is_sent_again_and_known() {
    let mut cluster = quiet(2, 2);
    for _ in 0..20 {
        cluster.trap = Some(Trap::Node);
        cluster.chat(2);
        cluster.pass(40 * SECOND);
    }
    assert!(cluster.seen("known already") > 0);
    cluster.ends_well();
}

#[test]
fn fault_21_a_client_that_comes_back_before_its_loss_was_noticed_counts_once() {
    let mut cluster = quiet(2, 2);
    let old = cluster.wire(0);
    // Only the client sees that the old connection is gone.
    cluster.wires.get_mut(&old).unwrap().up.silent = true;
    cluster.input(0, everlink_engine::Input::Reconnect);
    cluster.pass(SECOND / 5);
    assert_eq!(cluster.present(0), 1, "the new connection, not the old one too");
    assert!(cluster.wires.contains_key(&old), "whose socket the node still holds");
    cluster.pass(15 * SECOND);
    assert!(!cluster.wires.contains_key(&old), "until the overlap is over");
    assert_eq!(cluster.seen("closed: replaced"), 1);
    cluster.ends_well();
}

#[test]
fn fault_52_a_reader_that_pauses_is_held_back_and_gets_everything_afterwards() {
    let mut cluster = quiet(3, 1);
    let slow = cluster.wire(0);
    cluster.stops_reading(slow, true);
    for _ in 0..60 {
        cluster.speak(1, 0, false);
        cluster.speak(2, 0, false);
        cluster.pass(100 * MILLI);
    }
    assert_eq!(cluster.seen("congested"), 1);
    assert!(cluster.wires[&slow].waiting() <= 100, "bounded");
    cluster.reads_on(slow);
    cluster.pass(SECOND);
    assert_eq!((cluster.figures.cuts, cluster.figures.gaps), (0, 0));
    assert!(cluster.seen("relieved") > 0);
    cluster.ends_well();
}

#[test]
fn fault_54_a_process_that_died_reads_on_from_its_cursor_and_its_outbox_is_sent_under_its_name() {
    let mut cluster = quiet(3, 2);
    cluster.clients[0].durable = true;
    for _ in 0..10 {
        cluster.chat(2);
        // It dies with messages on their way.
        (0..5).for_each(|_| cluster.speak(0, 0, false));
        cluster.client_crashes(0);
        cluster.chat(30);
    }
    assert!(cluster.seen("outbox drained") > 0);
    assert_eq!(cluster.figures.gaps, 0);
    cluster.calm_down();
    assert_eq!(cluster.violation, None);
}
