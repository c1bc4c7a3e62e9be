//! The client that all processes use: quick to notice and to come back, so that much happens in little time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::dial::{DialOptionsBuilder, Proxy};
use everlink::outbox::{DurableOutbox, OutboxLimits};
use everlink::wire::v1::Encoding;
use everlink::{Client, ClientBuilder, Dialect};

/// Describes a client; every second one speaks CBOR.
pub(super) fn describe(url: &str, index: u16) -> ClientBuilder {
    let loopback = |dial: DialOptionsBuilder| {
        dial.proxy(Proxy::none()).upgrade_timeout(Duration::from_secs(1))
    };
    Client::builder(url)
        .dialect(Dialect::EVERLINK)
        .encoding(if index.is_multiple_of(2) { Encoding::Json } else { Encoding::Cbor })
        .dial(loopback)
        .settings(|settings| {
            settings
                .heartbeat_interval(Duration::from_millis(500))
                .heartbeat_timeout(Duration::from_millis(700))
                .return_window(Some(Duration::from_millis(100)))
                .backoff_floor(Duration::from_millis(50))
                .backoff_min(Duration::from_millis(100))
                .backoff_max(Duration::from_millis(500))
                .stable_after(Duration::from_millis(500))
                .connect_timeout(Duration::from_secs(2))
                .queue_messages_max(100_000)
                .dials_per_minute(None)
        })
}

/// Opens the durable store of a client.
pub(super) fn store(folder: &Path, name: &str) -> Result<DurableOutbox> {
    let path = folder.join(name);
    DurableOutbox::open(&path, OutboxLimits::new(100_000, 256 << 20))
        .with_context(|| format!("cannot open {}", path.display()))
}

/// Returns the name of a room.
pub(super) fn room_name(room: u16) -> String {
    format!("room-{}", room + 1)
}
