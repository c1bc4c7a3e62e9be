//! What a server says first.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{PacketError, Problem, WHY_BYTES_MAX};
use super::limits::{HANDSHAKE_BYTES_MAX, NUMBER_MAX, SID_BYTES_MAX, UPGRADES_MAX};
use crate::v1::Buffer;

/// The data of an open packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Names the session: 1 to [`SID_BYTES_MAX`] visible characters of ASCII.
    pub sid: String,
    /// Transports that the client may go over to, at most [`UPGRADES_MAX`].
    pub upgrades: Vec<String>,
    /// How long after the last one the server pings.
    ///
    /// Unit: time, in whole milliseconds. Range: 1 ms to [`NUMBER_MAX`] ms.
    pub ping_interval: Duration,
    /// How long either side waits beyond that before it lets go.
    ///
    /// Unit and range: as `ping_interval`.
    pub ping_timeout: Duration,
    /// Largest body that the server takes, where it says so.
    ///
    /// Unit: bytes. Range: 1 to [`NUMBER_MAX`].
    pub max_payload: Option<u64>,
}

/// How it stands in JSON, fields in the order of the specification. Fields that are not known are ignored.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    sid: String,
    upgrades: Vec<String>,
    ping_interval: u64,
    ping_timeout: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_payload: Option<u64>,
}

impl Handshake {
    /// Appends the handshake in JSON.
    pub(super) fn write(&self, out: &mut impl Buffer) {
        let fields = Fields {
            sid: self.sid.clone(),
            upgrades: self.upgrades.clone(),
            ping_interval: millis(self.ping_interval),
            ping_timeout: millis(self.ping_timeout),
            max_payload: self.max_payload,
        };
        // Strings and numbers always serialize.
        out.append(&serde_json::to_vec(&fields).unwrap_or_default());
    }

    /// Reads what stands behind the type. Errors count bytes from the type.
    pub(super) fn read(json: &[u8]) -> Result<Self, PacketError> {
        let fail = |at, field, why| Err(PacketError::at(at, Problem::Handshake { field, why }));
        if json.len() > HANDSHAKE_BYTES_MAX {
            let why = format!("has {} bytes; accepted: {HANDSHAKE_BYTES_MAX}", json.len());
            return fail(1, None, why);
        }
        let fields: Fields = match serde_json::from_slice(json) {
            Ok(fields) => fields,
            Err(error) => {
                // Behind the type, which is one byte; columns count from 1.
                let mut why = error.to_string();
                why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
                return fail(error.column().max(1).min(json.len() + 1), None, why);
            }
        };
        match fields.fault() {
            Some((field, why)) => fail(1, Some(field), why),
            None => Ok(Self {
                sid: fields.sid,
                upgrades: fields.upgrades,
                ping_interval: Duration::from_millis(fields.ping_interval),
                ping_timeout: Duration::from_millis(fields.ping_timeout),
                max_payload: fields.max_payload,
            }),
        }
    }
}

impl Fields {
    /// Returns what is out of its bounds.
    fn fault(&self) -> Option<(&'static str, String)> {
        let sid = &self.sid;
        let visible = sid.bytes().all(|byte| byte.is_ascii_graphic());
        if sid.is_empty() || sid.len() > SID_BYTES_MAX || !visible {
            let accepted = format!("1 to {SID_BYTES_MAX} visible characters of ASCII");
            return Some(("sid", format!("has {} bytes; accepted: {accepted}", sid.len())));
        }
        if self.upgrades.len() > UPGRADES_MAX {
            let count = self.upgrades.len();
            return Some(("upgrades", format!("names {count}; accepted: up to {UPGRADES_MAX}")));
        }
        let numbers = [
            ("pingInterval", Some(self.ping_interval)),
            ("pingTimeout", Some(self.ping_timeout)),
            ("maxPayload", self.max_payload),
        ];
        let (field, value) = numbers
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)))
            .find(|(_, value)| !(1..=NUMBER_MAX).contains(value))?;
        Some((field, format!("is {value}; accepted: 1 to {NUMBER_MAX}")))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NUMBER_MAX).min(NUMBER_MAX)
}
