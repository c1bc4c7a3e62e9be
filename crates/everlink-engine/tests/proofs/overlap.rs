//! Two transports that carry the same stream: how long copies are looked for, and how many.

use everlink_engine::{
    AwayReason, Cause, ChannelId, ConnectionState, Dialect, Heartbeat, Input, News, PingLevel,
    Received, limits,
};

use crate::bench::{Bench, everlink, ms, plain, pong, secs};

fn away(slot: u64) -> Received<u32> {
    Received::Away { reason: AwayReason::Drain, slot: secs(slot), endpoint: None }
}

fn keyed(key: u64) -> Received<u32> {
    Received::Message { channel: None, key: Some(key), payload: key as u32 }
}

/// A successor is open beside the first transport; without heartbeats `overlap` decides.
fn overlapping() -> Bench {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    assert!(!bench.engine.is_overlapping(), "one transport alone brings no copies");
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.drain();
    bench
}

#[test]
fn req_f09_what_the_old_transport_delivered_ahead_is_dropped_once_after_the_hand_over() {
    let mut bench = overlapping();
    bench.frame(1, keyed(1));
    bench.pass(secs(5));
    assert!(bench.words().contains(&"Moved".into()));
    bench.frame(2, keyed(1));
    bench.expect(&["DuplicateDropped { channel: None }"]);
    bench.frame(2, keyed(1));
    bench.expect(&["got 1"]);
}

#[test]
fn copies_are_looked_for_from_the_second_transport_on_until_a_while_after_the_hand_over() {
    let mut bench = overlapping();
    assert!(bench.engine.is_overlapping());
    bench.frame(1, keyed(1));
    bench.pass(secs(5));
    assert!(bench.words().contains(&"Moved".into()));
    bench.pass(ms(4999));
    assert!(bench.engine.is_overlapping(), "what the old one brought ahead may still come");
    bench.pass(ms(1));
    assert!(!bench.engine.is_overlapping());
    bench.drain();
    bench.frame(2, keyed(1));
    assert_eq!(bench.delivered(), [1], "an equal message after that is a new one");
}

#[test]
fn a_successor_that_is_gone_leaves_no_overlap_behind() {
    let mut bench = overlapping();
    bench.lost(2, Cause::Reset);
    assert!(!bench.engine.is_overlapping());
}

#[test]
fn logs_tell_copies_apart_without_an_overlap() {
    let mut bench = Bench::up(everlink());
    bench.give(Input::NetworkChanged);
    bench.news(2, News::Opened);
    assert!(!bench.engine.is_overlapping());
}

/// The old transport is silent and suspected; what the successor brings must not pile up.
#[test]
fn a_successor_dialed_on_suspicion_takes_over_once_it_holds_all_that_may_be_held() {
    let mut bench = Bench::up(plain());
    bench.give(Input::NetworkChanged);
    bench.news(2, News::Opened);
    bench.drain();
    let most = limits::OVERLAP_MESSAGES_MAX as u64;
    for key in 1..most {
        bench.frame(2, keyed(key));
    }
    bench.expect(&[]);
    bench.frame(2, keyed(most));
    let words = bench.words();
    assert_eq!(words[..2], ["close t1 1000", "got 1"]);
    assert_eq!(words[most as usize..], [format!("got {most}"), "Moved".into()]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_successor_that_never_greets_is_left_and_the_old_transport_stays() {
    let mut bench = Bench::up(everlink().heartbeat(Heartbeat::None)).writing();
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.written(2, 1);
    bench.drain();
    let settings = bench.engine.config().settings();
    let time = settings.greeting_timeout().max(settings.connect_timeout());
    bench.pass(time - ms(1));
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.expect(&["abandon t2"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

/// No pong ends the drain; the keys that the old transport brought meanwhile must not pile up.
#[test]
fn a_drain_ends_once_the_old_transport_has_delivered_all_that_may_be_remembered() {
    let mut bench = overlapping();
    let most = limits::OVERLAP_MESSAGES_MAX as u64;
    for key in 1..most {
        bench.frame(1, keyed(key));
    }
    assert_eq!(bench.delivered().len() as u64, most - 1);
    bench.frame(1, keyed(most));
    bench.expect(&[&format!("got {most}"), "close t1 1000", "Moved"]);
}

#[test]
fn a_successor_that_fails_is_tried_again_after_half_to_one_and_a_half_of_the_longest_delay() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None).backoff_max(secs(30)));
    bench.pass(secs(31));
    bench.frame(1, away(0));
    bench.pass(ms(0));
    let mut pauses = Vec::new();
    for transport in 2..40 {
        bench.failed(transport, Cause::Refused);
        let failed = bench.now;
        for _ in 0..100 {
            if bench.engine.info(failed).dials == transport {
                bench.pass(ms(500));
            }
        }
        pauses.push(bench.now.since(failed));
    }
    assert!(pauses.iter().all(|pause| (secs(15)..ms(45_500)).contains(pause)), "{pauses:?}");
    let (least, most) = (pauses.iter().min(), pauses.iter().max());
    assert!(least < Some(&secs(20)) && most > Some(&secs(40)), "spread: {pauses:?}");
}

fn on(channel: u32, key: u64) -> Received<u32> {
    let channel = Some(ChannelId(channel));
    Received::Message { channel, key: Some(key), payload: key as u32 }
}

/// Two channels of an exchange, and a successor that has both confirmed.
fn joining() -> Bench {
    let mut bench = Bench::new(plain().dialect(Dialect::EXCHANGE)).writing();
    for channel in [1, 2] {
        bench.give(Input::Subscribe { channel: ChannelId(channel), from: None });
    }
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, Received::RequestOk { request: 1 });
    bench.frame(1, away(0));
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    bench.frame(2, Received::RequestOk { request: 1 });
    bench.drain();
    bench
}

fn is_ping(word: &str) -> bool {
    word.starts_with("t1 > ping")
}

#[test]
fn req_f09_the_old_transport_is_drained_only_when_every_channel_has_met() {
    let mut bench = joining();
    bench.frame(1, on(1, 10));
    bench.frame(2, on(1, 10));
    // Channel 2 is behind on the old transport: what it brings next the successor has brought already.
    bench.frame(2, on(2, 21));
    bench.frame(2, on(2, 22));
    bench.pass(ms(4000));
    bench.frame(1, on(2, 20));
    let words = bench.words();
    assert!(
        !words.iter().any(|word| is_ping(word)),
        "one channel has met, the other has not: {words:?}"
    );
    bench.frame(1, on(2, 21));
    let words = bench.words();
    assert!(words.iter().any(|word| is_ping(word)), "{words:?}");
    bench.frame(1, pong(1, PingLevel::Protocol));
    assert_eq!(bench.delivered(), [22]);
}

#[test]
fn req_f09_what_a_successor_brings_that_is_older_than_the_overlap_is_not_delivered_again() {
    let mut bench = joining();
    // The successor's node lags: 8 and 9 the old transport had delivered before.
    for key in [8, 9] {
        bench.frame(2, on(1, key));
    }
    bench.frame(1, on(1, 10));
    bench.frame(1, on(2, 20));
    bench.frame(2, on(1, 10));
    bench.frame(2, on(2, 20));
    bench.drain();
    bench.frame(1, pong(1, PingLevel::Protocol));
    bench.frame(2, on(1, 11));
    assert_eq!(bench.delivered(), [11]);
}

#[test]
fn req_f09_a_silent_channel_holds_a_move_up_no_longer_than_the_overlap() {
    let mut bench = joining();
    bench.frame(1, on(1, 10));
    bench.frame(2, on(1, 10));
    bench.drain();
    bench.pass(ms(4900));
    // The other channel speaks at the last moment: it is met as well.
    bench.frame(2, on(2, 20));
    bench.pass(ms(200));
    assert!(!bench.words().iter().any(|word| is_ping(word)));
    bench.frame(1, on(2, 20));
    let words = bench.words();
    assert!(words.iter().any(|word| is_ping(word)), "{words:?}");
}

#[test]
fn req_f09_a_channel_that_never_meets_holds_a_move_up_for_two_overlaps_at_most() {
    let mut bench = joining();
    bench.frame(2, on(2, 20));
    bench.pass(secs(5));
    bench.pass(ms(4900));
    assert!(!bench.words().iter().any(|word| is_ping(word)));
    bench.pass(ms(100));
    assert!(bench.words().iter().any(|word| is_ping(word)));
    bench.frame(1, pong(1, PingLevel::Protocol));
    assert_eq!(bench.delivered(), [20]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}
