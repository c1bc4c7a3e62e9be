//! What can be set, checked once.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::http::Uri;
use everlink_wire::ws::DeflateConfig;

use crate::limits::Limits;
use crate::log::LogError;
use crate::node::TailLimits;

/// The settings of a server, checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) node: String,
    pub(crate) frame_max: usize,
    pub(crate) channels_max: usize,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) heartbeat_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) tail: TailLimits,
    pub(crate) retained_ttl: Duration,
    pub(crate) presence: bool,
    pub(crate) deflate: Option<DeflateConfig>,
    pub(crate) origins: Option<Vec<String>>,
    /// Somebody asks clients for credentials.
    pub(crate) authenticated: bool,
    /// Nobody does, and that is wanted.
    pub(crate) allow_anonymous: bool,
    /// Where the WebSocket endpoints are.
    pub(crate) path: String,
    pub(crate) limits: Limits,
    pub(crate) accept_rate: NonZeroU32,
    pub(crate) feed_check: Duration,
    pub(crate) lag_max: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: String::new(),
            frame_max: 1024 * 1024,
            channels_max: 1000,
            heartbeat_interval: Duration::from_secs(20),
            heartbeat_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            tail: TailLimits { messages: 256, bytes: 1024 * 1024 },
            retained_ttl: Duration::from_secs(24 * 3600),
            presence: true,
            deflate: None,
            origins: None,
            authenticated: false,
            allow_anonymous: false,
            path: "/ws".to_owned(),
            limits: Limits::default(),
            accept_rate: ACCEPT_RATE_DEFAULT,
            feed_check: Duration::from_secs(5),
            lag_max: None,
        }
    }
}

impl Settings {
    /// Returns whether pages of an origin may open sockets and read answers. Where nobody is asked for
    /// credentials, these are by default pages of this machine: any other could use a server that listens
    /// here through the browser of whoever visits it.
    pub(crate) fn accepts_origin(&self, origin: &[u8]) -> bool {
        match &self.origins {
            Some(origins) => {
                origins.iter().any(|accepted| accepted.as_bytes().eq_ignore_ascii_case(origin))
            }
            None if self.authenticated || self.allow_anonymous => true,
            None => std::str::from_utf8(origin).is_ok_and(is_local),
        }
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let name = &self.node;
        if name.is_empty() || name.len() > NODE_NAME_MAX || name.contains('~') {
            return Err(BuildError::NodeName { name: name.clone() });
        }
        Self::check_path(&self.path)?;
        if let Some(origin) = self.origins.iter().flatten().find(|origin| !is_origin(origin)) {
            return Err(BuildError::Origin { origin: origin.clone() });
        }
        number("frame_max", self.frame_max, 1024..=16 * 1024 * 1024)?;
        number("channels_max", self.channels_max, 1..=65_536)?;
        number("tail_messages", self.tail.messages, 1..=65_536)?;
        number("tail_bytes", self.tail.bytes, 1024..=1024 * 1024 * 1024)?;
        duration("heartbeat_interval", self.heartbeat_interval, MS_100..=HOUR)?;
        duration("heartbeat_timeout", self.heartbeat_timeout, MS_100..=HOUR)?;
        duration("write_timeout", self.write_timeout, MS_100..=HOUR)?;
        duration("feed_check", self.feed_check, MS_100..=HOUR)?;
        duration("retained_ttl", self.retained_ttl, Duration::from_secs(60)..=HOUR * 24 * 366)
    }

    /// Checks where an endpoint is.
    pub(crate) fn check_path(path: &str) -> Result<(), BuildError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        let ends = path.starts_with('/') && !path.ends_with('/') && !path.contains("//");
        if !ends || path.len() > PATH_MAX || !path.chars().all(plain) {
            return Err(BuildError::Path { path: path.to_owned() });
        }
        Ok(())
    }

    /// Checks a time of an endpoint.
    pub(crate) fn check_duration(setting: &'static str, value: Duration) -> Result<(), BuildError> {
        duration(setting, value, MS_100..=HOUR)
    }

    /// Checks a time of an endpoint that has a range of its own.
    pub(crate) fn check_duration_in(
        setting: &'static str,
        value: Duration,
        range: RangeInclusive<Duration>,
    ) -> Result<(), BuildError> {
        duration(setting, value, range)
    }

    /// Checks a number of an endpoint.
    pub(crate) fn check_number(
        setting: &'static str,
        value: usize,
        range: RangeInclusive<usize>,
    ) -> Result<(), BuildError> {
        number(setting, value, range)
    }
}

fn number(
    setting: &'static str,
    value: usize,
    range: RangeInclusive<usize>,
) -> Result<(), BuildError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (min, max) = range.into_inner();
    Err(BuildError::OutOfRange {
        setting,
        value: value.to_string(),
        min: min.to_string(),
        max: max.to_string(),
    })
}

fn duration(
    setting: &'static str,
    value: Duration,
    range: RangeInclusive<Duration>,
) -> Result<(), BuildError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (min, max) = range.into_inner();
    Err(BuildError::OutOfRange {
        setting,
        value: format!("{value:?}"),
        min: format!("{min:?}"),
        max: format!("{max:?}"),
    })
}

/// A server cannot be built like that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of its range.
    #[error("{setting} is {value}; accepted: {min} to {max}")]
    #[non_exhaustive]
    OutOfRange {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The least that is accepted.
        min: String,
        /// The most that is accepted.
        max: String,
    },
    /// The node's name cannot be used.
    #[error("node name {name:?}: accepted are 1 to 64 bytes without `~`")]
    #[non_exhaustive]
    NodeName {
        /// The name.
        name: String,
    },
    /// The path of the WebSocket endpoints cannot be used.
    #[error(
        "path {path:?}: accepted are `/` and names of letters, digits and `-_.`, up to 200 bytes, as /ws"
    )]
    #[non_exhaustive]
    Path {
        /// The path.
        path: String,
    },
    /// An origin is none.
    #[error(
        "origin {origin:?}: accepted is scheme://host[:port] without a path, as https://example.org"
    )]
    #[non_exhaustive]
    Origin {
        /// What was given.
        origin: String,
    },
    /// There is no tokio runtime to run on.
    #[error("a server is built inside a tokio runtime; there is none here")]
    NoRuntime,
    /// The log in memory cannot be made.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Returns whether it is what browsers send as `Origin` (RFC 6454, section 7.1).
fn is_origin(origin: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else {
        return origin == "null";
    };
    let plain = |c: char| c.is_ascii_graphic() && !"/?#@*".contains(c);
    !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !host.is_empty()
        && host.chars().all(plain)
}

/// Returns whether an origin is a page of this machine.
fn is_local(origin: &str) -> bool {
    let host = origin.parse::<Uri>().ok().and_then(|origin| origin.host().map(str::to_owned));
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
    })
}

const PATH_MAX: usize = 200;

/// Longest name of a node, in bytes.
const NODE_NAME_MAX: usize = 64;

const MS_100: Duration = Duration::from_millis(100);

const HOUR: Duration = Duration::from_secs(3600);

/// Accepts a second until measured: what one core does with TLS, less a margin.
const ACCEPT_RATE_DEFAULT: NonZeroU32 = NonZeroU32::new(2000).expect("it is not zero");
