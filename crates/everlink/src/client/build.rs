//! From a description to a client: everything is checked here, once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::{Config, ConnectionState, Dialect, Engine, Failure, Heartbeat};
use everlink_wire::Codec;
use everlink_wire::socketio::NAMESPACE_BYTES_MAX;
use everlink_wire::ws::{Limits, Text};
use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, watch};

use super::builder::{Backoff, ClientBuilder};
use super::error::BuildError;
use super::events::Events;
use super::handle::Client;
use super::socketio;
use crate::dial::{DialOptions, Endpoint};
use crate::driver::{
    CursorStore, Durable, Options, Outlets, Queue, Shared, SocketIo, State, V1, seed,
};

impl ClientBuilder {
    /// Checks everything and makes the client, which does nothing before it is told to connect.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the first setting that cannot be used, its value and what is accepted.
    pub fn build(self) -> Result<Client, BuildError> {
        self.check_bounds()?;
        let config = self.config()?;
        let mut options = self.options(&config)?;
        let (greets, namespace) = (options.greets, options.namespace.clone());
        let restarts = config.settings().supervisor_attempts_max() > 0;
        let waker = Arc::new(AtomicWaker::new());
        let inbox = (!self.ignores_messages)
            .then(|| Arc::new(Queue::new(self.inbox_messages_max, Arc::clone(&waker))));
        let outlets = Outlets {
            inbox,
            states: watch::Sender::new(ConnectionState::Closed),
            room: Arc::new(Notify::new()),
            settled: Arc::new(Notify::new()),
            error_is_final: !restarts,
        };
        let engine = Engine::new(config, self.seed.unwrap_or_else(seed));
        let mut state = State::new(engine, outlets);
        for handler in &self.handlers {
            let events = Events::new(state.feed.listen(Events::EVENTS_MAX));
            events.handle(Arc::clone(&self.name), Arc::clone(handler));
        }
        state.feed.tap(self.tap);
        state.durable = self.outbox.map(Durable::load).transpose()?;
        options.cursors = self.cursors.map(CursorStore::load).transpose()?.map(Arc::new);
        state.socketio = namespace.map(|namespace| Box::new(SocketIo::new(namespace)));
        state.v1 = greets.then(|| Box::new(V1::new(self.encoding, self.receive_bytes_max)));
        Ok(Client::new(Arc::new(Shared::new(state, waker, options))))
    }

    /// Checks everything, and makes nothing.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.check_bounds()?;
        self.options(&self.config()?).map(drop)
    }

    fn check_bounds(&self) -> Result<(), BuildError> {
        let messages = "1 to 1000000";
        for (setting, value, max, accepted) in [
            ("receive_bytes_max", self.receive_bytes_max, u32::MAX as usize, "1 to 4294967295"),
            ("inbox_messages_max", self.inbox_messages_max, MESSAGES_MAX, messages),
            ("subscription_messages_max", self.subscription_messages_max, MESSAGES_MAX, messages),
        ] {
            if value == 0 || value > max {
                return Err(BuildError::Bound { setting, value, accepted });
            }
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, BuildError> {
        let endpoints = u16::try_from(self.urls.len()).map_err(|_| BuildError::Bound {
            setting: "url",
            value: self.urls.len(),
            accepted: "1 to 65535 URLs",
        })?;
        let mut settings = self.engine.clone().unwrap_or_else(|| Config::builder(self.profile));
        if let Some(dialect) = self.dialect {
            settings = settings.dialect(dialect);
        }
        for change in &self.settings {
            settings = change(settings);
        }
        settings = settings.endpoints(endpoints).credentials(self.credentials.is_some());
        let Some(backoff) = self.backoff.clone() else {
            return Ok(settings.build()?);
        };
        let fallback = settings.clone().build()?.settings().backoff_max();
        Ok(settings.backoff_fn(contained(backoff, fallback)).build()?)
    }

    fn entered_namespace(&self) -> Result<Text, BuildError> {
        let name = self.namespace.as_deref().unwrap_or("/");
        let good = name.starts_with('/') && name.len() <= NAMESPACE_BYTES_MAX;
        if good && !name.contains([',', '?']) {
            return Ok(Text::from(name.to_owned()));
        }
        Err(BuildError::Namespace { given: name.to_owned() })
    }

    fn options(&self, config: &Config) -> Result<Options, BuildError> {
        let dialect = config.dialect();
        let greets = dialect.name == Dialect::EVERLINK.name;
        // What greets is said by the task itself: the codec is left with WebSocket pings.
        let is_socketio = dialect.name == Dialect::SOCKETIO.name;
        let spoken = if greets || is_socketio { &Dialect::PLAIN } else { dialect };
        let codec =
            Codec::for_dialect(spoken).ok_or(BuildError::Dialect { given: dialect.name })?;
        let settings = config.settings();
        if is_socketio && settings.heartbeat() == Heartbeat::Application {
            return Err(BuildError::Heartbeat);
        }
        let namespace = is_socketio.then(|| self.entered_namespace()).transpose()?;
        let mut dial =
            DialOptions::builder().dial_timeout(settings.connect_timeout()).deflate(self.deflate);
        if greets {
            dial = dial.subprotocol(self.encoding.subprotocol()).subprotocol_required(true);
        }
        for change in &self.dialing {
            dial = change(dial);
        }
        let parse = if is_socketio { socketio::endpoint } else { Endpoint::parse };
        let endpoints: Result<Vec<_>, _> = self.urls.iter().map(|url| parse(url)).collect();
        let limits = Limits {
            frame_max: self.receive_bytes_max,
            message_max: self.receive_bytes_max,
            ..Limits::default()
        };
        Ok(Options {
            name: Arc::clone(&self.name),
            endpoints: endpoints?,
            known_hosts: self.known_hosts.clone(),
            dial: dial.build()?,
            dial_limit: self.dial_limit.clone(),
            deflate: self.deflate,
            limits,
            codec,
            cursors: None,
            greets,
            namespace,
            credentials: self.credentials.clone(),
            classify: self.classify.clone(),
            close_timeout: settings.close_timeout(),
            subscription_messages_max: self.subscription_messages_max,
        })
    }
}

/// Keeps a panic of the application's function out of the engine.
fn contained(
    function: Arc<Backoff>,
    fallback: Duration,
) -> impl Fn(u32, Failure) -> Option<Duration> + Send + Sync + 'static {
    move |attempt, failure| {
        let called = catch_unwind(AssertUnwindSafe(|| function(attempt, failure)));
        called.unwrap_or_else(|_| {
            tracing::error!("the back-off function panicked");
            Some(fallback)
        })
    }
}

const MESSAGES_MAX: usize = 1_000_000;
