//! A channel that the application does not take is given up for the moment, and read on later.

use everlink_engine::{Cause, Epoch, Input, News, SendPolicy, limits};

use crate::bench::{Bench, CHANNEL, delivery, everlink, origin, secs, sub_ok, welcome};

const PAUSE: Input<u32> = Input::Pause { channel: CHANNEL };
const RESUME: Input<u32> = Input::Resume { channel: CHANNEL };

#[test]
fn fault_52_a_paused_channel_is_given_up_and_read_on_from_its_cursor() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 6));
    bench.drain();
    bench.give(PAUSE);
    bench.give(PAUSE);
    bench.expect(&["t1 > unsubscribe r1 [1]"]);
    bench.frame(1, delivery(1, 7));
    bench.expect(&[]);
    bench.give(RESUME);
    bench.give(RESUME);
    bench.expect(&["t1 > subscribe r2 c1@1:6"]);
    // What was on its way still is no hole.
    bench.frame(1, delivery(1, 8));
    bench.expect(&[]);
    bench.frame(1, sub_ok(1, 1, 8));
    for offset in 7..=8 {
        bench.frame(1, delivery(1, offset));
    }
    bench.expect(&["got 7", "got 8"]);
}

#[test]
fn a_channel_that_goes_on_before_it_was_given_up_is_only_asked_for_again() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.lost(1, Cause::Reset);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    // Before the welcome nothing is sent.
    bench.give(PAUSE);
    bench.give(RESUME);
    bench.frame(2, welcome());
    let words = bench.words();
    assert_eq!(words, ["t2 > subscribe r1 c1@1:5"]);
}

#[test]
fn what_comes_before_a_channel_could_be_asked_for_again_is_no_hole() {
    let mut bench = Bench::reading(everlink().queue_messages_max(10_000), 1, 5);
    for _ in 0..limits::UNWRITTEN_FRAMES_MAX {
        bench.send(Some(1), SendPolicy::Fail);
    }
    bench.give(PAUSE);
    bench.give(RESUME);
    bench.drain();
    bench.frame(1, delivery(1, 6));
    assert_eq!(bench.delivered(), [6]);
    let before = bench.engine.clone();
    bench.frame(1, delivery(1, 8));
    bench.expect(&[]);
    assert!(before == bench.engine, "no patience begins to run out");
}

#[test]
fn a_connection_does_not_wait_for_what_a_paused_channel_missed() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.give(PAUSE);
    bench.lost(1, Cause::Reset);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, welcome());
    assert!(bench.engine.info(bench.now).is_connected());
    bench.drain();
    bench.give(RESUME);
    bench.expect(&["t2 > subscribe r1 c1@1:5"]);
}

#[test]
fn fault_33_a_pause_does_not_forget_which_messages_came() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 6));
    bench.give(PAUSE);
    bench.lost(1, Cause::Reset);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.frame(2, welcome());
    bench.give(RESUME);
    bench.frame(2, sub_ok(1, 2, 2));
    bench.drain();
    let (from, to, cause) = (1, 0, everlink_engine::GapCause::Epoch);
    let epoch = Some(Epoch(2));
    bench.frame(2, everlink_engine::Received::Gap { channel: CHANNEL, from, to, cause, epoch });
    for (offset, sequence) in [(1, 6), (2, 7)] {
        bench.frame(
            2,
            everlink_engine::Received::Delivery {
                channel: CHANNEL,
                offset,
                epoch: None,
                origin: origin(9, sequence),
                payload: sequence as u32,
            },
        );
    }
    assert_eq!(bench.delivered(), [7], "6 came before the log began anew");
}
