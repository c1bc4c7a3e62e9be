//! More than one channel: what is true of one says nothing about another, and what a channel leaves
//! behind when it is given up.

use everlink_engine::{
    ChannelId, ConnectionState, Input, News, Outcome, Received, SendPolicy, Transmit, ValueKey,
    limits,
};

use crate::bench::{
    Bench, CHANNEL, ack, cursor, delivery, everlink, origin, secs, sub_ok, welcome,
};

const OTHER: ChannelId = ChannelId(2);

/// Two channels wanted from the start of their logs, and a transport that has greeted.
fn two() -> Bench {
    let mut bench = Bench::new(everlink().queue_messages_max(10_000));
    for channel in [CHANNEL, OTHER] {
        bench.give(Input::Subscribe { channel, from: Some(cursor(1, 0)) });
    }
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.frame(1, welcome());
    bench.drain();
    bench
}

/// The same, attached at the heads of both logs.
fn two_attached() -> Bench {
    let mut bench = two();
    bench.frame(1, sub_ok(1, 1, 0));
    bench.frame(1, sub_ok(2, 1, 0));
    bench.written(1, 9);
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.drain();
    bench
}

fn retained(version: u64) -> Received<u32> {
    let payload = 1000 + version as u32;
    Received::Retained { channel: CHANNEL, key: ValueKey(1), version, payload }
}

#[test]
fn each_channel_is_waited_for_until_it_has_reached_its_own_head() {
    let mut bench = two();
    bench.frame(1, sub_ok(1, 1, 1));
    bench.frame(1, sub_ok(2, 1, 1));
    bench.frame(1, delivery(2, 1));
    assert_eq!(bench.state(), ConnectionState::Connecting, "the first has not caught up");
    bench.frame(1, delivery(1, 1));
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn a_channel_that_is_given_up_is_not_waited_for_and_the_other_is() {
    let mut bench = two();
    bench.frame(1, sub_ok(1, 1, 1));
    bench.frame(1, sub_ok(2, 1, 1));
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    assert_eq!(bench.state(), ConnectionState::Connecting, "the second has not caught up");
    bench.frame(1, delivery(2, 1));
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn fault_30_a_hole_in_a_channel_that_is_given_up_need_not_be_filled() {
    let mut bench = two_attached();
    bench.frame(1, delivery(1, 8));
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    bench.written(1, 9);
    bench.pass(secs(6));
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn fault_30_holes_of_two_channels_wait_for_room_together() {
    let mut bench = two_attached();
    for _ in 0..limits::UNWRITTEN_FRAMES_MAX {
        bench.send(Some(3), SendPolicy::Fail);
    }
    bench.drain();
    for channel in [1, 1, 2, 2] {
        bench.frame(1, delivery(channel, 8));
    }
    bench.expect(&[]);
    bench.written(1, 10);
    bench.expect(&["t1 > subscribe r1 c1@1:0", "t1 > subscribe r2 c2@1:0"]);
}

/// The gap of the new epoch is still to come, and deliveries do not name their epoch.
#[test]
fn fault_36_giving_one_channel_up_does_not_make_the_epoch_of_another_unknown() {
    let mut bench = two();
    bench.frame(1, sub_ok(1, 1, 0));
    bench.frame(1, sub_ok(2, 2, 1));
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    bench.drain();
    bench.frame(1, delivery(2, 1));
    assert_eq!(bench.delivered(), [0; 0], "1 of epoch 2 does not follow 0 of epoch 1");
    assert_eq!(bench.engine.cursor(OTHER), Some(cursor(1, 0)));
}

#[test]
fn a_retained_value_that_was_told_is_not_told_again_by_the_next_transport() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, retained(7));
    bench.lost(1, everlink_engine::Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.attach(2, 1, 5);
    bench.drain();
    bench.frame(2, retained(7));
    assert_eq!(bench.delivered(), [0; 0]);
}

#[test]
fn giving_up_a_channel_that_we_write_to_forgets_what_was_read_and_keeps_its_numbers() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.send(Some(1), SendPolicy::Fail);
    bench.frame(1, retained(7));
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    assert_eq!(bench.engine.cursor(CHANNEL), None);
    bench.drain();
    bench.frame(1, ack(1, 1, 6));
    assert_eq!(bench.settled(), [(1, 1, Outcome::Acknowledged { offset: 6 })]);
    bench.send(Some(1), SendPolicy::Fail);
    let published = bench.outputs().into_iter().find_map(|output| match output {
        everlink_engine::Output::Transmit {
            frame: Transmit::Publish { origin, before, .. },
            ..
        } => Some((origin, before)),
        _ => None,
    });
    assert_eq!(published, Some((origin(0, 2), None)), "the second follows the first");
    bench.give(Input::Subscribe { channel: CHANNEL, from: None });
    bench.frame(1, sub_ok(1, 1, 9));
    bench.frame(1, retained(7));
    assert_eq!(bench.delivered(), [1007], "wanted anew, told anew");
}
