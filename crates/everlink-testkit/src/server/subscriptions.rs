//! Reads subscriptions out of messages, in the ways that systems known to us write them.

use serde_json::Value;

/// Returns the channels that a text message subscribes to.
///
/// Known: `{"t":"sub","c":..}` and the `subs` of `{"t":"hello"}` (`everlink.v1`);
/// `{"method":"SUBSCRIBE","params":[..]}` (exchanges); and a `subscribe` in `type`, `event`, `op`,
/// `action` or `command` with the name or names in `channel`, `channels`, `topic`, `topics`, `room`,
/// `args` or `params`.
pub(crate) fn subscribed(text: &str) -> Vec<String> {
    let Ok(message) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    match message["t"].as_str() {
        Some("sub") => return names(&message["c"]),
        Some("hello") => {
            let subscriptions = message["subs"].as_array().into_iter().flatten();
            return subscriptions.flat_map(|entry| names(&entry["c"])).collect();
        }
        _ => {}
    }
    let is_subscription = VERBS
        .iter()
        .filter_map(|key| message[*key].as_str())
        .any(|verb| verb.eq_ignore_ascii_case("subscribe"));
    if !is_subscription {
        return Vec::new();
    }
    NAMES.iter().flat_map(|key| names(&message[*key])).collect()
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(values) => values.iter().flat_map(names).collect(),
        Value::Object(object) => {
            NAMES.iter().filter_map(|key| object.get(*key)).flat_map(names).collect()
        }
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

const VERBS: [&str; 6] = ["method", "type", "event", "op", "action", "command"];
const NAMES: [&str; 7] = ["channel", "channels", "topic", "topics", "room", "args", "params"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_n08_subscriptions_are_read_in_every_known_form() {
        for (text, expected) in [
            (r#"{"t":"sub","c":"a"}"#, &["a"][..]),
            (r#"{"t":"hello","subs":[{"c":"a","o":3},{"c":"b"}]}"#, &["a", "b"]),
            (
                r#"{"method":"SUBSCRIBE","params":["x@trade","y@trade"],"id":1}"#,
                &["x@trade", "y@trade"],
            ),
            (r#"{"op":"subscribe","args":[{"channel":"books"}]}"#, &["books"]),
            (r#"{"type":"subscribe","room":7}"#, &["7"]),
            (r#"{"type":"message","room":7}"#, &[]),
            ("subscribe a", &[]),
            ("[1]", &[]),
        ] {
            assert_eq!(subscribed(text), expected, "{text}");
        }
    }
}
