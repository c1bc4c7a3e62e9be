//! Channel names and the numbers by which the engine knows them.

use std::collections::HashMap;
use std::sync::Arc;

use everlink_engine::ChannelId;

/// Most channel names that one client can use in its life; a number is never used again.
pub const CHANNEL_NAMES_MAX: usize = 1_048_576;

/// Longest channel name, in bytes.
pub const CHANNEL_NAME_BYTES_MAX: usize = 512;

/// The names that this side uses; what a peer names otherwise gets no number.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    ids: HashMap<Arc<str>, ChannelId>,
    names: Vec<Arc<str>>,
}

/// A channel name that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The name is empty or too long.
    #[error("channel name of {bytes} bytes; accepted: 1 to {CHANNEL_NAME_BYTES_MAX}")]
    #[non_exhaustive]
    NameLength {
        /// Its length.
        bytes: usize,
    },
    /// There are too many names already.
    #[error("{CHANNEL_NAMES_MAX} channel names were used already, the most there can be")]
    TooManyNames,
}

impl Channels {
    /// Returns the number of a name, a new one if it is new.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] if the name cannot be used; nothing is changed.
    pub fn register(&mut self, name: &str) -> Result<ChannelId, ChannelError> {
        if let Some(id) = self.ids.get(name) {
            return Ok(*id);
        }
        if name.is_empty() || name.len() > CHANNEL_NAME_BYTES_MAX {
            return Err(ChannelError::NameLength { bytes: name.len() });
        }
        if self.names.len() >= CHANNEL_NAMES_MAX {
            return Err(ChannelError::TooManyNames);
        }
        let Ok(number) = u32::try_from(self.names.len()) else {
            return Err(ChannelError::TooManyNames);
        };
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, ChannelId(number));
        Ok(ChannelId(number))
    }

    /// Returns the number of a name that is in use.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<ChannelId> {
        self.ids.get(name).copied()
    }

    /// Returns the name of a number.
    #[must_use]
    pub fn name(&self, id: ChannelId) -> Option<&Arc<str>> {
        self.names.get(usize::try_from(id.0).ok()?)
    }
}
