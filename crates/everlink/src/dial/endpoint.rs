//! A WebSocket address, parsed once and then trusted.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::header::HeaderValue;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Longest URL that is taken, in bytes; more than common servers accept.
pub const URL_BYTES_MAX: usize = 8192;

/// The address of a WebSocket server: `ws://` or `wss://` (RFC 6455, section 3).
///
/// [`Display`](fmt::Display) and [`Debug`] leave out user, password and query, because they may
/// carry secrets; [`Endpoint::target`] has the query.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    host: Host<String>,
    port: u16,
    target: String,
    authorization: Option<HeaderValue>,
}

/// Why a text is no WebSocket address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The text is no URL.
    #[error("url: {reason}; accepted is ws://host/path or wss://host/path")]
    #[non_exhaustive]
    Unparsable {
        /// What the URL parser found.
        reason: String,
    },
    /// The scheme is another.
    #[error("url: scheme `{scheme}` is not a WebSocket scheme; accepted are ws and wss")]
    #[non_exhaustive]
    Scheme {
        /// The scheme found.
        scheme: String,
    },
    /// A fragment is not allowed in a WebSocket URL (RFC 6455, section 3).
    #[error("url: `#fragment` is not allowed in a WebSocket URL; write %23 for a literal #")]
    Fragment,
    /// The URL is too long.
    #[error("url: {bytes} bytes; accepted are at most {URL_BYTES_MAX}")]
    #[non_exhaustive]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl Endpoint {
    /// Parses a `ws://` or `wss://` URL.
    ///
    /// User and password, if any, become an `Authorization: Basic` header (RFC 7617), unless the
    /// application sends one of its own.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] says what is wrong; it never repeats user, password or query.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text.len() > URL_BYTES_MAX {
            return Err(EndpointError::TooLong { bytes: text.len() });
        }
        let url = Url::parse(text).map_err(|error| unparsable(&error))?;
        let tls = match url.scheme() {
            "ws" => false,
            "wss" => true,
            other => {
                let scheme = other.to_owned();
                return Err(EndpointError::Scheme { scheme });
            }
        };
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment);
        }
        let host = url.host().ok_or_else(|| unparsable(&url::ParseError::EmptyHost))?;
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: url.port().unwrap_or(default_port(tls)),
            target: target(&url),
            authorization: authorization(&url),
        })
    }

    /// Returns whether the scheme is `wss`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Returns the host: a name, an IPv4 address, or an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// Returns the port, 80 or 443 when the URL has none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns path and query, as the request line carries them. The query may hold secrets.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns host and port for the `Host` header: without the scheme's own port (RFC 6455, section 4.1).
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == default_port(self.tls) {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Returns the host as URLs write it: an IPv6 address in brackets.
    pub(super) fn url_host(&self) -> String {
        self.host.to_string()
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let query = if query.is_empty() { "" } else { "?…" };
        write!(f, "{scheme}://{}{path}{query}", self.authority())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// Turns the address of a server in the web, `http` or `https`, into that of a WebSocket; any other text stays.
pub(crate) fn web_socket_address(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    match scheme.to_ascii_lowercase().as_str() {
        "http" => format!("ws://{rest}").into(),
        "https" => format!("wss://{rest}").into(),
        _ => text.into(),
    }
}

fn unparsable(error: &url::ParseError) -> EndpointError {
    let reason = if *error == url::ParseError::RelativeUrlWithoutBase {
        "the scheme is missing".to_owned()
    } else {
        error.to_string()
    };
    EndpointError::Unparsable { reason }
}

const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError, URL_BYTES_MAX};

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text).expect("a valid URL")
    }

    #[test]
    fn the_default_port_is_the_schemes_and_is_left_out_of_the_host_header() {
        for (text, port, authority) in [
            ("ws://example.com", 80, "example.com"),
            ("wss://example.com/", 443, "example.com"),
            ("wss://example.com:443/", 443, "example.com"),
            ("ws://example.com:443/", 443, "example.com:443"),
            ("ws://[::1]:9000/x", 9000, "[::1]:9000"),
            ("wss://[::1]/x", 443, "[::1]"),
            ("wss://bücher.example/", 443, "xn--bcher-kva.example"),
        ] {
            let endpoint = endpoint(text);
            assert_eq!((endpoint.port(), endpoint.authority().as_str()), (port, authority));
        }
        assert_eq!(endpoint("wss://[::1]/x").host(), "::1");
    }

    #[test]
    fn path_and_query_are_sent_as_written() {
        assert_eq!(endpoint("ws://h").target(), "/");
        assert_eq!(endpoint("ws://h/ws?a=1&b=%20").target(), "/ws?a=1&b=%20");
    }

    #[test]
    fn no_secret_of_the_url_is_shown() {
        let endpoint = endpoint("wss://ann:s3cret@example.com/ws?token=t0ken");
        for shown in [endpoint.to_string(), format!("{endpoint:?}")] {
            for secret in ["ann", "s3cret", "t0ken"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(endpoint.to_string(), "wss://example.com/ws?…");
        let header = endpoint.authorization().expect("from the user and password");
        assert_eq!(header, "Basic YW5uOnMzY3JldA==");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn errors_name_what_is_wrong_and_what_is_accepted() {
        for (text, expected) in [
            (
                "example.com/ws",
                "url: the scheme is missing; accepted is ws://host/path or wss://host/path",
            ),
            (
                "https://h/",
                "url: scheme `https` is not a WebSocket scheme; accepted are ws and wss",
            ),
            (
                "ws://h/#part",
                "url: `#fragment` is not allowed in a WebSocket URL; write %23 for a literal #",
            ),
            ("ws://", "url: empty host; accepted is ws://host/path or wss://host/path"),
            (
                "ws://h:99999/",
                "url: invalid port number; accepted is ws://host/path or wss://host/path",
            ),
        ] {
            let error = Endpoint::parse(text).expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
        let long = format!("ws://h/{}", "x".repeat(URL_BYTES_MAX));
        let bytes = long.len();
        assert_eq!(Endpoint::parse(&long), Err(EndpointError::TooLong { bytes }));
    }
}
