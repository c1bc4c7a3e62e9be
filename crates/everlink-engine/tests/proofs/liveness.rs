//! Heartbeats, probes, late timers, staleness, quality.

use everlink_engine::{
    Cause, ConnectionState, Dialect, Heartbeat, Input, News, PingLevel, Quality, Received,
    SendPolicy, Timer, Timestamp,
};

use crate::bench::{Bench, everlink, ms, plain, pong, secs, welcome};

const PROTOCOL: PingLevel = PingLevel::Protocol;

fn message() -> Received<u32> {
    Received::Message { channel: None, key: None, payload: 5 }
}

#[test]
fn req_x03_a_missing_pong_closes_the_connection_at_its_deadline() {
    let mut bench = Bench::up(plain().probe_dials(false));
    bench.pass(ms(19_999));
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.expect(&["t1 > ping 1"]);
    bench.pass(ms(9_999));
    bench.expect(&[]);
    bench.pass(ms(1));
    let words = bench.words();
    assert_eq!(words[0], "abandon t1");
    assert!(words.contains(&"lost: HeartbeatTimedOut".into()));
}

#[test]
fn fault_24_any_data_counts_as_life() {
    for dialect in [Dialect::PLAIN, Dialect::JSON] {
        let mut bench = Bench::up(plain().dialect(dialect)).writing();
        for _ in 0..100 {
            bench.pass(secs(7));
            bench.news(1, News::Heard { data: true });
        }
        assert_eq!(bench.state(), ConnectionState::Connected, "{}", dialect.name);
    }
}

#[test]
fn fault_25_a_control_frame_is_no_life_for_an_application_with_pings_of_its_own() {
    let run = |dialect: Dialect, news: News<u32>| {
        let mut bench = Bench::up(plain().dialect(dialect)).writing();
        bench.pass(secs(25));
        bench.news(1, news);
        bench.pass(secs(5));
        bench.state()
    };
    for news in [News::Heard { data: false }, News::Frame(pong(1, PROTOCOL))] {
        assert_eq!(run(Dialect::PLAIN, news.clone()), ConnectionState::Connected);
        assert_ne!(run(Dialect::JSON, news), ConnectionState::Connected);
    }
}

#[test]
fn half_of_the_time_in_silence_dials_a_successor_and_life_drops_it() {
    let mut bench = Bench::up(plain());
    bench.pass(secs(20));
    bench.drain();
    bench.pass(secs(5));
    bench.expect(&["dial t2 try 0 at 0"]);
    bench.frame(1, message());
    bench.expect(&["abandon t2", "got 5"]);
}

#[test]
fn silence_promotes_the_successor_and_what_it_brought_is_delivered() {
    let mut bench = Bench::up(plain());
    bench.pass(secs(25));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, Received::Message { channel: None, key: Some(9), payload: 9 });
    bench.expect(&[]);
    bench.pass(secs(5));
    bench.expect(&[
        "abandon t1",
        "connected -> disconnected",
        "lost: HeartbeatTimedOut",
        "disconnected -> reconnecting",
        "retry 1 in 0ns",
        "reconnecting -> connected",
        "back after 1",
        "got 9",
    ]);
}

#[test]
fn a_successor_that_stalls_is_given_up_without_a_busy_loop() {
    let mut bench = Bench::up(everlink().write_timeout(ms(500)));
    bench.written(1, 9);
    bench.give(Input::NetworkChanged);
    bench.written(1, 1);
    bench.news(2, News::Opened);
    bench.drain();
    bench.pass(ms(500));
    bench.expect(&["abandon t2"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_newer_ping_does_not_put_death_off() {
    let config = plain().heartbeat_interval(secs(1)).heartbeat_timeout(secs(10));
    let mut bench = Bench::up(config.probe_dials(false));
    bench.pass(ms(10_999));
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.pass(ms(1));
    assert_eq!(bench.state(), ConnectionState::Disconnected);
}

#[test]
fn fault_26_pongs_that_take_longer_than_the_interval_prove_the_connection_all_the_same() {
    let config = plain().heartbeat_interval(secs(1)).stable_after(secs(3));
    let mut bench = Bench::up(config);
    bench.pass(ms(5500));
    bench.frame(1, pong(1, PROTOCOL));
    bench.lost(1, Cause::EndedAbruptly);
    bench.drain();
    bench.pass(secs(1));
    bench.news(2, News::Opened);
    assert!(bench.words().contains(&"back after 1".into()));
}

#[test]
fn a_pong_that_answers_nothing_proves_nothing() {
    let mut bench = Bench::up(plain().stable_after(secs(0)));
    for nonce in [0, 1, u32::MAX] {
        bench.frame(1, pong(nonce, PROTOCOL));
    }
    bench.expect(&[]);
    bench.pass(secs(20));
    bench.pass(ms(30));
    bench.drain();
    bench.frame(1, pong(1, PROTOCOL));
    bench.frame(1, pong(1, PROTOCOL));
    assert_eq!(bench.words().iter().filter(|word| word.contains("HealthCheck")).count(), 1);
    assert_eq!(bench.engine.info(bench.now).latency, Some(ms(30)));
    assert_eq!(bench.engine.info(bench.now).quality, Quality::Excellent);
}

#[test]
fn fault_42_a_late_timer_probes_once_and_does_not_kill() {
    let mut bench = Bench::up(plain().probe_dials(false));
    bench.sleep(secs(60));
    bench.give(Input::Timeout);
    let words = bench.words();
    assert!(words[0] == "t1 > ping 1" && !words.iter().any(|w| w.contains("abandon")), "{words:?}");
    bench.sleep(secs(60));
    bench.frame(1, pong(1, PROTOCOL));
    bench.give(Input::Timeout);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn fault_42_timers_that_are_always_late_still_find_a_dead_link() {
    let mut bench = Bench::up(plain().probe_dials(false));
    for _ in 0..3 {
        bench.sleep(secs(60));
        bench.give(Input::Timeout);
    }
    assert_ne!(bench.state(), ConnectionState::Connected, "dead for three minutes");
}

#[test]
fn fault_40_after_a_long_sleep_a_second_transport_is_dialed_with_fresh_credentials() {
    let mut bench = Bench::up(plain().credentials(true));
    bench.sleep(secs(8 * 3600));
    bench.give(Input::Timeout);
    let words = bench.words();
    assert_eq!(words[..2], ["t1 > ping 1", "dial t2 try 0 at 0 fresh"], "{words:?}");
    bench.drain();
    bench.pass(ms(1999));
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.pass(ms(1));
    assert_eq!(bench.state(), ConnectionState::Reconnecting, "the second transport is promoted");
}

#[test]
fn fault_45_lying_events_cost_one_probe_in_five_seconds() {
    let mut bench = Bench::up(plain().probe_dials(false));
    for _ in 0..50 {
        bench.give(Input::Online);
        bench.give(Input::Offline);
        bench.frame(1, message());
        bench.pass(ms(100));
    }
    let pings = bench.words().iter().filter(|word| word.contains("ping")).count();
    assert_eq!(pings, 1);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_probe_does_not_put_off_the_death_of_a_silent_link() {
    let mut bench = Bench::up(plain().probe_dials(false));
    bench.pass(ms(29_500));
    bench.give(Input::NetworkChanged);
    bench.pass(ms(500));
    assert_eq!(bench.state(), ConnectionState::Disconnected);
}

#[test]
fn req_x04_pings_of_the_server_are_life_but_no_data() {
    let mut bench = Bench::up(everlink().stale_after(Some(secs(60)))).writing();
    for nonce in 1..=5 {
        bench.pass(secs(10));
        bench.frame(1, Received::Ping { nonce: Some(nonce) });
    }
    bench.drain();
    bench.pass(secs(10));
    let words = bench.words();
    assert!(words.contains(&"Supervised { cause: Stale, attempt: 1 }".into()), "{words:?}");
}

#[test]
fn req_x04_timers_that_are_a_little_late_do_not_hide_staleness() {
    let mut bench = Bench::up(plain().stale_after(Some(secs(300)))).writing();
    for nonce in 1..=20 {
        bench.sleep(secs(30));
        bench.give(Input::Timeout);
        bench.frame(1, pong(nonce, PROTOCOL));
    }
    assert!(bench.words().iter().any(|word| word.contains("Stale")), "600 s without data");
}

#[test]
fn while_we_do_not_read_silence_says_nothing() {
    let mut bench = Bench::up(plain().stale_after(Some(secs(60)))).writing();
    bench.news(1, News::ReadPaused);
    bench.pass(secs(19));
    bench.drain();
    for _ in 0..10 {
        bench.pass(secs(20));
    }
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.news(1, News::ReadResumed);
    bench.pass(ms(9_999));
    assert_eq!(bench.state(), ConnectionState::Connected, "the peer has its time again");
    bench.pass(ms(1));
    assert_ne!(bench.state(), ConnectionState::Connected);
}

#[test]
fn fault_22_a_stalled_write_is_a_loss_and_every_written_frame_gives_it_time() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    bench.send(None, SendPolicy::Configured);
    bench.send(None, SendPolicy::Configured);
    bench.pass(secs(9));
    bench.written(1, 1);
    bench.pass(ms(9_999));
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.drain();
    bench.pass(ms(1));
    assert!(bench.words().contains(&"lost: WriteTimedOut".into()));
    assert_eq!(bench.engine.info(bench.now).queued_messages, 1);
}

#[test]
fn the_server_sets_the_heartbeat_within_what_settings_accept() {
    let year = secs(365 * 24 * 3600);
    for (asked, interval, timeout) in [
        ((secs(5), secs(3)), secs(5), secs(3)),
        ((ms(0), ms(0)), ms(100), ms(50)),
        ((year, year), secs(600), secs(600)),
    ] {
        let mut bench = Bench::new(everlink().probe_dials(false));
        bench.give(Input::Connect);
        bench.news(1, News::Opened);
        let mut welcome = welcome();
        if let Received::Welcome { heartbeat, .. } = &mut welcome {
            *heartbeat = Some(asked);
        }
        bench.frame(1, welcome);
        bench.written(1, 9);
        let (at, timer) = bench.engine.poll_timeout().unwrap();
        assert_eq!((at, timer), (bench.now.after(interval), Timer::Heartbeat));
        bench.pass(interval);
        bench.written(1, 9);
        bench.drain();
        let dead = bench.now.after(timeout);
        while bench.state() == ConnectionState::Connected {
            bench.pass(ms(10));
            bench.written(1, 9);
        }
        assert!(bench.now >= dead && bench.now.since(dead) < ms(11), "{asked:?}");
    }
}

#[test]
fn without_heartbeats_a_connection_is_stable_by_its_age_alone() {
    let mut bench = Bench::up(plain().heartbeat(Heartbeat::None));
    assert_eq!(bench.engine.poll_timeout().unwrap().1, Timer::Stable);
    bench.pass(secs(30));
    assert_eq!(bench.engine.poll_timeout(), None::<(Timestamp, Timer)>);
}

#[test]
fn fault_45_after_five_seconds_the_next_event_probes_again() {
    let mut bench = Bench::up(plain().probe_dials(false));
    bench.give(Input::Offline);
    bench.frame(1, message());
    bench.pass(ms(4999));
    bench.drain();
    bench.give(Input::Offline);
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.give(Input::Offline);
    bench.expect(&["t1 > ping 2"]);
}

#[test]
fn fault_45_while_a_delay_runs_lying_events_dial_once_in_five_seconds() {
    let mut bench = Bench::up(plain().dials_per_minute(None));
    let mut transport = 1;
    bench.lost(transport, Cause::Reset);
    let mut dials = Vec::new();
    for _ in 0..=150 {
        bench.give(Input::Online);
        let now = bench.engine.info(bench.now).dials;
        if now > transport {
            transport = now;
            dials.push(bench.now);
            bench.failed(transport, Cause::Refused);
        }
        bench.sleep(ms(100));
    }
    assert_eq!(dials.len(), 4);
    assert!(dials.windows(2).all(|two| two[1].since(two[0]) >= secs(5)), "{dials:?}");
}

#[test]
fn req_x07_up_time_and_down_time_are_booked_where_they_belong() {
    let mut bench = Bench::new(plain());
    bench.pass(secs(100));
    bench.give(Input::Connect);
    bench.pass(secs(2));
    bench.news(1, News::Opened);
    bench.pass(secs(7));
    let info = bench.engine.info(bench.now);
    assert_eq!((info.uptime, info.downtime, info.connected_for), (secs(7), secs(2), secs(7)));
    bench.lost(1, Cause::Reset);
    bench.pass(ms(400));
    let info = bench.engine.info(bench.now);
    assert_eq!((info.uptime, info.downtime, info.connected_for), (secs(7), ms(2400), secs(0)));
    assert_eq!(info.next_attempt, Some(ms(600)));
    assert!(info.is_reconnecting() && !info.is_connected());
    bench.give(Input::Disconnect);
    bench.pass(secs(50));
    let info = bench.engine.info(bench.now);
    assert_eq!((info.uptime, info.downtime), (secs(7), ms(2400)));
    assert!(!info.is_reconnecting());
}

#[test]
fn req_b01_the_second_level_looks_at_its_interval_and_starts_anew_as_often_as_allowed() {
    let config = plain()
        .attempts_max(Some(1))
        .backoff_min(ms(0))
        .check_interval(secs(10))
        .supervisor_attempts_max(2);
    let mut bench = Bench::new(config);
    bench.give(Input::Connect);
    let mut acted = Vec::new();
    let mut transport = 0;
    for _ in 0..600 {
        let dials = bench.engine.info(bench.now).dials;
        if dials > transport {
            transport += 1;
            bench.failed(transport, Cause::Refused);
        } else {
            bench.pass(ms(100));
        }
        let words = bench.words();
        let surrender = words.iter().filter(|word| word.contains("Surrender"));
        acted.extend(surrender.map(|_| bench.now.since(Timestamp::from_millis(1000)).as_secs()));
    }
    assert_eq!(acted, [10, 20]);
    assert_eq!(bench.state(), ConnectionState::Error);
}
