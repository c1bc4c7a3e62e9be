//! Checking UTF-8 that arrives in pieces.

/// Checks a text that arrives in pieces, and refuses it at the first byte that cannot be part of
/// any valid text (RFC 3629), even in the middle of a character.
#[derive(Debug, Default)]
pub(crate) struct Utf8Stream {
    /// The beginning of a character whose end has not come yet.
    open: [u8; 4],
    open_len: usize,
}

impl Utf8Stream {
    /// Checks the next piece; `false` means that the text is invalid.
    #[must_use]
    pub(crate) fn push(&mut self, piece: &[u8]) -> bool {
        let Some(rest) = self.close_open(piece) else {
            return false;
        };
        match simdutf8::compat::from_utf8(rest) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                let tail = &rest[error.valid_up_to()..];
                self.open[..tail.len()].copy_from_slice(tail);
                self.open_len = tail.len();
                true
            }
        }
    }

    /// Returns whether no character is left open: only then may the text end.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.open_len == 0
    }

    /// Adds bytes to the open character until it is complete; returns what follows it.
    fn close_open<'a>(&mut self, mut piece: &'a [u8]) -> Option<&'a [u8]> {
        while self.open_len > 0 {
            let Some((first, rest)) = piece.split_first() else {
                break;
            };
            piece = rest;
            self.open[self.open_len] = *first;
            self.open_len += 1;
            match std::str::from_utf8(&self.open[..self.open_len]) {
                Ok(_) => self.open_len = 0,
                Err(error) if error.error_len().is_some() => return None,
                Err(_) => {}
            }
        }
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8Stream;

    const MIXED: &str = "aé€😀\u{10FFFF}\u{0}z";

    #[test]
    fn a_text_cut_anywhere_is_valid() {
        for first in 0..=MIXED.len() {
            for second in first..=MIXED.len() {
                let mut stream = Utf8Stream::default();
                let bytes = MIXED.as_bytes();
                assert!(stream.push(&bytes[..first]));
                assert!(stream.push(&bytes[first..second]));
                assert!(stream.push(&bytes[second..]));
                assert!(stream.is_complete());
            }
        }
    }

    #[test]
    fn fault_39_an_impossible_second_byte_is_refused_before_the_character_is_complete() {
        for start in [&[0xF4_u8, 0x90][..], &[0xED, 0xA0], &[0xE0, 0x80], &[0xC0], &[0xF5], &[0xFF]]
        {
            let mut stream = Utf8Stream::default();
            let valid = start.iter().all(|byte| stream.push(&[*byte]));
            assert!(!valid, "{start:x?}");
        }
    }

    #[test]
    fn an_unfinished_character_is_not_complete() {
        let mut stream = Utf8Stream::default();
        assert!(stream.push(&[b'a', 0xE2, 0x82]));
        assert!(!stream.is_complete());
        assert!(stream.push(&[0xAC]));
        assert!(stream.is_complete());
    }

    #[test]
    fn pieces_are_judged_like_the_whole() {
        // Every pair of a lead byte and a second byte, with fixed continuations behind them.
        for lead in 0..=255_u8 {
            for second in 0..=255_u8 {
                let text = [lead, second, 0x80, 0x80];
                for end in 1..=4 {
                    let mut stream = Utf8Stream::default();
                    let valid =
                        text[..end].iter().all(|b| stream.push(&[*b])) && stream.is_complete();
                    assert_eq!(valid, std::str::from_utf8(&text[..end]).is_ok(), "{text:x?}");
                }
            }
        }
    }
}
