//! A fake exchange and a fake chat: real servers on the loopback, with the limits that public ones document.
//!
//! Examples and tests run against them without the internet, and a test can have them do what the real
//! ones do on a bad day: cut, fall silent, refuse, announce their end, lose events.
//!
//! - [`Exchange`]: market streams in the form of Binance, with a market that is a function of its seed and of
//!   time. What a client missed can be told by id.
//! - [`Chat`]: lines such as `MSG {json}`, in the form of destiny.gg.
//!
//! Both obey the same commands over HTTP ([`COMMANDS`]), for tests in other languages; `everlink fake`
//! starts them as a command.

mod chat;
mod error;
mod exchange;
mod gate;
pub mod limits;
mod market;

pub use chat::{Chat, ChatBuilder, ChatCounters, ChatRules, ScriptLine};
pub use error::FakeError;
pub use exchange::{Exchange, ExchangeBuilder, ExchangeCounters, ExchangeRules, Hole};
pub use gate::{COMMANDS, Cut};
