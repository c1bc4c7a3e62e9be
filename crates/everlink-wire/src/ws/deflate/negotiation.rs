//! Agreeing on compression (RFC 7692, sections 5 and 7.1).

use std::fmt;

use super::extension::{self, Extension};
use super::{DeflateConfig, ExtensionError, WINDOW_BITS_MAX, WINDOW_BITS_MIN};
use crate::ws::Role;

/// What both sides have agreed on.
///
/// Displayed, it is the value of the server's `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateParams {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: u8,
    client_max_window_bits: u8,
    /// Whether the server's answer names the window of the client.
    names_client_window: bool,
}

impl DeflateConfig {
    /// Writes the offer of a client: the value of its `Sec-WebSocket-Extensions`.
    #[must_use]
    pub fn offer(&self) -> String {
        let mut offer = NAME.to_owned();
        if self.server_no_context_takeover {
            offer += "; server_no_context_takeover";
        }
        if self.client_no_context_takeover {
            offer += "; client_no_context_takeover";
        }
        if self.server_max_window_bits < WINDOW_BITS_MAX {
            offer += &format!("; server_max_window_bits={}", self.server_max_window_bits);
        }
        offer += "; client_max_window_bits";
        if self.client_max_window_bits < WINDOW_BITS_MAX {
            offer += &format!("={}", self.client_max_window_bits);
        }
        offer
    }

    /// Reads a server's answer to [`offer`](Self::offer); `None` when it declines.
    ///
    /// Several header lines are to be joined with commas, none is the empty string.
    ///
    /// # Errors
    ///
    /// The answer breaks the grammar or does not fit the offer; the handshake must fail.
    pub fn read_answer(&self, header: &str) -> Result<Option<DeflateParams>, ExtensionError> {
        let extensions = extension::parse(header)?;
        let Some((first, more)) = extensions.split_first() else {
            return Ok(None);
        };
        let stranger = more.first().or_else(|| (!is_deflate(first)).then_some(first));
        if let Some(stranger) = stranger {
            return Err(ExtensionError::NotOffered { name: stranger.name.clone() });
        }
        let answer = Params::read(first, Role::Server).map_err(invalid)?;
        self.check_answer(&answer)?;
        Ok(Some(DeflateParams {
            server_no_context_takeover: answer.server_no_context_takeover,
            client_no_context_takeover: answer.client_no_context_takeover
                || self.client_no_context_takeover,
            server_max_window_bits: answer.server_window().unwrap_or(WINDOW_BITS_MAX),
            client_max_window_bits: answer.client_window().unwrap_or(self.client_max_window_bits),
            names_client_window: answer.client_max_window_bits.is_some(),
        }))
    }

    /// Answers the offers of a client; `None` when none of them suits.
    ///
    /// Several header lines are to be joined with commas, none is the empty string. Of several
    /// offers the first acceptable one is taken (RFC 7692, section 5.1); one with a parameter that is
    /// unknown, doubled or out of range, or that asks for a window of 256 bytes from this server,
    /// is passed over (section 7.1).
    ///
    /// # Errors
    ///
    /// The header breaks the grammar; the handshake must fail, with status 400.
    pub fn answer(&self, header: &str) -> Result<Option<DeflateParams>, ExtensionError> {
        let offers = extension::parse(header)?;
        Ok(offers
            .iter()
            .filter(|offer| is_deflate(offer))
            .filter_map(|offer| Params::read(offer, Role::Client).ok())
            .find_map(|offer| self.accept(&offer)))
    }

    fn accept(&self, offer: &Params) -> Option<DeflateParams> {
        let server_bits = offer.server_window().unwrap_or(WINDOW_BITS_MAX);
        if server_bits < WINDOW_BITS_MIN {
            return None;
        }
        // A client that does not know the parameter must not be bound by it (section 7.1.2.2).
        let client_bits = match offer.client_max_window_bits {
            None => WINDOW_BITS_MAX,
            Some(bits) => bits.unwrap_or(WINDOW_BITS_MAX).min(self.client_max_window_bits),
        };
        Some(DeflateParams {
            server_no_context_takeover: offer.server_no_context_takeover
                || self.server_no_context_takeover,
            client_no_context_takeover: offer.client_no_context_takeover
                || self.client_no_context_takeover,
            server_max_window_bits: server_bits.min(self.server_max_window_bits),
            client_max_window_bits: client_bits,
            names_client_window: client_bits < WINDOW_BITS_MAX,
        })
    }

    fn check_answer(&self, answer: &Params) -> Result<(), ExtensionError> {
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(ExtensionError::ParamMissing { param: "server_no_context_takeover" });
        }
        match answer.server_window() {
            Some(bits) if bits > self.server_max_window_bits => {
                return Err(invalid(format!("server_max_window_bits={bits}")));
            }
            None if self.server_max_window_bits < WINDOW_BITS_MAX => {
                return Err(ExtensionError::ParamMissing { param: "server_max_window_bits" });
            }
            Some(_) | None => {}
        }
        match answer.client_window() {
            Some(bits) if bits > self.client_max_window_bits => {
                Err(invalid(format!("client_max_window_bits={bits}")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl DeflateParams {
    /// Returns whether this end's messages may refer to earlier ones.
    pub(super) fn deflate_takes_over(&self, role: Role) -> bool {
        match role {
            Role::Client => !self.client_no_context_takeover,
            Role::Server => !self.server_no_context_takeover,
        }
    }

    /// Returns whether the other end's messages may refer to earlier ones.
    pub(crate) fn inflate_takes_over(&self, role: Role) -> bool {
        match role {
            Role::Client => self.deflate_takes_over(Role::Server),
            Role::Server => self.deflate_takes_over(Role::Client),
        }
    }

    /// Returns the window this end may compress with.
    pub(super) fn deflate_window_bits(&self, role: Role) -> u8 {
        match role {
            Role::Client => self.client_max_window_bits,
            Role::Server => self.server_max_window_bits,
        }
    }
}

impl fmt::Display for DeflateParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if self.server_max_window_bits < WINDOW_BITS_MAX {
            write!(f, "; server_max_window_bits={}", self.server_max_window_bits)?;
        }
        if self.names_client_window {
            write!(f, "; client_max_window_bits={}", self.client_max_window_bits)?;
        }
        Ok(())
    }
}

/// The parameters of one offer or answer; a window may be named without a size.
#[derive(Debug, Default)]
struct Params {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Option<u8>>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Params {
    /// Reads what `sender` wrote; the error is the parameter that does not fit.
    fn read(extension: &Extension, sender: Role) -> Result<Self, String> {
        let mut params = Self::default();
        for (name, value) in &extension.params {
            if !params.set(name, value.as_deref(), sender) {
                return Err(match value {
                    Some(value) => format!("{name}={value}"),
                    None => name.clone(),
                });
            }
        }
        Ok(params)
    }

    /// Sets one parameter; `false` when it is unknown, doubled or has a bad value.
    fn set(&mut self, name: &str, value: Option<&str>, sender: Role) -> bool {
        match name {
            "server_no_context_takeover" => set_flag(&mut self.server_no_context_takeover, value),
            "client_no_context_takeover" => set_flag(&mut self.client_no_context_takeover, value),
            "server_max_window_bits" => set_bits(&mut self.server_max_window_bits, value, false),
            "client_max_window_bits" => {
                // Only an offer may leave the size open (section 7.1.2.2).
                set_bits(&mut self.client_max_window_bits, value, sender == Role::Client)
            }
            _ => false,
        }
    }

    fn server_window(&self) -> Option<u8> {
        self.server_max_window_bits.flatten()
    }

    fn client_window(&self) -> Option<u8> {
        self.client_max_window_bits.flatten()
    }
}

fn set_flag(flag: &mut bool, value: Option<&str>) -> bool {
    let is_new = !*flag;
    *flag = true;
    is_new && value.is_none()
}

fn set_bits(bits: &mut Option<Option<u8>>, value: Option<&str>, may_be_open: bool) -> bool {
    let is_new = bits.is_none();
    let read = match value {
        None => may_be_open.then_some(None),
        // No leading zero (section 7.1.2.1).
        Some("8") => Some(Some(8)),
        Some("9") => Some(Some(9)),
        Some(digits @ ("10" | "11" | "12" | "13" | "14" | "15")) => Some(digits.parse().ok()),
        Some(_) => None,
    };
    *bits = read;
    is_new && read.is_some()
}

fn is_deflate(extension: &Extension) -> bool {
    extension.name == NAME
}

fn invalid(param: String) -> ExtensionError {
    ExtensionError::ParamInvalid { param }
}

const NAME: &str = "permessage-deflate";

#[cfg(test)]
mod tests;
