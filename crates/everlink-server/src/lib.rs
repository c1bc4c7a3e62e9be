//! The Everlink server: what must survive a connection stands in a log, so that every connection can
//! be replaced, on any node, after any crash.
//!
//! A [`Server`] is a handle of rooms over a [`Log`](log::Log). Its [`router`](Server::router) is
//! mounted in any application of axum; code publishes and reads through the same handle, with or
//! without connections.

mod auth;
mod connection;
mod conversation;
mod drain;
pub mod hooks;
mod limits;
pub mod log;
mod metrics;
mod node;
mod plain;
mod problem;
pub mod responders;
mod rest;
mod server;
pub mod speech;
mod upgrade;

pub use auth::{BindError, JWT_SECRET_BYTES_MIN, Jwt, JwtKey, JwtKeyError};
pub use conversation::{
    ConversationStatus, READ_KEY, STATUS_KEY, StatusEvent, StatusKind, TYPING_KEY,
};
pub use drain::Drained;
pub use limits::{Limits, Quotas};
pub use metrics::{METRICS, Metric, MetricKind, metrics_reference};
pub use node::{PRESENCE_KEY, PRESENCE_MEMBERS_MAX, Presence};
pub use rest::{Check, Health, not_found};
pub use server::{
    BuildError, Context, DrainStatus, HistoryPage, Messages, Publication, PublishError, Published,
    QualityStatus, RateStatus, Server, ServerBuilder, Status, StoreStatus, StoredMessage,
    TotalStatus, ValueError, json,
};
pub use upgrade::PlainEndpoint;
