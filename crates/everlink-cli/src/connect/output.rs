//! From the connection to standard output.

use std::fmt::Write as _;

use everlink::Message;
use serde_json::json;

/// Makes lines of messages.
#[derive(Debug)]
pub(super) struct Output;

impl Output {
    /// Returns the line for a message: text as it is, bytes in hexadecimal digits.
    pub(super) fn format(
        &self,
        channel: Option<&str>,
        message: &Message,
        envelope: bool,
    ) -> String {
        let (text, is_text) = match message.as_text() {
            Some(text) => (text.to_owned(), true),
            None => (hex(message.as_bytes()), false),
        };
        if !envelope {
            return text;
        }
        let kind = if is_text { "text" } else { "hex" };
        json!({ "channel": channel, kind: text }).to_string()
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Output;
    use everlink::Message;

    #[test]
    fn text_is_printed_as_it_is_and_bytes_in_hexadecimal_digits() {
        let format = |message: Message, envelope| Output.format(Some("a"), &message, envelope);
        assert_eq!(format("hé".into(), false), "hé");
        assert_eq!(format(vec![0, 255].into(), false), "00ff");
        assert_eq!(format("x".into(), true), r#"{"channel":"a","text":"x"}"#);
    }
}
