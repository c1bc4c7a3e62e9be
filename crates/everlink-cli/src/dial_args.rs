//! The options about how to reach an endpoint, shared by the words that dial.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use clap::Args;
use everlink::dial::{
    DialOptions, HeaderMap, HeaderName, HeaderValue, Proxy, Roots, TlsOptions,
};
use everlink_wire::ws::DeflateConfig;

/// How to reach the endpoint.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reaching the endpoint")]
pub(crate) struct DialArgs {
    /// Header of the upgrade request, `Name: value`; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    pub(crate) headers: Vec<(String, String)>,
    /// Subprotocol to offer; may be repeated, the preferred first.
    #[arg(long = "subprotocol", value_name = "NAME")]
    pub(crate) subprotocols: Vec<String>,
    /// Command whose first line of output is a bearer token, run before each attempt.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) token_command: Option<String>,
    /// Proxy: `http://`, `socks5://` or `socks5h://`, or `none`. Default: HTTPS_PROXY and its like.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// File of certificate authorities to trust besides the others (PEM); may be repeated.
    #[arg(long = "ca-file", value_name = "FILE")]
    ca_files: Vec<PathBuf>,
    /// Which certificate authorities to trust: system, bundled, both or extra (--ca-file only).
    #[arg(long, value_name = "WHICH", default_value = "system", value_parser = parse_roots)]
    roots: Option<Roots>,
    /// Client certificate chain (PEM), with --client-key.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// Offer permessage-deflate compression; costs CPU and memory.
    #[arg(long)]
    deflate: bool,
}

impl DialArgs {
    /// Checks the options, and reads the files they name.
    pub(crate) fn options(&self) -> anyhow::Result<DialOptions> {
        let mut builder = DialOptions::builder().tls(self.tls()?);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        for name in &self.subprotocols {
            builder = builder.subprotocol(name);
        }
        if let Some(url) = &self.proxy {
            let none = url == "none";
            builder = builder.proxy(if none { Proxy::none() } else { Proxy::url(url)? });
        }
        if self.deflate {
            builder = builder.deflate(Some(DeflateConfig::default()));
        }
        Ok(builder.build()?)
    }

    /// Reads what belongs to TLS.
    pub(crate) fn tls(&self) -> anyhow::Result<TlsOptions> {
        let mut tls = TlsOptions::new().roots(self.roots.unwrap_or(Roots::System));
        for file in &self.ca_files {
            let pem = std::fs::read(file);
            tls = tls.extra_ca_pem(pem.with_context(|| format!("--ca-file {}", file.display()))?);
        }
        if let (Some(cert), Some(key)) = (&self.client_cert, &self.client_key) {
            let chain = std::fs::read(cert);
            let chain = chain.with_context(|| format!("--client-cert {}", cert.display()))?;
            let key_pem = std::fs::read(key);
            let key_pem = key_pem.with_context(|| format!("--client-key {}", key.display()))?;
            tls = tls.client_certificate_pem(chain, key_pem);
        }
        Ok(tls)
    }

    /// Runs the token command, if there is one; returns the headers of this attempt.
    pub(crate) async fn credentials(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(command) = &self.token_command {
            let token = run_token_command(command).await?;
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .context("--token-command: its first line cannot stand in a header")?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("authorization"), value);
        }
        Ok(headers)
    }
}

/// Runs a command by the shell; returns the first line of its output.
pub(crate) async fn run_token_command(command: &str) -> anyhow::Result<String> {
    let mut shell = tokio::process::Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = shell.output().await.context("--token-command: the shell cannot be started")?;
    if !output.status.success() {
        bail!("--token-command failed: {}", output.status);
    }
    let text = String::from_utf8(output.stdout);
    let text = text.context("--token-command: its output is not UTF-8")?;
    let token = text.lines().next().map(str::trim).unwrap_or_default();
    if token.is_empty() {
        bail!("--token-command printed nothing; expected a token on the first line");
    }
    Ok(token.to_owned())
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(format!("`{text}` has no colon; accepted: `Name: value`"));
    };
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn parse_roots(text: &str) -> Result<Roots, String> {
    match text {
        "system" => Ok(Roots::System),
        "bundled" => Ok(Roots::Bundled),
        "both" => Ok(Roots::Both),
        "extra" => Ok(Roots::OnlyExtra),
        _ => Err(format!("`{text}`; accepted: system, bundled, both, extra")),
    }
}
