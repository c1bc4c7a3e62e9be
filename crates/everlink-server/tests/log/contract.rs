//! Both logs keep the contract.

use everlink_server::log::contract;

use crate::support::{InMemory, OnDisk};

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
    channels_are_listed => channels_are_listed;
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
