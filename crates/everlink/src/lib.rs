//! A WebSocket client for tokio whose connection comes back.

pub mod client;
pub mod config;
pub mod dial;
mod driver;
pub mod outbox;
mod pool;

pub use client::{
    BuildError, Client, ClientBuilder, ConnectError, ConnectionError, Credentials,
    CredentialsRequest, Delivery, Dropped, Event, Events, Info, Messages, NoRuntime, SendError,
    SubscribeError, Subscription, Ticket,
};
pub use driver::{ChannelMessage, METRICS, Metric, MetricKind, masking_keys};
pub use everlink_engine as engine;
pub use everlink_engine::{ConnectionState, Dialect, Guarantee, Profile, SendPolicy};
pub use everlink_wire as wire;
pub use everlink_wire::Message;
pub use pool::{Pool, PoolBuilder, PoolError};
