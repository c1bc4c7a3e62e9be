//! Messages that the application takes back.

use everlink_engine::{
    Cause, ChannelId, Input, InputError, MessageId, News, Numbered, Outcome, Outgoing, Output,
    ProducerId, SendPolicy, Transmit,
};

use crate::bench::{Bench, CHANNEL, ack, everlink, plain, secs, welcome};

fn withdraw(bench: &mut Bench, id: u64) {
    bench.give(Input::Withdraw { message: MessageId(id) });
}

/// Takes what came out; returns number and predecessor of what was published.
fn published(bench: &mut Bench) -> Vec<(u64, Option<u64>)> {
    let number = |output: &Output<u32>| match output {
        Output::Transmit { frame: Transmit::Publish { origin, before, .. }, .. } => {
            Some((origin.sequence, *before))
        }
        _ => None,
    };
    bench.outputs().iter().filter_map(number).collect()
}

#[test]
fn a_message_that_was_never_sent_leaves_the_outbox_and_what_follows_does_not_wait_for_it() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    for _ in 1..=4 {
        bench.send(Some(1), SendPolicy::Configured);
    }
    bench.drain();
    for id in [2, 4, 4, 99, 0, u64::MAX] {
        withdraw(&mut bench, id);
    }
    assert_eq!(bench.settled(), [(2, 2, Outcome::Withdrawn), (4, 4, Outcome::Withdrawn)]);
    let info = bench.engine.info(bench.now);
    assert_eq!((info.queued_messages, info.queued_bytes), (2, 20));
    bench.send(Some(1), SendPolicy::Configured);
    bench.news(1, News::Opened);
    bench.frame(1, welcome());
    assert_eq!(published(&mut bench), [(1, None), (3, Some(1)), (5, Some(3))]);
}

#[test]
fn what_was_sent_goes_its_way_also_while_it_waits_to_be_sent_again() {
    for config in [plain(), everlink()] {
        let mut bench = Bench::up(config);
        bench.send(Some(1), SendPolicy::Configured);
        bench.drain();
        withdraw(&mut bench, 1);
        assert_eq!(bench.settled(), [], "it is with the transport");
        bench.lost(1, Cause::EndedAbruptly);
        bench.drain();
        withdraw(&mut bench, 1);
        assert_eq!(bench.settled(), [], "it may have arrived");
        assert_eq!(bench.engine.info(bench.now).queued_messages, 1);
        bench.pass(secs(2));
        bench.news(2, News::Opened);
        withdraw(&mut bench, 1);
        assert_eq!(bench.settled(), []);
    }
}

#[test]
fn a_message_of_an_earlier_process_cannot_be_taken_back() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    let origin = |producer, sequence| {
        let age = secs(1);
        Some(Numbered { producer: ProducerId(producer), sequence, before: None, age })
    };
    for (id, origin) in [(1, origin(3, 7)), (2, origin(0, 5))] {
        let message = Outgoing::new(MessageId(id), Some(CHANNEL), 1, SendPolicy::Wait, id as u32);
        bench.give(Input::Send(Outgoing { origin, ..message }));
    }
    withdraw(&mut bench, 1);
    withdraw(&mut bench, 2);
    assert_eq!(bench.settled(), [(2, 2, Outcome::Withdrawn)], "2 was stored first, and never sent");
}

#[test]
fn a_place_that_becomes_free_is_told_to_whoever_waits_for_one() {
    let mut bench = Bench::new(plain().queue_messages_max(1));
    bench.give(Input::Connect);
    bench.send(None, SendPolicy::Wait);
    let refused = bench.try_send(None, SendPolicy::Wait, 10);
    assert!(matches!(refused, Err(InputError::QueueFull { waits: true, .. })), "{refused:?}");
    bench.drain();
    withdraw(&mut bench, 1);
    bench.expect(&["1: Withdrawn", "OutboxRoom"]);
}

#[test]
fn an_acknowledgement_of_what_follows_says_nothing_of_what_was_withdrawn() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    bench.send(Some(1), SendPolicy::Configured);
    bench.send(Some(1), SendPolicy::Configured);
    bench.drain();
    withdraw(&mut bench, 1);
    bench.drain();
    bench.news(1, News::Opened);
    bench.frame(1, welcome());
    bench.drain();
    bench.frame(1, ack(1, 2, 1));
    assert_eq!(bench.settled(), [(2, 2, Outcome::Acknowledged { offset: 1 })]);
    assert_eq!(bench.engine.info(bench.now).queued_messages, 0);
    assert_eq!(bench.engine.cursor(ChannelId(1)), None);
}
