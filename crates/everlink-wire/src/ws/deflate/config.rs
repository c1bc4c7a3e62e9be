//! What this side wants of compression.

use std::fmt;

use super::{WINDOW_BITS_MAX, WINDOW_BITS_MIN};

/// What this side wants of compression, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateConfig {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: u8,
    pub(super) client_max_window_bits: u8,
    level: u8,
    threshold: usize,
}

impl DeflateConfig {
    /// Starts from the defaults.
    #[must_use]
    pub fn builder() -> DeflateBuilder {
        DeflateBuilder { config: Self::default() }
    }

    pub(super) fn level(&self) -> u32 {
        u32::from(self.level)
    }

    pub(super) fn threshold(&self) -> usize {
        self.threshold
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: WINDOW_BITS_MAX,
            client_max_window_bits: WINDOW_BITS_MAX,
            level: LEVEL,
            threshold: THRESHOLD,
        }
    }
}

/// Collects the settings of a [`DeflateConfig`].
#[derive(Clone, Copy, Debug)]
pub struct DeflateBuilder {
    config: DeflateConfig,
}

impl DeflateBuilder {
    /// Asks that the server forgets each message after compressing it.
    ///
    /// Default: `false`. Why: an idle connection then costs neither side a window, 300 KiB for the
    /// compressing one, at the price of poorer compression of small messages.
    #[must_use]
    pub fn server_no_context_takeover(mut self, value: bool) -> Self {
        self.config.server_no_context_takeover = value;
        self
    }

    /// Asks that the client forgets each message after compressing it. Default: `false`.
    #[must_use]
    pub fn client_no_context_takeover(mut self, value: bool) -> Self {
        self.config.client_no_context_takeover = value;
        self
    }

    /// Bounds the window the server compresses with.
    ///
    /// Unit: binary logarithm of bytes. Default: 15. Range: 9 to 15; the protocol also knows 8,
    /// which zlib cannot make.
    #[must_use]
    pub fn server_max_window_bits(mut self, value: u8) -> Self {
        self.config.server_max_window_bits = value;
        self
    }

    /// Bounds the window the client compresses with.
    ///
    /// Unit: binary logarithm of bytes. Default: 15. Range: 9 to 15. A client that does not offer
    /// the parameter cannot be bound by the server (RFC 7692, section 7.1.2.2).
    #[must_use]
    pub fn client_max_window_bits(mut self, value: u8) -> Self {
        self.config.client_max_window_bits = value;
        self
    }

    /// Sets how hard to compress.
    ///
    /// Unit: level of zlib. Default: 1. Range: 1 (fast) to 9 (small). Why: the first level finds
    /// most of what JSON has to give at a fraction of the time.
    #[must_use]
    pub fn level(mut self, value: u8) -> Self {
        self.config.level = value;
        self
    }

    /// Sets from which length on a message is compressed.
    ///
    /// Unit: bytes. Default: 256. Range: any. Why: below it the gain is less than a packet.
    #[must_use]
    pub fn threshold(mut self, value: usize) -> Self {
        self.config.threshold = value;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// A setting lies outside its range; the error names it.
    pub fn build(self) -> Result<DeflateConfig, DeflateConfigError> {
        let config = self.config;
        let bits = (WINDOW_BITS_MIN, WINDOW_BITS_MAX);
        for (setting, value, (min, max)) in [
            ("server_max_window_bits", config.server_max_window_bits, bits),
            ("client_max_window_bits", config.client_max_window_bits, bits),
            ("level", config.level, (1, 9)),
        ] {
            if !(min..=max).contains(&value) {
                return Err(DeflateConfigError { setting, value, min, max });
            }
        }
        Ok(config)
    }
}

/// A setting lies outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfigError {
    /// Which setting.
    pub setting: &'static str,
    /// Its value.
    pub value: u8,
    /// Smallest accepted value.
    pub min: u8,
    /// Largest accepted value.
    pub max: u8,
}

impl fmt::Display for DeflateConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, min, max } = self;
        write!(f, "{setting} is {value}, accepted are {min} to {max}")
    }
}

impl std::error::Error for DeflateConfigError {}

/// Default of [`DeflateBuilder::level`].
const LEVEL: u8 = 1;

/// Default of [`DeflateBuilder::threshold`].
const THRESHOLD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_outside_its_range_is_named() {
        let build = DeflateConfig::builder().server_max_window_bits(8).build();
        let message = build.unwrap_err().to_string();
        assert_eq!(message, "server_max_window_bits is 8, accepted are 9 to 15");
        assert!(DeflateConfig::builder().level(0).build().is_err());
        assert!(DeflateConfig::builder().client_max_window_bits(16).build().is_err());
        assert!(DeflateConfig::builder().client_max_window_bits(9).level(9).build().is_ok());
    }
}
