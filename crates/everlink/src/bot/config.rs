//! The bot's configuration from environment variables (B03).

use std::ffi::OsString;
use std::time::Duration;

use everlink_engine::{BackoffKind, Config, ConfigError, Profile};

use crate::config::{LoadError, Loaded, Loader};

/// How a bot comes back, as the environment says it.
///
/// Read by the [`Loader`] under the profile `chat_bot`, so every `EVERLINK_…` variable counts too, and the
/// own name of a setting goes before these:
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `WSGGPY_AUTO_RECONNECT` | true | whether a lost connection comes back |
/// | `WSGGPY_RECONNECT_ATTEMPTS` | 5 | attempts before the first level gives up |
/// | `WSGGPY_RECONNECT_DELAY` | 2.0 | seconds before the first attempt |
/// | `WSGGPY_RECONNECT_BACKOFF` | true | whether delays double |
/// | `CONNECTION_CHECK_INTERVAL` | 10 | seconds between two looks of the second level |
/// | `MAX_RECONNECT_ATTEMPTS` | 10 | how often the second level forces a connection |
/// | `LOG_LEVEL` | none | the level of logs; installing them is up to the program |
#[derive(Debug)]
pub struct BotConfig {
    pub(super) loaded: Loaded,
    config: Config,
}

/// A configuration that cannot be used: which variable, its value, and what is accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BotConfigError {
    /// Something in the sources.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Settings that do not go together.
    #[error(transparent)]
    Setting(#[from] ConfigError),
}

impl BotConfig {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// [`BotConfigError`] with everything that is wrong.
    pub fn from_env() -> Result<Self, BotConfigError> {
        Self::from_variables(std::env::vars_os())
    }

    /// Reads these variables instead of the environment.
    ///
    /// # Errors
    ///
    /// [`BotConfigError`] with everything that is wrong.
    pub fn from_variables<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, BotConfigError> {
        Self::load(Loader::new().environment(variables))
    }

    /// Reads what a loader has collected: arguments and files too. The profile is always `chat_bot`.
    ///
    /// # Errors
    ///
    /// [`BotConfigError`] with everything that is wrong.
    pub fn load(loader: Loader) -> Result<Self, BotConfigError> {
        let loader = loader.argument("profile", Profile::ChatBot.word());
        let loaded = loader.leave_prefix("EVERLINK_SERVER_").load()?;
        let config = loaded.engine.clone().build()?;
        Ok(Self { loaded, config })
    }

    /// Returns whether a lost connection comes back.
    #[must_use]
    pub fn auto_reconnect(&self) -> bool {
        self.config.settings().reconnect()
    }

    /// Returns how many attempts are made before the first level gives up; `None` is no limit.
    #[must_use]
    pub fn reconnect_attempts(&self) -> Option<u32> {
        self.config.settings().attempts_max()
    }

    /// Returns the delay before the first attempt.
    #[must_use]
    pub fn reconnect_delay(&self) -> Duration {
        self.config.settings().backoff_min()
    }

    /// Returns whether delays grow.
    #[must_use]
    pub fn reconnect_backoff(&self) -> bool {
        self.config.settings().backoff() == BackoffKind::Exponential
    }

    /// Returns how far apart the looks of the second level are.
    #[must_use]
    pub fn connection_check_interval(&self) -> Duration {
        self.config.settings().check_interval()
    }

    /// Returns how often the second level forces a connection.
    #[must_use]
    pub fn max_reconnect_attempts(&self) -> u32 {
        self.config.settings().supervisor_attempts_max()
    }

    /// Returns the level of logs, if one was given: off, error, warn, info, debug or trace.
    #[must_use]
    pub fn log_level(&self) -> Option<&'static str> {
        self.loaded.client.log_level
    }
}
