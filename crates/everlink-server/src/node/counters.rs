//! What a node counts, for its status; the same goes to the `metrics` crate.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Counter;

use crate::metrics::Meters;

/// What a node has counted since its start.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) meters: Meters,
    pub(crate) accepted: Count,
    pub(crate) refused: Count,
    pub(crate) reconnects: Count,
    pub(crate) messages_in: Count,
    pub(crate) messages_out: Count,
    pub(crate) bytes_in: Count,
    pub(crate) bytes_out: Count,
    pub(crate) replayed: Count,
    pub(crate) gaps: Count,
    pub(crate) feed_holes: Count,
    pub(crate) socket_io: SocketIoCounts,
    pub(crate) rates: Rates,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let meters = Meters::new();
        Self {
            accepted: Count::of(&meters.accepted),
            refused: Count::default(),
            reconnects: Count::of(&meters.reconnects),
            messages_in: Count::of(&meters.messages_in),
            messages_out: Count::of(&meters.messages_out),
            bytes_in: Count::of(&meters.bytes_in),
            bytes_out: Count::of(&meters.bytes_out),
            replayed: Count::of(&meters.replayed),
            gaps: Count::default(),
            feed_holes: Count::of(&meters.feed_holes),
            socket_io: SocketIoCounts {
                sockets: AtomicU64::new(0),
                connected: Count::of(&meters.socket_io_connected),
                recovered: Count::of(&meters.socket_io_recovered),
                not_recovered: Count::of(&meters.socket_io_not_recovered),
            },
            rates: Rates::default(),
            meters,
        }
    }

    /// A connection was refused.
    pub(crate) fn refuse(&self, why: &'static str) {
        self.refused.add(1);
        self.meters.refused(why);
    }

    /// A reader was told of a gap.
    pub(crate) fn gap(&self, why: &'static str) {
        self.gaps.add(1);
        self.meters.gap(why);
    }

    /// Tells meters what was counted since they were last told.
    pub(crate) fn tell_meters(&self) {
        let counts = [
            &self.accepted,
            &self.reconnects,
            &self.messages_in,
            &self.messages_out,
            &self.bytes_in,
            &self.bytes_out,
            &self.replayed,
            &self.feed_holes,
            &self.socket_io.connected,
            &self.socket_io.recovered,
            &self.socket_io.not_recovered,
        ];
        counts.into_iter().for_each(Count::tell);
    }

    /// A second has passed: works the rates out.
    pub(crate) fn second(&self) {
        self.tell_meters();
        self.rates.messages_in.learn(self.messages_in.get());
        self.rates.messages_out.learn(self.messages_out.get());
        self.rates.accepted.learn(self.accepted.get());
    }
}

/// What is counted of Socket.IO.
#[derive(Debug)]
pub(crate) struct SocketIoCounts {
    sockets: AtomicU64,
    pub(crate) connected: Count,
    pub(crate) recovered: Count,
    pub(crate) not_recovered: Count,
}

impl SocketIoCounts {
    pub(crate) fn came(&self) {
        self.sockets.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn went(&self) {
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns how many sockets are connected now.
    pub(crate) fn sockets(&self) -> u64 {
        self.sockets.load(Ordering::Relaxed)
    }
}

/// A number that only grows, here and by and by where metrics are recorded: that costs too much to be done for
/// each message.
#[derive(Default)]
pub(crate) struct Count {
    count: AtomicU64,
    meter: Option<(Counter, AtomicU64)>,
}

impl Count {
    fn of(meter: &Counter) -> Self {
        Self { count: AtomicU64::new(0), meter: Some((meter.clone(), AtomicU64::new(0))) }
    }

    pub(crate) fn add(&self, count: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    fn tell(&self) {
        if let Some((meter, told)) = &self.meter {
            let count = self.get();
            // Whoever else tells at the same time may have told more already.
            let before = told.fetch_max(count, Ordering::Relaxed);
            meter.increment(count.saturating_sub(before));
        }
    }

    pub(crate) fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.get(), f)
    }
}

/// What happened in the last whole second.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    pub(crate) messages_in: RateOf,
    pub(crate) messages_out: RateOf,
    pub(crate) accepted: RateOf,
}

/// How much a number grew in the last whole second.
#[derive(Debug, Default)]
pub(crate) struct RateOf {
    before: AtomicU64,
    rate: AtomicU64,
}

impl RateOf {
    fn learn(&self, now: u64) {
        let before = self.before.swap(now, Ordering::Relaxed);
        self.rate.store(now.saturating_sub(before), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.rate.load(Ordering::Relaxed)
    }
}
