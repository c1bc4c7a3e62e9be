//! Asks a server how it is.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;
use ureq::Agent;
use url::{Host, Url};

use super::seen::Seen;

/// Whom to ask.
#[derive(Clone, Debug)]
pub(super) struct Source {
    url: Url,
    agent: Agent,
}

/// An answer, as it came and as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) object: Value,
    pub(super) seen: Seen,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server wants to know who asks.
    Unauthorized(String),
    Other(String),
}

impl Source {
    pub(super) fn new(url: Url, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect may lead anywhere; the text says where it would.
            .max_redirects(0);
        // A proxy of the environment does not reach this machine's own addresses.
        let config = if is_loopback(&url) { config.proxy(None) } else { config };
        Self { url, agent: config.build().into() }
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks once; takes no longer than the time-out.
    pub(super) fn fetch(&self) -> Result<Fetched, Trouble> {
        let url = &self.url;
        let other = |text: String| Trouble::Other(format!("{url}: {text}"));
        let mut response = self
            .agent
            .get(url.as_str())
            .header("accept", "application/json")
            .call()
            .map_err(|error| other(format!("no answer: {error}")))?;
        let status = response.status();
        if matches!(status.as_u16(), 401 | 403) {
            return Err(Trouble::Unauthorized(format!("{url}: refused with {status}")));
        }
        if status.as_u16() != 200 {
            return Err(other(format!(
                "answered {status}; accepted: 200 of an Everlink server (is it one, and new enough to have \
                 /api/status?)"
            )));
        }
        let body = response.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_string();
        let body = body.map_err(|error| other(format!("the answer cannot be read: {error}")))?;
        read(&body).map_err(|error| other(format!("not the answer of an Everlink server: {error}")))
    }
}

fn read(body: &str) -> Result<Fetched, serde_json::Error> {
    let object: Value = serde_json::from_str(body)?;
    let seen = Seen::deserialize(&object)?;
    Ok(Fetched { object, seen })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl Trouble {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Unauthorized(text) | Self::Other(text) => text,
        }
    }
}

/// Largest answer.
const BODY_BYTES_MAX: u64 = 1024 * 1024;
