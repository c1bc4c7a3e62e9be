//! Handles of a client.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use everlink_engine::{Config, ConnectionState, Guarantee, Input};
use everlink_wire::Message;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::builder::ClientBuilder;
use super::error::{ConnectError, NoRuntime, SubscribeError};
use super::events::Events;
use super::info::Info;
use super::messages::{Messages, as_taken, poll_inbox, poll_inbox_many};
use super::subscription::Subscription;
use crate::driver::{Durable, Queue, Route, Shared, start};

/// A WebSocket connection that comes back.
///
/// Cloning gives another handle of the same connection. The connection is closed when the last
/// handle is dropped; streams, subscriptions and tickets are no handles.
///
/// Nothing happens before [`connect`](Self::connect), [`start`](Self::start) or
/// [`reconnect`](Self::reconnect): no socket is opened, no task runs, and a send fails with
/// [`InputError::Closed`](everlink_engine::InputError::Closed). Subscriptions can be made at any time.
#[derive(Clone, Debug)]
pub struct Client(Arc<Owner>);

/// A client that is no handle: the connection may close meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct WeakClient(Weak<Owner>);

impl WeakClient {
    pub(crate) fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(Client)
    }
}

/// Closes the connection when it is dropped.
#[derive(Debug)]
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.released = true;
        report(&mut state, Input::Disconnect);
        if !state.running {
            state.feed.end();
        }
        if let Some(inbox) = &self.0.outlets.inbox {
            inbox.set_closed(true);
        }
        state.routes.set_closed(true);
        state.readers.set_closed(true);
        drop(state);
        self.0.waker.wake();
    }
}

impl Client {
    /// Starts to describe a client of one URL; [`ClientBuilder::url`] adds others to try in turn.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(Arc::new(Owner(shared)))
    }

    pub(crate) fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    pub(crate) fn config(&self) -> Config {
        self.shared().lock().engine.config().clone()
    }

    /// Connects, and waits until the connection stands or is given up.
    ///
    /// If the connection stands or is on its way already, this only waits.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the engine gave up, the client was closed meanwhile, or there is no runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancelling stops the waiting, not the connection: [`close`](Self::close) does that.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        let mut states = self.shared().outlets.states.subscribe();
        self.start()?;
        loop {
            match *states.borrow_and_update() {
                ConnectionState::Connected => return Ok(()),
                ConnectionState::Error => {
                    let error = self.shared().lock().last_error.clone();
                    return Err(error.map_or(ConnectError::Closed, ConnectError::GaveUp));
                }
                ConnectionState::Closed => return Err(ConnectError::Closed),
                ConnectionState::Connecting
                | ConnectionState::Disconnected
                | ConnectionState::Reconnecting => {}
            }
            if states.changed().await.is_err() {
                return Err(ConnectError::Closed);
            }
        }
    }

    /// Asks for a connection and returns at once.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn start(&self) -> Result<(), NoRuntime> {
        self.ask(Input::Connect)
    }

    /// Makes a new connection at once, from any state; attempts count anew (X06). Many calls make
    /// one connection.
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of a tokio runtime.
    pub fn reconnect(&self) -> Result<(), NoRuntime> {
        self.ask(Input::Reconnect)
    }

    /// Closes the connection in an orderly way and waits until its sockets are gone.
    ///
    /// While the connection stands, messages in the outbox are written first, for `close_timeout` at
    /// most; then a close frame is sent, and the peer's is awaited, again for `close_timeout` at most.
    /// What could not be written is dropped. A dial, a delay and a hand-shake are cancelled at once.
    /// A durable outbox keeps it for the next connection. Closing again does nothing. [`connect`](Self::connect) may follow.
    ///
    /// # Cancel safety
    ///
    /// Cancelled while messages are written, it closes nothing; afterwards the rest goes on by itself.
    pub async fn close(&self) {
        let shared = self.shared();
        let limit = shared.options.close_timeout;
        // Late or not, what follows is the same.
        let _in_time = timeout(limit, self.drain()).await;
        let mut running = shared.running.subscribe();
        report(&mut shared.lock(), Input::Disconnect);
        shared.waker.wake();
        // One time-out for the closing hand-shake, one for the last bytes. Somebody may connect
        // again meanwhile, and then the task goes on.
        // What is borrowed from the watch is let go at once: it may not cross to another thread.
        let gone = async { running.wait_for(|running| !running).await.is_ok() };
        let _gone = timeout(2 * limit + GRACE, gone).await;
        let outbox = shared.lock().durable.as_ref().map(Durable::outbox);
        if let Some(outbox) = outbox
            && let Err(error) = outbox.flush().await
        {
            tracing::warn!(client = %shared.options.name, %error, "outbox not flushed");
        }
        if let Some(cursors) = &shared.options.cursors
            && let Err(error) = cursors.flush().await
        {
            tracing::warn!(client = %shared.options.name, %error, "cursors not flushed");
        }
    }

    /// Waits until every message has its outcome, or the connection does not stand.
    async fn drain(&self) {
        loop {
            let settled = self.shared().outlets.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if !self.shared().lock().is_draining() {
                return;
            }
            settled.await;
        }
    }

    /// Subscribes a channel until the last [`Subscription`] of it is dropped, across every reconnect.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the dialect knows no subscriptions, there are too many, or the name
    /// cannot be used.
    pub fn subscribe(&self, channel: &str) -> Result<Subscription, SubscribeError> {
        let shared = self.shared();
        let capacity = shared.options.subscription_messages_max;
        let queue = Arc::new(Queue::new(capacity, Arc::clone(&shared.waker)));
        self.subscribe_into(channel, Route::new(queue, false))
    }

    pub(crate) fn subscribe_into(
        &self,
        channel: &str,
        route: Route,
    ) -> Result<Subscription, SubscribeError> {
        let shared = Arc::clone(self.shared());
        let route = Arc::new(route);
        let mut state = shared.lock();
        let id = state.channels.register(channel)?;
        state.input(Input::Subscribe { channel: id, from: None })?;
        state.routes.add(id, Arc::clone(&route));
        let name = state.channels.name(id).cloned().unwrap_or_else(|| channel.into());
        drop(state);
        shared.waker.wake();
        Ok(Subscription::new(shared, id, name, route))
    }

    /// Gives a channel up, and ends all its subscriptions. Nothing happens if there is none. A
    /// [`Channel`](crate::Channel) is left alone: it is given up by dropping it.
    pub fn unsubscribe(&self, channel: &str) {
        let mut state = self.shared().lock();
        let Some(id) = state.channels.id(channel) else {
            return;
        };
        state.routes.end(id);
        if !state.is_read(id) {
            report(&mut state, Input::Unsubscribe { channel: id });
        }
        drop(state);
        self.shared().waker.wake();
    }

    /// Returns the next message that belongs to no channel; `None` once none is left and the client
    /// was closed or gave up (after a later `connect` it can be called again).
    ///
    /// At most `inbox_messages_max` wait here. When they are not taken, reading stops, which in time
    /// holds up the peer: nothing is lost. Several takers share the messages.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn recv(&self) -> Option<Message> {
        poll_fn(|cx| poll_inbox(self.shared(), cx)).await
    }

    /// Waits for a message that belongs to no channel, and appends it and those that wait behind it
    /// to `buffer`, up to `limit` in all; returns how many.
    ///
    /// What can be said of [`recv`](Self::recv) holds here too, and 0 is its `None`, unless `limit`
    /// is 0. For high rates, and for languages into which each crossing has its price.
    ///
    /// ```
    /// # use everlink::Client;
    /// # async fn run(client: Client) {
    /// let mut batch = Vec::new();
    /// while client.recv_many(&mut batch, 256).await > 0 {
    ///     for message in batch.drain(..) {
    ///         println!("{} bytes", message.len());
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no message.
    pub async fn recv_many(&self, buffer: &mut Vec<Message>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    /// Polls for what [`recv_many`](Self::recv_many) waits for.
    pub fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Message>,
        limit: usize,
    ) -> Poll<usize> {
        poll_inbox_many(self.shared(), cx, buffer, limit)
    }

    /// Returns a message if one is there.
    #[must_use]
    pub fn try_recv(&self) -> Option<Message> {
        let message = self.shared().outlets.inbox.as_ref()?.try_pop()?;
        Some(as_taken(self.shared(), message))
    }

    /// Returns the messages as a [`Stream`](futures_util::Stream), which is no handle: it ends with the last one.
    #[must_use]
    pub fn messages(&self) -> Messages {
        Messages::new(Arc::clone(self.shared()))
    }

    /// Returns the events from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::new(self.shared().lock().feed.listen(Events::EVENTS_MAX))
    }

    /// Returns what the connection is and has been (X07).
    #[must_use]
    pub fn info(&self) -> Info {
        let shared = self.shared();
        let state = shared.lock();
        let connection = state.engine.info(state.clock.now());
        let endpoint = state.endpoint(connection.endpoint, &shared.options);
        Info {
            connection,
            url: endpoint.map(|(endpoint, _)| endpoint.to_string()).unwrap_or_default(),
            last_error: state.last_error.clone(),
            session: state.socketio.as_ref().and_then(|sio| sio.info()),
            unclaimed: state.unclaimed,
        }
    }

    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.shared().lock().engine.state()
    }

    /// Returns the name of the dialect.
    #[must_use]
    pub fn dialect(&self) -> &'static str {
        self.shared().lock().engine.config().dialect().name
    }

    /// Returns what may be promised about delivery.
    ///
    /// [`Guarantee::ExactlyOnce`] is the dialect `everlink`: each publish is stored once while the
    /// server remembers its producer (its `origin_ttl`; beyond it
    /// [`Event::MaybeDoubled`](crate::Event::MaybeDoubled) says so), and each message is handed to a
    /// [`Channel`](crate::Channel) of this run once and in order, with a gap for whatever the log has
    /// no more. Across a crash of this process, a publish keeps that only with a durable outbox, and
    /// a reader only with a store of cursors; what was handled and not yet noted then comes again,
    /// with the same offset and name, which [`manual_ack`](crate::ChannelBuilder::manual_ack) lets the
    /// application note together with its own work. "Stored" means what the server's welcome says:
    /// a server that keeps its log in memory loses it with its process, and tells that as a gap.
    #[must_use]
    pub fn guarantee(&self) -> Guarantee {
        self.shared().lock().engine.config().dialect().guarantee()
    }

    /// Waits until the connection is in this state. A state that lasts shorter than it takes to
    /// look may be missed; [`events`](Self::events) misses none.
    ///
    /// # Cancel safety
    ///
    /// Cancelling stops the waiting and nothing else.
    pub async fn wait_until(&self, state: ConnectionState) {
        let mut states = self.shared().outlets.states.subscribe();
        let _reached = states.wait_for(|current| *current == state).await;
    }

    /// Tells the engine that the network is another one now: what stands is probed, and a delay that
    /// runs ends.
    pub fn network_changed(&self) {
        self.tell(Input::NetworkChanged);
    }

    /// Tells the engine that the platform says there is a network.
    pub fn online(&self) {
        self.tell(Input::Online);
    }

    /// Tells the engine that the platform says there is none. It may be wrong: a working connection
    /// is only probed.
    pub fn offline(&self) {
        self.tell(Input::Offline);
    }

    fn tell(&self, input: Input<Message>) {
        report(&mut self.shared().lock(), input);
        self.shared().waker.wake();
    }

    fn ask(&self, input: Input<Message>) -> Result<(), NoRuntime> {
        let runtime = Handle::try_current().map_err(|_| NoRuntime)?;
        // The wish first: a task that finds none ends again, on another thread perhaps before we
        // are back.
        let mut state = self.shared().lock();
        report(&mut state, input);
        state.send_left();
        drop(state);
        self.shared().waker.wake();
        start(self.shared(), &runtime);
        Ok(())
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

/// Reports an input that cannot fail.
fn report(state: &mut crate::driver::State, input: Input<Message>) {
    let result = state.input(input);
    debug_assert!(result.is_ok(), "only sends and subscriptions can fail");
}

/// What the task itself may need to end.
const GRACE: Duration = Duration::from_secs(1);
