//! How a fault is written, in text (`latency=50ms+jitter=20ms`) and in JSON.

use super::direction::{Direction, Refusal, Way};
use super::error::Rejected;
use super::fault::Fault;
use super::fields::Fields;
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

impl Fault {
    /// Reads a fault from a JSON object, such as `{"kind": "latency", "delay": "50ms"}`.
    ///
    /// # Errors
    ///
    /// Names the field, its value and what is accepted. A field that the kind does not have is an
    /// error too.
    pub fn from_json(json: &Value) -> Result<Self, Rejected> {
        let mut fields = Fields::from_json("fault", json)?;
        let fault = take_fault(&mut fields)?;
        fields.finish(fields_of(fault.kind()))?;
        Ok(fault)
    }

    /// Returns the JSON object that [`Self::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), self.kind().into());
        for (name, value) in self.spelled() {
            object.insert(name.to_owned(), value.into());
        }
        Value::Object(object)
    }

    /// Names and values, the main one first.
    fn spelled(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Latency { direction, delay, jitter } => {
                vec![("delay", time(*delay)), ("jitter", time(*jitter)), way(*direction)]
            }
            Self::Bandwidth { direction, bytes_per_second }
            | Self::SlowReader { direction, bytes_per_second } => {
                vec![("rate", bytes_per_second.to_string()), way(*direction)]
            }
            Self::CloseAfter { direction, bytes } | Self::ResetAfter { direction, bytes } => {
                vec![("bytes", bytes.to_string()), way(*direction)]
            }
            Self::Corrupt { direction, probability } => {
                vec![("probability", probability.to_string()), way(*direction)]
            }
            Self::CorruptAt { direction, byte } => {
                vec![("byte", byte.to_string()), way(*direction)]
            }
            Self::HalfOpen { swallowed } => vec![("swallowed", swallowed.as_str().to_owned())],
            Self::Refuse { how } => vec![("how", how.as_str().to_owned())],
            Self::BlackHole | Self::Drop | Self::Reset | Self::Stall | Self::Freeze => Vec::new(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        for (index, (name, value)) in self.spelled().into_iter().enumerate() {
            match index {
                0 => write!(f, "={value}")?,
                _ => write!(f, "+{name}={value}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Fault {
    type Err = Rejected;

    /// Reads the compact form: a kind, then its main value, then others by name, such as
    /// `half-open=up` or `latency=50ms+jitter=20ms+direction=down`.
    fn from_str(text: &str) -> Result<Self, Rejected> {
        parse_text("fault", text)
    }
}

pub(crate) fn parse_text(place: &str, text: &str) -> Result<Fault, Rejected> {
    let mut fields = Fields::new(place);
    for (index, part) in text.split('+').enumerate() {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part.trim(), None),
        };
        match (index, value) {
            (0, main) => {
                fields.add("kind", name)?;
                if let Some(main) = main {
                    fields.add(main_of(place, name)?, main)?;
                }
            }
            (_, Some(value)) => fields.add(name, value)?,
            (_, None) => return Err(fields.reject("field", part, "name=value after each +")),
        }
    }
    let fault = take_fault(&mut fields)?;
    fields.finish(fields_of(fault.kind()))?;
    Ok(fault)
}

/// Takes the kind and its fields out of `fields`, and checks their ranges.
pub(crate) fn take_fault(fields: &mut Fields) -> Result<Fault, Rejected> {
    let kind = fields.required("kind", &kinds())?;
    let fault = match kind.as_str() {
        "latency" => Fault::Latency {
            delay: fields.required_duration("delay")?,
            jitter: fields.duration("jitter")?.unwrap_or(Duration::ZERO),
            direction: direction(fields)?,
        },
        "bandwidth" => Fault::Bandwidth {
            bytes_per_second: fields.bytes("rate")?,
            direction: direction(fields)?,
        },
        "blackhole" => Fault::BlackHole,
        "half-open" => Fault::HalfOpen { swallowed: fields.word("swallowed", &WAYS, None)? },
        "drop" => Fault::Drop,
        "reset" => Fault::Reset,
        "close-after" => {
            Fault::CloseAfter { bytes: fields.bytes("bytes")?, direction: direction(fields)? }
        }
        "reset-after" => {
            Fault::ResetAfter { bytes: fields.bytes("bytes")?, direction: direction(fields)? }
        }
        "refuse" => Fault::Refuse { how: fields.word("how", &REFUSALS, Some(Refusal::Reset))? },
        "corrupt" => Fault::Corrupt {
            probability: fields.number("probability", "0.0 to 1.0")?,
            direction: direction(fields)?,
        },
        "corrupt-at" => {
            Fault::CorruptAt { byte: fields.bytes("byte")?, direction: direction(fields)? }
        }
        "stall" => Fault::Stall,
        "slow-reader" => Fault::SlowReader {
            bytes_per_second: fields.bytes("rate")?,
            direction: direction(fields)?,
        },
        "freeze" => Fault::Freeze,
        _ => return Err(fields.reject("kind", kind, &kinds())),
    };
    fault.check().map_err(|rejected| Rejected { place: fields.place().to_owned(), ..rejected })?;
    Ok(fault)
}

fn direction(fields: &mut Fields) -> Result<Direction, Rejected> {
    fields.word("direction", &DIRECTIONS, Some(Direction::Both))
}

fn kinds() -> String {
    KINDS.map(|kind| kind.name).join(", ")
}

fn fields_of(kind: &str) -> &'static str {
    KINDS.iter().find(|known| known.name == kind).map_or("", |known| known.fields)
}

fn main_of(place: &str, kind: &str) -> Result<&'static str, Rejected> {
    let known = KINDS
        .iter()
        .find(|known| known.name == kind)
        .ok_or_else(|| Rejected::new(place, "kind", kind, kinds()))?;
    known.main.ok_or_else(|| Rejected::new(place, kind, "a value", "no value for this kind"))
}

fn time(value: Duration) -> String {
    humantime::format_duration(value).to_string()
}

fn way(direction: Direction) -> (&'static str, String) {
    ("direction", direction.as_str().to_owned())
}

/// A kind, the field its text form gives first, and all its fields.
struct Kind {
    name: &'static str,
    main: Option<&'static str>,
    fields: &'static str,
}

const fn kind(name: &'static str, main: Option<&'static str>, fields: &'static str) -> Kind {
    Kind { name, main, fields }
}

const KINDS: [Kind; 14] = [
    kind("latency", Some("delay"), "kind, delay, jitter, direction"),
    kind("bandwidth", Some("rate"), "kind, rate, direction"),
    kind("blackhole", None, "kind"),
    kind("half-open", Some("swallowed"), "kind, swallowed"),
    kind("drop", None, "kind"),
    kind("reset", None, "kind"),
    kind("close-after", Some("bytes"), "kind, bytes, direction"),
    kind("reset-after", Some("bytes"), "kind, bytes, direction"),
    kind("refuse", Some("how"), "kind, how"),
    kind("corrupt", Some("probability"), "kind, probability, direction"),
    kind("corrupt-at", Some("byte"), "kind, byte, direction"),
    kind("stall", None, "kind"),
    kind("slow-reader", Some("rate"), "kind, rate, direction"),
    kind("freeze", None, "kind"),
];

const DIRECTIONS: [(&str, Direction); 3] =
    [("up", Direction::Up), ("down", Direction::Down), ("both", Direction::Both)];
const WAYS: [(&str, Way); 2] = [("up", Way::Up), ("down", Way::Down)];
const REFUSALS: [(&str, Refusal); 2] = [("reset", Refusal::Reset), ("closed", Refusal::Closed)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_n07_every_fault_reads_back_what_it_writes() {
        for text in [
            "latency=50ms+jitter=20ms+direction=down",
            "bandwidth=64000+direction=both",
            "blackhole",
            "half-open=up",
            "drop",
            "reset",
            "close-after=10+direction=up",
            "reset-after=0+direction=both",
            "refuse=closed",
            "corrupt=0.25+direction=both",
            "corrupt-at=7+direction=down",
            "stall",
            "slow-reader=1+direction=up",
            "freeze",
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.to_string(), text);
            assert_eq!(Fault::from_json(&fault.to_json()), Ok(fault));
        }
    }

    #[test]
    fn req_n07_a_bad_fault_is_answered_with_field_value_and_what_is_accepted() {
        for (text, message) in [
            ("latancy=5s", "fault: kind is \"latancy\"; accepted: latency, bandwidth, blackhole"),
            ("latency", "fault: delay is \"missing\"; accepted: a time with its unit"),
            ("latency=50", "fault: delay is \"50\"; accepted: a time with its unit"),
            ("latency=2days", "fault: delay is \"2days\"; accepted: 0s to 1day"),
            ("latency=1s+jiter=2s", "fault: unknown field is \"jiter=2s\"; accepted: kind, delay"),
            ("latency=1s+delay=2s", "fault: delay is \"2s\"; accepted: each field once"),
            ("bandwidth=0", "fault: rate is \"0\"; accepted: 1 byte a second or more"),
            ("bandwidth=fast", "fault: rate is \"fast\"; accepted: bytes, such as"),
            ("half-open", "fault: swallowed is \"missing\"; accepted: up, down"),
            ("half-open=both", "fault: swallowed is \"both\"; accepted: up, down"),
            ("corrupt=1.5", "fault: probability is \"1.5\"; accepted: 0.0 to 1.0"),
            ("corrupt=NaN", "fault: probability is \"NaN\"; accepted: 0.0 to 1.0"),
            ("freeze=1", "fault: freeze is \"a value\"; accepted: no value for this kind"),
            ("", "fault: kind is \"\"; accepted: latency"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
