//! What one subscriber has handled of one room, across its lives.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::lines::{Content, Follower, Happening};
use super::super::numbers::Numbers;
use super::Findings;

/// Follows the file of a subscriber and a room.
#[derive(Debug)]
pub(super) struct Reader {
    file: Follower,
    subscriber: u16,
    pub(super) room: u16,
    rooms: u16,
    /// For each publisher, which of his have come.
    seen: Vec<Numbers>,
    epoch: Option<u64>,
    /// The last offset in this life of the process.
    last: u64,
    /// The last offset in any.
    highest: u64,
    /// Up to here the cursor is on disk.
    kept: u64,
    /// What stood at the offsets that may come again.
    open: BTreeMap<u64, Content>,
    pub(super) delivered: u64,
    pub(super) again: u64,
}

impl Reader {
    pub(super) fn new(
        file: Follower,
        subscriber: u16,
        room: u16,
        publishers: usize,
        rooms: u16,
    ) -> Self {
        Self {
            file,
            subscriber,
            room,
            rooms,
            seen: vec![Numbers::default(); publishers],
            epoch: None,
            last: 0,
            highest: 0,
            kept: 0,
            open: BTreeMap::new(),
            delivered: 0,
            again: 0,
        }
    }

    pub(super) fn read(&mut self, findings: &mut Findings) -> Result<bool> {
        let happenings = self.file.follow::<Happening>()?;
        for happening in &happenings {
            match happening {
                // Whatever the last life read, this one goes on behind what was acknowledged.
                Happening::Life => self.last = self.kept,
                Happening::Kept(offset) => {
                    self.kept = self.kept.max(*offset);
                    self.open = self.open.split_off(&(self.kept + 1));
                }
                Happening::Odd(text) => {
                    findings.odd += 1;
                    findings.add(format!("{}: {text}", self.name()));
                }
                Happening::Message { epoch, offset, content } => {
                    self.message(*epoch, *offset, *content, findings);
                }
            }
        }
        Ok(!happenings.is_empty())
    }

    pub(super) fn seen(&self, publisher: usize) -> &Numbers {
        &self.seen[publisher]
    }

    pub(super) fn name(&self) -> String {
        format!("subscriber {}, room {}", self.subscriber, self.room + 1)
    }

    fn message(&mut self, epoch: u64, offset: u64, content: Content, findings: &mut Findings) {
        let name = self.name();
        let told = |text: &str| format!("{name}, offset {offset}, {content:?}: {text}");
        if *self.epoch.get_or_insert(epoch) != epoch {
            findings.odd += 1;
            findings.add(told("the log began a new life"));
            self.epoch = Some(epoch);
        }
        if offset <= self.last {
            findings.doubled += 1;
            findings.add(told(&format!("came behind {}, up to {} is kept", self.last, self.kept)));
            return;
        }
        self.last = offset;
        if offset <= self.highest {
            if self.open.get(&offset) == Some(&content) {
                self.again += 1;
            } else {
                findings.foreign += 1;
                findings.add(told(&format!("was {:?} before", self.open.get(&offset))));
            }
            return;
        }
        self.highest = offset;
        self.open.insert(offset, content);
        self.first_time(offset, content, findings);
    }

    fn first_time(&mut self, offset: u64, content: Content, findings: &mut Findings) {
        let Content { publisher, number } = content;
        self.delivered += 1;
        let name = self.name();
        let known = self.seen.get_mut(usize::from(publisher));
        let Some(seen) = known.filter(|_| publisher % self.rooms == self.room) else {
            findings.foreign += 1;
            findings.add(format!("{name}, offset {offset}: {content:?} was not sent there"));
            return;
        };
        let highest = seen.highest;
        if !seen.add(number) {
            findings.doubled += 1;
            findings.add(format!("{name}, offset {offset}: {content:?} came before"));
        } else if number < highest {
            findings.reordered += 1;
            findings.add(format!("{name}, offset {offset}: {content:?} came behind {highest}"));
        }
    }
}
