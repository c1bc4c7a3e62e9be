//! Both logs keep the contract.

use everlink_server::log::contract::{self, Setup, Subject as _};
use everlink_server::log::{Log as _, MemoryLog, Retention};

use crate::support::{InMemory, OnDisk, append, bounded, message, records};

/// One test for each promise and each log.
macro_rules! promises {
    ($($name:ident => $promise:ident;)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::contract::$promise(&mut super::InMemory).await;
            })*
        }

        mod redb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::contract::$promise(&mut super::OnDisk::new()).await;
            })*
        }
    };
}

promises! {
    known_messages_are_not_stored_again => known_messages_are_not_stored_again;
    numbers_are_not_left_out => numbers_are_not_left_out;
    skips_use_up_numbers => skips_use_up_numbers;
    reading_returns_what_was_stored => reading_returns_what_was_stored;
    pages_have_limits => pages_have_limits;
    times_never_go_back => times_never_go_back;
    fault_33_a_life_has_one_number => a_life_has_one_number;
    fault_35_trimming_drops_what_lies_before => trimming_drops_what_lies_before;
    fault_35_retention_removes_the_oldest => retention_removes_the_oldest;
    retention_holds_under_load => retention_holds_under_load;
    followers_hear_all_in_order_before_the_outcome => followers_hear_all_in_order_before_the_outcome;
    late_followers_hear_what_comes_later => late_followers_hear_what_comes_later;
    many_appenders_keep_their_order => many_appenders_keep_their_order;
    producers_are_forgotten_after_their_time => producers_are_forgotten_after_their_time;
    fault_32_what_was_stored_outlives_the_log => what_was_stored_outlives_the_log;
    busy_when_too_much_waits => busy_when_too_much_waits;
    channels_are_bounded => channels_are_bounded;
    producers_are_bounded => producers_are_bounded;
}

#[tokio::test]
async fn fault_33_a_log_in_memory_begins_another_life_after_a_restart_and_takes_what_is_resent() {
    let setup = Setup::standard();
    let before = MemoryLog::new(setup.options()).unwrap();
    append(&before, message("room", "ann", 1)).await.unwrap();
    append(&before, message("room", "ann", 2)).await.unwrap();
    let epoch = bounded(before.head("room")).await.unwrap().epoch;
    drop(before);
    let after = MemoryLog::new(setup.options()).unwrap();
    // 1 was acknowledged and is gone; 2 was not, as far as its publisher knows.
    append(&after, message("room", "ann", 2)).await.unwrap();
    let head = bounded(after.head("room")).await.unwrap();
    assert_ne!(head.epoch, epoch);
    assert_eq!((head.first, head.head), (1, 1));
}

#[tokio::test]
async fn fault_35_whoever_reads_too_late_is_told_where_history_begins() {
    let mut setup = Setup::standard();
    setup.retention = vec![("*", Retention::ALL.max_records(3))];
    let log = OnDisk::new().open(&setup);
    for sequence in 1..=8 {
        append(&*log, message("room", "ann", sequence)).await.unwrap();
    }
    let page = loop {
        let all = everlink_server::log::PageLimit { records: 100, bytes: usize::MAX };
        let page = bounded(log.read("room", 2, all)).await.unwrap();
        if page.head.first == 6 {
            break page;
        }
        tokio::task::yield_now().await;
    };
    let offsets: Vec<_> = page.records.iter().map(|record| record.offset).collect();
    assert_eq!((page.head.head, offsets), (8, vec![6, 7, 8]), "3 to 5 have expired");
    assert_eq!(records(&*log, "room").await.len(), 3);
}
