//! The options about how to reach an endpoint, shared by the words that dial.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use clap::Args;
use everlink::config::{Loaded, Loader};
use everlink::{Credentials, Dialect};

use crate::exit::usage;
use crate::settings_args::SettingsArgs;

/// How to reach the endpoint.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reaching the endpoint")]
pub(crate) struct EndpointArgs {
    /// Configuration file (TOML or JSON); options here and EVERLINK_* variables go before it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set of defaults: standard, chat_bot, chat_page, rooms, messenger or market_feed.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// What the server speaks: plain, json, chat_text, exchange, everlink or socketio.
    /// Default: the profile's.
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// Namespace to enter (dialect socketio). Default: /.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Header of the upgrade request, `Name: value`; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Subprotocol to offer; may be repeated, the preferred first.
    #[arg(long = "subprotocol", value_name = "NAME")]
    subprotocols: Vec<String>,
    /// Command whose first line of output is a bearer token; run before each attempt.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) token_command: Option<String>,
    /// Proxy: `http://…`, `https://…`, `socks5://…`, `socks5h://…`, `none`, or `env` (the default).
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Whose certificates are trusted: system, bundled, both or only_extra.
    #[arg(long, value_name = "WHICH")]
    tls_roots: Option<String>,
    /// File of certificate authorities to trust as well (PEM).
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<String>,
    /// File with the client's certificate chain (PEM), with --tls-client-key.
    #[arg(long, value_name = "FILE")]
    tls_client_certificate: Option<String>,
    /// File with the private key of the client's certificate (PEM).
    #[arg(long, value_name = "FILE")]
    tls_client_key: Option<String>,
    /// Name to verify instead of the URL's host.
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// Offer permessage-deflate compression; costs CPU and memory.
    #[arg(long)]
    compression: bool,
}

impl EndpointArgs {
    /// Sets what the server speaks, unless that was given.
    pub(crate) fn speaks(&mut self, dialect: &str) {
        self.dialect.get_or_insert_with(|| dialect.to_owned());
    }

    /// Reads options, environment and file, and checks all of it.
    pub(crate) fn load(
        &self,
        urls: &[String],
        settings: &SettingsArgs,
        outbox: Option<&Path>,
    ) -> anyhow::Result<Loaded> {
        let mut loader = self.loader(urls, settings);
        if let Some(path) = outbox {
            let text = path.to_str().ok_or_else(|| usage("--outbox: the path is not UTF-8"))?;
            loader = loader.argument("outbox.path", text);
        }
        let loaded = loader.load().map_err(usage)?;
        refuse_elsewhere(&loaded, "--namespace", self.namespace.is_some())?;
        Ok(loaded)
    }

    fn loader(&self, urls: &[String], settings: &SettingsArgs) -> Loader {
        let mut loader = Loader::new().environment(std::env::vars_os());
        if let Some(file) = &self.config {
            loader = loader.file(file);
        }
        if !urls.is_empty() {
            loader = loader.argument_list("urls", urls.iter().map(String::as_str));
        }
        for (key, text) in self.texts() {
            if let Some(text) = text {
                loader = loader.argument(key, text);
            }
        }
        if !self.headers.is_empty() {
            loader = loader.argument("headers", self.headers.join("\n"));
        }
        if !self.subprotocols.is_empty() {
            loader = loader.argument_list("subprotocols", self.subprotocols.clone());
        }
        if self.compression {
            loader = loader.argument("compression", "true");
        }
        let given = settings.given.iter();
        given.fold(loader, |loader, (key, value)| loader.setting(*key, *value))
    }

    /// Returns each key of the configuration that is one text, with what was given for it.
    fn texts(&self) -> [(&'static str, Option<&String>); 9] {
        [
            ("profile", self.profile.as_ref()),
            ("dialect", self.dialect.as_ref()),
            ("namespace", self.namespace.as_ref()),
            ("proxy", self.proxy.as_ref()),
            ("tls.roots", self.tls_roots.as_ref()),
            ("tls.ca", self.tls_ca.as_ref()),
            ("tls.client_certificate", self.tls_client_certificate.as_ref()),
            ("tls.client_key", self.tls_client_key.as_ref()),
            ("tls.server_name", self.tls_server_name.as_ref()),
        ]
    }
}

/// Refuses an option that only servers of Socket.IO have a meaning for, where another dialect is spoken.
pub(crate) fn refuse_elsewhere(loaded: &Loaded, option: &str, given: bool) -> anyhow::Result<()> {
    let config = loaded.engine.clone().build().map_err(usage)?;
    let (wanted, spoken) = (Dialect::SOCKETIO.name, config.dialect().name);
    if !given || spoken == wanted {
        return Ok(());
    }
    Err(usage(format!("{option}: the dialect is `{spoken}`; accepted: with --dialect {wanted}")))
}

/// Runs a token command by the shell; its first line of output is the token.
pub(crate) async fn run_token_command(command: String) -> anyhow::Result<Credentials> {
    let mut shell = tokio::process::Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = shell.output().await.context("--token-command: the shell cannot be started")?;
    if !output.status.success() {
        bail!("--token-command ended with {}", output.status);
    }
    let text = String::from_utf8(output.stdout);
    let text = text.context("--token-command: its output is not UTF-8")?;
    let token = text.lines().next().map(str::trim).unwrap_or_default();
    if token.is_empty() {
        bail!("--token-command printed nothing; accepted: a token on the first line");
    }
    Ok(Credentials::bearer(token))
}
