//! A WebSocket client for tokio whose connection comes back.
//!
//! [`Client`] reconnects, keeps what is sent while it is down, subscribes again, notices silence, and
//! says honestly what it cannot promise. [`Pool`] spreads many streams over several of them, and [`Feed`](feed::Feed)
//! watches those of an exchange; a [`ChatBot`](bot::ChatBot) answers in a text chat. When and
//! whether to reconnect is decided by [`engine`]; this crate holds the sockets.
//!
//! ```
//! use everlink::{Client, Delivery};
//! # use everlink_testkit::server::{Script, ScriptedServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = ScriptedServer::builder().otherwise(Script::echoing()).build().await?;
//! # let url = server.url();
//! let client = Client::builder(url).build()?;
//! client.connect().await?;
//! let ticket = client.send("hello").await?;
//! assert_eq!(ticket.await, Delivery::Written);
//! let answer = client.recv().await.expect("the client is not closed");
//! assert_eq!(answer.as_text(), Some("hello"));
//! client.close().await;
//! # Ok(())
//! # }
//! ```

pub mod bot;
pub mod client;
pub mod config;
pub mod dial;
mod driver;
pub mod feed;
pub mod outbox;
mod pool;

pub use client::{
    Ack, AckError, Answer, AnswerError, BuildError, Channel, ChannelBuilder, ChannelEvent, Client,
    ClientBuilder, ConnectError, ConnectionError, Credentials, CredentialsRequest, Delivery,
    Dropped, Emit, EmitError, Event, EventArgs, Events, HistoryError, HistoryPage, Info, Join,
    JoinBuilder, LogMessage, Messages, NoRuntime, Payload, PublishError, Responder, SendError,
    SessionInfo, SocketEvent, SocketEvents, Start, Stored, SubscribeError, Subscription, Ticket,
};
pub use driver::{
    ChannelMessage, DialLimit, METRICS, Metric, MetricKind, masking_keys, metrics_reference,
};
pub use everlink_engine as engine;
pub use everlink_engine::{ConnectionState, Dialect, Guarantee, Profile, SendPolicy};
pub use everlink_wire as wire;
pub use everlink_wire::Message;
pub use pool::{Pool, PoolBuilder, PoolError, PoolEvent, PoolEvents};
