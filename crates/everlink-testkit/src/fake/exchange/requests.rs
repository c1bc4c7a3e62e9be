//! Requests over the WebSocket ("Live Subscribing/Unsubscribing to streams").

use super::session::Session;
use super::venue::Venue;
use crate::fake::market::{Stream, UnknownStream};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A request that is refused, as the answer says it ("Error Messages").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl Refusal {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn invalid(why: impl std::fmt::Display) -> Self {
        Self::new(2, format!("Invalid request: {why}"))
    }
}

impl Venue {
    /// Finds the stream of a name, if it may be had. The real exchange accepts names of streams that do
    /// not exist, and never sends anything; here that is an error, with the code that "Errors" has for it.
    pub(crate) fn find(&self, name: &str) -> Result<Stream, Refusal> {
        let stream = self.market.stream(name).map_err(|unknown| match unknown {
            UnknownStream::Symbol => Refusal::new(-1121, "Invalid symbol."),
            UnknownStream::Kind => Refusal::invalid(format_args!("unknown stream `{name}`")),
        })?;
        if self.is_refused(stream) {
            return Err(Refusal::invalid(format_args!("stream `{name}` is not available")));
        }
        Ok(stream)
    }
}

impl Session {
    /// Answers a request; returns the text, and whether it is a refusal.
    pub(crate) fn answer(&mut self, venue: &Venue, text: &str, now: Instant) -> (String, bool) {
        let request: Value = match serde_json::from_str(text) {
            Ok(request) => request,
            Err(error) => {
                let refusal = Refusal::new(3, format!("Invalid JSON: {error}"));
                return (refused(&refusal, &Value::Null), true);
            }
        };
        let id = request.get("id").cloned().unwrap_or_default();
        match check_id(&request).and_then(|()| self.obey(venue, &request, now)) {
            Ok(result) => (json!({ "result": result, "id": id }).to_string(), false),
            Err(refusal) => (refused(&refusal, &id), true),
        }
    }

    fn obey(&mut self, venue: &Venue, request: &Value, now: Instant) -> Result<Value, Refusal> {
        let method =
            request.get("method").ok_or_else(|| Refusal::invalid("missing field `method`"))?;
        match method.as_str() {
            Some("SUBSCRIBE") => {
                let streams = found(venue, request)?;
                self.subscribe(venue, &streams, now)?;
                Ok(Value::Null)
            }
            Some("UNSUBSCRIBE") => {
                // A stream that nobody has cannot be subscribed to either, so that it is no error here.
                for name in names(request)? {
                    if let Ok(stream) = venue.market.stream(name) {
                        self.subscriptions.remove(stream);
                    }
                }
                Ok(Value::Null)
            }
            Some("LIST_SUBSCRIPTIONS") => {
                Ok(self.subscriptions.iter().map(|stream| venue.market.name(stream)).collect())
            }
            Some("SET_PROPERTY") => self.set_property(request),
            Some("GET_PROPERTY") => {
                property(request, 1)?;
                Ok(self.is_combined.into())
            }
            _ => Err(Refusal::invalid(format_args!(
                "unknown variant {method}, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, \
                 `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
            ))),
        }
    }

    /// Subscribes to all of these or, if they are too many, to none.
    pub(crate) fn subscribe(
        &mut self,
        venue: &Venue,
        streams: &[Stream],
        now: Instant,
    ) -> Result<(), Refusal> {
        let max = venue.rules.streams_max;
        if self.subscriptions.len_with(streams) > max {
            return Err(Refusal::invalid(format_args!("more than {max} streams")));
        }
        let market_now = venue.clock.market(now);
        for stream in streams {
            self.subscriptions.add(&venue.market, *stream, market_now);
        }
        Ok(())
    }

    fn set_property(&mut self, request: &Value) -> Result<Value, Refusal> {
        let value = property(request, 2)?;
        let Some(Value::Bool(is_combined)) = value else {
            return Err(Refusal::new(1, "Invalid value type: expected Boolean"));
        };
        self.is_combined = *is_combined;
        Ok(Value::Null)
    }
}

fn refused(refusal: &Refusal, id: &Value) -> String {
    json!({ "error": { "code": refusal.code, "msg": refusal.message }, "id": id }).to_string()
}

/// An id is a whole number of 64 bits, at most 36 letters and digits, or null.
fn check_id(request: &Value) -> Result<(), Refusal> {
    let is_valid = match request.get("id") {
        Some(Value::Number(id)) => id.is_i64(),
        Some(Value::String(id)) => {
            // UUIDs are in use as ids, with their dashes.
            let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            is_plain && id.len() <= ID_CHARS_MAX
        }
        Some(Value::Null) => true,
        None | Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => false,
    };
    match is_valid {
        true => Ok(()),
        false => Err(Refusal::invalid("request ID must be an unsigned integer")),
    }
}

fn names(request: &Value) -> Result<Vec<&str>, Refusal> {
    let missing = || Refusal::invalid("params must be an array of stream names");
    let params = request.get("params").and_then(Value::as_array).ok_or_else(missing)?;
    params.iter().map(|name| name.as_str().ok_or_else(missing)).collect()
}

fn found(venue: &Venue, request: &Value) -> Result<Vec<Stream>, Refusal> {
    names(request)?.into_iter().map(|name| venue.find(name)).collect()
}

/// Checks that a request is about the one property there is; returns the value behind its name.
fn property(request: &Value, params_max: usize) -> Result<Option<&Value>, Refusal> {
    let params = request.get("params").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match params.first() {
        Some(Value::String(name)) if name == "combined" => {}
        Some(Value::String(_)) => return Err(Refusal::new(0, "Unknown property")),
        _ => return Err(Refusal::invalid("property name must be a string")),
    }
    if params.len() > params_max {
        return Err(Refusal::invalid("too many parameters"));
    }
    Ok(params.get(1))
}

const ID_CHARS_MAX: usize = 36;
