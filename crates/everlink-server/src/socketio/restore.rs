//! From a private id and an offset to what a socket was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Cursor;

use super::offset::Offset;
use super::personal::{self, Mark, Record};
use crate::log::{Head, Log, LogError, PageLimit};
use crate::speech::Name;

/// What a client asks for when it comes back.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) pid: Name,
    /// `None` if it has received nothing yet.
    pub(super) offset: Option<String>,
}

/// What a socket was when its client last heard of it.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) mark: Mark,
    /// Where it goes on.
    pub(super) reading: Reading,
}

/// Where a socket reads on.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// In its own log.
    pub(super) personal: Option<Cursor>,
    /// In rooms.
    pub(super) rooms: Vec<(Name, Cursor)>,
    /// Events that have been acknowledged already.
    pub(super) acked: BTreeSet<u64>,
}

/// Finds what a socket was; `None` where that cannot be told any more, or messages are gone that it missed.
pub(super) async fn restore(log: &dyn Log, claim: &Claim) -> Result<Option<Restored>, LogError> {
    let channel = personal::channel(&claim.pid);
    let head = head_of(log, &channel).await?;
    let offset = match &claim.offset {
        Some(text) => match Offset::parse(text) {
            Some(offset) => offset,
            None => return Ok(None),
        },
        None => Offset { personal: Cursor { epoch: head.epoch, offset: 1 }, rooms: Vec::new() },
    };
    if offset.personal.offset == 0 || !covers(head, offset.personal) {
        return Ok(None);
    }
    let Some(history) = History::read(log, &channel, head).await? else {
        return Ok(None);
    };
    let Some((mark, channels)) = history.at(offset.personal.offset) else {
        return Ok(None);
    };
    if channels.len() != offset.rooms.len() {
        return Ok(None);
    }
    let rooms: Vec<_> = channels.into_iter().zip(offset.rooms).collect();
    for (room, place) in &rooms {
        if !covers(head_of(log, room).await?, *place) {
            return Ok(None);
        }
    }
    let reading = Reading { personal: Some(offset.personal), rooms, acked: history.acked };
    Ok(Some(Restored { mark: Mark { acks: history.acks, ..mark }, reading }))
}

/// Returns whether everything behind a place is still there.
fn covers(head: Head, place: Cursor) -> bool {
    if place.epoch.0 == 0 && place.offset == 0 {
        // Nothing had begun then: all there is follows.
        return head.first <= 1;
    }
    head.epoch == place.epoch && head.first <= place.offset + 1 && place.offset <= head.head
}

/// What a personal log says, as far back as it goes.
#[derive(Debug, Default)]
struct History {
    marks: Vec<Mark>,
    changes: Vec<(u64, Change)>,
    acked: BTreeSet<u64>,
    acks: u64,
}

#[derive(Debug)]
enum Change {
    Join(Name),
    Leave(Name),
}

impl History {
    async fn read(log: &dyn Log, channel: &str, head: Head) -> Result<Option<Self>, LogError> {
        let mut history = Self::default();
        let mut after = head.first.saturating_sub(1);
        for _ in 0..PAGES_MAX {
            if after >= head.head {
                return Ok(Some(history));
            }
            let page = log.read(channel, after, PAGE).await?;
            let Some(last) = page.records.last().map(|record| record.offset) else {
                return Ok(Some(history));
            };
            for record in &page.records {
                history.take(record.offset, personal::read(&record.payload));
            }
            after = last;
        }
        Ok(None)
    }

    fn take(&mut self, offset: u64, record: Option<Record>) {
        match record {
            Some(Record::Mark(mark)) => {
                self.acks = self.acks.max(mark.acks);
                self.marks.push(mark);
            }
            Some(Record::Join(channel, ..)) => self.changes.push((offset, Change::Join(channel))),
            Some(Record::Leave(channel)) => self.changes.push((offset, Change::Leave(channel))),
            Some(Record::Emit(emit)) => self.acks = self.acks.max(emit.id.map_or(0, |id| id + 1)),
            Some(Record::Acked(id)) => {
                self.acked.insert(id);
            }
            None => {}
        }
    }

    /// Returns what the socket was at a place in its log, and the channels that it was in.
    fn at(&self, offset: u64) -> Option<(Mark, Vec<Name>)> {
        let mark = self.marks.iter().rev().find(|mark| mark.at <= offset)?;
        let mut channels = mark.channels.clone();
        for (at, change) in &self.changes {
            if *at > mark.at && *at <= offset {
                match change {
                    Change::Join(channel) => join(&mut channels, channel),
                    Change::Leave(channel) => channels.retain(|known| known != channel),
                }
            }
        }
        Some((mark.clone(), channels))
    }
}

fn join(channels: &mut Vec<Name>, channel: &Name) {
    if !channels.contains(channel) {
        channels.push(Arc::clone(channel));
    }
}

async fn head_of(log: &dyn Log, channel: &str) -> Result<Head, LogError> {
    Ok(log.read(channel, 0, PageLimit { records: 0, bytes: 0 }).await?.head)
}

/// How much of a personal log is read at once.
const PAGE: PageLimit = PageLimit { records: 256, bytes: 512 * 1024 };

/// A log that is longer is not read: it is that of a client that takes nothing.
const PAGES_MAX: usize = 64;

/// How long a CONNECT may take to be judged.
pub(super) const RESTORE_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: u64, channels: &[&str]) -> Record {
        let channels = channels.iter().map(|name| Name::from(*name)).collect();
        Record::Mark(Mark {
            sid: "s".into(),
            namespace: "/".into(),
            user: None,
            at,
            channels,
            acks: 0,
        })
    }

    #[test]
    fn what_a_socket_is_in_follows_from_a_place_in_its_log() {
        let mut history = History::default();
        let records = [
            mark(0, &[]),
            Record::Join("a".into(), 1, 1),
            Record::Join("b".into(), 1, 1),
            Record::Leave("a".into()),
            // It followed from the record before the last.
            mark(3, &["a", "b"]),
            Record::Join("a".into(), 1, 1),
            Record::Acked(7),
        ];
        for (at, record) in records.into_iter().enumerate() {
            history.take(at as u64 + 1, Some(record));
        }
        let at = |offset| history.at(offset).map(|(_, channels)| channels.join(" "));
        let all: Vec<_> = (1..=7).filter_map(at).collect();
        assert_eq!(all, ["", "a", "a b", "b", "b", "b a", "b a"]);
        assert!(history.acked.contains(&7));
    }

    #[test]
    fn a_place_is_covered_by_what_follows_it() {
        let head = Head { epoch: everlink_engine::Epoch(3), first: 5, head: 9 };
        let place = |epoch, offset| covers(head, personal::cursor(epoch, offset));
        assert!(place(3, 4) && place(3, 9));
        assert!(!place(3, 3) && !place(3, 10) && !place(2, 9) && !place(0, 0));
        let fresh = Head { first: 1, ..head };
        assert!(covers(fresh, personal::cursor(0, 0)));
    }
}
