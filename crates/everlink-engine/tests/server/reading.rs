//! Channels: where reading begins, how it goes on, what is told of what is missing.

use everlink_engine::Epoch;
use everlink_engine::server::{Code, Request, SessionInput, SessionStage};

use crate::bench::{ADMITTED, Bench, bounds, config, frame, hello, place, sub};

/// Subscribes to `c` of a log and returns what is said, and what is read first.
fn entry(
    from: Option<(u64, u64)>,
    (epoch, first, head): (u64, u64, u64),
) -> (Vec<String>, Option<(&'static str, u64, u64)>) {
    let mut bench = Bench::attached(config());
    assert_eq!(bench.says(sub(vec![place("c", from)])), ["join c, wish 1"]);
    bench.join("c", 1, bounds(epoch, first, head));
    (bench.said(), bench.next())
}

#[test]
fn a_channel_without_a_cursor_begins_with_what_comes_next() {
    assert_eq!(entry(None, (1, 1, 9)), (vec!["> sub_ok c 1:9, 0 come".into()], None));
}

#[test]
fn a_cursor_is_read_on_from_where_it_stands() {
    let (said, next) = entry(Some((1, 5)), (1, 1, 9));
    assert_eq!((said, next), (vec!["> sub_ok c 1:9, 4 come".into()], Some(("c", 5, 9))));
    assert_eq!(entry(Some((1, 9)), (1, 1, 9)).1, None);
}

#[test]
fn fault_16_a_later_connection_goes_on_from_the_cursor_that_it_brings() {
    let mut bench = Bench::new(config());
    bench.give(hello(vec![place("c", Some((1, 7)))]));
    bench.give(ADMITTED);
    bench.join("c", 1, bounds(1, 1, 9));
    assert_eq!(bench.said().last().unwrap(), "> sub_ok c 1:9, 2 come");
    assert_eq!(bench.next(), Some(("c", 7, 9)));
}

#[test]
fn fault_35_history_that_expired_is_a_gap_with_its_range_and_then_comes_what_is_left() {
    let (said, next) = entry(Some((1, 2)), (1, 6, 9));
    assert_eq!(said, ["> sub_ok c 1:9, 4 come", "> gap c 3..5 Expired"]);
    assert_eq!(next, Some(("c", 5, 9)));
    let (said, _) = entry(Some((1, 5)), (1, 6, 9));
    assert_eq!(said, ["> sub_ok c 1:9, 4 come"], "nothing is missing");
}

#[test]
fn fault_36_an_offset_of_another_epoch_is_a_gap_and_never_wrong_data() {
    let (said, next) = entry(Some((1, 7)), (2, 1, 9));
    assert_eq!(said, ["> sub_ok c 2:9, 9 come", "> gap c 1..0 Epoch now 2"]);
    assert_eq!(next, Some(("c", 0, 9)));
    let (said, next) = entry(Some((1, 7)), (2, 4, 9));
    assert_eq!(said, ["> sub_ok c 2:9, 6 come", "> gap c 1..3 Epoch now 2"]);
    assert_eq!(next, Some(("c", 3, 9)));
}

#[test]
fn a_cursor_above_the_end_of_its_own_epoch_is_taken_as_one_of_another() {
    let (said, next) = entry(Some((1, 10)), (1, 1, 9));
    assert_eq!(said, ["> sub_ok c 1:9, 9 come", "> gap c 1..0 Epoch now 1"]);
    assert_eq!(next, Some(("c", 0, 9)));
}

#[test]
fn replay_goes_over_into_what_is_new_without_a_seam() {
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    assert_eq!(bench.next(), Some(("c", 5, 9)));
    bench.sent("c", 6, 7);
    bench.advance("c", bounds(1, 1, 11));
    assert_eq!(bench.next(), Some(("c", 7, 11)));
    bench.sent("c", 8, 11);
    assert_eq!(bench.next(), None);
    bench.advance("c", bounds(1, 1, 12));
    assert_eq!(bench.next(), Some(("c", 11, 12)));
    bench.sent("c", 12, 13);
    assert_eq!(bench.next(), None, "the log had more than was told");
    bench.advance("c", bounds(1, 1, 13));
    assert_eq!(bench.next(), None);
    assert!(bench.said().is_empty());
}

#[test]
fn what_is_stored_between_the_wish_and_its_answer_is_not_lost() {
    let mut bench = Bench::attached(config());
    bench.give(sub(vec![place("c", None)]));
    bench.said();
    bench.advance("c", bounds(1, 1, 12));
    bench.join("c", 1, bounds(1, 1, 10));
    assert_eq!(bench.said(), ["> sub_ok c 1:12, 0 come"]);
    bench.advance("c", bounds(1, 1, 13));
    assert_eq!(bench.next(), Some(("c", 12, 13)));
}

#[test]
fn fault_30_a_channel_that_is_asked_for_again_is_read_again_from_there() {
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    let order = bench.session.next_read().unwrap();
    assert!(bench.session.is_current(&order));
    assert_eq!(bench.says(sub(vec![place("c", Some((1, 3)))])), ["join c, wish 2"]);
    assert!(bench.next().is_none(), "not before the log is known");
    assert!(!bench.session.is_current(&order), "what was read meanwhile is not handed over");
    bench.join("c", 1, bounds(1, 1, 9));
    assert!(bench.said().is_empty(), "the answer to an older wish");
    bench.join("c", 2, bounds(1, 1, 9));
    assert_eq!(bench.said(), ["> sub_ok c 1:9, 6 come"]);
    assert_eq!(bench.next(), Some(("c", 3, 9)));
}

#[test]
fn entries_that_the_channel_does_not_need_are_never_taken_as_sent() {
    for (first, through) in [(5, 6), (7, 8), (0, 9), (6, 5)] {
        let mut bench = Bench::reading(5, bounds(1, 1, 9));
        bench.sent("c", first, through);
        assert_eq!(bench.said(), ["> err 1011 fatal", "detached", "close 1011"]);
    }
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    bench.give(SessionInput::Sent { channel: "c", epoch: Epoch(2), first: 6, through: 6 });
    assert_eq!(bench.stage(), SessionStage::Closed);
}

#[test]
fn channels_take_turns_so_that_a_long_replay_holds_up_nobody() {
    let mut bench = Bench::attached(config());
    bench.give(sub(["a", "b", "c"].map(|channel| place(channel, Some((1, 0)))).into()));
    for (join, channel) in ["a", "b", "c"].into_iter().enumerate() {
        bench.join(channel, join as u32 + 1, bounds(1, 1, 4));
    }
    bench.said();
    let mut order = Vec::new();
    while let Some((channel, after, head)) = bench.next() {
        order.push(channel);
        bench.sent(channel, after + 1, (after + 2).min(head));
    }
    assert_eq!(order, ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn the_same_order_comes_again_until_it_is_answered() {
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    assert_eq!(bench.next(), bench.next());
}

#[test]
fn nothing_is_read_before_what_was_said_is_sent() {
    let mut bench = Bench::attached(config());
    bench.give(sub(vec![place("c", Some((1, 0)))]));
    bench.said();
    bench.join("c", 1, bounds(1, 1, 4));
    assert!(bench.next().is_none(), "sub_ok goes first");
    bench.said();
    assert!(bench.next().is_some());
}

#[test]
fn fault_52_a_live_reader_that_history_overtook_is_told_that_it_was_too_slow() {
    let mut bench = Bench::reading(9, bounds(1, 1, 9));
    bench.advance("c", bounds(1, 1, 50));
    bench.give(SessionInput::Missing { channel: "c", bounds: bounds(1, 41, 50) });
    assert_eq!(bench.said(), ["> gap c 10..40 Slow"]);
    assert_eq!(bench.next(), Some(("c", 40, 50)));
}

#[test]
fn a_replay_that_history_overtakes_is_told_that_it_expired() {
    let mut bench = Bench::reading(0, bounds(1, 1, 9));
    bench.give(SessionInput::Missing { channel: "c", bounds: bounds(1, 4, 9) });
    assert_eq!(bench.said(), ["> gap c 1..3 Expired"]);
    assert_eq!(bench.next(), Some(("c", 3, 9)));
    bench.give(SessionInput::Missing { channel: "c", bounds: bounds(1, 6, 9) });
    assert_eq!(bench.said(), ["> gap c 4..5 Expired"], "still a replay");
}

#[test]
fn a_live_reader_of_a_log_that_begins_anew_replays_that_log() {
    let mut bench = Bench::reading(9, bounds(1, 1, 9));
    bench.advance("c", bounds(2, 1, 8));
    bench.said();
    bench.give(SessionInput::Missing { channel: "c", bounds: bounds(2, 4, 8) });
    assert_eq!(bench.said(), ["> gap c 1..3 Expired"]);
}

#[test]
fn a_log_that_begins_a_new_life_under_its_readers_is_a_gap() {
    let mut bench = Bench::reading(9, bounds(1, 1, 9));
    bench.advance("c", bounds(2, 1, 3));
    assert_eq!(bench.said(), ["> gap c 1..0 Epoch now 2"]);
    assert_eq!(bench.next(), Some(("c", 0, 3)));

    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    bench.give(SessionInput::Missing { channel: "c", bounds: bounds(2, 1, 3) });
    assert_eq!(bench.said(), ["> gap c 1..0 Epoch now 2"]);
}

#[test]
fn fault_52_beyond_the_lag_that_is_allowed_a_live_reader_goes_on_from_the_head() {
    let mut config = config();
    config.lag_max = Some(10);
    let mut bench = Bench::attached(config);
    bench.give(sub(vec![place("c", Some((1, 0)))]));
    bench.join("c", 1, bounds(1, 1, 40));
    bench.said();
    assert_eq!(bench.next(), Some(("c", 0, 40)), "a replay may be as long as it is");
    bench.sent("c", 1, 40);
    bench.advance("c", bounds(1, 1, 60));
    assert_eq!(bench.next(), Some(("c", 40, 60)), "a burst is no lag");
    bench.give(SessionInput::Congested);
    bench.advance("c", bounds(1, 1, 50));
    assert!(bench.says(SessionInput::Relieved).contains(&"> gap c 41..60 Slow".into()));
    bench.give(SessionInput::Congested);
    bench.advance("c", bounds(1, 1, 70));
    assert!(bench.says(SessionInput::Relieved).is_empty(), "ten behind is allowed");
    bench.give(SessionInput::Congested);
    bench.advance("c", bounds(1, 1, 80));
    assert!(bench.said().is_empty(), "no gap is queued before a full socket");
    assert_eq!(bench.says(SessionInput::Relieved), ["> gap c 61..80 Slow"]);
    assert!(bench.says(SessionInput::Relieved).is_empty(), "told once");
    bench.advance("c", bounds(1, 1, 81));
    assert_eq!(bench.next(), Some(("c", 80, 81)));
}

#[test]
fn fault_47_a_channel_that_is_refused_leaves_the_others_alone() {
    let mut bench = Bench::attached(config());
    bench.give(sub(vec![place("a", None), place("b", Some((1, 0)))]));
    bench.said();
    let (code, why) = (Code::Forbidden, "not yours");
    let refusal = SessionInput::JoinRefused { channel: "a", join: 1, code, why };
    assert_eq!(bench.says(refusal), ["> sub_err a 4403"]);
    bench.join("b", 2, bounds(1, 1, 1));
    assert_eq!(bench.said(), ["> sub_ok b 1:1, 1 come"]);
    bench.advance("a", bounds(1, 1, 5));
    assert_eq!(bench.next(), Some(("b", 0, 1)));
}

#[test]
fn fault_38_a_greeting_with_too_many_channels_gets_as_many_as_there_may_be() {
    let mut config = config();
    config.channels_max = 2;
    let mut bench = Bench::new(config);
    bench.give(hello(["a", "b", "c", "a"].map(|channel| place(channel, None)).into()));
    bench.said();
    let said = bench.says(ADMITTED);
    assert_eq!(
        said[2..],
        ["join a, wish 1", "join b, wish 2", "> sub_err c 4410", "join a, wish 4", "resume"]
    );
    assert_eq!(bench.session.info().channels, 2);
}

#[test]
fn a_channel_that_is_given_up_is_left_and_read_no_more() {
    let mut bench = Bench::reading(5, bounds(1, 1, 9));
    let channels = vec!["c", "never asked for"];
    let said = bench.says(frame(Request::Unsubscribe { request: 3, channels }));
    assert_eq!(said, ["leave c", "> unsub_ok r3"]);
    bench.advance("c", bounds(1, 1, 10));
    assert!(bench.next().is_none());
    assert_eq!(bench.session.info().channels, 0);
}

#[test]
fn giving_up_one_of_many_channels_keeps_the_places_of_the_others() {
    const NAMES: [&str; 6] = ["f", "a", "e", "b", "d", "c"];
    let mut bench = Bench::attached(config());
    bench.give(sub(NAMES.map(|channel| place(channel, Some((1, 0)))).into()));
    for (join, channel) in NAMES.into_iter().enumerate() {
        bench.join(channel, join as u32 + 1, bounds(1, 1, 1));
    }
    bench.said();
    for (given_up, left) in [("f", 5), ("c", 4), ("e", 3)] {
        bench.says(frame(Request::Unsubscribe { request: 1, channels: vec![given_up] }));
        assert_eq!(bench.session.info().behind, left);
    }
    let mut read = Vec::new();
    while let Some((channel, ..)) = bench.next() {
        read.push(channel);
        bench.sent(channel, 1, 1);
    }
    read.sort_unstable();
    assert_eq!(read, ["a", "b", "d"]);
}

#[test]
fn a_channel_that_is_added_while_others_wait_costs_no_more_than_one_that_came_with_them() {
    let places = |channels: &[&'static str]| {
        sub(channels.iter().map(|channel| place(channel, Some((1, 0)))).collect())
    };
    let mut together = Bench::attached(config());
    together.give(places(&["a", "b", "c"]));
    let mut later = Bench::attached(config());
    later.give(places(&["a", "b"]));
    later.join("a", 1, bounds(1, 1, 4));
    later.join("b", 2, bounds(1, 1, 4));
    later.give(places(&["c"]));
    for bench in [&mut together, &mut later] {
        bench.said();
        bench.session.release();
    }
    assert_eq!(later.session.info().behind, 2);
    assert_eq!(later.session.info().heap_bytes, together.session.info().heap_bytes);
}

#[test]
fn memory_for_channels_grows_by_half_at_a_time() {
    let mut bench = Bench::attached(config());
    let mut held = vec![0];
    for at in 1..=100 {
        bench.says(sub(vec![place(format!("channel {at}").leak(), None)]));
        bench.session.release();
        held.push(bench.session.info().heap_bytes);
        let most = (held.len() - 1).max((held.len() - 2) * 3 / 2);
        assert!(held[at] <= held[1] * most, "{at}: {held:?}");
    }
    held.dedup();
    assert!(held.len() < 20, "asked for memory too often: {held:?}");
}
