//! The header `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).

/// One extension of the list, with its parameters in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) params: Vec<(String, Option<String>)>,
}

/// Reads the list of extensions from a header value.
pub(super) fn parse(value: &str) -> Result<Vec<Extension>, ExtensionError> {
    let mut cursor = Cursor { rest: value };
    let mut extensions = Vec::new();
    loop {
        // The list may have empty elements (RFC 9110, section 5.6.1.2).
        cursor.skip_space();
        if cursor.rest.is_empty() {
            return Ok(extensions);
        }
        if cursor.take(',') {
            continue;
        }
        if extensions.len() == EXTENSIONS_MAX {
            return Err(ExtensionError::TooMany { max: EXTENSIONS_MAX });
        }
        extensions.push(cursor.extension()?);
        cursor.skip_space();
        if !cursor.rest.is_empty() && !cursor.take(',') {
            return Err(cursor.unexpected());
        }
    }
}

/// What is still to be read.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn extension(&mut self) -> Result<Extension, ExtensionError> {
        let name = self.token()?;
        let mut params = Vec::new();
        loop {
            self.skip_space();
            if !self.take(';') {
                return Ok(Extension { name, params });
            }
            if params.len() == PARAMS_MAX {
                return Err(ExtensionError::TooMany { max: PARAMS_MAX });
            }
            self.skip_space();
            params.push(self.param()?);
        }
    }

    fn param(&mut self) -> Result<(String, Option<String>), ExtensionError> {
        let name = self.token()?;
        self.skip_space();
        if !self.take('=') {
            return Ok((name, None));
        }
        self.skip_space();
        let value = if self.take('"') { self.quoted()? } else { self.token()? };
        Ok((name, Some(value)))
    }

    fn token(&mut self) -> Result<String, ExtensionError> {
        let end = self.rest.find(|c| !is_token_char(c)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(token.to_owned())
    }

    /// Reads a quoted value, whose content must be a token once unquoted.
    fn quoted(&mut self) -> Result<String, ExtensionError> {
        let mut value = String::new();
        loop {
            let mut next = self.pop()?;
            if next == '"' {
                break;
            }
            if next == '\\' {
                next = self.pop()?;
            }
            if !is_token_char(next) {
                return Err(ExtensionError::Unexpected { found: Some(next) });
            }
            value.push(next);
        }
        if value.is_empty() {
            return Err(ExtensionError::Unexpected { found: Some('"') });
        }
        Ok(value)
    }

    fn pop(&mut self) -> Result<char, ExtensionError> {
        let mut chars = self.rest.chars();
        let next = chars.next().ok_or(ExtensionError::Unexpected { found: None })?;
        self.rest = chars.as_str();
        Ok(next)
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn unexpected(&self) -> ExtensionError {
        ExtensionError::Unexpected { found: self.rest.chars().next() }
    }
}

/// Characters of a token (RFC 9110, section 5.6.2).
fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// The value of `Sec-WebSocket-Extensions` does not fit; the handshake must fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The header does not follow its grammar (RFC 6455, section 9.1).
    #[error("unexpected {}", found.map_or("end of Sec-WebSocket-Extensions".to_owned(),
        |c| format!("character {c:?} in Sec-WebSocket-Extensions")))]
    #[non_exhaustive]
    Unexpected {
        /// The character found, or `None` for the end of the value.
        found: Option<char>,
    },
    /// The header lists more than this side reads.
    #[error("more than {max} extensions or parameters in Sec-WebSocket-Extensions")]
    #[non_exhaustive]
    TooMany {
        /// How many are read.
        max: usize,
    },
    /// The server answered with an extension that was not offered, or twice.
    #[error("server chose the extension {name:?}, offered was permessage-deflate, once")]
    #[non_exhaustive]
    NotOffered {
        /// The extension's name.
        name: String,
    },
    /// The server answered with a parameter that does not fit the offer (RFC 7692, section 7.1).
    #[error("server answered permessage-deflate with {param}, which does not fit the offer")]
    #[non_exhaustive]
    ParamInvalid {
        /// The parameter, with its value.
        param: String,
    },
    /// The server accepted the offer without a parameter that it must confirm.
    #[error("server accepted permessage-deflate without {param}, which was asked for")]
    #[non_exhaustive]
    ParamMissing {
        /// The parameter's name.
        param: &'static str,
    },
}

/// Most extensions read from one header.
const EXTENSIONS_MAX: usize = 16;

/// Most parameters read of one extension; permessage-deflate has four.
const PARAMS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &str) {
        let found = match parse(value) {
            Err(error) => format!("error: {error}"),
            Ok(list) => list
                .into_iter()
                .map(|Extension { name, params }| format!("{name}{params:?}"))
                .collect::<Vec<_>>()
                .join(" "),
        };
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn lists_parameters_and_quoted_values_are_read() {
        check("", "");
        check(" , ,", "");
        check("a", "a[]");
        check("a;b ; c=1, d ;e = \"f\"", r#"a[("b", None), ("c", Some("1"))] d[("e", Some("f"))]"#);
        check(r#"a;b="1\0""#, r#"a[("b", Some("10"))]"#);
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        let at = |c| format!("error: unexpected character {c:?} in Sec-WebSocket-Extensions");
        let end = "error: unexpected end of Sec-WebSocket-Extensions";
        check("a b", &at('b'));
        check(";a", &at(';'));
        check("a;", end);
        check("a;b=", end);
        check("a;b=\"c", end);
        check("a;b=\"c d\"", &at(' '));
        check("a;b=\"\"", &at('"'));
        check("a;b=\"é\"", &at('é'));
        check("a;=1", &at('='));
        check("ä", &at('ä'));
        check(
            &"a,".repeat(17),
            "error: more than 16 extensions or parameters in \
            Sec-WebSocket-Extensions",
        );
        check(
            &"a;b".repeat(17).replace("ba", "b;a"),
            "error: more than 16 extensions or \
            parameters in Sec-WebSocket-Extensions",
        );
    }
}
