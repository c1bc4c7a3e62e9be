//! Clients that lose their server and come back: the real ones of Everlink, and a plain loop around a
//! WebSocket.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some of the events are counted")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use everlink::dial::Proxy;
use everlink::{Channel, ChannelEvent, Client, Dialect, Event};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::job::{Returned, Speech};
use super::raw::Dialer;

/// Clients in a room, and what they have seen.
pub(super) struct Herd {
    seen: Arc<Seen>,
    clients: Vec<Client>,
    publisher: Option<Publisher>,
    size: u32,
}

struct Publisher {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<u64>>,
}

/// What all of them have seen together.
#[derive(Default)]
struct Seen {
    connected: AtomicU64,
    received: AtomicU64,
    faults: AtomicU64,
    attempts: AtomicU64,
    /// When, in milliseconds since 1970.
    tried_ms: Mutex<Vec<u64>>,
    back_ms: Mutex<Vec<u64>>,
}

impl Herd {
    /// Connects so many clients and waits until all of them stand.
    pub(super) async fn gather(addresses: &[String], speech: Speech, size: u32) -> Result<Self> {
        let address = addresses.first().context("no address")?;
        let seen = Arc::new(Seen::default());
        let mut herd = Self { seen, clients: Vec::new(), publisher: None, size };
        for number in 0..size {
            match speech {
                Speech::Everlink => herd.add_everlink(address)?,
                Speech::Plain | Speech::SocketIo => {
                    tokio::spawn(come_back(address.clone(), Arc::clone(&herd.seen)));
                }
            }
            // As many at once as a server accepts without trouble.
            herd.until(u64::from(number).saturating_sub(OPENING_MAX)).await?;
        }
        herd.until(u64::from(size)).await?;
        if speech == Speech::Everlink {
            let client = client(address)?;
            client.start()?;
            let (stop, stopped) = watch::channel(false);
            let task = tokio::spawn(publish(client, stopped));
            herd.publisher = Some(Publisher { stop, task });
        }
        Ok(herd)
    }

    fn add_everlink(&mut self, address: &str) -> Result<()> {
        let client = client(address)?;
        let seen = Arc::clone(&self.seen);
        let mut events = client.events();
        let channel = client.channel("room").open()?;
        client.start()?;
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                seen.note(&event);
            }
        });
        tokio::spawn(read(channel, Arc::clone(&self.seen)));
        self.clients.push(client);
        Ok(())
    }

    async fn until(&self, connected: u64) -> Result<()> {
        let wait = async {
            while self.seen.connected.load(Ordering::Relaxed) < connected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let all = tokio::time::timeout(GATHERING, wait).await;
        all.with_context(|| format!("{connected} clients are not connected"))
    }

    /// Stops publishing and waits until each client has what was published. Returns the share that came.
    async fn delivered(&mut self) -> Result<Option<f64>> {
        let Some(Publisher { stop, task }) = self.publisher.take() else { return Ok(None) };
        stop.send_replace(true);
        let wanted = task.await?? * u64::from(self.size);
        let seen = Arc::clone(&self.seen);
        let wait = async {
            while seen.received.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What has not come by then is missing in the share.
        let _all = tokio::time::timeout(RETURNING, wait).await;
        Ok(Some(self.seen.received.load(Ordering::Relaxed) as f64 / wanted as f64))
    }

    /// Waits until all are back and have everything, and says how it went.
    /// The server serves again since `restarted_ms`.
    pub(super) async fn returned(&mut self, restarted_ms: u64) -> Result<Returned> {
        let size = self.size as usize;
        let wait = async {
            while self.seen.back_ms.lock().len() < size {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // Who is not back is counted.
        let _all = tokio::time::timeout(RETURNING, wait).await;
        let delivered = self.delivered().await?;
        let mut back = self.seen.back_ms.lock().clone();
        back.sort_unstable();
        let at = |share: f64| {
            let index = ((size as f64 * share).ceil() as usize).max(1) - 1;
            back.get(index).map(|ms| ms.saturating_sub(restarted_ms) as f64 / 1e3)
        };
        let mut seconds = BTreeMap::<u64, u32>::new();
        for ms in &*self.seen.tried_ms.lock() {
            *seconds.entry(ms / 1000).or_default() += 1;
        }
        Ok(Returned {
            back: u32::try_from(back.len())?,
            delivered,
            faults: Some(self.seen.faults.load(Ordering::Relaxed)),
            half_s: at(0.5),
            most_s: at(0.99),
            all_s: at(1.0),
            attempts_each: self.seen.attempts.load(Ordering::Relaxed) as f64 / size as f64,
            peak_second: seconds.values().copied().max().unwrap_or_default(),
        })
    }
}

impl Seen {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected { .. } => {
                self.connected.fetch_add(1, Ordering::Relaxed);
            }
            Event::AttemptFailed { attempt, .. } if *attempt > 0 => self.tried(),
            Event::Reconnected { .. } => {
                self.tried();
                self.back_ms.lock().push(now_ms());
            }
            Event::Gap { .. } | Event::ReconnectFailed { .. } => {
                self.faults.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn tried(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.tried_ms.lock().push(now_ms());
    }
}

pub(super) fn client(address: &str) -> Result<Client> {
    let builder = Client::builder(format!("ws://{address}/ws")).dialect(Dialect::EVERLINK);
    Ok(builder.dial(|dial| dial.proxy(Proxy::none())).build()?)
}

/// Publishes all the time, whether the server is there or not. Returns how many messages that were.
async fn publish(client: Client, mut stopped: watch::Receiver<bool>) -> Result<u64> {
    let mut published = 0;
    while !*stopped.borrow() {
        // It is in the outbox from here on, whether the server is there or not.
        client.publish("room", published.to_string()).await?;
        published += 1;
        let stop = stopped.wait_for(|stop| *stop);
        let _stopped = tokio::time::timeout(PUBLISHING, stop).await;
    }
    Ok(published)
}

/// Counts messages, and those that are not next.
async fn read(mut channel: Channel, seen: Arc<Seen>) {
    let mut offset = 0;
    while let Some(event) = channel.next().await {
        match event {
            ChannelEvent::Message(message) => {
                if offset != 0 && message.offset != offset + 1 {
                    seen.faults.fetch_add(1, Ordering::Relaxed);
                }
                offset = message.offset;
                seen.received.fetch_add(1, Ordering::Relaxed);
            }
            ChannelEvent::Gap { .. } => {
                seen.faults.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Dials again a second after each loss, as the first loop does that one writes.
async fn come_back(address: String, seen: Arc<Seen>) {
    let mut has_stood = false;
    loop {
        let opened = Dialer::plain().open(&address, Speech::Plain.request(false)).await;
        if has_stood {
            seen.tried();
        }
        if let Ok(mut raw) = opened {
            if has_stood {
                seen.back_ms.lock().push(now_ms());
            } else {
                seen.connected.fetch_add(1, Ordering::Relaxed);
            }
            has_stood = true;
            while let Ok(Some(_)) = raw.recv().await {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

const OPENING_MAX: u64 = 64;
const GATHERING: Duration = Duration::from_secs(60);
const RETURNING: Duration = Duration::from_secs(60);
const PUBLISHING: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_secs(1);
