//! When clients return: over the window that the server named, and no later than its cap.

use std::time::Duration;

use everlink_engine::{Cause, Failure, Input, Jitter, News, Received, limits};

use crate::bench::{Bench, everlink, ms, plain, secs, welcome};
use crate::retry::{delay, fail};

#[test]
fn the_servers_window_goes_before_ours_for_the_first_return() {
    let mut bench = Bench::new(everlink().return_window(Some(ms(1))));
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, welcome_of(Some(secs(100_000)), None));
    bench.drain();
    bench.lost(1, Cause::EndedAbruptly);
    let delay = delay(&mut bench).unwrap();
    assert!(delay > ms(1) && delay <= limits::HINT_MAX, "{delay:?}");
}

/// A server's welcome with a window for returns and a wish for the longest back-off.
fn welcome_of(window: Option<Duration>, cap: Option<Duration>) -> Received<u32> {
    let mut welcome = welcome();
    if let Received::Welcome { return_window, backoff_max, .. } = &mut welcome {
        (*return_window, *backoff_max) = (window, cap);
    }
    welcome
}

/// A client that was welcomed and has lost its server since.
fn lost_after(welcome: Received<u32>, seed: u32) -> Bench {
    let config = everlink().jitter(Jitter::Full).dials_per_minute(None);
    let mut bench = Bench::seeded(config, seed);
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, welcome);
    bench.drain();
    bench.lost(1, Cause::EndedAbruptly);
    bench
}

/// Fails so often; returns the shortest and the longest delay of those that are not left out.
fn failing(bench: &mut Bench, first: u32, count: u32, left_out: u32) -> (Duration, Duration) {
    let before = delay(bench).unwrap();
    bench.pass(before);
    let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
    for transport in first..first + count {
        let delay = fail(bench, transport, Failure::new(Cause::Refused)).unwrap();
        if transport >= first + left_out {
            (shortest, longest) = (delay.min(shortest), delay.max(longest));
        }
        bench.pass(delay);
    }
    (shortest, longest)
}

#[test]
fn fault_50_the_servers_cap_ends_the_ladder_sooner_and_is_spread_like_ours() {
    let mut bench = lost_after(welcome_of(Some(secs(1)), Some(secs(5))), 1);
    let (shortest, longest) = failing(&mut bench, 2, 60, 6);
    assert!(shortest < secs(2), "{shortest:?}");
    assert!(longest > secs(4) && longest <= ms(5500), "{longest:?}");
    // It is remembered over an outage, and a welcome that names none leaves it alone.
    bench.news(62, News::Opened);
    bench.frame(62, welcome_of(None, None));
    bench.drain();
    bench.lost(62, Cause::EndedAbruptly);
    let (_, longest) = failing(&mut bench, 63, 60, 6);
    assert!(longest > secs(4) && longest <= ms(5500), "{longest:?}");
}

#[test]
fn the_servers_cap_never_lengthens_ours() {
    for cap in [secs(31), secs(100_000), Duration::MAX] {
        let mut bench = lost_after(welcome_of(Some(secs(1)), Some(cap)), 1);
        let (_, longest) = failing(&mut bench, 2, 60, 6);
        assert!(longest > secs(20) && longest <= ms(30_500), "{longest:?}");
    }
}

#[test]
fn fault_50_a_server_that_falls_again_at_once_does_not_bring_its_herd_together() {
    let mut longest = Duration::ZERO;
    for seed in 0..40 {
        let mut bench = lost_after(welcome_of(Some(secs(400)), None), seed);
        let first = delay(&mut bench).unwrap();
        bench.pass(first);
        // It has just begun: few are back, and it knows no better.
        bench.news(2, News::Opened);
        bench.frame(2, welcome_of(Some(secs(1)), None));
        bench.drain();
        bench.lost(2, Cause::EndedAbruptly);
        longest = delay(&mut bench).unwrap().max(longest);
    }
    // An eighth of half of the window, and not one of a second.
    assert!(longest > secs(18) && longest <= secs(25), "{longest:?}");
}

#[test]
fn a_connection_that_proved_itself_returns_over_the_window_that_was_named_last() {
    let config = everlink().stable_after(secs(1)).heartbeat_interval(secs(2));
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, welcome_of(Some(secs(400)), None));
    bench.drain();
    bench.lost(1, Cause::EndedAbruptly);
    let first = delay(&mut bench).unwrap();
    bench.pass(first);
    bench.news(2, News::Opened);
    bench.frame(2, welcome_of(Some(ms(10)), None));
    bench.written(2, 9);
    bench.pass(secs(2));
    let level = everlink_engine::PingLevel::Application;
    bench.frame(2, Received::Pong { level, nonce: None, window: None });
    let nonce = Some(1);
    bench.frame(2, Received::Pong { level, nonce, window: None });
    bench.pass(secs(1));
    bench.drain();
    bench.lost(2, Cause::EndedAbruptly);
    let third = delay(&mut bench).unwrap();
    assert!(third <= ms(10), "{third:?}");
}

#[test]
fn req_x02_who_fails_within_the_servers_window_is_spread_over_more_of_it_each_time() {
    let mut longest = [Duration::ZERO; 6];
    for seed in 0..60 {
        let config = everlink().dials_per_minute(None);
        let mut bench = Bench::seeded(config, seed);
        bench.give(Input::Connect);
        bench.news(1, News::Opened);
        bench.frame(1, welcome_of(Some(secs(400)), None));
        bench.drain();
        bench.lost(1, Cause::EndedAbruptly);
        let first = delay(&mut bench).unwrap();
        bench.pass(first);
        for (transport, longest) in (2..).zip(&mut longest) {
            let delay = fail(&mut bench, transport, Failure::new(Cause::Refused)).unwrap();
            *longest = delay.max(*longest);
            bench.pass(delay);
        }
    }
    for (longest, window) in longest.into_iter().zip([50, 100, 200, 400, 400, 400]) {
        let (low, high) = (secs(window) * 8 / 10, secs(window));
        assert!(low < longest && longest <= high, "{longest:?} of {window} s");
    }
}

#[test]
fn a_window_that_a_pong_names_replaces_the_one_of_the_welcome() {
    let mut bench = Bench::new(everlink().return_window(Some(ms(1))));
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, welcome());
    let level = everlink_engine::PingLevel::Application;
    bench.frame(1, Received::Pong { level, nonce: None, window: Some(secs(100)) });
    bench.frame(1, Received::Pong { level, nonce: None, window: None });
    bench.drain();
    bench.lost(1, Cause::EndedAbruptly);
    let delay = delay(&mut bench).unwrap();
    assert!(delay > ms(1) && delay <= secs(100), "{delay:?}");
}

#[test]
fn after_the_return_window_delays_begin_at_the_first() {
    let config = plain().return_window(Some(secs(3)));
    let mut bench = Bench::up(config);
    bench.lost(1, Cause::Reset);
    assert!(delay(&mut bench).unwrap() <= secs(3));
    for (transport, expected) in [(2, 1), (3, 2), (4, 4)] {
        bench.pass(secs(5));
        let delay = fail(&mut bench, transport, Failure::new(Cause::Refused));
        assert_eq!(delay, Some(secs(expected)));
    }
}
