//! Hours of market data in a minute: renewals, notices, cuts and a refused stream, every number counted.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for some events only")]

mod example;
mod exchange;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use everlink::engine::{BackoffKind, Jitter};
use everlink::feed::{Feed, Update};
use everlink::{ConnectionState, Event, PoolEvents};
use everlink_testkit::chaos::{ChaosProxy, End};
use tokio::time::{Instant, sleep_until, timeout};

use exchange::{Exchange, Rules};

/// Seconds of the market in one of ours.
const SCALE: u32 = 288;

const STREAMS: [&str; 7] =
    ["a@trade", "b@trade", "c@trade", "d@trade", "a@depth", "e@trade", "f@trade"];

fn market(time: Duration) -> Duration {
    time / SCALE
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// How far each stream has come, and what was missing.
#[derive(Default)]
struct Book {
    next: BTreeMap<String, u64>,
    holes: BTreeMap<String, u32>,
    messages: u64,
}

impl Book {
    /// Each number comes once, in order, or lies in one hole.
    fn take(&mut self, update: Update) {
        let (stream, first, last) = match update {
            Update::Message { stream, message } => {
                self.messages += 1;
                let event: serde_json::Value = serde_json::from_slice(message.as_bytes()).unwrap();
                let number = |key: &str| event[key].as_u64();
                let last = number("u").or(number("t")).unwrap();
                (stream, number("U").unwrap_or(last), last)
            }
            Update::Hole(hole) => {
                *self.holes.entry(hole.stream.to_string()).or_default() += 1;
                (hole.stream, hole.first, hole.last)
            }
            other => panic!("{other:?}"),
        };
        let next = self.next.entry(stream.to_string()).or_insert(first);
        assert_eq!(first, *next, "{stream}: missing or doubled without a word");
        *next = last + 1;
    }
}

/// What the events of all connections tell.
#[derive(Default)]
struct Told {
    losses: BTreeMap<String, u32>,
    moves: u32,
    refused: Vec<String>,
    reconnecting: u32,
}

impl Told {
    fn take(&mut self, events: &mut PoolEvents) {
        while let Some(told) = events.try_next() {
            match told.event {
                Event::Disconnected { .. } => {
                    *self.losses.entry(told.connection.to_string()).or_default() += 1;
                }
                Event::Moved => self.moves += 1,
                Event::SubscriptionRejected { channel, .. } => {
                    self.refused.push(channel.to_string())
                }
                Event::StateChanged { to: ConnectionState::Reconnecting, .. } => {
                    self.reconnecting += 1
                }
                Event::Lagged { missed, .. } => panic!("{missed} events missed"),
                _ => {}
            }
        }
    }
}

fn feed(proxy: &ChaosProxy) -> Feed {
    let url = format!("ws://{}/stream", proxy.local_addr());
    let quick = |client: everlink::ClientBuilder| {
        client.dial(|dial| dial.proxy(everlink::dial::Proxy::none())).settings(|settings| {
            settings
                .backoff(BackoffKind::Fixed)
                .backoff_min(Duration::from_millis(20))
                .jitter(Jitter::None)
                .dials_per_minute(None)
                .stable_after(Duration::ZERO)
                .heartbeat_interval(Duration::from_secs(2))
                .heartbeat_timeout(Duration::from_secs(5))
                .overlap(Duration::from_millis(400))
                .renew_after(Some(market(minutes(40))))
        })
    };
    Feed::builder(url).streams_per_connection(4).client(quick).build().unwrap()
}

/// Two hours unless more are asked for by `EVERLINK_FEED_HOURS`.
fn hours() -> u64 {
    let asked = std::env::var("EVERLINK_FEED_HOURS").ok();
    asked.map_or(2, |hours| hours.parse().expect("EVERLINK_FEED_HOURS is a number of hours"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_f09_req_f03_hours_of_market_data_miss_nothing_that_was_not_told_once() {
    let rules = Rules {
        scale: SCALE,
        // The notice comes before the renewal on some connections, and after it on others.
        life: minutes(44),
        notice: minutes(10),
        lag_max: Duration::from_millis(150),
    };
    let exchange = Exchange::start(rules).await;
    let proxy = ChaosProxy::builder().upstream(&exchange.address).seed(9).build().await.unwrap();
    let feed = feed(&proxy);
    let mut events = feed.events();
    for stream in STREAMS.into_iter().chain(["nosuch@trade"]) {
        feed.subscribe(stream).unwrap();
    }
    let began = Instant::now();
    let end = began + market(minutes(hours() * 60));
    // Far from a renewal, which is due every 38 to 40 minutes after the last.
    let mut cuts = (0..hours()).map(|hour| began + market(minutes(60 * hour + 15)));
    let (mut cut, mut made) = (cuts.next(), 0);
    let (mut book, mut told, mut batch) = (Book::default(), Told::default(), Vec::new());
    while Instant::now() < end {
        let next = cut.map_or(end, |at| at.min(end));
        tokio::select! {
            count = feed.recv_many(&mut batch, 256) => assert!(count > 0),
            () = sleep_until(next) => {
                if cut.is_some_and(|at| at <= Instant::now()) {
                    proxy.cut(End::Reset);
                    (cut, made) = (cuts.next(), made + 1);
                }
            }
        }
        batch.drain(..).for_each(|update| book.take(update));
        told.take(&mut events);
    }
    let infos = feed.infos();
    timeout(Duration::from_secs(10), feed.close()).await.unwrap();
    while feed.recv_many(&mut batch, 256).await > 0 {
        batch.drain(..).for_each(|update| book.take(update));
    }
    told.take(&mut events);
    judge(&exchange, &feed, &book, &told, made);
    assert!(infos.iter().all(|info| info.reconnects == made), "a renewal is no loss: {infos:?}");
}

fn judge(exchange: &Exchange, feed: &Feed, book: &Book, told: &Told, cuts: u32) {
    let Book { next, holes, messages } = book;
    let seen = |counter: &std::sync::atomic::AtomicU32| counter.load(Ordering::Relaxed);
    let moves = told.moves;
    assert_eq!(next.len(), STREAMS.len(), "each stream came: {next:?}");
    assert!(*messages > 4_000 * hours(), "{messages}");
    // Two connections, each of them moved after 40 minutes at the latest.
    assert!(u64::from(moves) >= 2 * hours(), "{moves}");
    assert!(seen(&exchange.seen.notices) > 0, "some moves follow a notice");
    assert!(holes.values().all(|count| *count <= cuts), "one hole a cut at most: {holes:?}");
    assert!(!holes.is_empty(), "a cut takes longer than a second of the market");
    assert!(told.losses.values().all(|count| *count == cuts), "{:?}", told.losses);
    assert!(told.reconnecting >= cuts, "{}", told.reconnecting);
    assert_eq!(told.refused, ["nosuch@trade"], "told once");
    let asked = exchange.seen.refused.lock().unwrap().len();
    assert!(asked <= 3, "found by halves and not asked for again: {asked}");
    assert_eq!((seen(&exchange.seen.too_fast), seen(&exchange.seen.too_old)), (0, 0));
    let stats = feed.stats();
    assert_eq!((stats.messages, u64::from(holes.values().sum::<u32>())), (*messages, stats.holes));
}
