//! Configuration from code, environment and files, every value with its origin.
//!
//! Precedence: explicit argument, then environment, then file, then profile. All mistakes are
//! reported at once, each with where it stands. See `docs/how-to/configure.md`.
//!
//! ```
//! use everlink::config::Loader;
//!
//! let loaded = Loader::new()
//!     .argument("url", "wss://example.org/chat")
//!     .argument("backoff_max", "45s")
//!     .environment([("EVERLINK_BACKOFF_MAX", "10s"), ("EVERLINK_QUEUE", "off")])
//!     .load()?;
//! let config = loaded.engine.build()?;
//! assert_eq!(config.settings().backoff_max().as_secs(), 45);
//! assert!(!config.settings().queue());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aliases;
mod assemble;
mod client;
mod collect;
mod duration;
mod file;
mod json;
mod keys;
mod loader;
mod problem;
mod reference;
mod value;

pub use aliases::{ALIASES, Alias, Reading};
pub use client::{ClientSettings, OutboxSettings, TlsSettings};
pub use file::FILE_BYTES_MAX;
pub use keys::{
    CLIENT_KEYS, ClientKey, FILE_VARIABLE, Takes, VARIABLE_PREFIX, flag_name, variable_name,
};
pub use loader::{Loaded, Loader};
pub use problem::{LoadError, Problem, Source};
pub use reference::{settings_reference, verdict_reference};
pub use value::{SHOWN_CHARS_MAX, ValueError, accepted_text, setting_from_text, value_from_text};
