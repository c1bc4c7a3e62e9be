//! Planned moves and suspicion: the successor, the drain, and what is left of the old transport.

use everlink_engine::{
    AwayReason, Cause, ConnectionState, Dialect, Heartbeat, Input, News, Outcome, PingLevel,
    Profile, Received, SendPolicy, limits,
};

use crate::bench::{Bench, everlink, ms, plain, pong, secs, welcome};

fn away(slot: u64) -> Received<u32> {
    Received::Away { reason: AwayReason::Drain, slot: secs(slot), endpoint: None }
}

fn keyed(key: u64) -> Received<u32> {
    Received::Message { channel: None, key: Some(key), payload: key as u32 }
}

/// A connection whose successor is open and waits for the drain of the old one.
fn draining() -> Bench {
    let mut bench = Bench::up(plain());
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench
}

#[test]
fn req_f09_the_successor_opens_before_the_old_transport_is_drained_and_left() {
    let mut bench = draining();
    bench.drain();
    bench.frame(1, keyed(1));
    bench.frame(2, keyed(1));
    bench.frame(2, keyed(2));
    bench.frame(1, pong(1, PingLevel::Protocol));
    let words = bench.words();
    assert_eq!(
        (&words[0][..], &words[3..]),
        ("got 1", &["close t1 1000", "got 2", "Moved"].map(String::from)[..])
    );
    bench.frame(2, keyed(3));
    bench.pass(secs(1));
    bench.expect(&["got 3", "abandon t1"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn req_n05_messages_wait_for_the_hand_over_and_keep_their_order() {
    let mut bench = Bench::up(plain());
    bench.send(None, SendPolicy::Configured);
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.send(None, SendPolicy::Configured);
    bench.drain();
    bench.frame(1, pong(1, PingLevel::Protocol));
    let words = bench.words();
    let place = |what: &str| words.iter().position(|word| word.contains(what)).unwrap();
    assert!(place("1: Written") < place("t2 > message 2"), "{words:?}");
    assert!(!words.iter().any(|word| word.contains("in doubt")), "the pong vouches: {words:?}");
}

#[test]
fn a_successor_that_fails_in_the_drain_lets_the_messages_go_on() {
    let mut bench = draining();
    bench.send(None, SendPolicy::Configured);
    bench.drain();
    bench.lost(2, Cause::Reset);
    bench.expect(&["t1 > message 1"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_drain_that_is_never_answered_ends_and_says_what_is_in_doubt() {
    let mut bench = Bench::up(plain());
    bench.send(None, SendPolicy::Configured);
    bench.written(1, 1);
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.drain();
    bench.pass(secs(5));
    let words = bench.words();
    assert!(
        words.contains(&"Moved".into()) && words.contains(&"in doubt: 1..1".into()),
        "{words:?}"
    );
}

#[test]
fn without_heartbeats_the_drain_lasts_as_long_as_the_overlap() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.drain();
    for _ in 0..10 {
        bench.give(Input::Timeout);
        bench.frame(1, keyed(7));
    }
    assert_eq!(bench.delivered().len(), 10);
    bench.pass(ms(4999));
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.expect(&["close t1 1000", "Moved"]);
}

#[test]
fn a_drain_on_a_rate_limited_dialect_is_no_busy_loop() {
    let mut bench = Bench::up(plain().dialect(Dialect::EXCHANGE));
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.send(None, SendPolicy::Configured);
    let (at, _) = bench.engine.poll_timeout().unwrap();
    assert!(at > bench.now, "{at:?}");
    let dials = bench.engine.info(bench.now).dials;
    bench.give(Input::Timeout);
    assert_eq!(bench.engine.info(bench.now).dials, dials, "and no sign of sleep");
}

#[test]
fn an_overlap_holds_no_more_than_its_bound() {
    let config = plain().dialect(Dialect::EXCHANGE).connect_timeout(secs(300));
    let mut bench = Bench::new(config);
    bench.give(Input::Subscribe { channel: crate::bench::CHANNEL, from: None });
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.drain();
    for key in 0..limits::OVERLAP_MESSAGES_MAX as u64 {
        bench.frame(2, keyed(key));
    }
    bench.expect(&["abandon t2"]);
    assert_eq!(bench.state(), ConnectionState::Connected, "its channel was never confirmed");
}

#[test]
fn servers_that_all_send_us_away_cost_no_more_dials_than_the_budget() {
    let mut bench = Bench::up(everlink());
    for transport in 1..200 {
        bench.frame(transport, away(0));
        bench.pass(ms(10));
        bench.news(transport + 1, News::Opened);
        bench.frame(transport + 1, welcome());
    }
    assert!(bench.now < everlink_engine::Timestamp::from_millis(5000));
    assert_eq!(bench.engine.info(bench.now).dials, 20);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_successor_whose_node_goes_as_well_is_left_and_tried_later() {
    let mut bench = draining().writing();
    bench.drain();
    bench.frame(2, away(60));
    let words = bench.words();
    assert!(words.contains(&"close t2 1000".into()), "{words:?}");
    assert_eq!(bench.state(), ConnectionState::Connected);
    for _ in 0..14 {
        bench.pass(secs(4));
        bench.frame(1, keyed(1));
    }
    bench.pass(ms(3900));
    assert!(!bench.words().iter().any(|word| word.starts_with("dial")), "not before its slot");
}

#[test]
fn a_successor_that_says_bye_is_tried_again_later() {
    let mut bench = draining();
    bench.drain();
    bench.frame(2, Received::Bye);
    bench.expect(&["close t2 1000"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.written(1, 9);
    bench.frame(1, pong(1, PingLevel::Protocol));
    bench.pass(secs(19));
    bench.frame(1, pong(2, PingLevel::Protocol));
    bench.pass(secs(6));
    bench.frame(1, keyed(1));
    bench.written(1, 9);
    for _ in 0..6 {
        bench.pass(secs(4));
        bench.frame(1, keyed(1));
        bench.written(1, 9);
    }
    assert!(bench.words().iter().any(|word| word.starts_with("dial t3")), "the move is still due");
}

#[test]
fn a_successor_that_is_refused_for_its_token_asks_for_a_fresh_one_next_time() {
    let next = |credentials, cause| {
        let mut bench = Bench::up(plain().credentials(credentials)).writing();
        bench.frame(1, away(0));
        bench.pass(ms(0));
        bench.failed(2, cause);
        bench.drain();
        for nonce in 1..=3 {
            bench.pass(secs(20));
            bench.frame(1, pong(nonce, PingLevel::Protocol));
        }
        bench.words().into_iter().find(|word| word.starts_with("dial")).unwrap()
    };
    assert_eq!(next(true, Cause::HttpStatus(401)), "dial t3 try 0 at 0 fresh");
    assert_eq!(next(true, Cause::Refused), "dial t3 try 0 at 0");
    assert_eq!(next(false, Cause::HttpStatus(401)), "dial t3 try 0 at 0");
}

#[test]
fn req_x05_disconnect_cancels_every_phase_and_nothing_opens_afterwards() {
    let phases: [fn() -> Bench; 8] = [
        || Bench::new(plain()),
        || {
            let mut bench = Bench::new(plain());
            bench.give(Input::Connect);
            bench
        },
        || {
            let mut bench = Bench::new(everlink());
            bench.give(Input::Connect);
            bench.news(1, News::Opened);
            bench
        },
        || Bench::up(plain()),
        || {
            let mut bench = Bench::up(plain());
            bench.lost(1, Cause::Reset);
            bench
        },
        || {
            let mut bench = Bench::up(plain());
            bench.frame(1, away(0));
            bench.pass(ms(0));
            bench
        },
        draining,
        || {
            let mut bench = Bench::up(plain());
            bench.lost(1, Cause::Closed(1008));
            bench
        },
    ];
    for (index, phase) in phases.into_iter().enumerate() {
        let mut bench = phase();
        bench.give(Input::Disconnect);
        assert_eq!(bench.state(), ConnectionState::Closed, "phase {index}");
        bench.drain();
        for transport in 1..=3 {
            bench.news(transport, News::Opened);
            bench.frame(transport, keyed(1));
            bench.failed(transport, Cause::Reset);
        }
        for input in [Input::Online, Input::NetworkChanged, Input::Woke, Input::Offline] {
            bench.give(input);
        }
        bench.pass(secs(3600));
        let words = bench.words();
        assert!(words.iter().all(|word| word.starts_with("abandon")), "phase {index}: {words:?}");
        assert_eq!(bench.engine.poll_timeout(), None, "phase {index}");
    }
}

#[test]
fn the_keys_of_an_old_overlap_do_not_outlive_a_disconnect() {
    let mut bench = draining();
    bench.frame(1, keyed(1));
    bench.frame(1, pong(1, PingLevel::Protocol));
    bench.give(Input::Disconnect);
    bench.give(Input::Connect);
    bench.news(3, News::Opened);
    bench.drain();
    bench.frame(3, keyed(1));
    assert_eq!(bench.delivered(), [1], "an equal message of another connection is a new one");
}

#[test]
fn fault_18_a_clean_close_without_bye_reconnects_and_a_bye_ends_the_session() {
    let mut bench = Bench::up(plain());
    bench.lost(1, Cause::Closed(1000));
    assert_eq!(bench.state(), ConnectionState::Disconnected);
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    bench.frame(1, Received::Bye);
    assert_eq!(bench.settled(), [(1, 1, Outcome::Cleared)]);
    assert_eq!(bench.state(), ConnectionState::Closed);
}

#[test]
fn req_f09_a_connection_is_renewed_up_to_a_twentieth_before_its_age() {
    let age = Profile::MarketFeed.settings().renew_after().unwrap();
    for seed in 0..20 {
        let config = plain().heartbeat(Heartbeat::None).renew_after(Some(age)).build().unwrap();
        let mut engine = everlink_engine::Engine::<u32>::new(config, seed);
        let start = everlink_engine::Timestamp::ZERO;
        engine.handle_input(start, Input::Connect).unwrap();
        let news = Input::Transport(everlink_engine::TransportId(1), News::Opened);
        engine.handle_input(start, news).unwrap();
        engine.handle_input(start.after(secs(30)), Input::Timeout).unwrap();
        let (at, _) = engine.poll_timeout().unwrap();
        let at = at.since(start);
        assert!(at <= age && at >= age - age / 20, "seed {seed}: {at:?}");
    }
}
