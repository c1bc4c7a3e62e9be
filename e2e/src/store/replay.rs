//! Reading all of a long history.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use super::kind::{Appender, Kind, Store};
use crate::bench::cpu_ns;

/// A store that holds so many messages.
pub(super) async fn filled(kind: Kind, folder: &Path, messages: u64, size: u32) -> Result<Store> {
    let store = kind.open(&folder.join(format!("{kind:?}")))?;
    let appender = Appender::new(1, size);
    let mut next = 1;
    while next <= messages {
        let end = (next + GROUP).min(messages + 1);
        try_join_all((next..end).map(|sequence| store.append(&appender, sequence))).await?;
        next = end;
    }
    Ok(store)
}

/// Reads all of it; returns messages a second and microseconds of CPU a message.
pub(super) async fn round(store: &Store, messages: u64, size: u32) -> Result<(f64, f64)> {
    let (began, cpu) = (Instant::now(), cpu_ns());
    let read = store.read().await?;
    let (took, cpu) = (began.elapsed(), cpu_ns() - cpu);
    ensure!(read == (messages, messages * u64::from(size)), "read {read:?}, not all");
    Ok((messages as f64 / took.as_secs_f64(), cpu as f64 / 1e3 / messages as f64))
}

const GROUP: u64 = 1024;
