//! What a greeting tells of the connection before, and what its answer and `away` ask for.

use everlink_engine::server::Last;
use everlink_engine::{
    AwayReason, Cause, Input, News, Output, Received, SendPolicy, Timer, Transmit,
};

use crate::bench::{Bench, CHANNEL, everlink, ms, secs, welcome};

/// What the newest greeting says of the connection before.
fn told(bench: &mut Bench) -> Option<Last> {
    let greeting = |output| match output {
        Output::Transmit { frame: Transmit::Hello { last, .. }, .. } => Some(last),
        _ => None,
    };
    bench.outputs().into_iter().filter_map(greeting).next_back().expect("a greeting")
}

/// The endpoints of the dials that came out.
fn dialed(bench: &mut Bench) -> Vec<u16> {
    let dial = |output| match output {
        Output::Dial(dial) => Some(dial.endpoint),
        _ => None,
    };
    bench.outputs().into_iter().filter_map(dial).collect()
}

#[test]
fn a_greeting_tells_how_the_connection_before_ended_until_another_one_stands() {
    let config = everlink().return_window(Some(ms(1))).heartbeat_interval(secs(3600));
    let mut bench = Bench::new(config.backoff_min(ms(1)).backoff_max(ms(1)));
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    assert_eq!(told(&mut bench), None, "there was none before");
    bench.frame(1, welcome());
    bench.written(1, 1);
    bench.pass(secs(61));
    bench.lost(1, Cause::Closed(1012));
    bench.pass(secs(1));
    bench.failed(2, Cause::Refused);
    bench.pass(secs(1));
    bench.news(3, News::Opened);
    let last = Last { code: 1012, up: secs(61), attempts: 2 };
    assert_eq!(told(&mut bench), Some(last));
    // The greeting was lost with its transport: it is told again.
    bench.lost(3, Cause::EndedAbruptly);
    bench.pass(secs(1));
    bench.news(4, News::Opened);
    assert_eq!(told(&mut bench), Some(Last { attempts: 3, ..last }));
    bench.frame(4, welcome());
    bench.pass(secs(5));
    bench.lost(4, Cause::Reset);
    bench.pass(secs(1));
    bench.news(5, News::Opened);
    let last = told(&mut bench).expect("it stood");
    assert_eq!((last.code, last.up), (1006, secs(5)), "no close code is 1006");
}

#[test]
fn a_successor_says_nothing_of_a_connection_that_stands() {
    let mut bench = Bench::up(everlink());
    bench.frame(1, away(0, None));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    assert_eq!(told(&mut bench), None);
}

fn away(slot: u64, endpoint: Option<u16>) -> Received<u32> {
    Received::Away { reason: AwayReason::Rebalance, slot: secs(slot), endpoint }
}

#[test]
fn req_n05_the_successor_goes_where_the_server_says_and_what_follows_does_not() {
    let mut bench = Bench::up(everlink().return_window(Some(ms(1))));
    bench.frame(1, away(5, Some(7)));
    assert!(dialed(&mut bench).is_empty(), "not before its slot");
    bench.pass(secs(5));
    assert_eq!(dialed(&mut bench), [7]);
    bench.news(2, News::Opened);
    bench.frame(2, welcome());
    bench.lost(2, Cause::EndedAbruptly);
    bench.pass(secs(1));
    assert_eq!(dialed(&mut bench), [0]);
}

#[test]
fn a_server_that_ends_before_the_slot_is_followed_all_the_same() {
    let mut bench = Bench::up(everlink());
    bench.frame(1, away(5, Some(7)));
    bench.lost(1, Cause::Closed(1012));
    bench.pass(secs(6));
    assert_eq!(dialed(&mut bench), [7]);
    bench.failed(2, Cause::Refused);
    bench.pass(secs(4));
    assert_eq!(dialed(&mut bench), [0], "it is tried once");
}

#[test]
fn a_place_elsewhere_that_fails_leaves_the_old_connection_alone_and_is_not_tried_again() {
    let mut bench = Bench::up(everlink());
    bench.frame(1, away(0, Some(7)));
    bench.pass(ms(0));
    assert_eq!(dialed(&mut bench), [7]);
    bench.failed(2, Cause::NameNotFound);
    assert!(bench.engine.info(bench.now).is_connected());
    bench.frame(1, away(0, None));
    bench.pass(secs(1));
    assert_eq!(dialed(&mut bench), [0]);
}

/// When each message left, in milliseconds from now on.
fn leaves(bench: &mut Bench, time: u64) -> Vec<u64> {
    let mut left = Vec::new();
    for at in 0..time {
        let publishes = bench.outputs().into_iter().filter(|output| {
            matches!(output, Output::Transmit { frame: Transmit::Publish { .. }, .. })
        });
        left.extend(publishes.map(|_| at));
        bench.pass(ms(1));
    }
    left
}

fn paced(rate: u32) -> Bench {
    let mut bench = Bench::new(everlink().heartbeat_interval(secs(3600)));
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    let mut welcome = welcome();
    if let Received::Welcome { rate: named, .. } = &mut welcome {
        *named = Some(rate);
    }
    bench.frame(1, welcome);
    bench.drain();
    bench.writing()
}

#[test]
fn a_burst_goes_out_at_the_rate_that_the_server_named() {
    let mut bench = paced(10);
    for _ in 0..43 {
        bench.send(Some(CHANNEL.0), SendPolicy::Wait);
    }
    assert_eq!(bench.engine.poll_timeout().map(|(_, timer)| timer), Some(Timer::Rate));
    let left = leaves(&mut bench, 5_000);
    assert_eq!(left.len(), 43, "none is left behind: {left:?}");
    assert_eq!(left[..4], [0, 0, 0, 100], "a quarter of a second's at once");
    for window in left.windows(14) {
        assert!(window[13] - window[0] >= 1_000, "14 in less than a second: {left:?}");
    }
    // What was saved up meanwhile goes at once again.
    bench.pass(secs(1));
    bench.drain();
    for _ in 0..3 {
        bench.send(Some(CHANNEL.0), SendPolicy::Wait);
    }
    assert_eq!(leaves(&mut bench, 2), [0, 0, 0]);
}

#[test]
fn a_server_that_names_no_rate_or_none_at_all_gets_everything_at_once() {
    for mut bench in [Bench::up(everlink()).writing(), paced(0)] {
        for _ in 0..100 {
            bench.send(Some(CHANNEL.0), SendPolicy::Wait);
        }
        assert_eq!(leaves(&mut bench, 1).len(), 100);
    }
}
