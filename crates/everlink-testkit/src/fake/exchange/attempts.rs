//! Connection attempts, by address.

use super::traffic::Window;
use crate::fake::limits::ADDRESSES_MAX;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// How often each address has tried to connect lately.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    windows: BTreeMap<IpAddr, Window>,
}

impl Attempts {
    /// Counts an attempt; an error says how long to wait.
    pub(crate) fn count(
        &mut self,
        address: IpAddr,
        max: usize,
        length: Duration,
        now: Instant,
    ) -> Result<(), Duration> {
        if !self.windows.contains_key(&address) && self.windows.len() >= ADDRESSES_MAX {
            let windows = self.windows.iter();
            let oldest =
                windows.min_by_key(|(_, window)| window.last()).map(|(address, _)| *address);
            oldest.map(|address| self.windows.remove(&address));
        }
        let window = self.windows.entry(address).or_insert_with(|| Window::new(max, length));
        window.count(now).map_err(|at| at.saturating_duration_since(now))
    }
}
