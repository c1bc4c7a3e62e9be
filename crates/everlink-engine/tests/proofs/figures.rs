//! What [`Engine::info`](everlink_engine::Engine::info) tells: every count, and quality.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use everlink_engine::{
    Cause, ConnectionState, Dialect, Input, News, PingLevel, Quality, Received, SendPolicy,
    Timestamp, ValueKey,
};

use crate::bench::{Bench, CHANNEL, delivery, everlink, ms, plain, pong, secs};

#[test]
fn req_x07_every_message_is_counted_whatever_its_kind() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.send(Some(1), SendPolicy::Fail);
    bench.send(Some(1), SendPolicy::Fail);
    bench.written(1, 9);
    // Nothing may wait before a volatile message.
    bench.send(Some(1), SendPolicy::Volatile);
    bench.frame(1, delivery(1, 6));
    let (channel, key) = (CHANNEL, ValueKey(1));
    bench.frame(1, Received::Volatile { channel, key, payload: 1 });
    bench.frame(1, Received::Retained { channel, key, version: 1, payload: 1 });
    bench.frame(1, Received::Message { channel: None, key: None, payload: 1 });
    let info = bench.engine.info(bench.now);
    assert_eq!((info.messages_sent, info.messages_received), (3, 4));
    assert_eq!((info.messages_replayed, info.duplicates), (0, 0));
}

#[test]
fn req_x07_every_return_is_counted() {
    let mut bench = Bench::up(plain());
    for transport in 1..=3 {
        bench.lost(transport, Cause::Reset);
        assert_eq!(bench.engine.info(bench.now).reconnects, transport - 1);
        bench.pass(secs(5));
        bench.news(transport + 1, News::Opened);
        assert_eq!(bench.engine.info(bench.now).reconnects, transport);
    }
}

#[test]
fn req_x09_a_loss_makes_the_quality_unusable_and_forgets_the_round_trips() {
    let mut bench = Bench::up(plain());
    bench.pass(secs(20));
    bench.pass(ms(30));
    bench.frame(1, pong(1, PingLevel::Protocol));
    bench.drain();
    bench.lost(1, Cause::Reset);
    let words = bench.words();
    let told = "QualityChanged { from: Excellent, to: Unusable }";
    assert!(words.contains(&told.into()), "{words:?}");
    let info = bench.engine.info(bench.now);
    assert_eq!((info.latency, info.quality), (None, Quality::Unusable));
}

#[test]
fn req_x01_only_the_transitions_of_the_diagram_can_happen() {
    let mut possible = 0;
    for from in ConnectionState::ALL {
        assert!(!from.may_become(from), "{from:?}");
        possible += ConnectionState::ALL.iter().filter(|to| from.may_become(**to)).count();
    }
    assert_eq!(possible, ConnectionState::TRANSITIONS.len());
    assert!(!ConnectionState::Closed.may_become(ConnectionState::Connected));
    assert!(ConnectionState::Closed.may_become(ConnectionState::Connecting));
}

#[test]
fn names_are_those_that_applications_print() {
    let qualities = [Quality::Excellent, Quality::Good, Quality::Poor, Quality::Unusable];
    assert_eq!(qualities.map(Quality::name), ["excellent", "good", "poor", "unusable"]);
    assert_eq!(
        Dialect::ALL.map(|dialect| dialect.name),
        ["plain", "json", "chat_text", "exchange", "everlink", "socketio"]
    );
}

#[test]
fn a_time_beyond_all_times_is_the_last_one() {
    let start = Timestamp::from_millis(1);
    // So many nanoseconds that their lowest 64 bits look harmless.
    assert_eq!(start.after(secs(1 << 40)), Timestamp::from_nanos(u64::MAX));
    assert_eq!(start.after(secs(1)), Timestamp::from_millis(1001));
}

/// A model checker that takes different engines for one would look at almost nothing.
#[test]
fn engines_that_will_behave_differently_have_different_hashes() {
    let hash = |bench: &Bench| {
        let mut hasher = DefaultHasher::new();
        bench.engine.hash(&mut hasher);
        hasher.finish()
    };
    let mut bench = Bench::new(plain());
    let mut hashes = vec![hash(&bench)];
    for step in 0..4 {
        match step {
            0 => bench.give(Input::Connect),
            1 => bench.news(1, News::Opened),
            2 => bench.lost(1, Cause::Reset),
            _ => bench.give(Input::Disconnect),
        }
        hashes.push(hash(&bench));
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
}
