//! A fake chat.

mod builder;
mod counters;
mod hall;
mod handle;
mod room;
mod rules;
mod script;
mod speakers;

pub use builder::ChatBuilder;
pub use counters::ChatCounters;
pub use handle::Chat;
pub use rules::ChatRules;
pub use script::ScriptLine;
