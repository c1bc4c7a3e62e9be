//! Messages that an earlier process left, and messages that come late: numbers for ever.

use std::time::Duration;

use everlink_engine::{
    Cause, ChannelId, Input, InputError, Kept, MessageId, News, Numbered, Outcome, Outgoing,
    ProducerId, Received, SendPolicy, limits,
};

use crate::bench::{Bench, everlink, origin, secs, welcome};

fn remembering(origin_ttl: Duration) -> Received<u32> {
    let (heartbeat, return_window, backoff_max, kept) = (None, None, None, Kept::Disk);
    let origin_ttl = Some(origin_ttl);
    Received::Welcome { heartbeat, return_window, backoff_max, origin_ttl, kept, rate: None }
}

fn left(producer: u32, sequence: u64, before: Option<u64>, age: Duration) -> Numbered {
    Numbered { producer: ProducerId(producer), sequence, before, age }
}

/// Sends a message of channel 1 that an earlier process numbered.
fn try_send_on(bench: &mut Bench, id: u64, numbered: Numbered) -> Result<(), InputError> {
    let channel = Some(ChannelId(1));
    let message = Outgoing::new(MessageId(id), channel, 1, SendPolicy::Wait, id as u32);
    bench.try_give(Input::Send(Outgoing { origin: Some(numbered), ..message }))
}

fn send_on(bench: &mut Bench, id: u64, numbered: Numbered) {
    try_send_on(bench, id, numbered).unwrap();
}

fn ack(producer: u32, sequence: u64) -> Received<u32> {
    Received::Ack { channel: ChannelId(1), origin: origin(producer, sequence), offset: 50 }
}

fn return_of(bench: &mut Bench, welcome: Received<u32>) {
    bench.lost(1, Cause::EndedAbruptly);
    bench.pass(secs(2));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, welcome);
}

#[test]
fn a_message_of_an_earlier_process_keeps_its_producer_and_number() {
    let mut bench = Bench::up(everlink());
    send_on(&mut bench, 1, left(3, 7, None, secs(1)));
    send_on(&mut bench, 2, left(3, 9, Some(7), secs(1)));
    bench.expect(&["t1 > publish 1 c1 p3 s7", "t1 > publish 2 c1 p3 s9 after 7"]);
    let own = Outgoing::new(MessageId(3), Some(ChannelId(1)), 1, SendPolicy::Wait, 3);
    bench.give(Input::Send(own));
    bench.expect(&["t1 > publish 3 c1 s1"]);
    bench.frame(1, ack(0, 1));
    assert_eq!(bench.settled(), [(3, 3, Outcome::Acknowledged { offset: 50 })]);
    bench.frame(1, ack(3, 7));
    assert_eq!(bench.settled(), [(1, 1, Outcome::Acknowledged { offset: 50 })]);
    return_of(&mut bench, welcome());
    let words = bench.words();
    assert!(words.contains(&"t2 > publish 2 c1 p3 s9 after 7".into()), "{words:?}");
    bench.frame(2, ack(3, 9));
    assert_eq!(bench.settled(), [(2, 2, Outcome::Acknowledged { offset: 50 })]);
}

#[test]
fn a_channel_that_is_read_no_more_forgets_no_producer_of_an_earlier_process() {
    let mut bench = Bench::reading(everlink(), 1, 5);
    send_on(&mut bench, 1, left(3, 7, None, secs(1)));
    bench.give(Input::Unsubscribe { channel: ChannelId(1) });
    bench.drain();
    let refused = try_send_on(&mut bench, 2, left(3, 7, None, secs(1)));
    assert!(matches!(refused, Err(InputError::BadOrigin { taken: 7, .. })), "{refused:?}");
    bench.frame(1, ack(3, 7));
    assert_eq!(bench.settled(), [(1, 1, Outcome::Acknowledged { offset: 50 })]);
}

#[test]
fn a_refusal_of_a_number_settles_the_producer_that_it_names() {
    let mut bench = Bench::up(everlink());
    send_on(&mut bench, 1, left(3, 1, None, secs(1)));
    bench.publish(2);
    bench.drain();
    let nack = Received::Nack { channel: ChannelId(1), origin: origin(3, 1), code: 9 };
    bench.frame(1, nack);
    assert_eq!(bench.settled(), [(1, 1, Outcome::Refused { code: 9 })]);
}

#[test]
fn fault_31_an_acknowledgement_above_what_was_sent_is_judged_for_each_producer() {
    for (producer, sequence, is_fault) in [(3, 7, false), (3, 8, true), (0, 1, true), (5, 9, false)]
    {
        let mut bench = Bench::up(everlink());
        send_on(&mut bench, 1, left(3, 7, None, secs(1)));
        bench.drain();
        bench.frame(1, ack(producer, sequence));
        let words = bench.words();
        let broken = words.contains(&"close t1 1002".into());
        assert_eq!(broken, is_fault, "producer {producer} to {sequence}: {words:?}");
    }
}

#[test]
fn an_origin_that_no_earlier_process_can_have_given_is_refused() {
    let most = limits::FOREIGN_PRODUCERS_MAX as u32;
    let mut bench = Bench::up(everlink().queue_messages_max(2 * most));
    send_on(&mut bench, 1, left(3, 7, None, secs(1)));
    for numbered in [
        left(0, 1, Some(0), secs(0)),
        left(4, 0, None, secs(0)),
        left(3, 7, None, secs(0)),
        left(3, 8, Some(8), secs(0)),
    ] {
        let refused = try_send_on(&mut bench, 2, numbered);
        assert!(matches!(refused, Err(InputError::BadOrigin { .. })), "{numbered:?}: {refused:?}");
    }
    for at in 1..most {
        send_on(&mut bench, u64::from(at) + 1, left(at + 3, 1, None, secs(0)));
    }
    let refused = try_send_on(&mut bench, 5000, left(most + 3, 1, None, secs(0)));
    assert!(matches!(refused, Err(InputError::TooManyProducers { .. })), "{refused:?}");
    send_on(&mut bench, 5000, left(3, 8, None, secs(0)));
}

#[test]
fn what_is_sent_again_after_the_server_may_have_forgotten_us_is_said_to_be_maybe_doubled() {
    for (ttl, doubled) in [(secs(1), true), (secs(2), false), (secs(3), false)] {
        let mut bench = Bench::up(everlink());
        bench.publish(1);
        bench.publish(2);
        bench.drain();
        return_of(&mut bench, remembering(ttl));
        let words = bench.words();
        assert_eq!(words.contains(&"maybe doubled: 1..2".into()), doubled, "{ttl:?}: {words:?}");
        // What is new is beyond doubt, and what was sent again is young again.
        bench.publish(3);
        bench.lost(2, Cause::EndedAbruptly);
        bench.drain();
        bench.give(Input::Reconnect);
        bench.news(3, News::Opened);
        bench.frame(3, remembering(secs(1)));
        let words = bench.words();
        assert!(!words.iter().any(|word| word.starts_with("maybe")), "{words:?}");
    }
}

#[test]
fn a_message_of_an_earlier_process_may_be_doubled_by_its_age_alone() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    send_on(&mut bench, 1, left(3, 1, None, secs(50)));
    send_on(&mut bench, 2, left(3, 2, None, secs(60)));
    bench.pass(secs(5));
    bench.news(1, News::Opened);
    bench.frame(1, remembering(secs(60)));
    let words = bench.words();
    assert!(words.contains(&"maybe doubled: 2..2".into()), "{words:?}");
}

#[test]
fn a_message_that_was_cleared_and_taken_again_may_be_doubled_and_a_new_one_may_not() {
    let mut bench = Bench::up(everlink());
    send_on(&mut bench, 1, left(0, 1, None, secs(0)));
    bench.give(Input::Disconnect);
    bench.give(Input::Connect);
    send_on(&mut bench, 2, left(0, 1, None, secs(0)));
    send_on(&mut bench, 3, left(0, 2, None, secs(0)));
    bench.pass(secs(5));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, remembering(secs(1)));
    let words = bench.words();
    let doubted: Vec<_> = words.iter().filter(|word| word.starts_with("maybe")).collect();
    assert_eq!(doubted, ["maybe doubled: 2..2"]);
}

#[test]
fn a_message_that_was_stored_first_keeps_its_number_through_a_disconnect() {
    let mut bench = Bench::up(everlink());
    let own = |sequence| left(0, sequence, None, secs(0));
    send_on(&mut bench, 1, own(1));
    // Number 2 was withdrawn before it was sent.
    send_on(&mut bench, 2, own(3));
    send_on(&mut bench, 3, own(4));
    bench.expect(&["t1 > publish 1 c1 s1", "t1 > publish 2 c1 s3 after 1", "t1 > publish 3 c1 s4"]);
    bench.frame(1, ack(0, 1));
    bench.give(Input::Disconnect);
    assert_eq!(bench.settled()[1..], [(2, 3, Outcome::Cleared)]);
    bench.give(Input::Connect);
    let refused = try_send_on(&mut bench, 4, own(1));
    assert!(matches!(refused, Err(InputError::BadOrigin { taken: 1, .. })), "{refused:?}");
    for (id, sequence) in [(4, 3), (5, 4), (6, 5)] {
        send_on(&mut bench, id, own(sequence));
    }
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, remembering(secs(1)));
    let words = bench.words();
    let sent: Vec<_> = words.iter().filter(|word| word.contains("publish")).collect();
    assert_eq!(
        sent,
        ["t2 > publish 4 c1 s3 after 1", "t2 > publish 5 c1 s4", "t2 > publish 6 c1 s5"]
    );
}

#[test]
fn a_message_of_an_earlier_process_is_taken_again_after_a_disconnect() {
    let mut bench = Bench::up(everlink());
    send_on(&mut bench, 1, left(3, 7, Some(0), secs(1)));
    send_on(&mut bench, 2, left(3, 9, Some(7), secs(1)));
    bench.give(Input::Disconnect);
    bench.give(Input::Connect);
    send_on(&mut bench, 3, left(3, 7, Some(0), secs(1)));
    send_on(&mut bench, 4, left(3, 9, Some(7), secs(1)));
    bench.news(2, News::Opened);
    bench.drain();
    bench.frame(2, welcome());
    let words = bench.words();
    assert!(words.contains(&"t2 > publish 4 c1 p3 s9 after 7".into()), "{words:?}");
    bench.frame(2, ack(3, 9));
    assert_eq!(bench.settled(), [(3, 4, Outcome::Acknowledged { offset: 50 })]);
}
