//! The Everlink engine: a connection that comes back, as a pure function of time and input.
//!
//! No clock, no socket, no thread and no random source of its own: a driver reports [`Input`]s with
//! the time they happened at, carries out [`Output`]s, and calls again at the deadline that
//! [`Engine::poll_timeout`] names. Tokio, the browser and the simulator are drivers of this one
//! machine.
//!
//! ```
//! use everlink_engine::{Config, Engine, Input, News, Output, Profile, Timestamp};
//!
//! let config = Config::builder(Profile::Standard).build()?;
//! let mut engine = Engine::<&str>::new(config, 7);
//! let now = Timestamp::ZERO;
//! engine.handle_input(now, Input::Connect)?;
//! while let Some(output) = engine.poll_output() {
//!     if let Output::Dial(dial) = output {
//!         // A driver would open a socket here, and report later:
//!         engine.handle_input(now, Input::Transport(dial.transport, News::Opened))?;
//!     }
//! }
//! assert!(engine.info(now).is_connected());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod config;
mod dial_budget;
mod dialect;
pub mod docs;
mod engine;
mod failure;
mod frame;
mod input;
pub mod limits;
mod link;
mod output;
mod quality;
mod random;
pub mod server;
mod session;
mod state;
mod stats;
mod supervisor;
mod time;
mod timer;
mod window;

pub use config::{
    Accepted, BackoffFn, BackoffKind, Config, ConfigBuilder, ConfigError, Heartbeat, Jitter,
    Overflow, Profile, SETTINGS, Setting, SettingValue, Settings,
};
pub use dial_budget::DialBudget;
pub use dialect::{Dialect, Guarantee, Rate, SubscriptionRules};
pub use engine::Engine;
pub use failure::{Cause, Causes, Failure, FailureClass, Rule, TABLE, Verdict, verdict};
pub use frame::{
    AwayReason, ChannelId, Cursor, Epoch, GapCause, Kept, MessageId, Origin, Page, PageMessage,
    PingLevel, ProducerId, Received, Transmit, TransportId, ValueKey, Wanted,
};
pub use input::{Input, InputError, News, Numbered, Outgoing, SendPolicy};
pub use output::{Dial, Event, HangUp, Outcome, Output, Position, ReadFailure, Supervision};
pub use quality::Quality;
pub use random::{Random, scale};
pub use state::ConnectionState;
pub use stats::ConnectionInfo;
pub use time::Timestamp;
pub use timer::Timer;
