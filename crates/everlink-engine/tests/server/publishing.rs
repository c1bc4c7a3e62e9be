//! What a client says: numbered messages and their acknowledgements, volatile values, history.

use std::time::Duration;

use everlink_engine::server::{Code, Publish, RateLimit, Request, SessionInput, SessionStage};

use crate::bench::{Bench, Input, config, frame, publish, secs, stored};

fn publish_of(producer: &'static str, sequence: u64) -> Input {
    let (channel, before, payload) = ("c", None, 0);
    let producer = Some(producer);
    frame(Request::Publish(Publish { channel, producer, sequence, before, payload }))
}

#[test]
fn a_message_is_acknowledged_when_it_is_stored_and_not_before() {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(publish("c", 1)), ["append c 1 after 0"]);
    assert_eq!(bench.session.info().publishes, 1);
    assert_eq!(bench.says(stored("c", 1, 40)), ["> ack c 1 at 40"]);
    assert_eq!(bench.session.info().publishes, 0);
}

#[test]
fn acknowledgements_of_many_commits_make_one_frame_for_each_channel_and_producer() {
    let mut bench = Bench::attached(config());
    for sequence in 1..=3 {
        bench.give(publish("a", sequence));
        bench.give(publish("b", sequence));
        bench.give(publish_of("tab", sequence));
    }
    bench.said();
    for sequence in 1..=3 {
        bench.give(stored("a", sequence, sequence + 10));
        bench.give(stored("b", sequence, sequence + 20));
    }
    let (channel, producer) = ("c", Some("tab"));
    bench.give(SessionInput::Stored { channel, producer, sequence: 1, offset: 7 });
    assert_eq!(bench.said(), ["> ack a 3 at 13", "> ack b 3 at 23", "> ack c 1 at 7 of tab"]);
    assert!(bench.said().is_empty(), "told once");
}

#[test]
fn an_acknowledgement_never_goes_back_behind_one_that_waits_with_it() {
    let mut bench = Bench::attached(config());
    (1..=3).for_each(|sequence| bench.give(publish("c", sequence)));
    bench.said();
    bench.give(stored("c", 3, 13));
    bench.give(stored("c", 1, 11));
    assert_eq!(bench.said(), ["> ack c 3 at 13"]);
}

#[test]
fn fault_28_what_was_stored_before_is_acknowledged_again() {
    let mut bench = Bench::attached(config());
    bench.give(publish("c", 4));
    bench.said();
    assert_eq!(bench.says(stored("c", 4, 0)), ["> ack c 4 at 0"]);
    bench.give(publish("c", 4));
    bench.said();
    assert_eq!(bench.says(stored("c", 4, 0)), ["> ack c 4 at 0"]);
}

#[test]
fn fault_31_nothing_is_acknowledged_that_did_not_come_on_this_connection() {
    let mut bench = Bench::attached(config());
    bench.give(publish("c", 4));
    bench.said();
    assert!(bench.says(stored("c", 5, 9)).is_empty());
    assert!(bench.says(stored("d", 4, 9)).is_empty());
    bench.give(stored("c", 4, 9));
    assert_eq!(bench.said(), ["> ack c 4 at 9"]);
    assert!(bench.says(stored("c", 4, 9)).is_empty(), "one answer for one message");
}

#[test]
fn the_producer_of_the_greeting_needs_no_name() {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(publish_of("me", 1)), ["append c 1 after 0"]);
    assert_eq!(bench.says(publish_of("tab", 1)), ["append c 1 after 0 of tab"]);
}

#[test]
fn numbers_that_were_dropped_by_policy_are_named_and_senseless_ones_break_the_protocol() {
    let numbered = |sequence, before| {
        let (channel, producer, payload) = ("c", None, 0);
        frame(Request::Publish(Publish { channel, producer, sequence, before, payload }))
    };
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(numbered(9, Some(4))), ["append c 9 after 4"]);
    for (sequence, before) in [(0, None), (3, Some(3)), (3, Some(4))] {
        let mut bench = Bench::attached(config());
        let said = bench.says(numbered(sequence, before));
        assert_eq!(said, ["> err 1002 fatal", "detached", "close 1002"]);
    }
}

#[test]
fn a_refused_message_is_told_before_a_later_one_is_acknowledged() {
    let mut bench = Bench::attached(config());
    (1..=3).for_each(|sequence| bench.give(publish("c", sequence)));
    bench.said();
    bench.give(stored("c", 1, 1));
    let (code, why) = (Code::Forbidden, "too rude");
    bench.give(SessionInput::Refused { channel: "c", producer: None, sequence: 2, code, why });
    bench.give(stored("c", 3, 2));
    assert_eq!(bench.said(), ["> nack c 2: 4403", "> ack c 3 at 2"]);
}

#[test]
fn a_hole_in_a_producers_numbers_ends_the_connection_after_what_is_stored_is_acknowledged() {
    let mut bench = Bench::attached(config());
    [1, 3].into_iter().for_each(|sequence| bench.give(publish("c", sequence)));
    bench.said();
    bench.give(stored("c", 1, 1));
    bench.give(SessionInput::Hole { channel: "c", producer: None, sequence: 3 });
    let expected = ["> ack c 1 at 1", "> err 4409 fatal", "detached", "close 1002"];
    assert_eq!(bench.said(), expected);
}

#[test]
fn a_log_that_cannot_store_sends_the_client_away_with_what_it_has() {
    let mut bench = Bench::attached(config());
    bench.give(publish("c", 1));
    bench.said();
    let said = bench.says(SessionInput::Unavailable { retry: Some(secs(3)) });
    assert_eq!(said, ["> err 1013 fatal", "detached", "close 1013"], "never a nack");
}

#[test]
fn reading_pauses_while_as_much_is_on_its_way_as_may_be_and_resumes_at_half() {
    let mut config = config();
    config.publishes_max = 4;
    let mut bench = Bench::attached(config);
    (1..=3).for_each(|sequence| bench.give(publish("c", sequence)));
    assert!(!bench.session.is_paused());
    bench.give(publish("c", 4));
    assert!(bench.session.is_paused());
    assert_eq!(bench.said().last().unwrap(), "pause");
    (1..=2).for_each(|sequence| bench.give(stored("c", sequence, sequence)));
    assert!(bench.session.is_paused());
    assert_eq!(bench.says(stored("c", 3, 3)), ["resume", "> ack c 3 at 3"]);
    assert!(!bench.session.is_paused());
}

#[test]
fn reading_pauses_by_bytes_too() {
    let mut config = config();
    config.publish_bytes_max = 250;
    let mut bench = Bench::attached(config);
    (1..=2).for_each(|sequence| bench.give(publish("c", sequence)));
    assert!(!bench.session.is_paused());
    bench.give(publish("c", 3));
    assert!(bench.session.is_paused());
    assert_eq!(bench.session.info().publish_bytes, 300);
    bench.give(stored("c", 1, 1));
    assert_eq!(bench.session.info().publish_bytes, 200);
    assert!(bench.session.is_paused(), "more than half");
    bench.give(stored("c", 2, 2));
    assert_eq!(bench.session.info().publish_bytes, 100);
    assert!(!bench.session.is_paused());
}

#[test]
fn what_is_on_its_way_or_to_be_acknowledged_outlives_a_release_of_memory_and_nothing_else_does() {
    let mut bench = Bench::attached(config());
    bench.says(publish("c", 1));
    bench.says(publish("d", 1));
    bench.session.release();
    bench.give(stored("c", 1, 7));
    bench.session.release();
    assert_eq!(bench.said(), ["> ack c 1 at 7"]);
    assert_eq!(bench.says(stored("d", 1, 8)), ["> ack d 1 at 8"]);
    bench.session.release();
    assert_eq!(bench.session.info().heap_bytes, 0);
}

#[test]
fn a_steady_publisher_to_four_channels_keeps_its_memory_and_one_to_more_gives_it_back() {
    let mut bench = Bench::attached(config());
    let mut held_after = |channel| {
        bench.says(publish(channel, 1));
        assert_eq!(bench.says(stored(channel, 1, 1)).len(), 1);
        bench.session.info().heap_bytes
    };
    let held = ["a", "b", "c", "d"].map(&mut held_after);
    let share = held[1] - held[0];
    assert!(share > 0);
    assert_eq!(held, [0, 1, 2, 3].map(|others| held[0] + others * share));
    let without_any = held_after("e");
    assert_eq!(held_after("a"), without_any + share);
}

#[test]
fn fault_38_a_flood_that_goes_on_in_spite_of_a_pause_ends_the_connection() {
    let mut config = config();
    config.publishes_max = 4;
    let mut bench = Bench::attached(config);
    (1..=8).for_each(|sequence| bench.give(publish("c", sequence)));
    assert_eq!(bench.stage(), SessionStage::Attached);
    bench.give(publish("c", 9));
    assert_eq!(bench.said().last().unwrap(), "close 4302");
}

#[test]
fn who_sends_faster_than_the_rate_is_read_slower_and_loses_nothing() {
    let mut config = config();
    config.rate = RateLimit::new(10, 4);
    let mut bench = Bench::attached(config);
    (1..=4).for_each(|sequence| bench.give(publish("c", sequence)));
    assert!(!bench.session.is_paused());
    bench.give(publish("c", 5));
    let said = bench.said();
    assert_eq!(said[3..], ["append c 4 after 3", "append c 5 after 4", "pause"]);
    // One is owed, and one is to be saved up: a fifth of a second.
    assert!(bench.pass(Duration::from_millis(199)).is_empty());
    assert_eq!(bench.pass(Duration::from_millis(1)), ["resume"]);
}

#[test]
fn fault_38_ten_times_what_the_rate_allows_ends_the_connection() {
    let mut config = config();
    config.rate = RateLimit::new(10, 4);
    let mut bench = Bench::attached(config);
    (1..=44).for_each(|sequence| bench.give(publish("c", sequence)));
    assert_eq!(bench.stage(), SessionStage::Attached);
    bench.give(publish("c", 45));
    assert_eq!(bench.said().last().unwrap(), "close 4302");
}

#[test]
fn volatile_values_over_their_rate_are_dropped_and_counted() {
    let mut config = config();
    config.volatile_rate = RateLimit::new(10, 2);
    let mut bench = Bench::attached(config);
    let volatile = || frame(Request::Volatile { channel: "c", key: "typing", payload: 1 });
    assert_eq!(bench.says(volatile()), ["volatile c typing"]);
    assert_eq!(bench.says(volatile()), ["volatile c typing"]);
    assert!(bench.says(volatile()).is_empty());
    assert_eq!(bench.session.info().volatile_dropped, 1);
    bench.pass(Duration::from_millis(100));
    assert_eq!(bench.says(volatile()), ["volatile c typing"]);
    assert!(!bench.session.is_paused());
}

#[test]
fn pages_of_history_are_bounded_in_length_and_number() {
    let mut config = config();
    (config.pages_max, config.page_messages_max) = (1, 50);
    let mut bench = Bench::attached(config);
    let read = |request| frame(Request::Read { request, channel: "c", after: 3, limit: 80 });
    assert_eq!(bench.says(read(1)), ["page r1 c after 3, 50"]);
    assert_eq!(bench.says(read(2)), ["> read_err r2 4411"]);
    bench.give(SessionInput::PageSent);
    assert_eq!(bench.says(read(3)), ["page r3 c after 3, 50"]);
}
