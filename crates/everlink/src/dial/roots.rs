//! Whom to trust: the system's certificate authorities, bundled ones, or one's own.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

/// The certificate authorities that may vouch for a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Roots {
    /// Those of the operating system, by its own rules where it has some (macOS, Windows).
    #[default]
    System,
    /// Those of Mozilla's programme, as bundled when this crate was built.
    Bundled,
    /// Those of the system, and the bundled ones where the system knows no issuer.
    Both,
    /// None but the extra ones given with [`TlsOptions::extra_ca_pem`](super::TlsOptions::extra_ca_pem).
    OnlyExtra,
}

/// Returns what judges server certificates.
pub(super) fn verifier(
    roots: Roots,
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(match roots {
        Roots::System => Arc::new(system(extra, provider)?),
        Roots::Bundled => bundled(extra, provider)?,
        Roots::OnlyExtra => only(RootCertStore::empty(), extra, provider)?,
        Roots::Both => Arc::new(Either {
            first: Arc::new(system(extra, provider)?),
            second: bundled(extra, provider)?,
        }),
    })
}

fn system(
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    Verifier::new_with_extra_roots(extra.iter().cloned(), Arc::clone(provider))
}

fn bundled(
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    only(roots, extra, provider)
}

fn only(
    mut roots: RootCertStore,
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    for certificate in extra {
        roots.add(certificate.clone())?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Error::Other(OtherError(Arc::new(error))))
}

/// Asks the second verifier only where the first knows no issuer: a certificate that the system
/// rejects for another reason (expired, revoked, wrong name) stays rejected.
#[derive(Debug)]
struct Either {
    first: Arc<dyn ServerCertVerifier>,
    second: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Either {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.first.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        if let Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) = verdict {
            return self.second.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::SignatureScheme as Scheme;

    use super::*;

    /// A verifier that always says the same.
    #[derive(Debug)]
    struct Says(Option<CertificateError>);

    impl ServerCertVerifier for Says {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            let rejected = self.0.clone().map(Error::InvalidCertificate);
            rejected.map_or_else(|| Ok(ServerCertVerified::assertion()), Err)
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::DecryptError)
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::DecryptError)
        }

        fn supported_verify_schemes(&self) -> Vec<Scheme> {
            Vec::new()
        }
    }

    fn check(first: Option<CertificateError>, second: Option<CertificateError>, accepted: bool) {
        let text = format!("{first:?}, {second:?}");
        let either = Either { first: Arc::new(Says(first)), second: Arc::new(Says(second)) };
        let certificate = CertificateDer::from(Vec::new());
        let name = ServerName::try_from("server.test").expect("a name");
        let now = UnixTime::since_unix_epoch(core::time::Duration::ZERO);
        let verdict = either.verify_server_cert(&certificate, &[], &name, &[], now);
        assert_eq!(verdict.is_ok(), accepted, "{text}");
    }

    #[test]
    fn fault_07_the_bundled_roots_are_asked_only_where_the_system_knows_no_issuer() {
        use CertificateError::{Expired, NotValidForName, Revoked, UnknownIssuer};
        check(None, Some(UnknownIssuer), true);
        check(Some(UnknownIssuer), None, true);
        check(Some(UnknownIssuer), Some(UnknownIssuer), false);
        for rejected in [Expired, NotValidForName, Revoked] {
            check(Some(rejected), None, false);
        }
    }
}
