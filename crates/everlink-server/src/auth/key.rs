//! Keys that tokens are signed with.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, DecodingKey};

/// A key that the signatures of tokens are checked with: a shared secret, or a public key.
#[derive(Clone)]
pub struct JwtKey {
    pub(super) decoding: DecodingKey,
    pub(super) algorithms: &'static [Algorithm],
}

impl JwtKey {
    /// Takes a secret that is shared with whoever signs (HS256, HS384, HS512).
    ///
    /// # Errors
    ///
    /// It is shorter than [`JWT_SECRET_BYTES_MIN`] bytes: it could be guessed (RFC 7518, section 3.2).
    pub fn secret(secret: &[u8]) -> Result<Self, JwtKeyError> {
        if secret.len() < JWT_SECRET_BYTES_MIN {
            return Err(JwtKeyError::ShortSecret { bytes: secret.len() });
        }
        let decoding = DecodingKey::from_secret(secret);
        let algorithms = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        Ok(Self { decoding, algorithms })
    }

    /// Takes a public key in PEM: RSA (RS256 to RS512, PS256 to PS512), P-256 (ES256), P-384 (ES384) or Ed25519
    /// (EdDSA).
    ///
    /// # Errors
    ///
    /// It is none of these; a private key is refused too, as a server needs none.
    pub fn public_pem(pem: &[u8]) -> Result<Self, JwtKeyError> {
        if contains(pem, b"PRIVATE KEY-----") {
            return Err(JwtKeyError::Private);
        }
        if let Ok(decoding) = DecodingKey::from_rsa_pem(pem) {
            return Ok(Self { decoding, algorithms: RSA });
        }
        if let Ok(decoding) = DecodingKey::from_ec_pem(pem) {
            let algorithms: &[Algorithm] = match decoding.try_get_as_bytes().map_or(0, <[u8]>::len)
            {
                P256_POINT_BYTES => &[Algorithm::ES256],
                P384_POINT_BYTES => &[Algorithm::ES384],
                _ => return Err(JwtKeyError::Unknown),
            };
            return Ok(Self { decoding, algorithms });
        }
        let decoding = DecodingKey::from_ed_pem(pem).map_err(|_| JwtKeyError::Unknown)?;
        Ok(Self { decoding, algorithms: &[Algorithm::EdDSA] })
    }

    /// Reads a key from a file: a public key in PEM, else a secret, without the line break at its end.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is larger than 64 KiB, or has no key that can be used.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, JwtKeyError> {
        let path = path.as_ref();
        let unreadable = |error: io::Error| JwtKeyError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let mut content = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() as u64 > FILE_BYTES_MAX {
            let error = io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes"));
            return Err(unreadable(error));
        }
        if contains(&content, b"-----BEGIN") {
            return Self::public_pem(&content);
        }
        let secret = content.strip_suffix(b"\n").unwrap_or(&content);
        Self::secret(secret.strip_suffix(b"\r").unwrap_or(secret))
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey").field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

/// A key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtKeyError {
    /// The secret is too short.
    #[error("the secret for tokens has {bytes} bytes; accepted: from {JWT_SECRET_BYTES_MIN}")]
    #[non_exhaustive]
    ShortSecret {
        /// How long it is.
        bytes: usize,
    },
    /// It is a private key.
    #[error("the key for tokens is a private one; accepted: the public key that belongs to it")]
    Private,
    /// It is no key that is known here.
    #[error(
        "the key for tokens is not known; accepted in PEM: public keys of RSA, P-256, P-384, Ed25519"
    )]
    Unknown,
    /// Its file cannot be read.
    #[error("the key for tokens cannot be read from {path}: {reason}")]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

/// Shortest secret, in bytes: as long as what HS256 makes of it.
pub const JWT_SECRET_BYTES_MIN: usize = 32;

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

const P256_POINT_BYTES: usize = 65;

const P384_POINT_BYTES: usize = 97;

const FILE_BYTES_MAX: u64 = 64 * 1024;
