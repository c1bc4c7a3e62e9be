//! From the client's own settings to those of a dial.

use std::io;
use std::path::{Path, PathBuf};

use everlink_wire::ws::DeflateConfig;

use super::client::{ClientSettings, TlsSettings};
use crate::dial::{DialOptionsBuilder, OptionsError, Proxy, Roots, TlsOptions, TlsVersions};

/// Settings that name something which cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("`{key}`: {}: {source}", path.display())]
    #[non_exhaustive]
    File {
        /// The setting that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A value is not understood.
    #[error(transparent)]
    Value(#[from] OptionsError),
    /// Two settings go only together.
    #[error("`{given}` is set, and `{missing}` is not; accepted: both or none")]
    #[non_exhaustive]
    Alone {
        /// The setting that is there.
        given: &'static str,
        /// The setting that is missing.
        missing: &'static str,
    },
    /// No URL is set.
    #[error("`url` is missing; accepted: ws://host/path or wss://host/path")]
    NoUrl,
    /// A path does not fit to a URL.
    #[error("`path` is {value:?}; accepted: a path such as /socket.io, for URLs that can have one")]
    #[non_exhaustive]
    Path {
        /// The path given.
        value: String,
    },
}

/// The settings of a dial, with the files read and the proxy parsed: ready to be applied often.
#[derive(Clone, Debug)]
pub struct Dialing {
    settings: ClientSettings,
    tls: TlsOptions,
    proxy: Option<Proxy>,
}

impl ClientSettings {
    /// Reads the files that the settings name, and checks what belongs together.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names the setting, and the file if it is one.
    pub fn dialing(&self) -> Result<Dialing, SettingsError> {
        Ok(Dialing { settings: self.clone(), tls: self.tls.options()?, proxy: self.proxy()? })
    }

    /// Returns the URLs, with `path` in place of their own where it is set.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if there is none, or one cannot have a path.
    pub fn endpoints(&self) -> Result<Vec<String>, SettingsError> {
        if self.urls.is_empty() {
            return Err(SettingsError::NoUrl);
        }
        let Some(path) = &self.path else { return Ok(self.urls.clone()) };
        let replaced = |url: &String| {
            let mut parsed = url::Url::parse(url).ok()?;
            parsed.set_path(path);
            (!parsed.cannot_be_a_base()).then(|| parsed.to_string())
        };
        let all: Option<Vec<String>> = self.urls.iter().map(replaced).collect();
        all.ok_or_else(|| SettingsError::Path { value: path.clone() })
    }

    fn proxy(&self) -> Result<Option<Proxy>, OptionsError> {
        let exceptions = self.no_proxy.as_deref();
        match (self.proxy.as_deref(), exceptions) {
            (None | Some("env"), _) => Ok(None),
            (Some("none"), _) => Ok(Some(Proxy::none())),
            (Some(url), None) => Proxy::url(url).map(Some),
            (Some(url), Some(exceptions)) => Proxy::url_except(url, exceptions).map(Some),
        }
    }
}

impl Dialing {
    /// Applies the settings to a dial.
    #[must_use]
    pub fn apply(&self, dial: DialOptionsBuilder) -> DialOptionsBuilder {
        let settings = &self.settings;
        let mut dial = dial.tls(self.tls.clone());
        for (name, value) in &settings.headers {
            dial = dial.header(name, value);
        }
        for name in &settings.subprotocols {
            dial = dial.subprotocol(name);
        }
        if let Some(proxy) = &self.proxy {
            dial = dial.proxy(proxy.clone());
        }
        if let Some(limit) = settings.name_timeout {
            dial = dial.name_timeout(limit);
        }
        if let Some(limit) = settings.address_timeout {
            dial = dial.address_timeout(limit);
        }
        if let Some(limit) = settings.proxy_timeout {
            dial = dial.proxy_timeout(limit);
        }
        if let Some(limit) = settings.tls_timeout {
            dial = dial.tls_timeout(limit);
        }
        if let Some(limit) = settings.upgrade_timeout {
            dial = dial.upgrade_timeout(limit);
        }
        dial
    }

    /// Returns how messages are compressed; none unless `compression` is on.
    #[must_use]
    pub fn deflate(&self) -> Option<DeflateConfig> {
        self.settings.compression.unwrap_or(false).then(DeflateConfig::default)
    }

    /// Returns the settings of TLS.
    #[must_use]
    pub fn tls(&self) -> &TlsOptions {
        &self.tls
    }
}

impl TlsSettings {
    fn options(&self) -> Result<TlsOptions, SettingsError> {
        let mut tls = TlsOptions::new().roots(match self.roots {
            Some("bundled") => Roots::Bundled,
            Some("both") => Roots::Both,
            Some("only_extra") => Roots::OnlyExtra,
            Some(_) | None => Roots::System,
        });
        tls = tls.versions(match self.versions {
            Some("1.2") => TlsVersions::Only12,
            Some("1.3") => TlsVersions::Only13,
            Some(_) | None => TlsVersions::All,
        });
        if let Some(path) = &self.ca {
            tls = tls.extra_ca_pem(read("tls.ca", path)?);
        }
        if let Some(name) = &self.server_name {
            tls = tls.server_name(name);
        }
        let (certificate, key) = ("tls.client_certificate", "tls.client_key");
        match (&self.client_certificate, &self.client_key) {
            (None, None) => Ok(tls),
            (Some(_), None) => Err(SettingsError::Alone { given: certificate, missing: key }),
            (None, Some(_)) => Err(SettingsError::Alone { given: key, missing: certificate }),
            (Some(chain), Some(secret)) => {
                Ok(tls.client_certificate_pem(read(certificate, chain)?, read(key, secret)?))
            }
        }
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, SettingsError> {
    std::fs::read(path).map_err(|source| SettingsError::File { key, path: path.into(), source })
}
