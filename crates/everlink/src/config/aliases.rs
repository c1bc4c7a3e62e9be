//! What the source systems called their settings, understood under the profile of each.

use everlink_engine::Profile;

/// Another name for a key.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Alias {
    /// The only profile under which it is understood; `None` is under all.
    pub profile: Option<Profile>,
    /// The variable of the environment.
    pub variable: &'static str,
    /// The key in a file, where it had one.
    pub file_key: Option<&'static str>,
    /// The key of ours.
    pub key: &'static str,
    /// How its value is read.
    pub reading: Reading,
}

/// How the value of an alias is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// As the key's own.
    Same,
    /// A bare number is milliseconds.
    Milliseconds,
    /// True is `exponential`, false is `fixed`.
    Exponential,
    /// A web address too: `http` is read as `ws` and `https` as `wss`.
    WebAddress,
}

const fn feed(variable: &'static str, file_key: &'static str, key: &'static str) -> Alias {
    let (profile, file_key) = (Some(Profile::MarketFeed), Some(file_key));
    Alias { profile, variable, file_key, key, reading: Reading::Same }
}

const fn bot(variable: &'static str, key: &'static str) -> Alias {
    let profile = Some(Profile::ChatBot);
    Alias { profile, variable, file_key: None, key, reading: Reading::Same }
}

const fn rooms(variable: &'static str, key: &'static str, reading: Reading) -> Alias {
    Alias { profile: Some(Profile::Rooms), variable, file_key: None, key, reading }
}

/// Every alias. In one source an own name goes before an alias.
pub const ALIASES: &[Alias] = &[
    Alias { profile: None, ..bot("LOG_LEVEL", "log_level") },
    // F05
    feed("WEBSOCKET_RECONNECTION_ENABLED", "websocket_reconnection_enabled", "reconnect"),
    feed("WEBSOCKET_MAX_RETRIES", "websocket_max_retries", "attempts_max"),
    feed("WEBSOCKET_INITIAL_DELAY", "websocket_initial_delay", "backoff_min"),
    feed("WEBSOCKET_MAX_DELAY", "websocket_max_delay", "backoff_max"),
    feed("WEBSOCKET_BACKOFF_MULTIPLIER", "websocket_backoff_multiplier", "backoff_multiplier"),
    feed("WEBSOCKET_JITTER_FACTOR", "websocket_jitter_factor", "jitter_factor"),
    // B03
    bot("WSGGPY_AUTO_RECONNECT", "reconnect"),
    bot("WSGGPY_RECONNECT_ATTEMPTS", "attempts_max"),
    bot("WSGGPY_RECONNECT_DELAY", "backoff_min"),
    Alias { reading: Reading::Exponential, ..bot("WSGGPY_RECONNECT_BACKOFF", "backoff") },
    bot("CONNECTION_CHECK_INTERVAL", "check_interval"),
    bot("MAX_RECONNECT_ATTEMPTS", "supervisor_attempts_max"),
    // R10
    rooms("NEXT_PUBLIC_SOCKET_URL", "url", Reading::WebAddress),
    rooms("NEXT_PUBLIC_SOCKET_PATH", "path", Reading::Same),
    rooms("NEXT_PUBLIC_RECONNECTION_MAX_ATTEMPTS", "attempts_max", Reading::Same),
    rooms("NEXT_PUBLIC_RECONNECTION_BASE_DELAY", "backoff_min", Reading::Milliseconds),
    rooms("NEXT_PUBLIC_RECONNECTION_MAX_DELAY", "backoff_max", Reading::Milliseconds),
];

impl Alias {
    /// Returns whether it is understood under `profile`.
    #[must_use]
    pub fn belongs_to(&self, profile: Profile) -> bool {
        self.profile.is_none_or(|own| own == profile)
    }
}
