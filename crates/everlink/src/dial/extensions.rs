//! What a dial needs to know about an extension: what to offer, and whether an answer fits.

use core::fmt;

/// An extension to negotiate (RFC 6455, section 9.1), such as permessage-deflate (RFC 7692).
pub trait ExtensionOffer: fmt::Debug + Send + Sync {
    /// Returns the value of `Sec-WebSocket-Extensions` to send.
    fn offer(&self) -> String;

    /// Judges the server's answer; several header lines come joined by commas.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the answer was not offered. The dial then fails.
    fn accept(&self, answer: &str) -> Result<(), String>;
}
