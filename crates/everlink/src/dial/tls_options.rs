//! The settings of TLS, and what they are parsed into.

use core::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, SupportedProtocolVersion};

use super::options::OptionsError;
use super::roots::Roots;

/// The versions of TLS that are offered; older ones are not safe (RFC 8996).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsVersions {
    /// 1.3, or else 1.2.
    #[default]
    All,
    /// 1.2 alone (RFC 5246).
    Only12,
    /// 1.3 alone (RFC 8446).
    Only13,
}

/// Settings of TLS; there is none that turns verification off.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    roots: Roots,
    versions: TlsVersions,
    extra_ca_pem: Vec<u8>,
    client_pem: Option<(Vec<u8>, Vec<u8>)>,
    server_name: Option<String>,
}

impl TlsOptions {
    /// Starts from the defaults: the system's certificate authorities, no client certificate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whose certificates are trusted. Default: [`Roots::System`].
    #[must_use]
    pub fn roots(mut self, value: Roots) -> Self {
        self.roots = value;
        self
    }

    /// Sets which versions are offered. Default: [`TlsVersions::All`].
    #[must_use]
    pub fn versions(mut self, value: TlsVersions) -> Self {
        self.versions = value;
        self
    }

    /// Adds certificate authorities of one's own: one or more certificates in PEM.
    #[must_use]
    pub fn extra_ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.extra_ca_pem.extend_from_slice(pem.as_ref());
        self.extra_ca_pem.push(b'\n');
        self
    }

    /// Sets the certificate chain, leaf first, and the private key to show to a server that asks
    /// for them, both in PEM. They are never shown to a proxy.
    #[must_use]
    pub fn client_certificate_pem(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.client_pem = Some((chain.into(), key.into()));
        self
    }

    /// Sets the name that is asked for and verified, instead of the URL's host.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn name(&self) -> Result<Option<ServerName<'static>>, OptionsError> {
        self.server_name.as_deref().map(parse_name).transpose()
    }
}

impl TlsVersions {
    pub(super) fn supported(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::All => vec![&TLS13, &TLS12],
            Self::Only12 => vec![&TLS12],
            Self::Only13 => vec![&TLS13],
        }
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("roots", &self.roots)
            .field("versions", &self.versions)
            .field("extra_ca_bytes", &self.extra_ca_pem.len())
            .field("client_certificate", &self.client_pem.is_some())
            .field("server_name", &self.server_name)
            .finish()
    }
}

/// What the settings hold, parsed and checked.
pub(super) struct Material {
    pub(super) roots: Roots,
    pub(super) versions: TlsVersions,
    pub(super) extra: Vec<CertificateDer<'static>>,
    pub(super) identity: Option<Arc<SingleCertAndKey>>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl Material {
    pub(super) fn new(options: &TlsOptions) -> Result<Self, OptionsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let identity = |(chain, key): &(Vec<u8>, Vec<u8>)| identity(chain, key, &provider);
        let material = Self {
            roots: options.roots,
            versions: options.versions,
            extra: authorities(&options.extra_ca_pem)?,
            identity: options.client_pem.as_ref().map(identity).transpose()?,
            provider: Arc::clone(&provider),
        };
        if options.roots == Roots::OnlyExtra && material.extra.is_empty() {
            let accepted = "at least one certificate in PEM, since no other roots are trusted";
            return Err(OptionsError::new("extra_ca_pem", "none", accepted));
        }
        Ok(material)
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let found = certificates("extra_ca_pem", pem)?;
    let given = pem.iter().any(|byte| !byte.is_ascii_whitespace());
    if given && found.is_empty() {
        let accepted = "one or more certificates in PEM";
        return Err(OptionsError::new("extra_ca_pem", "no certificate", accepted));
    }
    let mut store = RootCertStore::empty();
    for certificate in &found {
        store.add(certificate.clone()).map_err(|error| {
            OptionsError::new("extra_ca_pem", error.to_string(), "certificates of authorities")
        })?;
    }
    Ok(found)
}

fn certificates(
    setting: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.map_err(|error| OptionsError::new(setting, error.to_string(), "certificates in PEM"))
}

fn identity(
    chain: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<Arc<SingleCertAndKey>, OptionsError> {
    let setting = "client_certificate_pem";
    let chain = certificates(setting, chain)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
        OptionsError::new(setting, error.to_string(), "a private key in PEM, unencrypted")
    })?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        let accepted = "a certificate chain, leaf first, and the leaf's private key";
        OptionsError::new(setting, error.to_string(), accepted)
    })?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

fn parse_name(name: &str) -> Result<ServerName<'static>, OptionsError> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| OptionsError::new("server_name", name, "a DNS name or an IP address"))
}
