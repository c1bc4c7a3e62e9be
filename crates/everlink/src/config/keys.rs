//! The keys that belong to the client and not to the engine, in one table.

use std::time::Duration;

use everlink_engine::{Accepted, Profile, SETTINGS};

/// One key of the client, as documentation, command line and configuration files see it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientKey {
    /// Its key in a configuration file; a dot stands for a table in it.
    pub key: &'static str,
    /// What it means, with its default.
    pub doc: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether its value may hold a secret, so that no error repeats it.
    pub is_secret: bool,
}

/// What a key of the client takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Takes {
    /// A value like those of the engine's settings.
    Value(Accepted),
    /// A text; the words say which.
    Text(&'static str),
    /// A file; one that stands in a configuration file is looked for from that file's folder.
    Path(&'static str),
    /// Texts: a list in a file, else separated by commas or white space.
    List(&'static str),
    /// Names with values: a table in a file, else `Name: value` on a line each.
    Pairs(&'static str),
}

const DEADLINE: Takes =
    Takes::Value(Accepted::Duration(Duration::from_millis(10), Duration::from_secs(300), false));

const fn key(key: &'static str, takes: Takes, doc: &'static str) -> ClientKey {
    ClientKey { key, doc, takes, is_secret: false }
}

const fn secret(key: &'static str, takes: Takes, doc: &'static str) -> ClientKey {
    ClientKey { key, doc, takes, is_secret: true }
}

const fn words(words: &'static [&'static str]) -> Takes {
    Takes::Value(Accepted::Choice(words))
}

/// The words for a level of logging, from quiet to loud.
pub(super) const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

const DIALECTS: &[&str] = &["plain", "json", "chat_text", "exchange", "everlink", "socketio"];
const ENCODINGS: &[&str] = &["json", "cbor"];
/// What `url` takes.
pub(super) const URL: &str =
    "ws://host/path or wss://host/path, in the dialect socketio also http:// and https://";

/// Every key of the client, in the order of the documentation.
pub const CLIENT_KEYS: &[ClientKey] = &[
    key("profile", words(Profile::WORDS), "The set of defaults. Default: `standard`."),
    secret("url", Takes::Text(URL), "Where to connect to. Default: none."),
    secret(
        "urls",
        Takes::List(URL),
        "Where to connect to, in the order in which they are tried; instead of `url`. Default: none.",
    ),
    key(
        "path",
        Takes::Text("a path such as /socket.io"),
        "Replaces the path of each URL. Default: the URL's own.",
    ),
    key("dialect", words(DIALECTS), "What the server speaks. Default: the profile's."),
    key(
        "namespace",
        Takes::Text("a slash and a name, such as /chat"),
        "The namespace to enter (`socketio`). Default: `/`.",
    ),
    key(
        "encoding",
        words(ENCODINGS),
        "How `everlink.v1` is said: `json`, which people can read, or `cbor`. Default: `json`.",
    ),
    key(
        "subprotocols",
        Takes::List("tokens (RFC 6455, section 1.9)"),
        "Offered to the server, in this order. Default: none.",
    ),
    secret(
        "headers",
        Takes::Pairs("Name: value"),
        "Sent with each upgrade request. Default: none.",
    ),
    key(
        "compression",
        Takes::Value(Accepted::Flag),
        "Whether permessage-deflate is offered (RFC 7692). Default: false, since it costs much memory.",
    ),
    secret(
        "proxy",
        Takes::Text("env, none, http://…, https://…, socks5://… or socks5h://…"),
        "Which proxy to use. Default: `env`, what `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name.",
    ),
    key(
        "no_proxy",
        Takes::Text("domains, addresses and networks, separated by commas"),
        "Exceptions from `proxy`. Default: none, or with `env` what `NO_PROXY` names.",
    ),
    key(
        "tls.roots",
        words(&["system", "bundled", "both", "only_extra"]),
        "Whose certificates are trusted. Default: `system`.",
    ),
    key(
        "tls.ca",
        Takes::Path("a file of certificates in PEM"),
        "Certificate authorities that are trusted too. Default: none.",
    ),
    key(
        "tls.client_certificate",
        Takes::Path("a file of certificates in PEM"),
        "The chain to show to a server that asks for one. Default: none.",
    ),
    key(
        "tls.client_key",
        Takes::Path("a file with a private key in PEM"),
        "The key of `tls.client_certificate`. Default: none.",
    ),
    key(
        "tls.server_name",
        Takes::Text("a host name"),
        "The name that is verified instead of the URL's host. Default: the URL's host.",
    ),
    key(
        "tls.versions",
        words(&["all", "1.2", "1.3"]),
        "Which versions are offered. Default: `all`: 1.3, or else 1.2.",
    ),
    key(
        "name_timeout",
        DEADLINE,
        "Longest time to turn a name into addresses. Default: 5 s. Range: 10 ms to 5 min.",
    ),
    key(
        "address_timeout",
        DEADLINE,
        "Longest wait for one address to answer. Default: 5 s. Range: 10 ms to 5 min.",
    ),
    key(
        "proxy_timeout",
        DEADLINE,
        "Longest time for the proxy's tunnel. Default: 10 s. Range: 10 ms to 5 min.",
    ),
    key(
        "tls_timeout",
        DEADLINE,
        "Longest time for the TLS hand-shake. Default: 5 s. Range: 10 ms to 5 min.",
    ),
    key(
        "upgrade_timeout",
        DEADLINE,
        "Longest time for the upgrade. Default: 10 s. Range: 10 ms to 5 min.",
    ),
    key(
        "outbox.path",
        Takes::Path("a file"),
        "Where messages are kept that must survive a crash. Default: none, they are kept in memory.",
    ),
    key(
        "outbox.messages_max",
        Takes::Value(Accepted::Count(1, u32::MAX, false)),
        "Most messages in that file. Default: 10000. Range: 1 to 4294967295.",
    ),
    key(
        "outbox.bytes_max",
        Takes::Value(Accepted::Count(1024, u32::MAX, false)),
        "Most bytes of messages in that file. Default: 67108864. Range: 1024 to 4294967295.",
    ),
    key(
        "cursors.path",
        Takes::Path("a file; it may be that of outbox.path"),
        "Where it is kept how far channels were handled. Default: none, a new run begins now.",
    ),
    key(
        "log_level",
        words(LOG_LEVELS),
        "How much is logged; `warning` and `critical` are understood too. Default: `info`.",
    ),
];

/// Every key, the engine's first.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let settings = SETTINGS.iter().map(|setting| setting.key);
    settings.chain(CLIENT_KEYS.iter().map(|known| known.key))
}

/// Returns the command line's name of a key: `--backoff-max`, `--tls-ca`.
#[must_use]
pub fn flag_name(key: &str) -> String {
    format!("--{}", key.replace(['_', '.'], "-"))
}

/// Returns the environment's name of a key: `EVERLINK_BACKOFF_MAX`, `EVERLINK_TLS_CA`.
#[must_use]
pub fn variable_name(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// What the names of all own variables begin with.
pub const VARIABLE_PREFIX: &str = "EVERLINK_";

/// The variable that names the configuration file, where the program names none.
pub const FILE_VARIABLE: &str = "EVERLINK_CONFIG";
