//! Settings: parsed and checked once, then trusted.

mod choices;
mod profile;
mod setting;
mod value;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub use choices::{BackoffKind, Heartbeat, Jitter, Overflow};
pub use profile::Profile;
pub use setting::{SETTINGS, Setting, Settings};
pub use value::{Accepted, SettingValue};

use setting::TABLE;

use crate::dialect::Dialect;
use crate::failure::{Causes, Failure, Verdict};

/// A delay that the application computes: from the attempt (1 is the first after a loss) and the
/// failure before it to the delay, or `None` to give up.
///
/// It must be a pure function: the engine is one.
pub type BackoffFn = dyn Fn(u32, Failure) -> Option<Duration> + Send + Sync;

/// Everything an engine needs to know before it starts.
#[derive(Clone)]
pub struct Config {
    pub(crate) settings: Settings,
    pub(crate) dialect: Dialect,
    pub(crate) verdicts: Vec<(Causes, Verdict)>,
    pub(crate) backoff_fn: Option<Arc<BackoffFn>>,
    pub(crate) endpoints: u16,
    pub(crate) credentials: bool,
}

impl Config {
    /// Starts from a profile.
    pub fn builder(profile: Profile) -> ConfigBuilder {
        ConfigBuilder {
            settings: profile.settings(),
            dialect: profile.dialect(),
            verdicts: Vec::new(),
            backoff_fn: None,
            endpoints: 1,
            credentials: false,
        }
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns what the peer can do.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Config")
            .field("settings", &self.settings)
            .field("dialect", &self.dialect.name)
            .field("verdicts", &self.verdicts)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// Collects settings by value; [`build`](ConfigBuilder::build) checks them.
#[derive(Clone)]
#[must_use]
pub struct ConfigBuilder {
    pub(crate) settings: Settings,
    dialect: Dialect,
    verdicts: Vec<(Causes, Verdict)>,
    backoff_fn: Option<Arc<BackoffFn>>,
    endpoints: u16,
    credentials: bool,
}

impl core::fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ConfigBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ConfigBuilder {
    /// Sets what the peer can do.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Overrides the table of verdicts for some causes; the first override that covers a cause counts.
    pub fn verdict(mut self, causes: Causes, verdict: Verdict) -> Self {
        self.verdicts.push((causes, verdict));
        self
    }

    /// Computes delays by a function instead of by the back-off settings. Hints of the server and
    /// the dial budget still apply.
    pub fn backoff_fn(
        mut self,
        function: impl Fn(u32, Failure) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.backoff_fn = Some(Arc::new(function));
        self
    }

    /// Sets how many endpoints (URLs) the driver has; a failed attempt goes on with the next.
    /// Default: 1. Range: 1 to 65535.
    pub fn endpoints(mut self, endpoints: u16) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Says whether the driver has a source of credentials that can be asked for fresh ones.
    /// Default: false.
    pub fn credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sets one setting by its key, as a file, the environment or a command line names it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no such key, or the value is not accepted.
    pub fn set(&mut self, key: &str, value: SettingValue) -> Result<(), ConfigError> {
        let Some(place) = TABLE.iter().position(|(known, _)| *known == key) else {
            return Err(ConfigError::UnknownKey { key: key.into() });
        };
        self.set_nth(place, value)
    }

    /// Sets one setting by its place in [`SETTINGS`], for a caller that has the table on its own side.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no such place, or the value is not accepted.
    pub fn set_nth(&mut self, place: usize, value: SettingValue) -> Result<(), ConfigError> {
        let Some((key, accepted)) = TABLE.get(place).copied() else {
            return Err(ConfigError::UnknownKey { key: String::new() });
        };
        let slot = self.settings.slot(place).filter(|_| accepted.accepts(value));
        if slot.is_some_and(|slot| slot.put(value)) {
            return Ok(());
        }
        Err(ConfigError::Refused { key, value, accepted })
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first setting that is out of range, or contradicts another.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        for (place, (key, accepted)) in TABLE.iter().copied().enumerate() {
            if let Some(value) = self.settings.slot(place).map(|slot| slot.value())
                && !accepted.accepts(value)
            {
                return Err(ConfigError::Refused { key, value, accepted });
            }
        }
        if self.endpoints == 0 {
            return Err(ConfigError::NoEndpoint);
        }
        self.check_pairs()?;
        Ok(Config {
            settings: self.settings,
            dialect: self.dialect,
            verdicts: self.verdicts,
            backoff_fn: self.backoff_fn,
            endpoints: self.endpoints,
            credentials: self.credentials,
        })
    }

    fn check_pairs(&self) -> Result<(), ConfigError> {
        let settings = &self.settings;
        let ordered = [
            ("backoff_min", settings.backoff_min, "backoff_max", settings.backoff_max),
            ("slow_min", settings.slow_min, "slow_max", settings.slow_max),
            (
                "quality_excellent",
                settings.quality_excellent,
                "quality_good",
                settings.quality_good,
            ),
            ("quality_good", settings.quality_good, "quality_poor", settings.quality_poor),
        ];
        for (low_key, low, high_key, high) in ordered {
            if low > high {
                let (low, high) = (low.duration(), high.duration());
                return Err(ConfigError::Crossed { low_key, low, high_key, high });
            }
        }
        Ok(())
    }
}

/// A configuration that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no setting of this name.
    #[error("`{key}` is not a setting")]
    #[non_exhaustive]
    UnknownKey {
        /// What was asked for.
        key: String,
    },
    /// A value is of the wrong kind or out of range.
    #[error("`{key}` is {value}; accepted: {accepted}")]
    #[non_exhaustive]
    Refused {
        /// The setting.
        key: &'static str,
        /// The value given.
        value: SettingValue,
        /// What would be accepted.
        accepted: Accepted,
    },
    /// Two settings contradict each other.
    #[error(
        "`{low_key}` is {low:?} and `{high_key}` is {high:?}; accepted: `{low_key}` up to `{high_key}`"
    )]
    #[non_exhaustive]
    Crossed {
        /// The setting that must not be larger.
        low_key: &'static str,
        /// Its value.
        low: Duration,
        /// The setting that must not be smaller.
        high_key: &'static str,
        /// Its value.
        high: Duration,
    },
    /// The driver has no endpoint.
    #[error("`endpoints` is 0; accepted: 1 to 65535")]
    NoEndpoint,
}
