//! Heartbeats, and sockets that take nothing.

use std::time::Duration;

use everlink_engine::server::{Request, SessionInput, SessionStage, SessionTimer};

use crate::bench::{Bench, bounds, config, frame, hello, publish, secs, stored};

#[test]
fn a_ping_is_answered_and_carries_a_return_window_that_changed() {
    let mut bench = Bench::attached(config());
    let ping = || frame(Request::Ping { nonce: 3 });
    assert_eq!(bench.says(ping()), ["> pong 3"]);
    bench.give(SessionInput::ReturnWindow(secs(9)));
    assert_eq!(bench.says(ping()), ["> pong 3 window 9s"]);
    assert_eq!(bench.says(ping()), ["> pong 3"]);
}

#[test]
fn fault_20_a_silent_client_is_asked_and_then_let_go_without_a_close() {
    let mut bench = Bench::attached(config());
    assert!(bench.pass(Duration::from_millis(29_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["> ping 1"]);
    assert!(bench.pass(Duration::from_millis(9_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["detached", "abandon Silence"]);
}

#[test]
fn fault_24_whatever_is_heard_counts_as_life() {
    for sign in [SessionInput::Heard, frame(Request::Pong { nonce: 1 }), publish("c", 1)] {
        let mut bench = Bench::attached(config());
        assert_eq!(bench.pass(secs(35)), ["> ping 1"]);
        bench.give(sign);
        bench.give(stored("c", 1, 1));
        bench.said();
        assert!(bench.pass(Duration::from_millis(29_999)).is_empty());
        assert_eq!(bench.stage(), SessionStage::Attached);
    }
}

#[test]
fn who_was_not_read_is_not_silent() {
    let mut config = config();
    config.publishes_max = 1;
    let mut bench = Bench::attached(config);
    bench.give(publish("c", 1));
    bench.said();
    assert!(bench.pass(secs(300)).is_empty());
    assert_eq!(bench.says(stored("c", 1, 1)), ["resume", "> ack c 1 at 1"]);
    assert!(bench.pass(secs(29)).is_empty());
    assert_eq!(bench.pass(secs(1)), ["> ping 1"]);
}

#[test]
fn fault_22_a_socket_that_takes_nothing_for_ten_seconds_is_let_go() {
    let mut bench = Bench::reading(0, bounds(1, 1, 9));
    bench.give(SessionInput::Congested);
    assert!(bench.next().is_none(), "nothing is read for a full socket");
    assert!(bench.pass(Duration::from_millis(9_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["detached", "abandon SlowReader"]);
}

#[test]
fn a_slow_socket_that_takes_some_is_not_let_go() {
    let mut bench = Bench::reading(0, bounds(1, 1, 9));
    for _ in 0..10 {
        bench.give(SessionInput::Congested);
        bench.give(SessionInput::Heard);
        assert!(bench.pass(secs(9)).is_empty());
    }
    bench.give(SessionInput::Relieved);
    assert_eq!(bench.next(), Some(("c", 0, 9)));
}

#[test]
fn fault_52_a_heartbeat_is_answered_while_a_slow_reader_is_held_back() {
    let mut bench = Bench::reading(0, bounds(1, 1, 9));
    bench.give(SessionInput::Congested);
    assert_eq!(bench.says(frame(Request::Ping { nonce: 5 })), ["> pong 5"]);
    assert!(bench.next().is_none());
}

#[test]
fn who_sends_without_reading_is_read_no_more_before_the_answers_fill_the_memory() {
    let mut bench = Bench::attached(config());
    bench.give(SessionInput::Congested);
    let mut answers = 0;
    while !bench.session.is_paused() {
        answers += bench.says(frame(Request::Ping { nonce: 5 })).len();
        assert!(answers < 2_000);
    }
    bench.said();
    assert_eq!(bench.says(SessionInput::Relieved), ["resume"]);
}

#[test]
fn of_timers_that_are_due_together_the_heartbeat_is_named() {
    let mut bench = Bench::new(config());
    bench.give(hello(Vec::new()));
    bench.give(SessionInput::Admitted { suffix: None, expires: Some(secs(30)) });
    let due = Some((bench.now.after(secs(30)), SessionTimer::Silence));
    assert_eq!(bench.session.poll_timeout(), due);
}

#[test]
fn an_early_or_late_time_out_does_no_harm() {
    let mut bench = Bench::attached(config());
    assert!(bench.says(SessionInput::Timeout).is_empty());
    // The process slept: the client is asked first.
    bench.now = bench.now.after(secs(3600));
    assert_eq!(bench.says(SessionInput::Timeout), ["> ping 1"]);
    assert_eq!(bench.stage(), SessionStage::Attached);
}

#[test]
fn nothing_is_measured_before_the_greeting_but_the_greeting() {
    let mut bench = Bench::new(config());
    bench.says(hello(Vec::new()));
    bench.pass(secs(9));
    assert_eq!(bench.stage(), SessionStage::Greeted);
}
