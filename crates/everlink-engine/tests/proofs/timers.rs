//! The edges of time: how late a timer may be, how often the second level acts.

use everlink_engine::{
    Cause, ConnectionState, Failure, Heartbeat, Input, News, SendPolicy, limits,
};

use crate::bench::{Bench, ms, plain, secs};
use std::time::Duration;

const MOMENT: Duration = Duration::from_nanos(1);

/// Reports a time-out that comes `late` after its deadline.
fn time_out(bench: &mut Bench, late: Duration) {
    let (at, _) = bench.engine.poll_timeout().unwrap();
    bench.now = at.after(late);
    bench.give(Input::Timeout);
}

#[test]
fn fault_42_a_timer_is_late_only_beyond_its_bound() {
    for (late, state) in [
        (limits::LATE_TIMER, ConnectionState::Disconnected),
        (limits::LATE_TIMER + MOMENT, ConnectionState::Connected),
    ] {
        let mut bench = Bench::up(plain().probe_dials(false));
        bench.pass(secs(29));
        time_out(&mut bench, late);
        assert_eq!(bench.state(), state, "no pong came, and the timer is {late:?} late");
    }
}

#[test]
fn fault_40_a_machine_slept_only_beyond_its_bound() {
    for (late, dials) in [(limits::ASLEEP, 1), (limits::ASLEEP + MOMENT, 2)] {
        let mut bench = Bench::up(plain());
        time_out(&mut bench, late);
        assert_eq!(bench.engine.info(bench.now).dials, dials, "{late:?} late");
    }
}

#[test]
fn fault_22_a_large_message_that_is_written_in_parts_is_no_stall() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    bench.try_send(None, SendPolicy::Fail, 500_000).unwrap();
    for _ in 0..5 {
        bench.pass(ms(9_999));
        bench.written(1, 0);
    }
    assert_eq!(bench.state(), ConnectionState::Connected, "50 s for one message");
    bench.pass(ms(9_999));
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.pass(ms(1));
    assert_eq!(bench.state(), ConnectionState::Disconnected);
}

/// Opens whatever is dialed for `minutes`; returns how the second level counted itself.
fn acts(bench: &mut Bench, minutes: u64) -> Vec<String> {
    let mut acts = Vec::new();
    for _ in 0..minutes * 60 {
        bench.pass(secs(1));
        let transport = bench.engine.info(bench.now).dials;
        bench.news(transport, News::Opened);
        acts.extend(bench.words().into_iter().filter(|word| word.starts_with("Supervised")));
    }
    acts
}

#[test]
fn req_x04_the_second_level_counts_anew_once_the_connection_is_stable() {
    let config = plain().heartbeat(Heartbeat::None).stale_after(Some(secs(60)));
    let mut bench = Bench::up(config.stable_after(secs(30)).supervisor_attempts_max(2));
    let acts = acts(&mut bench, 10);
    assert!(acts.len() >= 8, "{acts:?}");
    assert!(acts.iter().all(|act| act.ends_with("cause: Stale, attempt: 1 }")), "{acts:?}");
}

#[test]
fn req_x04_the_second_level_acts_on_silence_as_often_as_it_may_and_no_more() {
    let config = plain().heartbeat(Heartbeat::None).stale_after(Some(secs(60)));
    let mut bench = Bench::up(config.stable_after(secs(600)).supervisor_attempts_max(2));
    let acts = acts(&mut bench, 9);
    assert_eq!(
        acts,
        ["Supervised { cause: Stale, attempt: 1 }", "Supervised { cause: Stale, attempt: 2 }"]
    );
}

#[test]
fn fault_17_connections_that_proved_themselves_are_no_flaps() {
    let config = plain().heartbeat(Heartbeat::None).dials_per_minute(None);
    let mut bench = Bench::up(config.stable_after(secs(1)));
    for transport in 1..30 {
        bench.pass(secs(1));
        bench.lost(transport, Cause::Reset);
        let info = bench.engine.info(bench.now);
        assert_eq!(info.next_attempt, Some(secs(1)), "loss {transport}");
        bench.pass(secs(1));
        bench.news(transport + 1, News::Opened);
    }
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn req_x13_tests_of_an_open_breaker_are_spread_over_a_quarter_of_its_pause() {
    let config = plain().breaker_failures(Some(1)).breaker_pause(secs(60)).dials_per_minute(None);
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let mut pauses = Vec::new();
    for transport in 1..60 {
        bench.failed(transport, Cause::Refused);
        let pause = bench.engine.info(bench.now).next_attempt.unwrap();
        pauses.push(pause);
        bench.pass(pause);
    }
    assert!(pauses.iter().all(|pause| (secs(60)..=secs(75)).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().max() > Some(&secs(73)), "{pauses:?}");
}

#[test]
fn req_x06_a_reconnect_after_the_first_attempt_failed_for_good_is_a_return() {
    let mut bench = Bench::new(plain());
    bench.give(Input::Connect);
    bench.failed(1, Cause::HttpStatus(404));
    assert_eq!(bench.state(), ConnectionState::Error);
    bench.drain();
    bench.give(Input::Reconnect);
    bench.expect(&["retry 1 in 0ns", "dial t2 try 1 at 0", "error -> reconnecting"]);
}

#[test]
fn the_second_level_that_waits_for_the_budget_of_dials_is_reconnecting() {
    let config = plain().dials_per_minute(Some(1)).check_interval(secs(10));
    let mut bench = Bench::new(config.supervisor_attempts_max(1));
    bench.give(Input::Connect);
    bench.failed(1, Cause::HttpStatus(404));
    assert_eq!(bench.state(), ConnectionState::Error);
    bench.pass(secs(10));
    assert_eq!(bench.state(), ConnectionState::Reconnecting);
    assert_eq!(bench.engine.info(bench.now).next_attempt, Some(secs(50)));
}

#[test]
fn fault_09_returns_that_a_hint_asks_for_are_spread_over_a_tenth_of_it() {
    let mut bench = Bench::new(plain().dials_per_minute(None));
    bench.give(Input::Connect);
    let mut pauses = Vec::new();
    for transport in 1..40 {
        let failure = Failure::new(Cause::HttpStatus(503)).with_retry_after(secs(100));
        bench.news(transport, News::Failed { failure, verdict: None });
        let pause = bench.engine.info(bench.now).next_attempt.unwrap();
        pauses.push(pause);
        bench.pass(pause);
    }
    assert!(pauses.iter().all(|pause| (secs(100)..=secs(110)).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().max() > Some(&secs(109)), "{pauses:?}");
}
