//! Appenders that each wait for their acknowledgement before they go on.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::kind::{Appender, Kind, Store};
use crate::bench::cpu_ns;

/// What one round of one store came to.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) latencies_us: Vec<f64>,
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
    pub(crate) file_bytes: f64,
}

pub(crate) async fn round(
    kind: Kind,
    folder: &Path,
    count: u32,
    size: u32,
    millis: u64,
) -> Result<Round> {
    let path = folder.join("store");
    let store = kind.open(&path)?;
    let (began, cpu) = (Instant::now(), cpu_ns());
    let until = began + Duration::from_millis(millis);
    let appenders: Vec<_> = (0..count)
        .map(|number| {
            tokio::spawn(keep_appending(store.clone(), Appender::new(number, size), until))
        })
        .collect();
    let mut latencies_us = Vec::new();
    for appender in appenders {
        latencies_us.extend(appender.await??);
    }
    let (took, cpu) = (began.elapsed(), cpu_ns() - cpu);
    let messages = latencies_us.len().max(1) as f64;
    drop(store);
    let file_bytes = std::fs::metadata(&path).map_or(0.0, |file| file.len() as f64);
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    Ok(Round {
        latencies_us,
        rate: messages / took.as_secs_f64(),
        cpu_us: cpu as f64 / 1e3 / messages,
        file_bytes: file_bytes / messages,
    })
}

async fn keep_appending(store: Store, appender: Appender, until: Instant) -> Result<Vec<f64>> {
    let mut latencies = Vec::new();
    for sequence in 1.. {
        let began = Instant::now();
        if began >= until && sequence > 1 {
            break;
        }
        store.append(&appender, sequence).await?;
        latencies.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(latencies)
}
