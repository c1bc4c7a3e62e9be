//! The Everlink server: what must survive a connection stands in a log, so that every connection can
//! be replaced, on any node, after any crash.
//!
//! A [`Server`] is a handle of rooms over a [`Log`](log::Log). Its [`sockets`](Server::sockets), or all that
//! it answers by HTTP ([`router`](Server::router)), are mounted in any application of axum; code publishes and reads through the same handle, with or
//! without connections.
//!
//! ```
//! use axum::{Router, routing::get};
//! use everlink_server::hooks::{Code, Refusal, User};
//! use everlink_server::{Server, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder()
//!     .authenticate(|attempt| async move {
//!         let token = attempt.token.ok_or_else(|| Refusal::new(Code::Unauthorized, "a token"))?;
//!         // Look the token up here.
//!         User::new(token).map_err(|error| Refusal::new(Code::Unauthorized, error.to_string()))
//!     })
//!     .build()?;
//! let app: Router = Router::new().route("/", get(|| async { "hello" })).merge(server.sockets());
//! # drop(app);
//!
//! let published = server.publish("news", json(&"it has begun")?).await?;
//! let page = server.history("news", 0, 10).await?;
//! assert_eq!(page.messages[0].offset, published.offset);
//! # Ok(())
//! # }
//! ```
//!
//! - Who may come in and what they may do: [`hooks`]. What each may use: [`Limits`].
//! - Signed tokens, and where a server without them may listen: [`Jwt`], [`Server::check_bind`].
//! - What answers messages by itself: [`responders`].
//! - Where messages are kept: [`log`]. In memory by default.
//! - Endpoints that speak otherwise, in the same rooms: [`speech`]. Socket.IO: [`socketio`], and
//!   its transport: [`engineio`].
//! - Sockets and TLS, where there is no application to mount it in: [`listen`].

mod auth;
mod connection;
mod conversation;
mod drain;
pub mod engineio;
pub mod hooks;
mod limits;
pub mod listen;
pub mod log;
mod metrics;
mod node;
mod plain;
mod problem;
pub mod responders;
mod rest;
mod server;
pub mod socketio;
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
    QualityStatus, RateStatus, Server, ServerBuilder, SocketIoStatus, Status, StoreStatus,
    StoredMessage, TotalStatus, ValueError, json,
};
pub use upgrade::PlainEndpoint;
