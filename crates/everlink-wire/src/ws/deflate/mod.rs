//! permessage-deflate (RFC 7692).

mod config;
mod deflater;
mod extension;
mod inflater;
mod negotiation;

pub use config::{DeflateBuilder, DeflateConfig, DeflateConfigError};
pub(crate) use deflater::Deflater;
pub use extension::ExtensionError;
pub(crate) use inflater::Inflater;
pub use negotiation::DeflateParams;

/// Largest window: 32 KiB (RFC 7692, section 7.1.2).
const WINDOW_BITS_MAX: u8 = 15;

/// Smallest window that the compressor can make: zlib cannot keep to one of 256 bytes.
const WINDOW_BITS_MIN: u8 = 9;

/// What every flush ends with, left out on the wire (RFC 7692, section 7.2.1).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
