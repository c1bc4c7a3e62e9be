//! Rule 1: each message of a producer at most once, and none left out.

use everlink_engine::server::LastStored;

use super::probe::{append, head, message, offsets, read, skip, store};
use super::{Setup, Subject};
use crate::log::{Append, Appended};

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
