//! The client's own settings, typed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use everlink_engine::SettingValue;

use super::collect::{Collected, Value};
use crate::outbox::OutboxLimits;

/// What a client needs besides the engine's settings. A value that nobody gave is `None` or
/// empty: then the default holds that [`CLIENT_KEYS`](super::CLIENT_KEYS) names.
///
/// [`Debug`] shows no URL, header value or proxy, because they may hold secrets.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSettings {
    /// `url` or `urls`, in the order in which they are tried; each is a WebSocket address.
    pub urls: Vec<String>,
    /// `path`: replaces the path of each URL.
    pub path: Option<String>,
    /// `namespace` of Socket.IO.
    pub namespace: Option<String>,
    /// `encoding`: json or cbor.
    pub encoding: Option<&'static str>,
    /// `subprotocols`, in order.
    pub subprotocols: Vec<String>,
    /// `headers`, names with values.
    pub headers: Vec<(String, String)>,
    /// `compression`.
    pub compression: Option<bool>,
    /// `proxy`: `env`, `none` or a URL.
    pub proxy: Option<String>,
    /// `no_proxy`.
    pub no_proxy: Option<String>,
    /// `tls`.
    pub tls: TlsSettings,
    /// `name_timeout`.
    pub name_timeout: Option<Duration>,
    /// `address_timeout`.
    pub address_timeout: Option<Duration>,
    /// `proxy_timeout`.
    pub proxy_timeout: Option<Duration>,
    /// `tls_timeout`.
    pub tls_timeout: Option<Duration>,
    /// `upgrade_timeout`.
    pub upgrade_timeout: Option<Duration>,
    /// `outbox`.
    pub outbox: OutboxSettings,
    /// `cursors.path`: the file of cursors.
    pub cursors_path: Option<PathBuf>,
    /// `log_level`: off, error, warn, info, debug or trace.
    pub log_level: Option<&'static str>,
}

/// The table `tls`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSettings {
    /// `roots`: system, bundled, both or `only_extra`.
    pub roots: Option<&'static str>,
    /// `ca`: a file in PEM.
    pub ca: Option<PathBuf>,
    /// `client_certificate`: a file in PEM.
    pub client_certificate: Option<PathBuf>,
    /// `client_key`: a file in PEM.
    pub client_key: Option<PathBuf>,
    /// `server_name`.
    pub server_name: Option<String>,
    /// `versions`: all, 1.2 or 1.3.
    pub versions: Option<&'static str>,
}

/// The table `outbox`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxSettings {
    /// `path`: the file of the durable outbox; none is kept without.
    pub path: Option<PathBuf>,
    /// `messages_max` and `bytes_max`.
    pub limits: OutboxLimits,
}

impl ClientSettings {
    pub(super) fn new(collected: &Collected) -> Self {
        let text = |key| collected.client(key).and_then(Value::text).map(str::to_owned);
        let path = |key| collected.client(key).and_then(Value::path).map(Path::to_owned);
        let list = |key| collected.client(key).map_or_else(Vec::new, Value::list);
        let value = |key| collected.client(key).and_then(Value::setting);
        let word = |key| {
            if let Some(SettingValue::Choice(word)) = value(key) { Some(word) } else { None }
        };
        let time =
            |key| if let Some(SettingValue::Duration(time)) = value(key) { time } else { None };
        let urls = match text("url") {
            Some(url) => vec![url],
            None => list("urls"),
        };
        Self {
            urls,
            path: text("path"),
            namespace: text("namespace"),
            encoding: word("encoding"),
            subprotocols: list("subprotocols"),
            headers: collected.client("headers").map_or_else(Vec::new, Value::pairs),
            compression: if let Some(SettingValue::Flag(flag)) = value("compression") {
                Some(flag)
            } else {
                None
            },
            proxy: text("proxy"),
            no_proxy: text("no_proxy"),
            tls: TlsSettings {
                roots: word("tls.roots"),
                ca: path("tls.ca"),
                client_certificate: path("tls.client_certificate"),
                client_key: path("tls.client_key"),
                server_name: text("tls.server_name"),
                versions: word("tls.versions"),
            },
            name_timeout: time("name_timeout"),
            address_timeout: time("address_timeout"),
            proxy_timeout: time("proxy_timeout"),
            tls_timeout: time("tls_timeout"),
            upgrade_timeout: time("upgrade_timeout"),
            outbox: OutboxSettings { path: path("outbox.path"), limits: outbox_limits(collected) },
            cursors_path: path("cursors.path"),
            log_level: word("log_level"),
        }
    }
}

fn outbox_limits(collected: &Collected) -> OutboxLimits {
    let count = |key| {
        let value = collected.client(key).and_then(Value::setting);
        if let Some(SettingValue::Count(count)) = value { count.map(u64::from) } else { None }
    };
    let default = OutboxLimits::default();
    OutboxLimits::new(
        count("outbox.messages_max").unwrap_or(default.messages_max),
        count("outbox.bytes_max").unwrap_or(default.bytes_max),
    )
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("ClientSettings")
            .field("urls", &self.urls.len())
            .field("subprotocols", &self.subprotocols)
            .field("headers", &headers)
            .field("compression", &self.compression)
            .field("has_proxy", &self.proxy.is_some())
            .field("tls", &self.tls)
            .field("outbox", &self.outbox)
            .field("cursors_path", &self.cursors_path)
            .field("log_level", &self.log_level)
            .finish_non_exhaustive()
    }
}
