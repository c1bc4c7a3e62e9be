//! Many streams over several connections (F08).

mod events;

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use everlink_engine::ConnectionState;
use futures_util::Stream;
use futures_util::future::join_all;
use futures_util::task::AtomicWaker;

use crate::client::{
    BuildError, Client, ClientBuilder, Info, NoRuntime, SubscribeError, Subscription,
};
use crate::driver::{ChannelMessage, DialLimit, Queue, Route};

pub use events::{PoolEvent, PoolEvents};

use events::Hub;

/// Streams spread over several connections, each within the peer's limit, with one merged stream of
/// messages.
///
/// Each connection is a [`Client`] of its own, with its own engine: one that is lost comes back by
/// itself and holds up no other. A connection is opened when those that are open are full, and closed
/// when its last channel is given up. They are named `name-0`, `name-1` and so on in logs and metrics.
///
/// Dropping the pool closes all of them.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use everlink::{ChannelMessage, Client, Pool, Profile};
///
/// let feed = Client::builder("wss://stream.example.com/stream").profile(Profile::MarketFeed);
/// let pool = Pool::builder(feed).channels_per_connection(200).build()?;
/// for symbol in ["btcusdt", "ethusdt"] {
///     pool.subscribe(&format!("{symbol}@trade"))?;
/// }
/// while let Some(ChannelMessage { channel, message }) = pool.recv().await {
///     let text = message.as_text().unwrap_or_default();
///     assert!(!channel.is_empty() && !text.is_empty());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pool {
    client: ClientBuilder,
    channels_per_connection: usize,
    connections_max: usize,
    queue: Arc<Queue<ChannelMessage>>,
    hub: Arc<Hub>,
    members: Mutex<Vec<Member>>,
}

/// One connection and its channels.
#[derive(Debug)]
struct Member {
    index: usize,
    client: Client,
    channels: HashMap<Arc<str>, Subscription>,
}

/// Describes a [`Pool`]; made by [`Pool::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PoolBuilder {
    client: ClientBuilder,
    channels_per_connection: usize,
    connections_max: usize,
    messages_max: usize,
}

/// A channel that the pool could not take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// Every connection is full, and there can be no more.
    #[error(
        "{connections_max} connections of {channels_per_connection} channels are full, the most \
         there can be"
    )]
    #[non_exhaustive]
    Full {
        /// How many connections there can be.
        connections_max: usize,
        /// How many channels each takes.
        channels_per_connection: usize,
    },
    /// The connection refused it.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    /// A further connection could not be made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no tokio runtime here.
    #[error(transparent)]
    NoRuntime(#[from] NoRuntime),
}

impl PoolBuilder {
    /// Sets how many channels one connection takes. Default: 200. Range: 1 to 65536.
    pub fn channels_per_connection(mut self, value: usize) -> Self {
        self.channels_per_connection = value;
        self
    }

    /// Sets how many connections there can be. Default: 64. Range: 1 to 1000.
    pub fn connections_max(mut self, value: usize) -> Self {
        self.connections_max = value;
        self
    }

    /// Counts the dials of all connections against one budget, for a server that counts by address.
    /// Default: none; a [`Feed`](crate::feed::Feed) has that of its exchange.
    pub fn dial_limit(mut self, limit: DialLimit) -> Self {
        self.client = self.client.dial_limit(limit);
        self
    }

    /// Sets how many messages wait to be taken before the oldest are dropped, over all channels.
    /// Default: 16384. Range: 1 to 1000000.
    pub fn messages_max(mut self, value: usize) -> Self {
        self.messages_max = value;
        self
    }

    /// Checks everything and makes the pool, which opens no connection before the first channel.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first setting that cannot be used, its value and what is accepted.
    pub fn build(self) -> Result<Pool, BuildError> {
        for (setting, value, max, accepted) in [
            ("channels_per_connection", self.channels_per_connection, 65_536, "1 to 65536"),
            ("connections_max", self.connections_max, 1_000, "1 to 1000"),
            ("messages_max", self.messages_max, 1_000_000, "1 to 1000000"),
        ] {
            if value == 0 || value > max {
                return Err(BuildError::Bound { setting, value, accepted });
            }
        }
        self.client.check()?;
        Ok(Pool {
            client: self.client,
            channels_per_connection: self.channels_per_connection,
            connections_max: self.connections_max,
            queue: Arc::new(Queue::new(self.messages_max, Arc::new(AtomicWaker::new()))),
            hub: Arc::default(),
            members: Mutex::new(Vec::new()),
        })
    }
}

impl Pool {
    /// Starts to describe a pool, each of whose connections is built from `client`.
    pub fn builder(client: ClientBuilder) -> PoolBuilder {
        PoolBuilder {
            client,
            channels_per_connection: 200,
            connections_max: 64,
            messages_max: 16_384,
        }
    }

    /// Takes a channel, on the fullest connection that has room, or on a new one. A channel that is
    /// taken already is left as it is.
    ///
    /// # Errors
    ///
    /// [`PoolError`] if there is no room or the channel is refused; nothing is changed.
    pub fn subscribe(&self, channel: &str) -> Result<(), PoolError> {
        let mut members = self.lock();
        if members.iter().any(|member| member.channels.contains_key(channel)) {
            return Ok(());
        }
        let open = members.iter_mut().filter(|m| m.channels.len() < self.channels_per_connection);
        if let Some(member) = open.max_by_key(|member| member.channels.len()) {
            return member.subscribe(channel, &self.queue);
        }
        if members.len() >= self.connections_max {
            return Err(PoolError::Full {
                connections_max: self.connections_max,
                channels_per_connection: self.channels_per_connection,
            });
        }
        let used: Vec<usize> = members.iter().map(|member| member.index).collect();
        let index = (0..).find(|index| !used.contains(index)).unwrap_or(used.len());
        let client = self.client.clone().member(index).ignore_messages();
        let tap = self.hub.tap(Arc::clone(client.name_given()));
        let client = client.tap(tap).build()?;
        let mut member = Member { index, client, channels: HashMap::new() };
        member.subscribe(channel, &self.queue)?;
        member.client.start()?;
        members.push(member);
        Ok(())
    }

    /// Gives a channel up; a connection without channels is closed. Nothing happens if the channel
    /// is not taken.
    pub fn unsubscribe(&self, channel: &str) {
        let mut members = self.lock();
        for member in members.iter_mut() {
            member.channels.remove(channel);
        }
        members.retain(|member| !member.channels.is_empty());
    }

    /// Returns the next message of any channel; `None` once the pool is closed and nothing is left.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn recv(&self) -> Option<ChannelMessage> {
        poll_fn(|cx| self.queue.poll_pop(cx)).await
    }

    /// Waits for a message of any channel, and appends it and those that wait behind it to `buffer`,
    /// up to `limit` in all; returns how many. 0 is the `None` of [`recv`](Self::recv), unless
    /// `limit` is 0. For high rates, and for languages into which each crossing has its price.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn recv_many(&self, buffer: &mut Vec<ChannelMessage>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    /// Polls for what [`recv_many`](Self::recv_many) waits for.
    pub fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<ChannelMessage>,
        limit: usize,
    ) -> Poll<usize> {
        self.queue.poll_pop_many(cx, limit, |message| buffer.push(message))
    }

    /// Returns the messages of all channels as a [`Stream`].
    pub fn messages(&self) -> impl Stream<Item = ChannelMessage> + Send + Unpin + use<> {
        PoolMessages(Arc::clone(&self.queue))
    }

    /// Returns the events of all connections from now on, those that are opened later included.
    #[must_use]
    pub fn events(&self) -> PoolEvents {
        self.hub.listen()
    }

    /// Returns the state of all connections together: the one that is furthest from
    /// [`Connected`](ConnectionState::Connected), where giving up is furthest, and then reconnecting;
    /// [`Closed`](ConnectionState::Closed) without any.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        let members = self.lock();
        let states = members.iter().map(|member| member.client.state());
        states.max_by_key(|state| severity(*state)).unwrap_or(ConnectionState::Closed)
    }

    /// Makes every connection anew at once, those that gave up included; attempts count anew (X06).
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn reconnect(&self) -> Result<(), NoRuntime> {
        self.lock().iter().try_for_each(|member| member.client.reconnect())
    }

    /// Returns a handle of each connection, to look at its events and its info.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        self.lock().iter().map(|member| member.client.clone()).collect()
    }

    /// Returns what each connection is and has been.
    #[must_use]
    pub fn infos(&self) -> Vec<Info> {
        self.lock().iter().map(|member| member.client.info()).collect()
    }

    /// Returns how many messages of channels that are taken now were dropped because nobody took them.
    #[must_use]
    pub fn missed(&self) -> u64 {
        let members = self.lock();
        members.iter().flat_map(|member| member.channels.values()).map(Subscription::missed).sum()
    }

    /// Gives up every channel and closes every connection in an orderly way.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, the rest goes on by itself.
    pub async fn close(&self) {
        let members = std::mem::take(&mut *self.lock());
        join_all(members.iter().map(|member| member.client.close())).await;
        self.queue.set_closed(true);
        self.hub.end();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.set_closed(true);
        self.hub.end();
    }
}

impl Member {
    fn subscribe(
        &mut self,
        channel: &str,
        queue: &Arc<Queue<ChannelMessage>>,
    ) -> Result<(), PoolError> {
        let route = Route::new(Arc::clone(queue), true);
        let subscription = self.client.subscribe_into(channel, route)?;
        self.channels.insert(channel.into(), subscription);
        Ok(())
    }
}

/// Orders states by how bad they are.
fn severity(state: ConnectionState) -> u8 {
    match state {
        ConnectionState::Connected => 0,
        ConnectionState::Connecting => 1,
        ConnectionState::Closed => 2,
        ConnectionState::Disconnected => 3,
        ConnectionState::Reconnecting => 4,
        ConnectionState::Error => 5,
    }
}

struct PoolMessages(Arc<Queue<ChannelMessage>>);

impl Stream for PoolMessages {
    type Item = ChannelMessage;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ChannelMessage>> {
        self.0.poll_pop(cx)
    }
}
