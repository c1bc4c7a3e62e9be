//! Named values as they come from text or JSON, taken out one by one so that nothing is left over.

use super::error::Rejected;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Values by name, and the place they stand at, for messages.
#[derive(Debug)]
pub(crate) struct Fields {
    place: String,
    values: BTreeMap<String, String>,
}

impl Fields {
    pub(crate) fn new(place: impl Into<String>) -> Self {
        Self { place: place.into(), values: BTreeMap::new() }
    }

    /// Takes the scalars of a JSON object.
    pub(crate) fn from_json(place: &str, json: &Value) -> Result<Self, Rejected> {
        let Value::Object(object) = json else {
            return Err(Rejected::new(place, "value", json, "a JSON object"));
        };
        let mut fields = Self::new(place);
        for (name, value) in object {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(Rejected::new(place, name, value, "a string, a number or a bool"));
                }
            };
            fields.values.insert(name.clone(), text);
        }
        Ok(fields)
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Adds a value; a name given twice is an error.
    pub(crate) fn add(&mut self, name: &str, value: &str) -> Result<(), Rejected> {
        match self.values.insert(name.to_owned(), value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(self.reject(name, value, "each field once")),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    pub(crate) fn required(&mut self, name: &str, accepted: &str) -> Result<String, Rejected> {
        self.take(name).ok_or_else(|| self.reject(name, "missing", accepted))
    }

    pub(crate) fn duration(&mut self, name: &str) -> Result<Option<Duration>, Rejected> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let value = humantime::parse_duration(text.trim())
            .map_err(|_| self.reject(name, &text, DURATION_ACCEPTED))?;
        super::fault::check_time(&self.place, name, value)?;
        Ok(Some(value))
    }

    pub(crate) fn required_duration(&mut self, name: &str) -> Result<Duration, Rejected> {
        let value = self.duration(name)?;
        value.ok_or_else(|| self.reject(name, "missing", DURATION_ACCEPTED))
    }

    pub(crate) fn bytes(&mut self, name: &str) -> Result<u64, Rejected> {
        let text = self.required(name, BYTES_ACCEPTED)?;
        parse_size::parse_size(&text).map_err(|_| self.reject(name, &text, BYTES_ACCEPTED))
    }

    pub(crate) fn number(&mut self, name: &str, accepted: &str) -> Result<f64, Rejected> {
        let text = self.required(name, accepted)?;
        text.trim().parse().map_err(|_| self.reject(name, &text, accepted))
    }

    /// Takes one word of a fixed set.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Result<T, Rejected> {
        let accepted = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        match (self.take(name), default) {
            (Some(text), _) => words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| self.reject(name, &text, &accepted)),
            (None, Some(value)) => Ok(value),
            (None, None) => Err(self.reject(name, "missing", &accepted)),
        }
    }

    /// Checks that nothing is left that nobody asked for.
    pub(crate) fn finish(self, accepted: &str) -> Result<(), Rejected> {
        match self.values.into_iter().next() {
            None => Ok(()),
            Some((name, value)) => {
                let value = format!("{name}={value}");
                Err(Rejected::new(self.place, "unknown field", value, accepted))
            }
        }
    }

    pub(crate) fn reject(&self, name: &str, value: impl ToString, accepted: &str) -> Rejected {
        Rejected::new(&self.place, name, value, accepted)
    }
}

const DURATION_ACCEPTED: &str = "a time with its unit, such as 50ms, 3s or 1m 30s";
const BYTES_ACCEPTED: &str = "bytes, such as 1500, 64k (64000) or 64KiB (65536)";
