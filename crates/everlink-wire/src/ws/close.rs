//! Close frames (RFC 6455, sections 5.5.1 and 7.4).

use bytes::{Buf, Bytes};

use super::{Text, WsError};

/// Why the peer closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Close code, one of those that may stand on the wire ([`close_code_is_valid`]).
    pub code: u16,
    /// Reason in words, for logs; often empty. At most 123 bytes.
    pub reason: Text,
}

impl Close {
    /// Reads the payload of a close frame.
    pub(crate) fn parse(mut payload: Bytes) -> Result<Option<Self>, WsError> {
        if payload.is_empty() {
            return Ok(None);
        }
        if payload.len() == 1 {
            return Err(WsError::CloseTruncated);
        }
        let code = payload.get_u16();
        if !close_code_is_valid(code) {
            return Err(WsError::CloseCodeInvalid { code });
        }
        let reason = Text::try_from(payload).map_err(|_| WsError::CloseReasonInvalid)?;
        Ok(Some(Self { code, reason }))
    }
}

/// Returns whether a close frame may carry this code.
///
/// These are 1000–1003 and 1007–1011 (RFC 6455, section 7.4.1), 1012–1014 (registered with IANA
/// since), and 3000–4999 (section 7.4.2). Not 1005, 1006 and 1015, which only report a loss.
#[must_use]
pub const fn close_code_is_valid(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_registered_and_the_private_codes_are_valid() {
        let ranges: Vec<u16> = (0..=u16::MAX)
            .filter(|code| close_code_is_valid(*code) != close_code_is_valid(code.wrapping_sub(1)))
            .collect();
        assert_eq!(ranges, [1000, 1004, 1007, 1015, 3000, 5000]);
    }
}
