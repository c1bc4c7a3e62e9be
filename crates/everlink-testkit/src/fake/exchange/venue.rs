//! What all connections of an exchange share, and how each is served.

use super::attempts::Attempts;
use super::clock::Clock;
use super::counters::ExchangeCounters;
use super::rest;
use super::rules::ExchangeRules;
use super::session::Session;
use crate::chaos::Rejected;
use crate::chaos::fields::Fields;
use crate::fake::gate::{Asked, Cuts, Ending, Host, Observer, Orders, Pipe, Reply, json_reply};
use crate::fake::limits::{EXCHANGE_MESSAGE_BYTES_MAX, FRAMES_A_TURN_MAX, HOLES_MAX};
use crate::fake::market::{Market, Stream};
use hyper::header::{HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// An exchange.
#[derive(Debug)]
pub(crate) struct Venue {
    pub(super) market: Market,
    pub(super) clock: Clock,
    pub(super) rules: ExchangeRules,
    pub(super) counters: watch::Sender<ExchangeCounters>,
    orders: watch::Sender<Orders>,
    observer: Observer,
    attempts: Mutex<Attempts>,
    refused: Mutex<BTreeSet<Stream>>,
    holes: Mutex<Arc<Holes>>,
    connections: AtomicU64,
}

/// Events that nobody is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holes(BTreeMap<Stream, Vec<RangeInclusive<u64>>>);

impl Holes {
    pub(super) fn contain(&self, stream: Stream, number: u64) -> bool {
        self.0.get(&stream).is_some_and(|holes| holes.iter().any(|hole| hole.contains(&number)))
    }

    fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

/// A client that was accepted.
#[derive(Debug)]
pub(crate) struct Guest {
    is_combined: bool,
    streams: Vec<Stream>,
    path: String,
}

impl Venue {
    pub(super) fn new(
        market: Market,
        clock: Clock,
        rules: ExchangeRules,
        orders: watch::Sender<Orders>,
        observer: Observer,
    ) -> Self {
        Self {
            market,
            clock,
            rules,
            counters: watch::Sender::default(),
            orders,
            observer,
            attempts: Mutex::default(),
            refused: Mutex::default(),
            holes: Mutex::default(),
            connections: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut ExchangeCounters)) {
        self.counters.send_modify(change);
    }

    pub(super) fn is_refused(&self, stream: Stream) -> bool {
        lock(&self.refused).contains(&stream)
    }

    /// Finds a stream for a knob.
    pub(super) fn known(&self, name: &str) -> Result<Stream, Rejected> {
        self.market.stream(name).map_err(|_| {
            let accepted = "SYMBOL@KIND of a symbol that is traded, in lower case; kinds: trade, \
                            aggTrade, bookTicker, depth, depth@100ms";
            Rejected::new("fake exchange", "stream", name, accepted)
        })
    }

    pub(super) fn refuse(&self, name: &str, refuse: bool) -> Result<(), Rejected> {
        let stream = self.known(name)?;
        let mut refused = lock(&self.refused);
        if refuse {
            refused.insert(stream)
        } else {
            refused.remove(&stream)
        };
        Ok(())
    }

    pub(super) fn holes(&self) -> Arc<Holes> {
        lock(&self.holes).clone()
    }

    /// Makes a hole of the next events of a stream; returns the ids that are lost with them.
    pub(super) fn skip(&self, name: &str, events: u64) -> Result<RangeInclusive<u64>, Rejected> {
        let stream = self.known(name)?;
        if !(1..=EVENTS_SKIPPED_MAX).contains(&events) {
            let accepted = format!("1 to {EVENTS_SKIPPED_MAX}");
            return Err(Rejected::new("fake exchange", "events", events, accepted));
        }
        let mut holes = lock(&self.holes);
        if holes.len() >= HOLES_MAX {
            let accepted = format!("at most {HOLES_MAX} holes in all");
            return Err(Rejected::new("fake exchange", "holes", holes.len(), accepted));
        }
        // Read under the lock: a session that does not see the hole has read its time before.
        let first = self.market.newest(stream, self.clock.market(Instant::now())) + 1;
        let hole = first..=first + events - 1;
        Arc::make_mut(&mut holes).0.entry(stream).or_default().push(hole.clone());
        Ok(self.market.ids(stream, hole))
    }

    /// Reads which streams a path asks for.
    fn guest(&self, asked: &Asked<'_>) -> Result<Guest, Box<Reply>> {
        let path = asked.path.to_owned();
        let (is_combined, names) = match path.trim_end_matches('/') {
            "/ws" => (false, String::new()),
            "/stream" => (true, asked.parameter("streams").unwrap_or_default()),
            path => match path.strip_prefix("/ws/") {
                Some(names) => (false, names.to_owned()),
                None => {
                    let why = "WebSockets are at /ws, /ws/STREAM and /stream?streams=STREAM/STREAM";
                    return Err(json_reply(404, &json!({ "error": why })).into());
                }
            },
        };
        let names = names.split('/').filter(|name| !name.is_empty());
        let found: Result<Vec<_>, _> = names.map(|name| self.find(name)).collect();
        let streams = found.map_err(|refusal| {
            self.count(|counters| counters.paths_refused += 1);
            Box::new(json_reply(400, &json!({ "code": refusal.code, "msg": refusal.message })))
        })?;
        let max = self.rules.streams_max;
        if streams.len() > max {
            self.count(|counters| counters.paths_refused += 1);
            let why = format!("Invalid request: more than {max} streams");
            return Err(json_reply(400, &json!({ "code": 2, "msg": why })).into());
        }
        Ok(Guest { is_combined, streams, path })
    }

    /// Counts an attempt; too many are answered as "HTTP Return Codes" and "IP Limits" say.
    fn attempt(&self, asked: &Asked<'_>) -> Result<(), Box<Reply>> {
        let window = self.clock.traffic(self.rules.attempts_window);
        let max = self.rules.attempts_max;
        let counted = lock(&self.attempts).count(asked.peer, max, window, Instant::now());
        counted.map_err(|wait| {
            self.count(|counters| counters.attempts_refused += 1);
            self.observer.tell("refused: too many connection attempts");
            let message = "Too many requests; current limit is reached.";
            let mut reply = json_reply(429, &json!({ "code": -1003, "msg": message }));
            let seconds = wait.as_millis().div_ceil(1_000).max(1) as u64;
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            reply.into()
        })
    }

    async fn serve(
        &self,
        guest: &Guest,
        pipe: &mut Pipe,
        mut seen: watch::Receiver<Orders>,
        cuts: Cuts,
    ) -> Ending {
        let now = Instant::now();
        let mut session = Session::new(self, guest.is_combined, &seen.borrow(), now);
        session.open(self, &guest.streams, now);
        loop {
            let now = Instant::now();
            let orders = *seen.borrow_and_update();
            if let Some(cut) = orders.cut_after(cuts) {
                self.count(|counters| counters.ended_by_order += 1);
                return cut.into();
            }
            let wake = match self.turn(&mut session, &orders, now, pipe) {
                Ok(true) => now,
                Ok(false) => session.wake(self, now),
                Err(ending) => return ending,
            };
            tokio::select! {
                biased;
                changed = seen.changed() => if changed.is_err() { return Ending::Fin },
                moved = pipe.moved() => if moved.is_err() { return Ending::Gone },
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Takes what has come, and does what is due; returns whether more may have come already.
    fn turn(
        &self,
        session: &mut Session,
        orders: &Orders,
        now: Instant,
        pipe: &mut Pipe,
    ) -> Result<bool, Ending> {
        let mut left = FRAMES_A_TURN_MAX;
        while left > 0
            && let Some(item) = pipe.next_item()?
        {
            left -= 1;
            session.hear(self, orders, item, now, &mut pipe.frames)?;
        }
        session.turn(self, orders, now, &mut pipe.frames)?;
        Ok(left == 0)
    }
}

impl Host for Venue {
    type Guest = Guest;

    fn admit(&self, asked: &Asked<'_>) -> Result<Guest, Box<Reply>> {
        self.attempt(asked)?;
        self.guest(asked)
    }

    fn answer(&self, asked: &Asked<'_>) -> Option<Reply> {
        let reply = rest::answer(self, asked)?;
        self.count(|counters| counters.requests += 1);
        Some(reply)
    }

    fn command(&self, name: &str, fields: &mut Fields) -> Option<Result<Value, Rejected>> {
        let mut stream = || fields.required("stream", "a stream, such as btcusdt@trade");
        Some(match name {
            "shutdown-notice" => {
                self.orders.send_modify(|orders| orders.notices += 1);
                Ok(json!({}))
            }
            "refuse" => stream().and_then(|name| self.refuse(&name, true)).map(|()| json!({})),
            "allow" => stream().and_then(|name| self.refuse(&name, false)).map(|()| json!({})),
            "skip" => stream().and_then(|name| {
                let accepted = format!("1 to {EVENTS_SKIPPED_MAX}");
                let text = fields.required("events", &accepted)?;
                let events = text.parse().map_err(|_| fields.reject("events", &text, &accepted))?;
                let ids = self.skip(&name, events)?;
                Ok(json!({ "stream": name, "first": ids.start(), "last": ids.end() }))
            }),
            _ => return None,
        })
    }

    fn state(&self) -> Value {
        let refused: Vec<_> =
            lock(&self.refused).iter().map(|stream| self.market.name(*stream)).collect();
        let symbols: Vec<_> = self.market.symbols().iter().map(|symbol| symbol.lower()).collect();
        let orders = *self.orders.borrow();
        json!({
            "counters": *self.counters.borrow(),
            "silent": orders.is_silent,
            "refused_streams": refused,
            "holes": self.holes().len(),
            "symbols": symbols,
            "server_time": self.market.unix_ms(self.clock.market(Instant::now())),
        })
    }

    async fn talk(
        self: Arc<Self>,
        guest: Guest,
        mut pipe: Pipe,
        orders: watch::Receiver<Orders>,
        cuts: Cuts,
    ) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        pipe.message_bytes_max(EXCHANGE_MESSAGE_BYTES_MAX);
        self.count(|counters| {
            counters.connections += 1;
            counters.connections_open += 1;
        });
        let open = Open(&self);
        self.observer.tell(&format!("connection {number} open, {}", guest.path));
        let ending = self.serve(&guest, &mut pipe, orders, cuts).await;
        drop(open);
        self.observer.tell(&format!("connection {number} ended: {ending}"));
        pipe.end(ending).await;
    }
}

/// Counts a connection as open for as long as it is served.
struct Open<'a>(&'a Venue);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.count(|counters| counters.connections_open -= 1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Most events of one hole.
const EVENTS_SKIPPED_MAX: u64 = 1_000_000;
