//! A WebSocket server that does what a test tells it to, well or badly.
//!
//! Each accepted connection plays a [`Script`], in the order of the builder; those beyond play the
//! default one, which echoes. What a connection saw is in its [`Connection`], which tests can await.
//! It is a plain TCP listener, so that a script can misbehave down to the byte.
//!
//! ```
//! use everlink_testkit::server::{Script, ScriptedServer};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ScriptedServer::builder()
//!     .script(Script::new().reject(503, &[("Retry-After", "1")]))
//!     .script(Script::new().accept().send_text("hello").expect_text("hi").close(1012, "restart"))
//!     .build()
//!     .await?;
//! println!("point the client at {}", server.url());
//! # let address = server.local_addr();
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # let mut client = tokio::net::TcpStream::connect(address).await?;
//! # client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
//!
//! let first = server.connection(1).await?;
//! assert_eq!(first.request().await?.path, "/");
//! assert!(first.finished().await.is_ok());
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! # assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
//! # Ok(())
//! # }
//! ```

mod acceptor;
mod answer;
mod builder;
mod connection;
mod frames;
mod handle;
pub mod limits;
mod perform;
mod record;
mod request;
mod script;
mod subscriptions;
mod talk;

pub use builder::ScriptedServerBuilder;
pub use connection::Connection;
pub use frames::BadFrame;
pub use handle::{ScriptedServer, ServerError};
pub use record::{Ending, NotSeen, Record, ScriptFailure, Seen};
pub use request::UpgradeRequest;
pub use script::{Script, Subprotocol};
