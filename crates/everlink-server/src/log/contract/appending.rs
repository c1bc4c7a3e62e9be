//! Rule 1: each message of a producer at most once, and none left out.

use everlink_engine::server::{LastStored, Refusals};

use super::probe::{CODE, append, head, message, offsets, read, refuse, skip, store};
use super::{Setup, Subject};
use crate::log::{Append, Appended, Log, LogError};

/// A message that comes again is told from a new one, with what is known of its producer.
pub async fn known_messages_are_not_stored_again(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let epoch = head(&*log, "room").await.epoch;
    for sequence in 1..=3 {
        assert_eq!(store(&*log, message("room", "ann", sequence)).await, sequence);
    }
    for sequence in [3, 1, 2] {
        let again = append(&*log, message("room", "ann", sequence)).await;
        let last = LastStored { sequence: 3, offset: 3 };
        assert_eq!(again, Ok(Appended::Known { epoch, last }), "number {sequence} again");
    }
    assert_eq!(store(&*log, message("room", "ben", 1)).await, 4, "another producer is another");
    assert_eq!(store(&*log, message("hall", "ann", 1)).await, 1, "another channel is another");
    let page = read(&*log, "room", 0).await;
    assert_eq!(offsets(&page.records), [1, 2, 3, 4], "stored once each");
}

/// A message behind one that is missing is refused; a producer that is new may begin anywhere.
pub async fn numbers_are_not_left_out(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    assert_eq!(store(&*log, message("room", "ann", 7)).await, 1, "it may begin anywhere");
    let last = LastStored { sequence: 7, offset: 1 };
    let hole = append(&*log, message("room", "ann", 9)).await;
    assert_eq!(hole, Ok(Appended::Hole(last)), "8 is missing");
    let dropped = Append { before: 7, ..message("room", "ann", 9) };
    assert_eq!(store(&*log, dropped).await, 2, "8 was dropped by policy, and 9 says so");
    let page = read(&*log, "room", 0).await;
    let numbers: Vec<_> = page.records.iter().map(|record| record.sequence).collect();
    assert_eq!(numbers, [7, 9]);
}

/// A refused message uses up its number, and is not stored.
pub async fn skips_use_up_numbers(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let is_new = |outcome, expected: u64| match outcome {
        Ok(Appended::New { offset, .. }) => assert_eq!(offset, expected, "the producer's last"),
        other => panic!("a skip came to {other:?}"),
    };
    is_new(append(&*log, skip("room", "ann", 1)).await, 0);
    let page = read(&*log, "room", 0).await;
    assert_eq!(page.head.epoch.0, 0, "a skip does not begin a log");
    assert_eq!(log.status().channels, 0, "nor a channel");
    assert_eq!(store(&*log, message("room", "ann", 1)).await, 1, "an unknown one leaves no trace");

    assert_eq!(store(&*log, message("room", "ben", 1)).await, 2);
    is_new(append(&*log, skip("room", "ann", 2)).await, 1);
    let epoch = head(&*log, "room").await.epoch;
    let last = LastStored { sequence: 2, offset: 1 };
    let again = append(&*log, message("room", "ann", 2)).await;
    assert_eq!(again, Ok(Appended::Known { epoch, last }), "its number is used up");
    let hole = append(&*log, skip("room", "ann", 4)).await;
    assert_eq!(hole, Ok(Appended::Hole(last)), "a skip leaves nothing out either");
    assert_eq!(store(&*log, message("room", "ann", 3)).await, 3);
    let page = read(&*log, "room", 0).await;
    assert_eq!(offsets(&page.records), [1, 2, 3], "a skip takes no offset");
}

/// A message that was refused is refused again with its code, whoever asks, until its publisher shows
/// that it knows.
pub async fn refusals_are_remembered(subject: &mut dyn Subject) {
    let setup = Setup::standard();
    let mut log = subject.open(&setup);
    assert_eq!(store(&*log, message("room", "ann", 1)).await, 1);
    assert!(matches!(
        append(&*log, refuse("room", "ann", 2)).await,
        Ok(Appended::New { offset: 1, .. })
    ));
    assert_eq!(store(&*log, message("room", "ann", 3)).await, 2);
    if subject.is_durable() {
        drop(log);
        log = subject.open(&setup);
    }
    refused_again(&*log, "ann", 2).await;
    let stored = append(&*log, message("room", "ann", 3)).await;
    assert!(matches!(stored, Ok(Appended::Known { .. })), "{stored:?}");

    // Whoever begins with 2 does not know; whoever begins with 3 does.
    let first = |sequence| Append { first: true, ..message("room", "ann", sequence) };
    assert_eq!(append(&*log, first(2)).await, Ok(Appended::Refused { code: CODE }));
    refused_again(&*log, "ann", 2).await;
    append(&*log, first(3)).await.expect("it is known");
    let forgotten = append(&*log, message("room", "ann", 2)).await;
    assert!(matches!(forgotten, Ok(Appended::Known { .. })), "{forgotten:?}");
}

/// A refusal leaves no trace of a producer that the log does not know; the message that begins him says
/// what was refused before it.
pub async fn refusals_come_with_the_message_that_begins_a_producer(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    assert!(matches!(
        append(&*log, refuse("room", "ann", 1)).await,
        Ok(Appended::New { offset: 0, .. })
    ));
    assert_eq!(log.status().channels, 0, "it does not even begin a log");
    let mut refused = Refusals::new();
    assert!(refused.add(1, 0, CODE));
    let begins = Append { refused: refused.clone(), ..message("room", "ann", 2) };
    assert_eq!(store(&*log, begins).await, 1);
    refused_again(&*log, "ann", 1).await;
    // Of a producer that is known the log knows better.
    assert!(refused.add(2, 1, CODE));
    let goes_on = Append { refused, ..message("room", "ann", 3) };
    assert_eq!(store(&*log, goes_on).await, 2);
    let known = append(&*log, message("room", "ann", 2)).await;
    assert!(matches!(known, Ok(Appended::Known { .. })), "{known:?}");
}

/// So many refusals are remembered at most; none is forgotten to make room for another.
pub async fn refusals_are_bounded(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let refusals_max = Refusals::ENTRIES_MAX;
    let last = 2 * refusals_max as u64;
    for sequence in (1..last).step_by(2) {
        store(&*log, message("room", "ann", sequence)).await;
        append(&*log, refuse("room", "ann", sequence + 1)).await.expect("there is room");
    }
    store(&*log, message("room", "ann", last + 1)).await;
    let full = append(&*log, refuse("room", "ann", last + 2)).await;
    assert_eq!(full, Err(LogError::TooManyRefusals { refusals_max }));
    refused_again(&*log, "ann", 2).await;
    // It comes back, and shows what it knows.
    let again = Append { first: true, ..refuse("room", "ann", last + 2) };
    assert!(matches!(append(&*log, again).await, Ok(Appended::New { .. })));
    refused_again(&*log, "ann", last + 2).await;
}

async fn refused_again(log: &dyn Log, producer: &str, sequence: u64) {
    let again = append(log, message("room", producer, sequence)).await;
    assert_eq!(again, Ok(Appended::Refused { code: CODE }), "{sequence} of {producer}");
    let again = append(log, refuse("room", producer, sequence)).await;
    assert_eq!(again, Ok(Appended::Refused { code: CODE }), "{sequence} of {producer}");
}
