//! Messages on their way out: order, fate once each, bounds, numbers without holes.

use everlink_engine::{
    Cause, ChannelId, Input, InputError, MessageId, News, Outcome, Outgoing, Output, Overflow,
    Received, SendPolicy, Transmit, limits,
};

use crate::bench::{Bench, ack, everlink, origin, plain, secs, welcome};

const ACKED: fn(u64) -> Outcome = |offset| Outcome::Acknowledged { offset };

/// Returns what was published: channel, number, and the number before where it is named.
fn published(bench: &mut Bench) -> Vec<(u32, u64, Option<u64>)> {
    let one = |output| match output {
        Output::Transmit { frame: Transmit::Publish { channel, origin, before, .. }, .. } => {
            Some((channel.0, origin.sequence, before))
        }
        _ => None,
    };
    bench.outputs().into_iter().filter_map(one).collect()
}

#[test]
fn an_acknowledgement_of_one_channel_says_nothing_about_another() {
    let mut bench = Bench::up(everlink());
    for channel in [1, 2, 1, 1] {
        bench.send(Some(channel), SendPolicy::Configured);
    }
    bench.drain();
    bench.frame(1, ack(1, 3, 30));
    assert_eq!(bench.settled(), [(1, 1, ACKED(30)), (3, 4, ACKED(30))], "2 is still open");
    bench.frame(1, ack(2, 1, 7));
    assert_eq!(bench.settled(), [(2, 2, ACKED(7))]);
    assert_eq!(bench.engine.info(bench.now).queued_messages, 0);
}

#[test]
fn fault_27_sent_and_not_acknowledged_is_sent_again_with_the_same_number() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.send(Some(1), SendPolicy::Configured);
    assert_eq!(published(&mut bench), [(1, 1, None), (1, 2, None)]);
    bench.frame(1, ack(1, 1, 5));
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, welcome());
    assert_eq!(published(&mut bench), [(1, 2, None)]);
    assert_eq!(bench.engine.info(bench.now).messages_replayed, 1);
}

#[test]
fn fault_28_an_acknowledgement_that_comes_late_or_twice_settles_once() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    // The server says by itself what it had stored, before the message is sent again.
    bench.frame(2, ack(1, 1, 5));
    assert_eq!(bench.settled(), [(1, 1, ACKED(5))]);
    bench.frame(2, welcome());
    assert_eq!(published(&mut bench), [], "known to be stored: not sent again");
    bench.frame(2, ack(1, 1, 5));
    assert_eq!(bench.settled(), []);
}

#[test]
fn fault_31_an_acknowledgement_above_what_was_sent_ends_the_attach() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    bench.frame(1, ack(1, 2, 5));
    let words = bench.words();
    assert_eq!(words[..2], ["close t1 1002", "connected -> disconnected"]);
    assert!(words.contains(&"lost: PeerProtocolError".into()), "{words:?}");
    assert_eq!(bench.engine.info(bench.now).queued_messages, 1, "the message is kept");
}

#[test]
fn a_number_dropped_by_policy_is_bridged_for_the_message_after_it() {
    for (policy, outcome) in [
        (SendPolicy::DropOldest, Outcome::DroppedOldest),
        (SendPolicy::Coalesce { key: 7 }, Outcome::Coalesced),
    ] {
        let mut bench = Bench::new(everlink().queue_messages_max(1));
        bench.give(Input::Connect);
        bench.send(Some(1), policy);
        bench.send(Some(1), policy);
        bench.send(Some(1), policy);
        assert_eq!(bench.settled(), [(1, 1, outcome), (2, 2, outcome)]);
        bench.news(1, News::Opened);
        bench.frame(1, welcome());
        assert_eq!(published(&mut bench), [(1, 3, Some(0))], "1 and 2 will never be stored");
    }
}

#[test]
fn numbers_cleared_by_a_disconnect_are_bridged_after_the_next_connect() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.frame(1, ack(1, 1, 1));
    bench.lost(1, Cause::EndedAbruptly);
    bench.send(Some(1), SendPolicy::Configured);
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    bench.give(Input::Disconnect);
    assert_eq!(bench.settled(), [(2, 3, Outcome::Cleared)]);
    bench.give(Input::Connect);
    bench.send(Some(1), SendPolicy::Configured);
    bench.news(2, News::Opened);
    bench.frame(2, welcome());
    assert_eq!(published(&mut bench), [(1, 4, Some(1))]);
}

#[test]
fn fault_38_a_message_that_the_peer_finds_too_big_fails_and_is_bridged() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.try_send(Some(1), SendPolicy::Configured, 5000).unwrap();
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    bench.lost(1, Cause::Closed(1009));
    assert_eq!(bench.settled(), [(2, 2, Outcome::TooBig)]);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, welcome());
    assert_eq!(published(&mut bench), [(1, 1, None), (1, 3, Some(1))]);
}

#[test]
fn what_may_be_in_the_log_already_is_never_called_dropped() {
    let mut bench = Bench::up(everlink().queue_messages_max(2));
    bench.send(Some(1), SendPolicy::DropOldest);
    bench.lost(1, Cause::EndedAbruptly);
    bench.send(Some(1), SendPolicy::DropOldest);
    bench.drain();
    bench.send(Some(1), SendPolicy::DropOldest);
    assert_eq!(bench.settled(), [(2, 2, Outcome::DroppedOldest)], "1 may have arrived");
    let refused = bench.try_send(Some(2), SendPolicy::Fail, 10);
    assert!(matches!(refused, Err(InputError::QueueFull { .. })), "{refused:?}");
}

#[test]
fn fault_37_a_send_that_cannot_make_room_drops_nothing() {
    let mut bench = Bench::new(plain().queue_bytes_max(1024));
    bench.give(Input::Connect);
    bench.news(1, News::Opened);
    bench.try_send(None, SendPolicy::DropOldest, 1000).unwrap();
    bench.lost(1, Cause::EndedAbruptly);
    bench.try_send(None, SendPolicy::Coalesce { key: 1 }, 20).unwrap();
    bench.drain();
    let before = bench.engine.clone();
    let refused = bench.try_send(None, SendPolicy::Coalesce { key: 1 }, 30);
    assert!(matches!(refused, Err(InputError::QueueFull { .. })), "{refused:?}");
    assert!(before == bench.engine, "a failed input changes nothing");
    bench.try_send(None, SendPolicy::Coalesce { key: 1 }, 24).unwrap();
    assert_eq!(bench.settled(), [(2, 2, Outcome::Coalesced)]);
}

#[test]
fn req_m05_the_oldest_is_dropped_first_and_the_queue_is_cleared_by_disconnect() {
    let mut bench = Bench::new(plain().queue_messages_max(3).overflow(Overflow::DropOldest));
    bench.give(Input::Connect);
    for _ in 0..5 {
        bench.send(None, SendPolicy::Configured);
    }
    let dropped = Outcome::DroppedOldest;
    assert_eq!(bench.settled(), [(1, 1, dropped), (2, 2, dropped)]);
    bench.give(Input::Disconnect);
    assert_eq!(bench.settled(), [(3, 5, Outcome::Cleared)]);
}

#[test]
fn a_message_that_is_never_acknowledged_does_not_keep_the_others_in_memory() {
    let mut bench = Bench::up(everlink().queue_messages_max(8));
    bench.send(Some(1), SendPolicy::Configured);
    for sequence in 1..=10_000 {
        bench.send(Some(2), SendPolicy::Configured);
        bench.frame(1, ack(2, sequence, sequence));
        bench.written(1, 2);
        bench.drain();
    }
    let mut kept = format!("{:?}", bench.engine);
    kept.retain(|c| c == '{');
    assert!(kept.len() < 100, "{} structures are kept for one open message", kept.len());
}

#[test]
fn a_volatile_message_never_passes_one_that_waits_and_its_fate_is_told_once() {
    let mut bench = Bench::up(plain());
    bench.send(None, SendPolicy::Volatile);
    bench.send(None, SendPolicy::Configured);
    bench.expect(&["t1 > message 1", "t1 > message 2"]);
    bench.written(1, 2);
    assert_eq!(bench.settled(), [(1, 2, Outcome::Written)]);
    bench.send(None, SendPolicy::Volatile);
    bench.drain();
    bench.lost(1, Cause::EndedAbruptly);
    assert_eq!(bench.settled(), [(3, 3, Outcome::DroppedVolatile)], "it dies with its transport");
    bench.send(None, SendPolicy::Volatile);
    assert_eq!(bench.settled(), [(4, 4, Outcome::DroppedVolatile)]);
}

#[test]
fn a_volatile_value_of_a_dialect_with_logs_names_its_channel_and_kind() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Volatile);
    bench.expect(&["t1 > volatile 1 c1 k7"]);
    bench.written(1, 2);
    bench.expect(&["1: Written"]);
    bench.send(Some(1), SendPolicy::Configured);
    bench.expect(&["t1 > publish 2 c1 s1"]);
    let message = Outgoing::new(MessageId(3), Some(ChannelId(1)), 1, SendPolicy::Volatile, 3);
    let refused = bench.try_give(Input::Send(message));
    assert!(matches!(refused, Err(InputError::KeyMissing { .. })), "{refused:?}");
}

#[test]
fn what_was_transmitted_before_a_disconnect_is_written_and_not_cleared() {
    let mut bench = Bench::up(plain());
    bench.send(None, SendPolicy::Configured);
    bench.give(Input::Disconnect);
    let last = "connected -> closed";
    bench.expect(&["t1 > message 1", "close t1 1000", "1: Written", last]);
}

#[test]
fn a_forced_reconnect_does_not_send_twice_what_the_old_transport_still_sends() {
    let mut bench = Bench::up(plain());
    bench.send(None, SendPolicy::Configured);
    bench.give(Input::Reconnect);
    bench.news(2, News::Opened);
    let words = bench.words();
    assert_eq!(words.iter().filter(|word| word.ends_with("> message 1")).count(), 1, "{words:?}");
    assert!(words.contains(&"1: Written".into()) && words.contains(&"in doubt: 1..1".into()));
}

#[test]
fn only_our_own_messages_are_refused_by_a_nack() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    let nack =
        |producer| Received::Nack { channel: ChannelId(1), origin: origin(producer, 1), code: 9 };
    bench.frame(1, nack(5));
    assert_eq!(bench.settled(), []);
    bench.frame(1, nack(0));
    bench.frame(1, nack(0));
    assert_eq!(bench.settled(), [(1, 1, Outcome::Refused { code: 9 })]);
}

#[test]
fn a_transport_that_writes_nothing_is_given_no_more_than_the_bounds() {
    let frames = limits::UNWRITTEN_FRAMES_MAX;
    let mut bench = Bench::up(plain().queue_messages_max(2 * frames as u32));
    for _ in 0..=frames {
        bench.send(None, SendPolicy::Fail);
    }
    assert_eq!(bench.outputs().len(), frames);
    bench.written(1, 1);
    bench.expect(&["1: Written", &format!("t1 > message {}", frames + 1)]);

    let mut bench = Bench::up(plain());
    let half = limits::UNWRITTEN_BYTES_MAX as u32 / 2;
    for bytes in [half, half - 1, 1, 1] {
        bench.try_send(None, SendPolicy::Fail, bytes).unwrap();
    }
    bench.expect(&["t1 > message 1", "t1 > message 2", "t1 > message 3"]);
    bench.written(1, 3);
    assert_eq!(bench.words().pop(), Some("t1 > message 4".into()), "what is written takes no room");
    bench.try_send(None, SendPolicy::Fail, half).unwrap();
    bench.expect(&["t1 > message 5"]);
}

#[test]
fn a_number_dropped_before_others_leaves_what_the_next_message_follows() {
    let mut bench = Bench::new(everlink().queue_messages_max(2));
    bench.give(Input::Connect);
    for _ in 0..3 {
        bench.send(Some(1), SendPolicy::DropOldest);
    }
    assert_eq!(bench.settled(), [(1, 1, Outcome::DroppedOldest)]);
    bench.news(1, News::Opened);
    bench.frame(1, welcome());
    assert_eq!(published(&mut bench), [(1, 2, Some(0)), (1, 3, None)]);
}

#[test]
fn many_messages_acknowledged_at_once_do_not_stay_in_memory_behind_an_open_one() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Configured);
    for _ in 0..1000 {
        bench.send(Some(2), SendPolicy::Configured);
    }
    bench.written(1, 2000);
    bench.frame(1, ack(2, 1000, 1000));
    bench.drain();
    let kept = format!("{:?}", bench.engine).matches("Entry {").count();
    assert_eq!(kept, 1, "the one that is not acknowledged");
}

#[test]
fn a_sender_that_waits_for_room_is_not_called_when_nothing_was_settled() {
    let mut bench = Bench::up(plain().queue_bytes_max(1024));
    bench.try_send(None, SendPolicy::Wait, 1000).unwrap();
    let refused = bench.try_send(None, SendPolicy::Wait, 25);
    assert!(matches!(refused, Err(InputError::QueueFull { .. })), "{refused:?}");
    bench.drain();
    bench.written(1, 0);
    bench.expect(&[]);
    bench.written(1, 1);
    bench.expect(&["1: Written", "OutboxRoom"]);
}

#[test]
fn a_volatile_message_is_never_in_doubt_where_messages_are_acknowledged() {
    let mut bench = Bench::up(everlink());
    bench.written(1, 9);
    bench.send(Some(1), SendPolicy::Volatile);
    bench.written(1, 1);
    assert_eq!(bench.settled(), [(1, 1, Outcome::Written)]);
    bench.give(Input::Disconnect);
    bench.drain();
    bench.pass(secs(2));
    bench.expect(&["abandon t1"]);
}

#[test]
fn the_oldest_are_dropped_only_as_far_as_the_bytes_ask() {
    let mut bench = Bench::new(plain().queue_bytes_max(1024));
    bench.give(Input::Connect);
    for _ in 0..3 {
        bench.try_send(None, SendPolicy::DropOldest, 300).unwrap();
    }
    bench.try_send(None, SendPolicy::DropOldest, 500).unwrap();
    let dropped = Outcome::DroppedOldest;
    assert_eq!(bench.settled(), [(1, 1, dropped), (2, 2, dropped)]);
    assert_eq!(bench.engine.info(bench.now).queued_bytes, 800);
}

#[test]
fn the_bytes_of_the_outbox_are_those_of_the_messages_whose_fate_is_open() {
    let mut bench = Bench::up(everlink());
    for bytes in [100, 20, 3] {
        bench.try_send(Some(1), SendPolicy::Fail, bytes).unwrap();
    }
    assert_eq!(bench.engine.info(bench.now).queued_bytes, 123);
    bench.frame(1, ack(1, 1, 1));
    assert_eq!(bench.engine.info(bench.now).queued_bytes, 23);
    bench.frame(1, Received::Nack { channel: ChannelId(1), origin: origin(0, 2), code: 1 });
    assert_eq!(bench.engine.info(bench.now).queued_bytes, 3);
}

#[test]
fn a_nack_settles_the_message_of_its_own_channel() {
    let mut bench = Bench::up(everlink());
    bench.send(Some(1), SendPolicy::Fail);
    bench.send(Some(2), SendPolicy::Fail);
    bench.drain();
    bench.frame(1, Received::Nack { channel: ChannelId(2), origin: origin(0, 1), code: 9 });
    assert_eq!(bench.settled(), [(2, 2, Outcome::Refused { code: 9 })]);
}
