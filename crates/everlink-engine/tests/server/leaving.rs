//! How a session ends: asked to go, taken over, said good-bye, or gone.

use std::time::Duration;

use everlink_engine::AwayReason;
use everlink_engine::server::{Request, SessionInput, SessionStage};

use crate::bench::{Bench, Input, bounds, config, frame, hello, publish, secs, stored};

fn away(reason: AwayReason, slot: u64) -> Input {
    SessionInput::GoAway { reason, slot: secs(slot), url: None }
}

#[test]
fn fault_51_away_is_said_once_and_the_session_serves_on_until_slot_and_grace_are_over() {
    let mut bench = Bench::reading(9, bounds(1, 1, 9));
    assert_eq!(bench.says(away(AwayReason::Drain, 4)), ["> away Drain in 4s"]);
    assert!(bench.says(away(AwayReason::Drain, 1)).is_empty());
    bench.advance("c", bounds(1, 1, 10));
    assert_eq!(bench.next(), Some(("c", 9, 10)));
    bench.give(publish("c", 1));
    assert_eq!(bench.said(), ["append c 1 after 0"]);
    assert_eq!(bench.says(stored("c", 1, 11)), ["> ack c 1 at 11"]);
    assert!(bench.pass(Duration::from_millis(13_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["detached", "close 1012"]);
}

#[test]
fn req_n04_overload_asks_to_come_back_later() {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(away(AwayReason::Overload, 4)), ["> away Overload in 4s"]);
    assert_eq!(bench.pass(secs(14)), ["detached", "close 1013"]);
}

#[test]
fn req_n04_no_slot_is_longer_than_a_client_obeys() {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(away(AwayReason::Drain, 100_000)), ["> away Drain in 600s"]);
}

#[test]
fn who_has_not_been_welcomed_is_sent_away_at_once() {
    let mut bench = Bench::new(config());
    assert_eq!(bench.says(away(AwayReason::Drain, 4)), ["> err 1012 fatal", "close 1012"]);
    let mut bench = Bench::new(config());
    bench.says(hello(Vec::new()));
    assert_eq!(bench.says(away(AwayReason::Overload, 4)), ["> err 1013 fatal", "close 1013"]);
}

#[test]
fn fault_21_a_client_that_attaches_again_counts_no_more_on_its_old_connection() {
    let mut bench = Bench::reading(8, bounds(1, 1, 9));
    assert_eq!(bench.says(SessionInput::TakenOver), ["detached"]);
    assert!(bench.says(SessionInput::TakenOver).is_empty());
    assert_eq!(bench.stage(), SessionStage::TakenOver);
    assert_eq!(bench.next(), Some(("c", 8, 9)), "what is on its way is finished");
    bench.give(publish("c", 1));
    assert_eq!(bench.said(), ["append c 1 after 0"]);
    assert!(bench.pass(Duration::from_millis(9_999)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["close 4303"], "not detached twice");
}

#[test]
fn of_away_and_take_over_the_earlier_end_holds() {
    let mut bench = Bench::attached(config());
    bench.give(away(AwayReason::Drain, 100));
    bench.give(SessionInput::TakenOver);
    bench.said();
    assert_eq!(bench.pass(secs(10)), ["close 4303"]);
    let mut bench = Bench::attached(config());
    bench.give(SessionInput::TakenOver);
    bench.give(away(AwayReason::Drain, 100));
    bench.said();
    assert_eq!(bench.pass(secs(10)), ["close 4303"]);
}

#[test]
fn bye_ends_the_session_after_what_is_stored_is_acknowledged() {
    let mut bench = Bench::attached(config());
    bench.give(publish("c", 1));
    bench.said();
    bench.give(stored("c", 1, 4));
    assert_eq!(bench.says(frame(Request::Bye)), ["> ack c 1 at 4", "detached", "close 1000"]);
}

#[test]
fn after_the_end_nothing_has_an_effect() {
    let mut bench = Bench::attached(config());
    bench.says(frame(Request::Bye));
    for input in [publish("c", 1), SessionInput::Gone, SessionInput::Timeout] {
        assert!(bench.says(input).is_empty());
    }
    assert_eq!(bench.session.poll_timeout(), None);
    assert_eq!(bench.session.info().heap_bytes % 8, 0);
}

#[test]
fn a_session_that_is_over_holds_neither_channels_nor_messages() {
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    bench.says(publish("c", 1));
    let info = bench.session.info();
    assert_eq!((info.channels, info.behind, info.publishes, info.publish_bytes), (1, 1, 1, 100));
    bench.says(SessionInput::Gone);
    bench.session.release();
    let info = bench.session.info();
    assert_eq!((info.channels, info.behind, info.publishes, info.publish_bytes), (0, 0, 0, 0));
    assert_eq!(info.heap_bytes, 0);
}

#[test]
fn a_socket_that_is_gone_takes_the_client_out_of_presence_and_says_no_more() {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(SessionInput::Gone), ["detached"]);
    let mut bench = Bench::new(config());
    assert!(bench.says(SessionInput::Gone).is_empty());
    assert_eq!(bench.stage(), SessionStage::Closed);
}
