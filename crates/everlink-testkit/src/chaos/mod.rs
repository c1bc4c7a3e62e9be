//! A TCP proxy that breaks connections on purpose.
//!
//! [`ChaosProxy`] forwards bytes between clients and one upstream until told to misbehave. What it can
//! do is a [`Fault`]; when it does it is either up to the test ([`ChaosProxy::set`]) or to a
//! [`Schedule`]. Decisions are a function of the seed, so that a failing run can be repeated.
//!
//! ```
//! use everlink_testkit::chaos::{ChaosProxy, Direction, Fault};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy = ChaosProxy::builder().upstream("127.0.0.1:9000").seed(7).build().await?;
//! println!("point the client at {}", proxy.local_addr());
//!
//! proxy.set(Fault::Latency {
//!     direction: Direction::Down,
//!     delay: Duration::from_millis(200),
//!     jitter: Duration::from_millis(50),
//! })?;
//! proxy.set(Fault::BlackHole)?;
//! proxy.clear();
//! let counters = proxy.shutdown().await;
//! assert_eq!(counters.connections, 0);
//! # Ok(())
//! # }
//! ```

mod book;
mod builder;
mod conditions;
mod connection;
mod control;
mod counters;
pub(crate) mod dice;
mod direction;
mod error;
mod fault;
pub(crate) mod fields;
mod in_flight;
pub mod limits;
mod pace;
mod proxy;
mod pump;
mod root;
mod schedule;
mod spelling;
mod view;

pub use book::{FaultId, InForce, Scope};
pub use builder::ChaosProxyBuilder;
pub use counters::Counters;
pub use direction::{Direction, End, Refusal, Way};
pub use error::{ChaosError, Rejected, WaitError};
pub use fault::Fault;
pub use proxy::ChaosProxy;
pub use schedule::{Schedule, ScheduleItem};
