//! Which proxy, if any, a connection goes through.

use core::fmt;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use super::endpoint::Endpoint;
use super::options::OptionsError;

/// The choice of a proxy for each endpoint.
///
/// Accepted are `http://`, `https://`, `socks5://` (names are resolved here) and `socks5h://`
/// (names are resolved by the proxy), each with an optional `user:password@`. HTTP proxies are
/// asked for a tunnel by `CONNECT`, for `ws://` too (RFC 6455, section 4.1).
#[derive(Clone)]
pub struct Proxy {
    matcher: Option<Arc<Matcher>>,
}

impl Proxy {
    /// Uses no proxy, whatever the environment says.
    #[must_use]
    pub const fn none() -> Self {
        Self { matcher: None }
    }

    /// Uses the proxies that the environment of this process names now.
    ///
    /// `HTTPS_PROXY` is for `wss://`, `HTTP_PROXY` for `ws://`, `ALL_PROXY` for both where the
    /// special one is missing, `NO_PROXY` lists exceptions: domains (with all below them), IP
    /// addresses, networks (`10.0.0.0/8`) and `*`, separated by commas. Each may be written in
    /// lower case; an empty value means none. `HTTP_PROXY` is ignored where `REQUEST_METHOD` is
    /// set, because in a CGI program a request header can set it.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] names the variable that is malformed, and never repeats a password.
    pub fn from_env() -> Result<Self, OptionsError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`Proxy::from_env`], with another source of variables.
    ///
    /// # Errors
    ///
    /// As [`Proxy::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, OptionsError> {
        let variable = |upper: &'static str| {
            let value = lookup(upper).or_else(|| lookup(&upper.to_ascii_lowercase()));
            let value = value.unwrap_or_default();
            if !value.is_empty() {
                check(upper, &value)?;
            }
            Ok::<_, OptionsError>(value)
        };
        let is_cgi = lookup("REQUEST_METHOD").is_some();
        let http = if is_cgi { String::new() } else { variable("HTTP_PROXY")? };
        let no = lookup("NO_PROXY").or_else(|| lookup("no_proxy")).unwrap_or_default();
        let matcher = Matcher::builder()
            .https(variable("HTTPS_PROXY")?)
            .all(variable("ALL_PROXY")?)
            .http(http)
            .no(no)
            .build();
        Ok(Self { matcher: Some(Arc::new(matcher)) })
    }

    /// Uses this proxy for every endpoint.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] says what is wrong with the URL, and never repeats a password.
    pub fn url(url: &str) -> Result<Self, OptionsError> {
        Self::url_except(url, "")
    }

    /// Uses this proxy for every endpoint but those listed as `NO_PROXY` would be.
    ///
    /// # Errors
    ///
    /// As [`Proxy::url`].
    pub fn url_except(url: &str, exceptions: &str) -> Result<Self, OptionsError> {
        check("proxy", url)?;
        let matcher = Matcher::builder().all(url).no(exceptions).build();
        Ok(Self { matcher: Some(Arc::new(matcher)) })
    }

    /// Returns the proxy for `endpoint`, or `None` for a direct connection.
    #[must_use]
    pub fn for_endpoint(&self, endpoint: &Endpoint) -> Option<ProxyServer> {
        let scheme = if endpoint.is_tls() { "https" } else { "http" };
        let target = Uri::builder()
            .scheme(scheme)
            .authority(endpoint.authority())
            .path_and_query("/")
            .build();
        let intercept = self.matcher.as_ref()?.intercept(&target.ok()?)?;
        ProxyServer::new(&intercept)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.matcher.is_some() { "Proxy(by rules)" } else { "Proxy(none)" };
        f.write_str(shown)
    }
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyProtocol {
    /// `CONNECT` over plain HTTP/1.1 (RFC 9110, section 9.3.6).
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 5 (RFC 1928) with names resolved here.
    Socks5,
    /// SOCKS 5 with names resolved by the proxy.
    Socks5h,
}

impl ProxyProtocol {
    const ALL: [(&'static str, Self, u16); 4] = [
        ("http", Self::Http, 80),
        ("https", Self::Https, 443),
        ("socks5", Self::Socks5, 1080),
        ("socks5h", Self::Socks5h, 1080),
    ];

    fn from_scheme(scheme: &str) -> Option<(Self, u16)> {
        let known = Self::ALL.iter().find(|(name, ..)| *name == scheme)?;
        Some((known.1, known.2))
    }

    fn scheme(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, protocol, _)| *protocol == self);
        known.map_or("", |(name, ..)| name)
    }
}

/// One proxy. [`Display`](fmt::Display) and [`Debug`] leave out user and password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyServer {
    /// How it is spoken to.
    pub protocol: ProxyProtocol,
    /// Its host; an IPv6 address without brackets.
    pub host: String,
    /// Its port; by default 80, 443 or 1080.
    pub port: u16,
    pub(super) credentials: ProxyCredentials,
}

/// What the proxy is told about who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ProxyCredentials {
    None,
    Basic(HeaderValue),
    Password(String, String),
}

impl ProxyServer {
    fn new(intercept: &Intercept) -> Option<Self> {
        let uri = intercept.uri();
        let (protocol, default_port) = ProxyProtocol::from_scheme(uri.scheme_str()?)?;
        let credentials = match (intercept.basic_auth(), intercept.raw_auth()) {
            (Some(header), _) => ProxyCredentials::Basic(header.clone()),
            (None, Some((user, password))) => {
                ProxyCredentials::Password(user.to_owned(), password.to_owned())
            }
            (None, None) => ProxyCredentials::None,
        };
        Some(Self {
            protocol,
            host: uri.host()?.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(default_port),
            credentials,
        })
    }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let scheme = self.protocol.scheme();
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyServer({self})")
    }
}

/// Accepts what the matcher understands; it ignores what it does not, and a mistyped proxy must
/// not become a direct connection.
fn check(setting: &'static str, value: &str) -> Result<(), OptionsError> {
    let accepted = "http://, https://, socks5:// or socks5h:// with host and optional port";
    let wrong = |found: &str| OptionsError::new(setting, found, accepted);
    let with_scheme =
        if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&with_scheme).map_err(|error| wrong(&error.to_string()))?;
    if ProxyProtocol::from_scheme(url.scheme()).is_none() {
        return Err(wrong(&format!("scheme `{}`", url.scheme())));
    }
    let understood = Matcher::builder().all(value).build();
    let probe = Uri::from_static("https://probe.invalid/");
    match understood.intercept(&probe).as_ref().and_then(ProxyServer::new) {
        Some(server) if !server.host.is_empty() => Ok(()),
        _ => Err(wrong("no usable host")),
    }
}
