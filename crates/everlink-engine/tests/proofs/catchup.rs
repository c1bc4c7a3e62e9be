//! Rules 1 to 8 of the protocol on the client's side, against a scripted peer.

use everlink_engine::{
    AwayReason, Cause, ChannelId, ConnectionState, Epoch, GapCause, Input, News, Received,
    SendPolicy, TransportId, ValueKey, limits,
};

use crate::bench::{
    Bench, CHANNEL, ack, cursor, delivery, everlink, ms, origin, secs, sub_ok, welcome,
};

fn gap(from: u64, to: u64, cause: GapCause, epoch: Option<u64>) -> Received<u32> {
    Received::Gap { channel: CHANNEL, from, to, cause, epoch: epoch.map(Epoch) }
}

fn retained(version: u64) -> Received<u32> {
    Received::Retained {
        channel: CHANNEL,
        key: ValueKey(1),
        version,
        payload: 1000 + version as u32,
    }
}

/// Cuts the first transport and opens the second, up to its greeting.
fn cut(bench: &mut Bench) {
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
}

#[test]
fn fault_16_a_lost_welcome_attaches_again_from_the_cursor() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 6));
    cut(&mut bench);
    bench.drain();
    bench.pass(secs(5));
    let words = bench.words();
    assert_eq!(words[..2], ["abandon t2", "try 1 failed: GreetingTimedOut"], "{words:?}");
    bench.pass(secs(5));
    bench.news(3, News::Opened);
    assert!(bench.words().contains(&"t3 > hello c1@1:6".into()));
}

#[test]
fn connected_is_told_only_when_replay_has_reached_the_head() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 1, 7));
    bench.frame(2, delivery(1, 6));
    assert_eq!(bench.state(), ConnectionState::Reconnecting);
    bench.drain();
    bench.frame(2, delivery(1, 7));
    bench.expect(&["got 7", "reconnecting -> connected", "back after 1"]);
}

#[test]
fn replay_that_goes_on_is_no_silence_but_other_channels_do_not_excuse_one_that_never_answers() {
    let mut bench = Bench::new(everlink()).writing();
    bench.give(Input::Subscribe { channel: CHANNEL, from: Some(cursor(1, 0)) });
    bench.give(Input::Subscribe { channel: ChannelId(2), from: None });
    bench.give(Input::Connect);
    bench.attach(1, 1, 3);
    for offset in 1..=3 {
        bench.pass(secs(4));
        bench.frame(1, delivery(1, offset));
    }
    assert_eq!(bench.state(), ConnectionState::Connecting, "12 s of replay");
    bench.drain();
    bench.pass(secs(4));
    bench.frame(1, delivery(1, 4));
    bench.pass(secs(1));
    assert_eq!(bench.words()[1..3], ["abandon t1", "try 0 failed: GreetingTimedOut"]);
}

#[test]
fn fault_29_a_hundred_duplicates_end_the_attach_and_none_is_delivered() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    for _ in 1..limits::DUPLICATES_MAX {
        bench.frame(1, delivery(1, 5));
    }
    assert_eq!(bench.state(), ConnectionState::Connected);
    assert_eq!(bench.delivered(), [0; 0]);
    assert_eq!(bench.engine.info(bench.now).duplicates, 99);
    bench.frame(1, delivery(1, 4));
    let words = bench.words();
    assert!(words.contains(&"close t1 1002".into()), "{words:?}");
    assert!(words.contains(&"lost: PeerProtocolError".into()), "{words:?}");
}

#[test]
fn copies_of_what_the_old_transport_delivered_are_no_fault_of_the_successor() {
    let mut bench = Bench::reading(everlink().renew_after(Some(secs(60))), 1, 5).writing();
    bench.pass(secs(20));
    bench.frame(1, crate::bench::pong(1, everlink_engine::PingLevel::Application));
    bench.pass(secs(20));
    bench.frame(1, crate::bench::pong(2, everlink_engine::PingLevel::Application));
    bench.pass(secs(19));
    bench.drain();
    bench.news(2, News::Opened);
    bench.expect(&["t2 > hello c1@1:5"]);
    for offset in 6..=505 {
        bench.frame(1, delivery(1, offset));
    }
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 1, 505));
    let words = bench.words();
    assert_eq!(words[words.len() - 2..], ["close t1 1000", "Moved"]);
    for offset in 6..=505 {
        bench.frame(2, delivery(1, offset));
    }
    assert_eq!(bench.state(), ConnectionState::Connected, "500 copies, none its fault");
    assert_eq!(bench.delivered(), [0; 0]);
    for _ in 0..limits::DUPLICATES_MAX {
        bench.frame(2, delivery(1, 505));
    }
    assert_eq!(bench.state(), ConnectionState::Disconnected, "these are");
}

#[test]
fn fault_30_a_hole_is_asked_for_once_and_filled_in_order() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 7));
    bench.frame(1, delivery(1, 8));
    bench.expect(&["t1 > subscribe r1 c1@1:5"]);
    bench.frame(1, sub_ok(1, 1, 8));
    for offset in 6..=9 {
        bench.frame(1, delivery(1, offset));
    }
    bench.expect(&["got 6", "got 7", "got 8", "got 9"]);
    bench.frame(1, delivery(1, 11));
    bench.expect(&["t1 > subscribe r2 c1@1:9"]);
}

#[test]
fn fault_30_only_a_gap_moves_the_cursor_over_a_hole() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 8));
    bench.frame(1, sub_ok(1, 1, 8));
    bench.drain();
    bench.frame(1, gap(6, 7, GapCause::Expired, None));
    bench.frame(1, delivery(1, 8));
    bench.expect(&["gap c1 6..7 Expired", "got 8"]);
}

#[test]
fn fault_30_a_peer_that_replays_and_leaves_the_hole_again_is_not_waited_for() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 8));
    bench.frame(1, sub_ok(1, 1, 8));
    bench.drain();
    bench.frame(1, delivery(1, 8));
    assert_eq!(bench.words()[0], "close t1 1002");
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(1, 5)), "never skipped");
}

#[test]
fn fault_30_a_peer_that_never_answers_for_a_hole_is_left() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 8));
    bench.drain();
    bench.pass(ms(4999));
    bench.expect(&[]);
    bench.pass(ms(1));
    assert_eq!(bench.words()[0], "abandon t1");
}

#[test]
fn fault_30_a_hole_seen_while_nothing_can_be_sent_is_asked_for_later() {
    let mut bench = Bench::reading(everlink().queue_messages_max(10_000), 1, 5);
    for _ in 0..limits::UNWRITTEN_FRAMES_MAX {
        bench.send(Some(1), SendPolicy::Fail);
    }
    bench.drain();
    bench.frame(1, delivery(1, 8));
    bench.expect(&[]);
    bench.written(1, 10);
    assert_eq!(bench.words()[0], "t1 > subscribe r1 c1@1:5");
}

#[test]
fn fault_33_an_epoch_change_is_a_gap_and_a_known_origin_is_not_delivered_again() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, delivery(1, 6));
    bench.send(Some(1), SendPolicy::Configured);
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.drain();
    bench.frame(2, sub_ok(1, 2, 1));
    assert_eq!(bench.state(), ConnectionState::Reconnecting, "the gap must come first");
    bench.frame(2, gap(7, 0, GapCause::Epoch, None));
    // The producer resent its message 6 to the new log, where it is the first.
    let again = Received::Delivery {
        channel: CHANNEL,
        offset: 1,
        epoch: None,
        origin: origin(9, 6),
        payload: 6,
    };
    bench.drain();
    bench.frame(2, again);
    let words = bench.words();
    assert_eq!(words[0], format!("DuplicateDropped {{ channel: Some({CHANNEL:?}) }}"));
    assert!(words.contains(&"t2 > publish 1 c1 s1".into()), "resent once: {words:?}");
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(2, 1)));
}

#[test]
fn a_gap_that_ends_where_reading_stands_tells_nothing_new() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, gap(1, 5, GapCause::Epoch, Some(1)));
    bench.expect(&[]);
    bench.frame(1, delivery(1, 6));
    assert_eq!(bench.delivered(), [6]);
}

#[test]
fn a_log_that_lost_its_end_but_kept_its_epoch_is_read_again_and_nothing_new_is_missed() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    [6, 7, 8].into_iter().for_each(|offset| bench.frame(1, delivery(1, offset)));
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 1, 7));
    bench.drain();
    bench.frame(2, gap(1, 5, GapCause::Epoch, Some(1)));
    assert!(bench.words().contains(&"gap c1 1..5 Epoch".into()), "told, and the cursor goes back");
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(1, 5)));
    [6, 7].into_iter().for_each(|offset| bench.frame(2, delivery(1, offset)));
    assert!(bench.delivered().is_empty(), "known by their origins");
    let new = Received::Delivery {
        channel: CHANNEL,
        offset: 8,
        epoch: None,
        origin: origin(9, 20),
        payload: 80,
    };
    bench.frame(2, new);
    assert_eq!(bench.delivered(), [80]);
}

#[test]
fn a_successor_that_asked_before_the_epoch_changed_tells_no_gap_that_was_told_already() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    let slot = core::time::Duration::ZERO;
    bench.frame(1, Received::Away { reason: AwayReason::Drain, slot, endpoint: None });
    bench.pass(ms(0));
    bench.news(2, News::Opened);
    // The log begins a new life, which the first transport hears of and reads.
    bench.frame(1, gap(6, 0, GapCause::Epoch, Some(2)));
    [1, 2].into_iter().for_each(|offset| bench.frame(1, delivery(1, offset)));
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 2, 2));
    bench.drain();
    // The successor has taken over at once: it has nothing to catch up with. What it asked for was older.
    bench.frame(2, gap(6, 0, GapCause::Epoch, Some(2)));
    [1, 2].into_iter().for_each(|offset| bench.frame(2, delivery(1, offset)));
    assert!(!bench.words().iter().any(|word| word.starts_with("gap")), "told once");
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(2, 2)));
}

#[test]
fn fault_36_the_same_number_of_another_epoch_is_never_taken_for_the_next() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 2, 6));
    bench.drain();
    bench.frame(2, delivery(1, 6));
    assert_eq!(bench.delivered(), [0; 0], "6 of epoch 2 does not follow 5 of epoch 1");
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(1, 5)));
}

#[test]
fn fault_35_history_that_expired_is_a_gap_with_its_range_then_what_is_left() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 1, 22));
    bench.drain();
    bench.frame(2, gap(6, 20, GapCause::Expired, None));
    bench.frame(2, delivery(1, 21));
    bench.frame(2, delivery(1, 22));
    bench.expect(&[
        "gap c1 6..20 Expired",
        "got 21",
        "got 22",
        "reconnecting -> connected",
        "back after 1",
    ]);
}

#[test]
fn a_gap_moves_the_cursor_forwards_only_and_leaves_no_hole_before_it() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.frame(1, gap(1, 4, GapCause::Slow, None));
    bench.expect(&[]);
    bench.frame(1, gap(3, 8, GapCause::Slow, None));
    bench.expect(&["gap c1 6..8 Slow"]);
    bench.frame(1, gap(11, 12, GapCause::Slow, None));
    bench.expect(&["t1 > subscribe r1 c1@1:8"]);
    assert_eq!(bench.engine.cursor(CHANNEL), Some(cursor(1, 8)));
}

#[test]
fn no_offset_makes_the_engine_panic() {
    let mut bench = Bench::reading(everlink(), 1, u64::MAX);
    bench.frame(1, delivery(1, u64::MAX));
    bench.frame(1, gap(0, u64::MAX, GapCause::Slow, None));
    bench.frame(1, gap(u64::MAX, 0, GapCause::Epoch, Some(u64::MAX)));
    bench.frame(1, ack(1, u64::MAX, u64::MAX));
}

#[test]
fn a_retained_value_is_told_when_it_is_newer_and_anew_in_another_epoch() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    for version in [7, 7, 6, 8] {
        bench.frame(1, retained(version));
    }
    assert_eq!(bench.delivered(), [1007, 1008]);
    cut(&mut bench);
    bench.frame(2, welcome());
    bench.frame(2, sub_ok(1, 2, 0));
    bench.frame(2, gap(6, 0, GapCause::Epoch, None));
    bench.drain();
    bench.frame(2, retained(1));
    assert_eq!(bench.delivered(), [1001], "versions begin anew with the log");
}

#[test]
fn each_retained_value_of_a_channel_has_versions_of_its_own() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    for (key, version, payload) in [(1, 7, 17), (2, 3, 23), (2, 3, 23), (1, 6, 16), (2, 4, 24)] {
        let (channel, key) = (CHANNEL, ValueKey(key));
        bench.frame(1, Received::Retained { channel, key, version, payload });
    }
    assert_eq!(bench.delivered(), [17, 23, 24]);
}

#[test]
fn versions_of_retained_values_are_forgotten_beyond_their_bound() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    let one =
        |key| Received::Retained { channel: CHANNEL, key: ValueKey(key), version: 1, payload: key };
    let beyond = limits::RETAINED_MAX as u32;
    for key in 0..=beyond {
        bench.frame(1, one(key));
    }
    bench.drain();
    bench.frame(1, one(beyond));
    bench.frame(1, one(1));
    assert!(bench.delivered().is_empty(), "those within the bound are remembered");
    bench.frame(1, one(0));
    assert_eq!(bench.delivered(), [0], "the oldest was forgotten, and is told again");
}

#[test]
fn nothing_of_a_channel_that_is_not_wanted_is_delivered() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    bench.expect(&["t1 > unsubscribe r1 [1]"]);
    bench.frame(1, delivery(1, 6));
    bench.frame(1, retained(1));
    bench.frame(1, Received::Volatile { channel: CHANNEL, key: ValueKey(1), payload: 1 });
    bench.frame(1, gap(6, 7, GapCause::Slow, None));
    bench.expect(&[]);
    bench.give(Input::Subscribe { channel: CHANNEL, from: None });
    bench.frame(1, sub_ok(1, 1, 9));
    bench.frame(1, retained(1));
    assert_eq!(bench.delivered(), [1001], "wanted anew, told anew");
}

#[test]
fn what_is_given_up_need_not_be_confirmed() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.give(Input::Unsubscribe { channel: CHANNEL });
    bench.give(Input::Subscribe { channel: ChannelId(2), from: None });
    bench.drain();
    bench.frame(1, sub_ok(2, 1, 0));
    bench.expect(&["Subscribed { channel: ChannelId(2) }", "Resubscribed { channels: 1 }"]);
}

#[test]
fn fault_47_a_refused_channel_leaves_the_rest_alone_and_is_not_asked_for_again() {
    let mut bench = Bench::new(everlink());
    for channel in [1, 2] {
        bench.give(Input::Subscribe { channel: ChannelId(channel), from: Some(cursor(1, 0)) });
    }
    bench.give(Input::Connect);
    bench.attach(1, 1, 0);
    bench.drain();
    bench.frame(1, Received::SubscribeErr { channel: ChannelId(2), code: 7 });
    let words = bench.words();
    assert_eq!(words[0], "SubscriptionRejected { channel: ChannelId(2), code: 7 }");
    assert_eq!(bench.state(), ConnectionState::Connected);
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.drain();
    bench.news(2, News::Opened);
    bench.expect(&["t2 > hello c1@1:0"]);
}

#[test]
fn frames_of_a_transport_we_left_have_no_voice() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.give(Input::Reconnect);
    bench.drain();
    let before = bench.engine.clone();
    for frame in [delivery(1, 6), ack(1, 9, 9), Received::Bye, welcome()] {
        bench.frame(1, frame);
    }
    bench.frame(77, delivery(1, 6));
    bench.expect(&[]);
    assert!(before == bench.engine);
    bench.give(Input::Transport(TransportId(2), News::Opened));
    bench.expect(&["t2 > hello c1@1:5"]);
}

#[test]
fn fault_31_an_acknowledgement_for_a_channel_that_nothing_was_sent_to_is_too_high() {
    let mut bench = Bench::up(everlink());
    bench.frame(1, ack(7, 0, 3));
    bench.expect(&[]);
    bench.frame(1, ack(7, 1, 3));
    let words = bench.words();
    assert!(words.contains(&"close t1 1002".into()), "{words:?}");
}

#[test]
fn an_acknowledgement_too_high_on_the_successor_ends_the_successor() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    bench.give(Input::NetworkChanged);
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, ack(1, 3, 3));
    bench.expect(&["close t2 1002"]);
    assert_eq!(bench.state(), ConnectionState::Connected);
}

#[test]
fn as_many_producers_are_remembered_as_the_limit_says_and_the_newest_of_them() {
    let mut bench = Bench::reading(everlink(), 1, 0);
    let from = |offset: u64, producer: u64| Received::Delivery {
        channel: CHANNEL,
        offset,
        epoch: None,
        origin: origin(producer as u32, 1),
        payload: producer as u32,
    };
    let max = limits::ORIGINS_MAX as u64;
    for producer in 1..=max + 1 {
        bench.frame(1, from(producer, producer));
    }
    bench.drain();
    bench.frame(1, gap(0, 0, GapCause::Epoch, Some(2)));
    bench.frame(1, from(1, 2));
    assert_eq!(bench.delivered(), [0; 0], "the second is still known");
    bench.frame(1, from(2, 1));
    assert_eq!(bench.delivered(), [1], "the first, silent longest, is forgotten");
}
