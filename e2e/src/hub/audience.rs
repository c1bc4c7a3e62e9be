//! Clients of Everlink, each by an address of its own, and what they hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use everlink::{Channel, ChannelEvent, Client, Event};
use parking_lot::Mutex;

use super::job::Heard;
use super::returner::{client, now_ms};

/// Clients in a room, and one that publishes to it.
pub(super) struct Audience {
    clients: Vec<Client>,
    publisher: Client,
    heard: Vec<Arc<Mutex<Arrivals>>>,
    received: Arc<AtomicU64>,
}

/// When a client got each message, in milliseconds since 1970.
type Arrivals = Vec<Option<u64>>;

impl Audience {
    /// Connects a client by each of the addresses, and waits until all of them stand.
    pub(super) async fn gather(addresses: &[String], publisher: &str) -> Result<Self> {
        let publisher = client(publisher)?;
        publisher.start()?;
        let (clients, heard, received) = (Vec::new(), Vec::new(), Arc::default());
        let mut audience = Self { clients, publisher, heard, received };
        for addresses in addresses.chunks(OPENING_MAX) {
            let mut standing = Vec::new();
            for address in addresses {
                let client = client(address)?;
                let mut events = client.events();
                audience.hear(client.channel("room").open()?);
                client.start()?;
                audience.clients.push(client);
                standing.push(async move {
                    while let Some(event) = events.next().await {
                        if matches!(event, Event::Connected { .. }) {
                            return;
                        }
                    }
                });
            }
            let all = futures_util::future::join_all(standing);
            tokio::time::timeout(GATHERING, all).await.context("clients are not connected")?;
        }
        Ok(audience)
    }

    fn hear(&mut self, mut channel: Channel) {
        let arrivals = Arc::new(Mutex::new(Arrivals::new()));
        self.heard.push(Arc::clone(&arrivals));
        let received = Arc::clone(&self.received);
        tokio::spawn(async move {
            while let Some(event) = channel.next().await {
                if let ChannelEvent::Message(message) = event
                    && let Some(number) = message.payload.text().and_then(|text| text.parse().ok())
                    && note(&mut arrivals.lock(), number)
                {
                    received.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }

    /// Publishes for so long, waits until everyone has all, and says what came when.
    pub(super) async fn talk(&self, millis: u64, every_ms: u64) -> Result<Heard> {
        let mut ticks = tokio::time::interval(Duration::from_millis(every_ms));
        let end = now_ms() + millis;
        let mut published = Vec::new();
        while now_ms() < end {
            ticks.tick().await;
            self.publisher.publish("room", published.len().to_string()).await?;
            published.push(now_ms());
        }
        let wanted = (published.len() * self.clients.len()) as u64;
        let level = async {
            while self.received.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What is lost never comes; it is missing in what is returned.
        let _level = tokio::time::timeout(LEVELLING, level).await;
        let began_ms = published.first().copied().context("nothing was published")?;
        let since = |at: u64| at.saturating_sub(began_ms);
        let arrived = |own: &Arc<Mutex<Arrivals>>| {
            let own = own.lock();
            (0..published.len()).map(|at| own.get(at).copied().flatten().map(since)).collect()
        };
        Ok(Heard {
            began_ms,
            arrived_ms: self.heard.iter().map(arrived).collect(),
            published_ms: published.iter().copied().map(since).collect(),
        })
    }
}

/// Notes a message; returns whether it had not come before.
fn note(arrivals: &mut Arrivals, number: usize) -> bool {
    if number >= NUMBERS_MAX {
        return false;
    }
    if arrivals.len() <= number {
        arrivals.resize(number + 1, None);
    }
    arrivals[number].replace(now_ms()).is_none()
}

const OPENING_MAX: usize = 64;
const NUMBERS_MAX: usize = 1_000_000;
const GATHERING: Duration = Duration::from_secs(60);
/// Longer than any client waits before it dials again.
const LEVELLING: Duration = Duration::from_secs(60);
