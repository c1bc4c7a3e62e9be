//! The measurements, the same for every client.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::job::Outcome;
use super::peer::Peer;
use super::usage::Usage;

/// The text that ends a one-way measurement.
pub(super) const END: &str = "end";

/// Keeps so many messages on their way until the time is up.
pub(super) async fn echo<P: Peer>(
    url: &str,
    size: usize,
    in_flight: usize,
    time: Duration,
) -> Result<Outcome> {
    let mut peer = P::connect(url).await?;
    let text = P::text(&"e".repeat(size));
    let usage = Usage::start();
    let mut clock = Clock::new(time, in_flight);
    for _ in 0..in_flight {
        peer.send(&text).await?;
    }
    let (mut messages, mut open) = (0, in_flight);
    while open > 0 {
        ensure!(peer.recv().await?.as_ref().len() == size, "an echo of another length");
        messages += 1;
        if clock.is_running() {
            peer.send(&text).await?;
        } else {
            open -= 1;
        }
    }
    Ok(usage.messages(messages))
}

/// Sends until the time is up, and until the server has counted everything.
pub(super) async fn up<P: Peer>(url: &str, size: usize, time: Duration) -> Result<Outcome> {
    let mut peer = P::connect(url).await?;
    let text = P::text(&"u".repeat(size));
    let end = P::text(END);
    let usage = Usage::start();
    let mut clock = Clock::new(time, 64);
    let mut messages = 0;
    while clock.is_running() {
        peer.send(&text).await?;
        messages += 1;
    }
    peer.send(&end).await?;
    let count = peer.recv().await?;
    ensure!(count.as_ref() == messages.to_string().as_bytes(), "not all of {messages} came");
    Ok(usage.messages(messages))
}

/// Takes what comes until the server says that this was all.
pub(super) async fn down<P: Peer>(url: &str) -> Result<Outcome> {
    let mut peer = P::connect(url).await?;
    let usage = Usage::start();
    peer.send(&P::text("go")).await?;
    let mut messages = 0;
    while peer.recv().await?.as_ref() != END.as_bytes() {
        messages += 1;
    }
    Ok(usage.messages(messages))
}

/// Opens connections one after the other.
pub(super) async fn dial<P: Peer>(url: &str, times: u32) -> Result<Outcome> {
    let usage = Usage::start();
    let mut ns = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let peer = P::connect(url).await?;
        ns.push(nanos(started.elapsed()));
        drop(peer);
    }
    Ok(Outcome::Times { ns, cpu_ns: usage.cpu_ns() })
}

/// Asks the server to cut the connection, and measures until it stands again.
pub(super) async fn restore<P: Peer>(url: &str, times: u32) -> Result<Outcome> {
    let mut peer = P::connect_to_be_cut(url).await?;
    let text = P::text("cut me off");
    let usage = Usage::start();
    let mut ns = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        peer.send(&text).await?;
        peer = peer.restored(url).await.context("not restored")?;
        ns.push(nanos(started.elapsed()));
    }
    Ok(Outcome::Times { ns, cpu_ns: usage.cpu_ns() })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Says when the time is up, without asking the system for it at every message.
struct Clock {
    until: Instant,
    stride: usize,
    left: usize,
    running: bool,
}

impl Clock {
    fn new(time: Duration, stride: usize) -> Self {
        Self { until: Instant::now() + time, stride: stride.clamp(1, 16), left: 0, running: true }
    }

    fn is_running(&mut self) -> bool {
        if self.left == 0 {
            self.left = self.stride;
            self.running = self.running && Instant::now() < self.until;
        }
        self.left -= 1;
        self.running
    }
}
