//! The settings of a dial: checked once, then trusted.

use core::fmt;
use core::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;

use everlink_wire::ws::DeflateConfig;
use hyper::header::HeaderMap;

use super::connect::TcpOptions;
use super::deadlines::Deadlines;
use super::headers::{Subprotocols, parse_headers};
use super::proxy::Proxy;
use super::resolve::{Resolver, SystemResolver};
use super::tls::TlsClient;
use super::tls_options::TlsOptions;

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {value}; accepted: {accepted}")]
#[non_exhaustive]
pub struct OptionsError {
    /// Which setting, or which variable of the environment.
    pub setting: &'static str,
    /// What was found; never a secret.
    pub value: String,
    /// What is accepted.
    pub accepted: String,
}

impl OptionsError {
    pub(super) fn new(
        setting: &'static str,
        value: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        Self { setting, value: value.into(), accepted: accepted.into() }
    }
}

/// Everything that a dial needs besides the address; cheap to clone and meant to be reused, so
/// that TLS sessions can be resumed.
#[derive(Clone)]
pub struct DialOptions {
    pub(super) headers: HeaderMap,
    pub(super) subprotocols: Subprotocols,
    pub(super) deflate: Option<DeflateConfig>,
    pub(super) tls: TlsClient,
    pub(super) proxy: Proxy,
    pub(super) tcp: TcpOptions,
    pub(super) deadlines: Deadlines,
    pub(super) resolver: Arc<dyn Resolver>,
}

impl DialOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> DialOptionsBuilder {
        DialOptionsBuilder::default()
    }

    /// Returns how TCP connections are made.
    #[must_use]
    pub const fn tcp(&self) -> &TcpOptions {
        &self.tcp
    }

    /// Returns what makes TLS connections.
    #[must_use]
    pub const fn tls(&self) -> &TlsClient {
        &self.tls
    }

    /// Returns the choice of a proxy.
    #[must_use]
    pub const fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Returns the deadlines of the phases.
    #[must_use]
    pub const fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// Returns what turns names into addresses.
    #[must_use]
    pub fn resolver(&self) -> &dyn Resolver {
        &*self.resolver
    }
}

impl fmt::Debug for DialOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialOptions")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("subprotocols", &self.subprotocols)
            .field("deflate", &self.deflate)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("tcp", &self.tcp)
            .field("deadlines", &self.deadlines)
            .field("resolver", &self.resolver)
            .finish()
    }
}

/// Collects the settings of a [`DialOptions`] and checks them in [`DialOptionsBuilder::build`].
#[derive(Default)]
pub struct DialOptionsBuilder {
    headers: Vec<(String, Vec<u8>)>,
    subprotocols: Vec<String>,
    subprotocol_required: bool,
    deflate: Option<DeflateConfig>,
    tls: TlsOptions,
    proxy: Option<Proxy>,
    tcp: TcpOptions,
    deadlines: Deadlines,
    resolver: Option<Arc<dyn Resolver>>,
}

impl DialOptionsBuilder {
    /// Adds a header to each upgrade request; those of the hand-shake itself cannot be set.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Offers a subprotocol, after those offered before (RFC 6455, section 1.9).
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocols.push(name.into());
        self
    }

    /// Sets whether an answer without a subprotocol fails the dial. Default: no.
    #[must_use]
    pub const fn subprotocol_required(mut self, value: bool) -> Self {
        self.subprotocol_required = value;
        self
    }

    /// Offers compression of messages (RFC 7692). Default: none, since it costs much memory.
    #[must_use]
    pub fn deflate(mut self, value: Option<DeflateConfig>) -> Self {
        self.deflate = value;
        self
    }

    /// Sets how TLS connections are made.
    #[must_use]
    pub fn tls(mut self, value: TlsOptions) -> Self {
        self.tls = value;
        self
    }

    /// Sets the choice of a proxy. Default: [`Proxy::from_env`], read in [`Self::build`].
    #[must_use]
    pub fn proxy(mut self, value: Proxy) -> Self {
        self.proxy = Some(value);
        self
    }

    /// Sets the longest time for the name. Default: 5 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn name_timeout(mut self, value: Duration) -> Self {
        self.deadlines.name = value;
        self
    }

    /// Sets the longest wait for one address. Default: 5 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn address_timeout(mut self, value: Duration) -> Self {
        self.tcp.address_timeout = value;
        self
    }

    /// Sets the pause before the next address is tried beside the others. Default: 250 ms. Range:
    /// [`STAGGER_RANGE`](super::STAGGER_RANGE).
    #[must_use]
    pub const fn stagger(mut self, value: Duration) -> Self {
        self.tcp.stagger = value;
        self
    }

    /// Sets the longest time for the proxy's tunnel. Default: 10 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn proxy_timeout(mut self, value: Duration) -> Self {
        self.deadlines.proxy = value;
        self
    }

    /// Sets the longest time for the TLS hand-shake. Default: 5 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn tls_timeout(mut self, value: Duration) -> Self {
        self.deadlines.tls = value;
        self
    }

    /// Sets the longest time for the upgrade. Default: 10 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn upgrade_timeout(mut self, value: Duration) -> Self {
        self.deadlines.upgrade = value;
        self
    }

    /// Sets the longest time for the whole dial. Default: 20 s. Range: [`DEADLINE_RANGE`](super::DEADLINE_RANGE).
    #[must_use]
    pub const fn dial_timeout(mut self, value: Duration) -> Self {
        self.deadlines.whole = value;
        self
    }

    /// Sets whether small writes are sent at once. Default: yes.
    #[must_use]
    pub const fn tcp_nodelay(mut self, value: bool) -> Self {
        self.tcp.nodelay = value;
        self
    }

    /// Sets how long sent data may stay unacknowledged; Linux only. Default: 30 s. Range:
    /// [`SYSTEM_TIMEOUT_RANGE`](super::SYSTEM_TIMEOUT_RANGE), or none for the system's own.
    #[must_use]
    pub const fn tcp_user_timeout(mut self, value: Option<Duration>) -> Self {
        self.tcp.user_timeout = value;
        self
    }

    /// Sets the idle time after which the system probes the peer. Default: none. Range:
    /// [`SYSTEM_TIMEOUT_RANGE`](super::SYSTEM_TIMEOUT_RANGE).
    #[must_use]
    pub const fn tcp_keepalive(mut self, value: Option<Duration>) -> Self {
        self.tcp.keepalive = value;
        self
    }

    /// Sets the local address to connect from. Default: any.
    #[must_use]
    pub const fn bind(mut self, value: Option<IpAddr>) -> Self {
        self.tcp.bind = value;
        self
    }

    /// Sets what turns names into addresses. Default: [`SystemResolver`].
    #[must_use]
    pub fn resolver(mut self, value: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(value);
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] names the first setting that cannot be used.
    pub fn build(self) -> Result<DialOptions, OptionsError> {
        self.deadlines.check(&self.tcp)?;
        Ok(DialOptions {
            headers: parse_headers(&self.headers)?,
            subprotocols: Subprotocols::new(self.subprotocols, self.subprotocol_required)?,
            deflate: self.deflate,
            tls: TlsClient::new(&self.tls)?,
            proxy: self.proxy.map_or_else(Proxy::from_env, Ok)?,
            tcp: self.tcp,
            deadlines: self.deadlines,
            resolver: self.resolver.unwrap_or_else(|| Arc::new(SystemResolver::default())),
        })
    }
}

impl fmt::Debug for DialOptionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialOptionsBuilder").finish_non_exhaustive()
    }
}
