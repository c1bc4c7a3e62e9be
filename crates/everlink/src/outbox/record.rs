//! An entry as a row of the table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use everlink_engine::{MessageId, SendPolicy};

use super::entry::{Entry, EntryOrigin, PayloadKind};

/// Channel, kind, policy, its key, milliseconds since 1970, producer, sequence, number before, payload.
pub(super) type Record =
    (Option<&'static str>, u8, u8, u32, i64, Option<&'static str>, u64, Option<u64>, &'static [u8]);

/// A row that borrows from an entry or from the file.
pub(super) type Row<'a> =
    (Option<&'a str>, u8, u8, u32, i64, Option<&'a str>, u64, Option<u64>, &'a [u8]);

const TEXT: u8 = 0;
const BINARY: u8 = 1;

const CONFIGURED: u8 = 0;
const WAIT: u8 = 1;
const FAIL: u8 = 2;
const DROP_OLDEST: u8 = 3;
const COALESCE: u8 = 4;

pub(super) fn to_record(entry: &Entry) -> Row<'_> {
    let kind = match entry.kind {
        PayloadKind::Text => TEXT,
        PayloadKind::Binary => BINARY,
    };
    let (policy, key) = policy_code(entry.policy).unwrap_or((CONFIGURED, 0));
    let origin = entry.origin.as_ref();
    (
        entry.channel.as_deref(),
        kind,
        policy,
        key,
        to_millis(entry.enqueued_at),
        origin.map(|origin| origin.producer.as_str()),
        origin.map_or(0, |origin| origin.sequence),
        origin.and_then(|origin| origin.before),
        &entry.payload,
    )
}

/// Returns `None` for a row that this version cannot have written.
pub(super) fn from_record(id: MessageId, row: &Row<'_>) -> Option<Entry> {
    let (channel, kind, policy, key, millis, producer, sequence, before, payload) = *row;
    let kind = match kind {
        TEXT => PayloadKind::Text,
        BINARY => PayloadKind::Binary,
        _ => return None,
    };
    if kind == PayloadKind::Text && std::str::from_utf8(payload).is_err() {
        return None;
    }
    let origin = producer.map(|name| EntryOrigin { producer: name.to_owned(), sequence, before });
    Some(Entry {
        id,
        channel: channel.map(str::to_owned),
        kind,
        payload: Bytes::copy_from_slice(payload),
        policy: policy_from(policy, key)?,
        enqueued_at: from_millis(millis)?,
        origin,
    })
}

/// Returns `None` for a policy under which nothing is ever stored.
pub(super) fn policy_code(policy: SendPolicy) -> Option<(u8, u32)> {
    match policy {
        SendPolicy::Configured => Some((CONFIGURED, 0)),
        SendPolicy::Wait => Some((WAIT, 0)),
        SendPolicy::Fail => Some((FAIL, 0)),
        SendPolicy::DropOldest => Some((DROP_OLDEST, 0)),
        SendPolicy::Coalesce { key } => Some((COALESCE, key)),
        // Whatever a later engine adds is not stored before it is thought through.
        SendPolicy::Volatile | _ => None,
    }
}

fn policy_from(code: u8, key: u32) -> Option<SendPolicy> {
    match code {
        CONFIGURED => Some(SendPolicy::Configured),
        WAIT => Some(SendPolicy::Wait),
        FAIL => Some(SendPolicy::Fail),
        DROP_OLDEST => Some(SendPolicy::DropOldest),
        COALESCE => Some(SendPolicy::Coalesce { key }),
        _ => None,
    }
}

/// Before 1970 is negative; beyond 292 million years either way saturates.
fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

fn from_millis(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}
