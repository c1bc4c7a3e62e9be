//! A fake exchange.

mod attempts;
mod builder;
mod clock;
mod counters;
mod handle;
mod requests;
mod rest;
mod rules;
mod session;
mod subscriptions;
mod traffic;
mod venue;

pub use builder::ExchangeBuilder;
pub use counters::ExchangeCounters;
pub use handle::{Exchange, Hole};
pub use rules::ExchangeRules;
