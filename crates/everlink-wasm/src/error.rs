//! Refusals in words.

use core::time::Duration;

use everlink_engine::{ConfigError, InputError};

use crate::words::union;

union!(put_open: InputError {
    QueueFull [InputError::QueueFull {
        queued_messages, queue_messages_max, queued_bytes, queue_bytes_max, message_bytes, waits, ..
    }] {
        queued_messages: usize, queue_messages_max: usize, queued_bytes: usize,
        queue_bytes_max: usize, message_bytes: usize, waits: bool
    }
    MessageTooBig [InputError::MessageTooBig { message_bytes, message_bytes_max, .. }] {
        message_bytes: usize, message_bytes_max: usize
    }
    NotConnected [InputError::NotConnected] {}
    Closed [InputError::Closed] {}
    MessageIdReused [InputError::MessageIdReused { given, last, .. }] { given: u64, last: u64 }
    ChannelMissing [InputError::ChannelMissing { dialect, .. }] { dialect: &'static str }
    KeyMissing [InputError::KeyMissing { dialect, .. }] { dialect: &'static str }
    BadOrigin [InputError::BadOrigin { producer, sequence, before, taken, .. }] {
        producer: u32, sequence: u64, before: Option<u64>, taken: u64
    }
    TooManyProducers [InputError::TooManyProducers { producers_max, .. }] { producers_max: usize }
    NoHistory [InputError::NoHistory { dialect, .. }] { dialect: &'static str }
    TooManyReads [InputError::TooManyReads { reads_max, .. }] { reads_max: usize }
    NoSubscriptions [InputError::NoSubscriptions { dialect, .. }] { dialect: &'static str }
    TooManyChannels [InputError::TooManyChannels { channels_max, .. }] { channels_max: usize }
});

union!(put_open: ConfigError {
    Refused [ConfigError::Refused { key, .. }] { key: &'static str }
    Crossed [ConfigError::Crossed { low_key, low, high_key, high, .. }] {
        low_key: &'static str, low: Duration, high_key: &'static str, high: Duration
    }
    NoEndpoint [ConfigError::NoEndpoint] {}
});
