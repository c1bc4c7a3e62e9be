//! A durable outbox: messages that survive a reload, a crash and `kill -9`.
//!
//! Every entry is on disk, synced, before its append resolves. One thread owns the file; entries
//! that come together share one commit. See `docs/how-to/durable-outbox.md`.
//!
//! ```
//! use everlink::outbox::{DurableOutbox, Entry, OutboxLimits};
//! use everlink_engine::MessageId;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("outbox");
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let outbox = DurableOutbox::open(&path, OutboxLimits::default())?;
//! for entry in outbox.load().await? {
//!     println!("left from an earlier run: {}", entry.id.0);
//! }
//! let id = MessageId(outbox.last_id() + 1);
//! outbox.append(Entry::text(id, "hello").channel("general")).await?;
//! // ... it is sent, and its outcome is known:
//! outbox.remove([id]);
//! outbox.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod error;
mod handle;
mod limits;
mod record;
mod state;
mod store;
mod verified;
mod writer;

pub use entry::{Entry, EntryOrigin, PayloadKind};
pub use error::{Operation, OutboxError};
pub use handle::{Append, DurableOutbox};
pub use limits::{
    BATCH_ENTRIES_MAX, BATCH_WAIT_MAX, CURSORS_MAX, DROP_WAIT_MAX, LAZY_WAIT_MAX, OutboxLimits,
};
