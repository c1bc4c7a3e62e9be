//! How a feed comes back (F01, F05).

use std::time::Duration;

use everlink_engine::{BackoffKind, Config, ConfigBuilder, ConfigError, Jitter, Profile};

use crate::config::Loaded;

/// How a feed comes back after a loss: 1, 2, 4, 8, 16, 32, 60 s, each a quarter more or less, unless
/// told otherwise.
///
/// ```
/// use everlink::feed::ReconnectionConfig;
/// use std::time::Duration;
///
/// let config = ReconnectionConfig {
///     max_retries: Some(5),
///     initial_delay: Duration::from_millis(500),
///     ..ReconnectionConfig::default()
/// };
/// assert!(config.check().is_ok());
/// let wrong = ReconnectionConfig { jitter_factor: 2.0, ..config };
/// assert_eq!(wrong.check().unwrap_err().to_string(), "`jitter_factor` is 2; accepted: 0 to 1");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ReconnectionConfig {
    /// Whether a lost connection is dialed again at all. Default: true.
    pub enabled: bool,
    /// Attempts in a row before giving up. Default: 10. Range: 1 to 1000000; `None` never gives up, which
    /// is what an unattended feed wants.
    pub max_retries: Option<u32>,
    /// Delay before the first retry, from which the others grow. Default: 1 s. Range: 0 to 15 min.
    pub initial_delay: Duration,
    /// Longest delay, before jitter. Default: 60 s. Range: `initial_delay` to 15 min.
    pub max_delay: Duration,
    /// Factor from one delay to the next. Default: 2. Range: 1 to 10.
    pub backoff_multiplier: f64,
    /// How far a delay is spread either way, as a part of it. Default: 0.25. Range: 0 to 1.
    pub jitter_factor: f64,
}

impl Default for ReconnectionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_retries: Some(10),
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            backoff_multiplier: 2.0,
            jitter_factor: 0.25,
        }
    }
}

/// A value that cannot be used: which, and what is accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ReconnectionError {
    /// The field.
    pub field: &'static str,
    message: String,
}

impl ReconnectionConfig {
    /// Takes the values that a configuration holds: `websocket_max_retries` and the like in a file,
    /// `WEBSOCKET_MAX_RETRIES` and the like in the environment, our own names, and for what nobody set the
    /// profile's defaults (F05).
    ///
    /// ```
    /// use everlink::Profile;
    /// use everlink::config::Loader;
    /// use everlink::feed::ReconnectionConfig;
    ///
    /// let loaded = Loader::new()
    ///     .profile(Profile::MarketFeed)
    ///     .environment([("WEBSOCKET_MAX_RETRIES", "5"), ("WEBSOCKET_MAX_DELAY", "30.0")])
    ///     .load()?;
    /// let config = ReconnectionConfig::from_config(&loaded)?;
    /// assert_eq!((config.max_retries, config.max_delay.as_secs()), (Some(5), 30));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn from_config(loaded: &Loaded) -> Result<Self, ConfigError> {
        let config = loaded.engine.clone().build()?;
        let settings = config.settings();
        Ok(Self {
            enabled: settings.reconnect(),
            max_retries: settings.attempts_max(),
            initial_delay: settings.backoff_min(),
            max_delay: settings.backoff_max(),
            backoff_multiplier: settings.backoff_multiplier(),
            jitter_factor: settings.jitter_factor(),
        })
    }

    /// Checks every value.
    ///
    /// # Errors
    ///
    /// [`ReconnectionError`] names the first field that cannot be used, its value and what is accepted.
    pub fn check(&self) -> Result<(), ReconnectionError> {
        match self.apply(Config::builder(Profile::MarketFeed)).build() {
            Ok(_) => Ok(()),
            Err(error) => Err(ReconnectionError::of(&error)),
        }
    }

    /// Puts the values into settings of the engine.
    pub(super) fn apply(&self, settings: ConfigBuilder) -> ConfigBuilder {
        settings
            .reconnect(self.enabled)
            .attempts_max(self.max_retries)
            .backoff(BackoffKind::Exponential)
            .backoff_min(self.initial_delay)
            .backoff_max(self.max_delay)
            .backoff_multiplier(self.backoff_multiplier)
            .jitter(Jitter::Factor)
            .jitter_factor(self.jitter_factor)
    }
}

impl ReconnectionError {
    /// Says it in the names of the fields.
    #[expect(clippy::wildcard_enum_match_arm, reason = "errors of the engine may grow")]
    fn of(error: &ConfigError) -> Self {
        let key = match error {
            ConfigError::Refused { key, .. } => key,
            ConfigError::Crossed { low_key, .. } => low_key,
            _ => "",
        };
        let name = |key| FIELDS.iter().find(|(ours, _)| *ours == key).map(|(_, field)| *field);
        let mut message = error.to_string();
        for (ours, field) in FIELDS {
            message = message.replace(&format!("`{ours}`"), &format!("`{field}`"));
        }
        Self { field: name(key).unwrap_or_default(), message }
    }
}

/// The engine's names of the fields.
const FIELDS: [(&str, &str); 6] = [
    ("reconnect", "enabled"),
    ("attempts_max", "max_retries"),
    ("backoff_min", "initial_delay"),
    ("backoff_max", "max_delay"),
    ("backoff_multiplier", "backoff_multiplier"),
    ("jitter_factor", "jitter_factor"),
];
