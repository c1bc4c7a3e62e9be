//! Faults by the clock.

use super::book::{Layer, Scope};
use super::direction::End;
use super::error::{ChaosError, Rejected};
use super::fault::{Fault, check_time};
use super::fields::Fields;
use super::limits::{SCHEDULE_FILE_BYTES_MAX, SCHEDULE_ITEMS_MAX};
use super::root::Shared;
use super::spelling::parse_text;
use serde_json::Value;
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until};

/// A fault at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleItem {
    /// When, counted from the start of the schedule. Range: 0 to 24 h.
    pub at: Duration,
    /// What.
    pub fault: Fault,
    /// For how long. Range: above 0, to 24 h. Without it, [`Fault::Drop`] and [`Fault::Reset`] act
    /// once on the live connections, and every other fault stands until cleared, or, in a schedule
    /// that repeats, until the next round.
    pub length: Option<Duration>,
}

/// Faults by the clock, once or over and over.
///
/// ```
/// use everlink_testkit::chaos::Schedule;
///
/// let schedule: Schedule = "5s:blackhole:3s,12s:reset".parse()?;
/// assert_eq!(schedule.items().len(), 2);
/// let error = "5s:blackhloe".parse::<Schedule>().unwrap_err();
/// assert!(error.to_string().starts_with("schedule item 1: kind is \"blackhloe\"; accepted: latency"));
/// # Ok::<(), everlink_testkit::chaos::Rejected>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    items: Vec<ScheduleItem>,
    is_repeated: bool,
}

impl Schedule {
    /// Makes a schedule that is played once. Items may come in any order.
    ///
    /// # Errors
    ///
    /// When there is no item, there are more than
    /// [`SCHEDULE_ITEMS_MAX`], or a value is out of range.
    pub fn new(items: Vec<ScheduleItem>) -> Result<Self, Rejected> {
        let accepted = format!("1 to {SCHEDULE_ITEMS_MAX}");
        if items.is_empty() || items.len() > SCHEDULE_ITEMS_MAX {
            return Err(Rejected::new("schedule", "items", items.len(), accepted));
        }
        for (index, item) in items.iter().enumerate() {
            item.check(&place(index))?;
        }
        let mut items = items;
        items.sort_by_key(|item| item.at);
        Ok(Self { items, is_repeated: false })
    }

    /// Plays the schedule over and over, or only once.
    ///
    /// A round ends with the last of its items.
    ///
    /// # Errors
    ///
    /// A schedule whose round takes no time cannot repeat.
    pub fn repeat(mut self, is_repeated: bool) -> Result<Self, Rejected> {
        if is_repeated && self.round().is_zero() {
            let accepted = "a schedule with an item after 0s, or with a length";
            return Err(Rejected::new("schedule", "repeat", true, accepted));
        }
        self.is_repeated = is_repeated;
        Ok(self)
    }

    /// Reads a schedule from JSON: a list of `{"at": "5s", "fault": "blackhole", "for": "3s"}`, or
    /// `{"repeat": true, "items": [..]}`. A fault is its text form or an object with a `kind`.
    ///
    /// # Errors
    ///
    /// Names the item, the field, its value and what is accepted.
    pub fn from_json(json: &Value) -> Result<Self, Rejected> {
        let object = match json {
            Value::Array(items) => return Self::from_items(items),
            Value::Object(object) => object,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(Rejected::new("schedule", "value", json, SHAPE));
            }
        };
        if let Some(unknown) = object.keys().find(|key| *key != "items" && *key != "repeat") {
            return Err(Rejected::new("schedule", "unknown field", unknown, "repeat, items"));
        }
        let repeat = match object.get("repeat") {
            None => false,
            Some(Value::Bool(repeat)) => *repeat,
            Some(other) => {
                return Err(Rejected::new("schedule", "repeat", other, "true, false"));
            }
        };
        match object.get("items") {
            Some(Value::Array(items)) => Self::from_items(items)?.repeat(repeat),
            Some(other) => Err(Rejected::new("schedule", "items", other, SHAPE)),
            None => Err(Rejected::new("schedule", "items", "missing", SHAPE)),
        }
    }

    /// Reads a schedule from a JSON file of at most
    /// [`SCHEDULE_FILE_BYTES_MAX`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read or [`Self::from_json`] does not accept it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is kept.
    pub async fn read(path: &Path) -> Result<Self, ChaosError> {
        let text = read_bounded(path)
            .await
            .map_err(|source| ChaosError::File { path: path.to_owned(), source })?;
        let json = serde_json::from_str(&text).map_err(|error| {
            let place = format!("schedule file {}", path.display());
            Rejected::new(place, "JSON", error, SHAPE)
        })?;
        Ok(Self::from_json(&json)?)
    }

    /// Returns the items, by time.
    #[must_use]
    pub fn items(&self) -> &[ScheduleItem] {
        &self.items
    }

    /// Reports whether the schedule is played over and over.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// Returns the length of one round: until the last item has ended.
    #[must_use]
    pub fn round(&self) -> Duration {
        let ends = self.items.iter().map(|item| item.at + item.length.unwrap_or_default());
        ends.max().unwrap_or_default()
    }

    fn from_items(items: &[Value]) -> Result<Self, Rejected> {
        let items = items.iter().enumerate();
        Self::new(
            items
                .map(|(index, item)| ScheduleItem::from_json(&place(index), item))
                .collect::<Result<_, _>>()?,
        )
    }
}

impl FromStr for Schedule {
    type Err = Rejected;

    /// Reads the compact form, `AT:FAULT[:LENGTH]` with commas between items.
    fn from_str(text: &str) -> Result<Self, Rejected> {
        let items = text.split(',').enumerate();
        Self::new(
            items
                .map(|(index, item)| ScheduleItem::from_text(&place(index), item))
                .collect::<Result<_, _>>()?,
        )
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}:{}", humantime::format_duration(item.at), item.fault)?;
            if let Some(length) = item.length {
                write!(f, ":{}", humantime::format_duration(length))?;
            }
        }
        Ok(())
    }
}

impl ScheduleItem {
    fn from_text(place: &str, text: &str) -> Result<Self, Rejected> {
        let mut parts = text.splitn(3, ':').map(str::trim);
        let (Some(at), Some(fault)) = (parts.next(), parts.next()) else {
            return Err(Rejected::new(place, "item", text.trim(), "AT:FAULT or AT:FAULT:LENGTH"));
        };
        let mut fields = Fields::new(place);
        fields.add("at", at)?;
        if let Some(length) = parts.next() {
            fields.add("for", length)?;
        }
        Self::new(&mut fields, parse_text(place, fault)?)
    }

    fn from_json(place: &str, json: &Value) -> Result<Self, Rejected> {
        let (mut fields, fault) = split_fault(place, json)?;
        let item = Self::new(&mut fields, fault)?;
        fields.finish("at, fault, for")?;
        Ok(item)
    }

    fn new(fields: &mut Fields, fault: Fault) -> Result<Self, Rejected> {
        let at = fields.required_duration("at")?;
        Ok(Self { at, fault, length: fields.duration("for")? })
    }

    fn check(&self, place: &str) -> Result<(), Rejected> {
        check_time(place, "at", self.at)?;
        check_time(place, "for", self.length.unwrap_or_default())?;
        if self.length.is_some_and(|length| length.is_zero()) {
            return Err(Rejected::new(place, "for", "0s", "above 0s; leave it out for no end"));
        }
        self.fault.check().map_err(|rejected| Rejected { place: place.to_owned(), ..rejected })
    }
}

/// Takes the `fault` out of an object; gives the rest.
pub(crate) fn split_fault(place: &str, json: &Value) -> Result<(Fields, Fault), Rejected> {
    let Value::Object(object) = json else {
        return Err(Rejected::new(place, "value", json, "an object with a fault"));
    };
    let mut rest = object.clone();
    let fault = match rest.remove("fault") {
        Some(Value::String(text)) => parse_text(place, &text)?,
        Some(object @ Value::Object(_)) => Fault::from_json(&object)
            .map_err(|rejected| Rejected { place: place.to_owned(), ..rejected })?,
        Some(other) => return Err(Rejected::new(place, "fault", other, FAULT_SHAPE)),
        None => return Err(Rejected::new(place, "fault", "missing", FAULT_SHAPE)),
    };
    Ok((Fields::from_json(place, &Value::Object(rest))?, fault))
}

/// Plays a schedule to its end, which a repeated one does not have.
pub(crate) async fn play(schedule: Schedule, shared: Arc<Shared>) {
    let mut start = Instant::now();
    loop {
        let mut standing = Vec::new();
        for item in &schedule.items {
            sleep_until(start + item.at).await;
            standing.extend(apply(item, &shared));
        }
        if !schedule.is_repeated {
            return;
        }
        start += schedule.round();
        sleep_until(start).await;
        shared.book.send_modify(|book| standing.iter().for_each(|id| book.forget(*id)));
    }
}

fn apply(item: &ScheduleItem, shared: &Shared) -> Option<super::book::FaultId> {
    match (&item.fault, item.length) {
        (Fault::Drop, None) => shared.end_all(End::Close),
        (Fault::Reset, None) => shared.end_all(End::Reset),
        (fault, length) => match shared.set(fault.clone(), Scope::All, Layer::Timed, length) {
            Ok(id) => return Some(id),
            Err(error) => tracing::warn!(%error, "scheduled fault not applied"),
        },
    }
    None
}

async fn read_bounded(path: &Path) -> io::Result<String> {
    let file = tokio::fs::File::open(path).await?;
    let mut text = String::new();
    let count = file.take(SCHEDULE_FILE_BYTES_MAX + 1).read_to_string(&mut text).await?;
    if count as u64 > SCHEDULE_FILE_BYTES_MAX {
        let message = format!("it has more than {SCHEDULE_FILE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text)
}

/// People count from one.
fn place(index: usize) -> String {
    format!("schedule item {}", index + 1)
}

const SHAPE: &str = "a list of {\"at\", \"fault\", \"for\"}, or {\"repeat\", \"items\"}";
const FAULT_SHAPE: &str = "its text form, such as \"latency=50ms\", or an object with a kind";
