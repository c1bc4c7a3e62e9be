//! Whether to try again, when, and with which endpoint: every verdict, every budget.

use std::time::Duration;

use everlink_engine::{
    Cause, Causes, ConfigBuilder, ConnectionState, Event, Failure, Heartbeat, Input, Jitter, News,
    Output, Received, Verdict, limits,
};

use crate::bench::{Bench, everlink, ms, plain, secs};

/// Fails the newest dial; returns the delay before the next, or `None` if that was the end.
pub(crate) fn fail(bench: &mut Bench, transport: u32, failure: Failure) -> Option<Duration> {
    bench.drain();
    bench.news(transport, News::Failed { failure, verdict: None });
    delay(bench)
}

/// Returns the delay that was told last.
pub(crate) fn delay(bench: &mut Bench) -> Option<Duration> {
    let told = |output| match output {
        Output::Event(Event::Reconnecting { delay, .. }) => Some(delay),
        _ => None,
    };
    bench.outputs().into_iter().filter_map(told).next_back()
}

/// Fails dial after dial with one cause; returns the delays until it gives up.
fn ladder(config: ConfigBuilder, cause: Cause, most: u32) -> Vec<u64> {
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let mut delays = Vec::new();
    for transport in 1..=most {
        let Some(delay) = fail(&mut bench, transport, Failure::new(cause)) else {
            assert_eq!(bench.state(), ConnectionState::Error);
            return delays;
        };
        delays.push(delay.as_secs());
        bench.pass(delay);
    }
    delays
}

/// The dial that comes next, in short words.
fn next_dial(bench: &mut Bench) -> String {
    bench.words().into_iter().rfind(|word| word.starts_with("dial")).unwrap_or_default()
}

#[test]
fn req_x10_retry_has_no_end_and_grows_to_its_cap() {
    assert_eq!(ladder(plain(), Cause::Refused, 8), [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[test]
fn req_x10_retry_slowly_climbs_its_own_ladder() {
    for (step, delay) in ladder(plain(), Cause::CaptivePortal, 7).into_iter().enumerate() {
        let cap = (30 << step).min(600);
        assert!((cap / 2..=cap).contains(&delay), "step {step}: {delay} s");
    }
}

#[test]
fn req_x10_an_address_that_is_refused_at_first_is_given_up_after_every_url() {
    let cause = Cause::HttpStatus(404);
    assert_eq!(ladder(plain(), cause, 9), [0; 0]);
    assert_eq!(ladder(plain().endpoints(3), cause, 9), [1, 2]);
    let mut bench = Bench::up(plain());
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(1));
    let delay = fail(&mut bench, 2, Failure::new(cause)).unwrap();
    assert!((secs(15)..=secs(30)).contains(&delay), "it stood once: {delay:?}");
}

#[test]
fn fault_01_each_failed_attempt_goes_on_with_the_next_endpoint() {
    let mut bench = Bench::new(plain().endpoints(2));
    bench.give(Input::Connect);
    let mut dials = vec![next_dial(&mut bench)];
    for transport in 1..=2 {
        bench.failed(transport, Cause::NameNotFound);
        bench.pass(secs(2));
        dials.push(next_dial(&mut bench));
    }
    assert_eq!(dials, ["dial t1 try 0 at 0", "dial t2 try 1 at 1", "dial t3 try 2 at 0"]);
}

#[test]
fn fault_10_refused_credentials_are_refreshed_once_then_final() {
    let cause = Cause::HttpStatus(401);
    assert_eq!(ladder(plain(), cause, 9), [0; 0], "no source to ask");
    assert_eq!(ladder(plain().credentials(true), cause, 9), [0], "one refresh, at once");
    let slow = ladder(plain().credentials(true).unauthorized_retries(true), cause, 4);
    assert_eq!(slow[0], 0);
    assert!(slow[1] >= 15 && slow.len() == 4, "{slow:?}");
}

#[test]
fn fault_47_a_server_that_opens_and_then_refuses_the_token_is_final_too() {
    let mut bench = Bench::up(plain().credentials(true));
    bench.lost(1, Cause::Closed(4101));
    assert_eq!(next_dial(&mut bench), "dial t2 try 1 at 0 fresh");
    bench.news(2, News::Opened);
    bench.lost(2, Cause::Closed(4101));
    assert_eq!(bench.state(), ConnectionState::Error, "no hot loop of refreshes");
}

#[test]
fn fault_46_while_the_refresh_is_down_it_is_asked_again_with_back_off() {
    let mut bench = Bench::new(plain().credentials(true));
    bench.give(Input::Connect);
    bench.failed(1, Cause::HttpStatus(401));
    for transport in 2..5 {
        assert!(next_dial(&mut bench).ends_with("fresh"), "attempt {transport}");
        bench.failed(transport, Cause::CredentialsUnavailable);
        assert_eq!(bench.state(), ConnectionState::Reconnecting);
        bench.pass(secs(60));
    }
}

#[test]
fn req_x10_three_protocol_errors_are_the_end() {
    assert_eq!(ladder(plain(), Cause::Closed(1002), 9).len() as u32, limits::RETRY_THRICE - 1);
    assert_eq!(ladder(plain(), Cause::Closed(1008), 9).len(), 0);
}

#[test]
fn req_x10_the_table_and_each_failure_can_be_overridden() {
    let config = plain().verdict(Causes::CloseCodes(1008, 1008), Verdict::Retry);
    assert_eq!(ladder(config, Cause::Closed(1008), 2), [1, 2]);
    let mut bench = Bench::up(plain());
    let failure = Failure::new(Cause::Reset);
    bench.news(1, News::Lost { failure, verdict: Some(Verdict::GiveUp) });
    assert_eq!(bench.state(), ConnectionState::Error);
}

#[test]
fn req_x10_a_hook_that_gives_up_takes_the_successor_with_it() {
    let mut bench = Bench::up(plain());
    bench.give(Input::NetworkChanged);
    let failure = Failure::new(Cause::Reset);
    bench.news(1, News::Lost { failure, verdict: Some(Verdict::GiveUp) });
    assert_eq!(bench.state(), ConnectionState::Error);
    bench.drain();
    bench.news(2, News::Opened);
    bench.expect(&[]);
}

#[test]
fn without_reconnect_a_loss_is_final_and_suspicion_dials_nothing() {
    let mut bench = Bench::up(plain().reconnect(false));
    bench.give(Input::NetworkChanged);
    bench.expect(&["t1 > ping 1"]);
    bench.lost(1, Cause::Reset);
    assert_eq!(bench.state(), ConnectionState::Error);
}

#[test]
fn attempts_are_spent_after_as_many_retries_as_allowed() {
    assert_eq!(ladder(plain().attempts_max(Some(3)), Cause::Refused, 9), [1, 2, 4]);
}

#[test]
fn a_delay_function_decides_and_may_give_up() {
    let config = plain().backoff_fn(|retry, _| (retry < 3).then(|| secs(retry.into())));
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    for (transport, expected) in [(1, Some(secs(1))), (2, Some(secs(2))), (3, None)] {
        assert_eq!(fail(&mut bench, transport, Failure::new(Cause::Refused)), expected);
        bench.pass(secs(3));
    }
    assert_eq!(bench.engine.info(bench.now).attempts, 2, "attempts that were made");
}

#[test]
fn fault_09_a_hint_is_clamped_spread_and_kept_whatever_the_platform_says() {
    let year = secs(365 * 24 * 3600);
    for (hint, low, high) in [
        (secs(100), secs(100), secs(110)),
        (year, secs(600), secs(660)),
        (secs(0), secs(1), secs(1)),
    ] {
        let mut bench = Bench::new(plain());
        bench.give(Input::Connect);
        let failure = Failure::new(Cause::HttpStatus(503)).with_retry_after(hint);
        let delay = fail(&mut bench, 1, failure).unwrap();
        assert!((low..=high).contains(&delay), "{hint:?}: {delay:?}");
        bench.give(Input::Online);
        assert_eq!(next_dial(&mut bench).is_empty(), !hint.is_zero(), "{hint:?}");
    }
}

#[test]
fn fault_09_a_hint_below_the_delay_is_kept_too() {
    let mut bench = Bench::new(plain());
    bench.give(Input::Connect);
    let failure = Failure::new(Cause::HttpStatus(429)).with_retry_after(secs(5));
    fail(&mut bench, 1, failure);
    bench.give(Input::Online);
    assert_eq!(next_dial(&mut bench), "", "the slow ladder is longer, and the hint still counts");
}

#[test]
fn req_n04_a_loss_before_the_slot_waits_for_the_slot() {
    let mut bench = Bench::up(plain());
    let reason = everlink_engine::AwayReason::Drain;
    bench.frame(1, Received::Away { reason, slot: secs(10), endpoint: None });
    bench.pass(secs(4));
    bench.drain();
    bench.lost(1, Cause::Closed(1012));
    let delay = delay(&mut bench).unwrap();
    assert!((secs(6)..=ms(6600)).contains(&delay), "{delay:?}");
}

#[test]
fn fault_17_flapping_connects_at_most_ten_times_in_two_minutes() {
    let mut bench =
        Bench::up(plain().backoff_max(ms(10)).backoff_min(ms(0)).dials_per_minute(None));
    let mut opened = vec![bench.now];
    for transport in 1..40 {
        bench.lost(transport, Cause::EndedAbruptly);
        while bench.state() != ConnectionState::Connected {
            bench.pass(ms(100));
            bench.news(transport + 1, News::Opened);
        }
        opened.push(bench.now);
    }
    for stretch in opened.windows(limits::FLAP_CONNECTS_MAX + 1) {
        let lasted = stretch[limits::FLAP_CONNECTS_MAX].since(stretch[0]);
        assert!(lasted >= limits::FLAP_PERIOD, "{lasted:?}");
    }
    assert_eq!(bench.engine.info(bench.now).attempts, 39, "attempts keep rising");
}

#[test]
fn no_minute_holds_more_dials_than_the_budget() {
    let config = plain().backoff_min(ms(0)).backoff_max(ms(0)).dials_per_minute(Some(5));
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let mut dialed = vec![bench.now];
    for transport in 1..30 {
        bench.failed(transport, Cause::Refused);
        while bench.engine.info(bench.now).dials == transport {
            bench.pass(ms(100));
            bench.give(Input::Online);
        }
        dialed.push(bench.now);
    }
    for minute in dialed.windows(6) {
        assert!(minute[5].since(minute[0]) >= secs(60), "{minute:?}");
    }
}

#[test]
fn the_second_level_keeps_to_the_budgets_too() {
    let config = plain().stale_after(Some(secs(1))).heartbeat(Heartbeat::None);
    let mut bench = Bench::up(config);
    let mut opened = vec![bench.now];
    for _ in 0..4000 {
        bench.pass(ms(100));
        let transport = bench.engine.info(bench.now).dials;
        if bench.state() != ConnectionState::Connected {
            bench.news(transport, News::Opened);
            if bench.state() == ConnectionState::Connected {
                opened.push(bench.now);
            }
        }
    }
    assert!(opened.len() > 20, "{}", opened.len());
    for stretch in opened.windows(limits::FLAP_CONNECTS_MAX + 1) {
        assert!(stretch[10].since(stretch[0]) >= limits::FLAP_PERIOD, "{stretch:?}");
    }
}

#[test]
fn req_x13_an_open_breaker_probes_less_often_and_tests_before_full_use() {
    let config = plain().breaker_failures(Some(2)).breaker_pause(secs(60)).stable_after(secs(5));
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    assert_eq!(fail(&mut bench, 1, Failure::new(Cause::Refused)), Some(secs(1)));
    bench.pass(secs(1));
    bench.drain();
    bench.failed(2, Cause::Refused);
    let words = bench.words();
    assert!(words.contains(&"Breaker { open: true }".into()), "{words:?}");
    bench.pass(secs(59));
    assert_eq!(next_dial(&mut bench), "");
    bench.pass(secs(16));
    assert_eq!(next_dial(&mut bench), "dial t3 try 2 at 0");
    bench.news(3, News::Opened);
    bench.expect(&["t3 > ping 1"]);
    assert_eq!(bench.state(), ConnectionState::Reconnecting, "on trial");
    let pong = crate::bench::pong(1, everlink_engine::PingLevel::Protocol);
    bench.frame(3, pong);
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.written(3, 1);
    bench.pass(secs(5));
    assert!(bench.words().contains(&"Breaker { open: false }".into()));
}

#[test]
fn req_x13_a_breaker_that_is_open_is_told_once() {
    let mut bench = Bench::new(plain().breaker_failures(Some(1)));
    bench.give(Input::Connect);
    bench.failed(1, Cause::Refused);
    bench.give(Input::Reconnect);
    bench.failed(2, Cause::Refused);
    let told = bench.words().iter().filter(|word| word.contains("Breaker")).count();
    assert_eq!(told, 1);
}

#[test]
fn req_x14_delays_grow_up_to_twice_while_attempts_fail() {
    let config = plain().backoff_adaptive(true).backoff_max(secs(1)).dials_per_minute(None);
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let mut last = Duration::ZERO;
    for transport in 1..60 {
        let delay = fail(&mut bench, transport, Failure::new(Cause::Refused)).unwrap();
        assert!(delay >= last && delay <= secs(2), "{delay:?}");
        last = delay;
        bench.pass(delay);
    }
    assert!(last > ms(1990), "{last:?}");
    assert!(bench.engine.info(bench.now).success_rate < 0.01);
}

#[test]
fn req_x06_reconnect_counts_anew_and_makes_one_connection() {
    let mut bench = Bench::new(plain());
    bench.give(Input::Connect);
    for transport in 1..=3 {
        bench.failed(transport, Cause::Refused);
        bench.pass(secs(4));
    }
    bench.drain();
    bench.give(Input::Reconnect);
    bench.give(Input::Reconnect);
    bench.expect(&[]);
    assert_eq!(bench.engine.info(bench.now).attempts, 1, "the attempt under way is the first");
    bench.pass(ms(2001));
    bench.give(Input::Reconnect);
    bench.expect(&["abandon t4", "retry 1 in 0ns", "dial t5 try 1 at 0"]);
}

#[test]
fn req_x06_reconnect_does_not_wait_for_an_attach_that_is_stuck() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.drain();
    bench.pass(secs(2));
    bench.give(Input::Reconnect);
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.give(Input::Reconnect);
    bench.expect(&["abandon t1", "dial t2 try 0 at 0"]);
}

#[test]
fn what_was_counted_is_forgotten_once_the_connection_is_stable() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    for transport in 1..10 {
        bench.lost(transport, Cause::Closed(1002));
        assert_eq!(bench.engine.info(bench.now).attempts, 1, "each loss is the first");
        assert_eq!(delay(&mut bench), Some(secs(1)));
        bench.pass(secs(1));
        bench.news(transport + 1, News::Opened);
        bench.pass(secs(30));
    }
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn the_slow_ladder_begins_anew_after_a_reconnect() {
    let mut bench = Bench::new(plain());
    bench.give(Input::Connect);
    for transport in 1..=4 {
        let delay = fail(&mut bench, transport, Failure::new(Cause::CaptivePortal)).unwrap();
        bench.pass(delay);
    }
    bench.failed(5, Cause::CaptivePortal);
    bench.give(Input::Reconnect);
    let delay = fail(&mut bench, 6, Failure::new(Cause::CaptivePortal)).unwrap();
    assert!((secs(15)..=secs(30)).contains(&delay), "{delay:?}");
}

#[test]
fn req_x02_decorrelated_delays_follow_from_the_one_before() {
    let config = plain().jitter(Jitter::Decorrelated).dials_per_minute(None);
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let (mut before, mut longest) = (secs(1), secs(0));
    for transport in 1..200 {
        let delay = fail(&mut bench, transport, Failure::new(Cause::Refused)).unwrap();
        assert!(delay >= secs(1) && delay <= (before * 3).min(secs(30)), "{before:?} {delay:?}");
        (before, longest) = (delay.max(secs(1)), longest.max(delay));
        bench.pass(delay);
    }
    assert!(longest > secs(25), "{longest:?}");
}

#[test]
fn the_success_rate_follows_the_newest_attempts() {
    let mut bench = Bench::up(plain());
    assert_eq!(bench.engine.info(bench.now).success_rate, 1.0);
    bench.lost(1, Cause::Reset);
    assert_eq!(bench.engine.info(bench.now).success_rate, 1.0, "the attempt had succeeded");
    bench.pass(secs(1));
    bench.failed(2, Cause::Refused);
    assert_eq!(bench.engine.info(bench.now).success_rate, 0.875);
    bench.pass(secs(2));
    bench.news(3, News::Opened);
    assert_eq!(bench.engine.info(bench.now).success_rate, 0.89);
}

#[test]
fn req_f08_the_wait_for_a_shared_budget_does_not_count_as_a_slow_dial() {
    let mut bench = Bench::new(plain());
    bench.give(Input::Connect);
    let turn = bench.now.after(secs(200));
    bench.news(1, News::Deferred { until: turn });
    bench.drain();
    let limit = bench.engine.config().settings().connect_timeout();
    bench.pass(secs(200) + limit - ms(1));
    bench.expect(&[]);
    // News of a transport that nobody waits for changes nothing.
    bench.news(7, News::Deferred { until: turn });
    bench.pass(ms(1));
    let words = bench.words();
    assert!(words.iter().any(|word| word == "abandon t1"), "{words:?}");
}
