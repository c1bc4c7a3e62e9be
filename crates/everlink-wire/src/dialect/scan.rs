//! Looks at the beginning of a JSON object without parsing the rest.

/// Returns the first key of an object, and where its value begins; `None` if the text does not
/// begin like an object whose first key is free of escapes.
pub(super) fn first_key(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let start = skip_space(bytes, 0);
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let (key, end) = plain_string(bytes, skip_space(bytes, start + 1))?;
    let colon = skip_space(bytes, end);
    (bytes.get(colon) == Some(&b':')).then(|| (key, skip_space(bytes, colon + 1)))
}

/// Returns a string without escapes that begins at `start`, and where it ends.
pub(super) fn plain_string(bytes: &[u8], start: usize) -> Option<(&[u8], usize)> {
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let rest = bytes.get(start + 1..)?;
    let len = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (rest[len] == b'"').then(|| (&rest[..len], start + len + 2))
}

pub(super) fn skip_space(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// Returns where an object or array that begins at `start` ends: brackets are counted, and those
/// within strings are not.
pub(super) fn nested_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => at = string_end(bytes, at)? - 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return (at > start + 1).then_some(at);
        }
    }
    None
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}
