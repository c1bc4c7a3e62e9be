//! What the application adds to the upgrade request: headers and subprotocols.

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    UPGRADE,
};

use super::options::OptionsError;

/// Most subprotocols that can be offered.
pub const SUBPROTOCOLS_MAX: usize = 32;

/// Returns the headers to send, all marked as sensitive.
pub(super) fn parse_headers(headers: &[(String, Vec<u8>)]) -> Result<HeaderMap, OptionsError> {
    let mut parsed = HeaderMap::new();
    for (name, value) in headers {
        let Ok(name) = HeaderName::try_from(name.as_str()) else {
            let accepted = "the characters of an HTTP token (RFC 9110, section 5.6.2)";
            return Err(OptionsError::new("header", format!("name {name:?}"), accepted));
        };
        check_header_name(&name)?;
        let Ok(mut value) = HeaderValue::from_bytes(value) else {
            let accepted = "visible characters, spaces and tabs";
            return Err(OptionsError::new("header", format!("the value of {name}"), accepted));
        };
        value.set_sensitive(true);
        parsed.append(name, value);
    }
    Ok(parsed)
}

/// Refuses the headers that belong to the hand-shake itself.
pub(super) fn check_header_name(name: &HeaderName) -> Result<(), OptionsError> {
    let reserved = [HOST, CONNECTION, UPGRADE, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name);
    if reserved || name.as_str().starts_with("sec-websocket-") {
        let accepted = "headers that the hand-shake does not set itself";
        return Err(OptionsError::new("header", name.as_str(), accepted));
    }
    Ok(())
}

/// The subprotocols offered, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subprotocols {
    offered: Vec<String>,
    required: bool,
}

impl Subprotocols {
    pub(super) fn new(offered: Vec<String>, required: bool) -> Result<Self, OptionsError> {
        let wrong = |value: String, accepted: String| {
            Err(OptionsError::new("subprotocol", value, accepted))
        };
        if offered.len() > SUBPROTOCOLS_MAX {
            return wrong(offered.len().to_string(), format!("at most {SUBPROTOCOLS_MAX}"));
        }
        for (index, name) in offered.iter().enumerate() {
            // The same characters as a header name (RFC 6455, section 4.1, item 10).
            if HeaderName::try_from(name.as_str()).is_err() {
                return wrong(format!("{name:?}"), "the characters of an HTTP token".to_owned());
            }
            if offered[..index].contains(name) {
                return wrong(format!("{name:?} twice"), "each name once".to_owned());
            }
        }
        if required && offered.is_empty() {
            return wrong("none".to_owned(), "at least one, since one is required".to_owned());
        }
        Ok(Self { offered, required })
    }

    /// Returns the header's value, or `None` when nothing is offered.
    pub(super) fn offer(&self) -> Option<String> {
        (!self.offered.is_empty()).then(|| self.offered.join(", "))
    }

    /// Judges the server's choice (RFC 6455, section 4.1, item 6 of the client's checks).
    pub(super) fn accept(&self, chosen: &[&str]) -> Result<Option<String>, String> {
        match chosen {
            [] if self.required => Err(format!("none chosen of {:?}", self.offered)),
            [] => Ok(None),
            [one] if self.offered.iter().any(|name| name == one) => Ok(Some((*one).to_owned())),
            [one] => Err(format!("{one:?} chosen, offered were {:?}", self.offered)),
            several => Err(format!("{} chosen, allowed is one", several.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SUBPROTOCOLS_MAX, Subprotocols, parse_headers};

    fn offered(names: &[&str], required: bool) -> Result<Subprotocols, String> {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Subprotocols::new(names, required).map_err(|error| error.to_string())
    }

    #[test]
    fn headers_of_the_hand_shake_cannot_be_set() {
        for name in ["Host", "connection", "UPGRADE", "Sec-WebSocket-Key", "Content-Length"] {
            let error = parse_headers(&[(name.to_owned(), b"x".to_vec())]).expect_err(name);
            assert!(error.to_string().contains(&name.to_ascii_lowercase()), "{error}");
        }
    }

    #[test]
    fn a_malformed_header_is_named_without_its_value() {
        let error = parse_headers(&[("X-Token".to_owned(), b"s3cret\r\n".to_vec())]);
        let error = error.expect_err("a line break").to_string();
        assert_eq!(
            error,
            "header: the value of x-token; accepted: visible characters, spaces and tabs"
        );
        assert!(parse_headers(&[("a b".to_owned(), Vec::new())]).is_err());
    }

    #[test]
    fn header_values_are_not_shown() {
        let headers = [("Authorization".to_owned(), b"Bearer s3cret".to_vec())];
        let headers = parse_headers(&headers).expect("valid");
        assert!(!format!("{headers:?}").contains("s3cret"));
    }

    #[test]
    fn subprotocols_are_tokens_each_once_and_bounded() {
        assert!(offered(&["everlink.v1.json", "everlink.v1.cbor"], true).is_ok());
        for (names, required) in
            [(&["a b"][..], false), (&["a", "a"], false), (&[], true), (&[""], false)]
        {
            assert!(offered(names, required).is_err(), "{names:?}");
        }
        let many: Vec<String> = (0..=SUBPROTOCOLS_MAX).map(|n| format!("p{n}")).collect();
        assert!(Subprotocols::new(many[1..].to_vec(), false).is_ok());
        assert!(Subprotocols::new(many, false).is_err());
    }

    #[test]
    fn only_one_of_the_offered_subprotocols_can_be_chosen() {
        let some = offered(&["a", "B"], false).expect("valid");
        assert_eq!(some.accept(&["B"]), Ok(Some("B".to_owned())));
        assert_eq!(some.accept(&[]), Ok(None));
        for chosen in [&["b"][..], &["c"], &["a", "B"], &["a, B"], &[""]] {
            assert!(some.accept(chosen).is_err(), "{chosen:?}");
        }
        assert!(offered(&["a"], true).expect("valid").accept(&[]).is_err());
        assert!(Subprotocols::default().accept(&["a"]).is_err());
    }
}
