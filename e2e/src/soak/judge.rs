//! Who published what and who handled what, by the files of the processes alone.

mod reader;

use std::path::Path;

use anyhow::Result;

use super::lines::{Follower, Step, journal, record};
use super::numbers::Numbers;
use reader::Reader;

/// What has become of everything so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Totals {
    /// Messages for which `publish` returned.
    pub(super) taken: u64,
    /// Messages whose `publish` was cut short by the end of the process.
    pub(super) interrupted: u64,
    /// Those of them that came all the same.
    pub(super) interrupted_and_stored: u64,
    /// Messages that `publish` did not take.
    pub(super) not_taken: u64,
    /// Messages that were handled, over all subscribers.
    pub(super) delivered: u64,
    /// Messages that were delivered again after a crash, not yet acknowledged on disk, same offset.
    pub(super) delivered_again: u64,
    /// Messages that were taken and have not come, over all subscribers.
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) reordered: u64,
    /// Messages that nobody published there, or that the publisher was told were not taken.
    pub(super) foreign: u64,
    /// Gaps and refusals: there is a reason for none.
    pub(super) odd: u64,
}

/// Follows the files of all processes.
#[derive(Debug)]
pub(super) struct Judge {
    rooms: u16,
    publishers: Vec<Published>,
    readers: Vec<Reader>,
    findings: Findings,
}

/// What went wrong, in words: the first of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) texts: Vec<String>,
    pub(super) doubled: u64,
    pub(super) reordered: u64,
    pub(super) foreign: u64,
    pub(super) odd: u64,
}

#[derive(Debug)]
struct Published {
    file: Follower,
    room: u16,
    begun: Numbers,
    taken: Numbers,
    refused: Numbers,
}

impl Judge {
    /// Follows so many publishers and subscribers; a publisher's room is its index modulo the rooms.
    pub(super) fn new(folder: &Path, publishers: u16, subscribers: u16, rooms: u16) -> Self {
        let published = |index| Published {
            file: Follower::new(journal(folder, index)),
            room: index % rooms,
            begun: Numbers::default(),
            taken: Numbers::default(),
            refused: Numbers::default(),
        };
        let mut judge = Self {
            rooms,
            publishers: (0..publishers).map(published).collect(),
            readers: Vec::new(),
            findings: Findings::default(),
        };
        (0..subscribers).for_each(|subscriber| judge.add_subscriber(folder, subscriber));
        judge
    }

    /// Follows one more subscriber, who must get everything too.
    pub(super) fn add_subscriber(&mut self, folder: &Path, subscriber: u16) {
        let publishers = self.publishers.len();
        for room in 0..self.rooms {
            let file = Follower::new(record(folder, subscriber, room));
            self.readers.push(Reader::new(file, subscriber, room, publishers, self.rooms));
        }
    }

    /// Reads what is new; returns whether anything was.
    pub(super) fn read(&mut self) -> Result<bool> {
        let mut more = false;
        for reader in &mut self.readers {
            more |= reader.read(&mut self.findings)?;
        }
        for (index, published) in self.publishers.iter_mut().enumerate() {
            more |= published.read(index, &mut self.findings)?;
        }
        Ok(more)
    }

    /// Returns how many messages were taken and have not come, over all subscribers.
    pub(super) fn missing(&self) -> u64 {
        let missing = |reader: &Reader| -> u64 {
            self.here(reader).map(|(index, by)| by.taken.missing_in(reader.seen(index))).sum()
        };
        self.readers.iter().map(missing).sum()
    }

    /// Says what went wrong otherwise than by the files.
    pub(super) fn accuse(&mut self, text: String) {
        self.findings.add(text);
    }

    /// Returns what has become of everything so far.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals {
            lost: self.missing(),
            doubled: self.findings.doubled,
            reordered: self.findings.reordered,
            foreign: self.findings.foreign + self.never_published(),
            odd: self.findings.odd,
            ..Totals::default()
        };
        for (index, by) in self.publishers.iter().enumerate() {
            totals.taken += by.taken.count;
            totals.not_taken += by.refused.count;
            totals.interrupted += by.begun.count - by.taken.count - by.refused.count;
            let first = self.readers.iter().find(|reader| reader.room == by.room);
            totals.interrupted_and_stored += first.map_or(0, |reader| {
                let stored = by.begun.shared_with(reader.seen(index));
                stored.saturating_sub(by.taken.shared_with(reader.seen(index)))
            });
        }
        for reader in &self.readers {
            totals.delivered += reader.delivered;
            totals.delivered_again += reader.again;
        }
        totals
    }

    /// Returns what went wrong, in words, with the first message of each kind that is missing.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut texts = self.findings.texts.clone();
        for reader in &self.readers {
            for (index, by) in self.here(reader) {
                let seen = reader.seen(index);
                if let Some(number) = by.taken.first_missing_in(seen) {
                    let count = by.taken.missing_in(seen);
                    texts.push(format!(
                        "{}: {count} of publisher {index} never came, the first is {number}",
                        reader.name()
                    ));
                }
            }
        }
        texts
    }

    /// Messages that came and were never begun, or were refused.
    fn never_published(&self) -> u64 {
        let foreign = |reader: &Reader| -> u64 {
            self.here(reader)
                .map(|(index, by)| {
                    let seen = reader.seen(index);
                    seen.missing_in(&by.begun) + by.refused.shared_with(seen)
                })
                .sum()
        };
        self.readers.iter().map(foreign).sum()
    }

    /// Who publishes to the room of a reader.
    fn here(&self, reader: &Reader) -> impl Iterator<Item = (usize, &Published)> {
        let room = reader.room;
        self.publishers.iter().enumerate().filter(move |(_, by)| by.room == room)
    }
}

impl Published {
    fn read(&mut self, index: usize, findings: &mut Findings) -> Result<bool> {
        let steps = self.file.follow::<Step>()?;
        for step in &steps {
            match step {
                Step::Begun(number) => _ = self.begun.add(*number),
                Step::Taken(number) => _ = self.taken.add(*number),
                Step::Refused(number, why) => {
                    self.refused.add(*number);
                    findings.odd += 1;
                    findings.add(format!("publisher {index}: {number} was not taken: {why}"));
                }
                Step::Dropped(number, why) => {
                    findings.odd += 1;
                    findings
                        .add(format!("publisher {index}: {number} was taken and dropped: {why}"));
                }
            }
        }
        Ok(!steps.is_empty())
    }
}

impl Findings {
    /// Adds a text, unless there are enough of them.
    fn add(&mut self, text: String) {
        if self.texts.len() < FINDINGS_MAX {
            self.texts.push(text);
        }
    }
}

/// Most findings that are told in words; all are counted.
const FINDINGS_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::super::lines::{Content, Happening, Writer};
    use super::*;

    const FIRST: Happening = message(1, 1);
    const SECOND: Happening = message(2, 2);

    const fn message(offset: u64, number: u64) -> Happening {
        Happening::Message { epoch: 7, offset, content: Content { publisher: 0, number } }
    }

    /// One publisher, one subscriber, one room.
    fn judged(steps: &[Step], happenings: &[Happening]) -> Totals {
        let folder = tempfile::tempdir().unwrap();
        Writer::open(&journal(folder.path(), 0)).unwrap().write(steps).unwrap();
        Writer::open(&record(folder.path(), 0, 0)).unwrap().write(happenings).unwrap();
        let mut judge = Judge::new(folder.path(), 1, 1, 1);
        judge.read().unwrap();
        judge.totals()
    }

    fn both_taken() -> [Step; 4] {
        [Step::Begun(1), Step::Taken(1), Step::Begun(2), Step::Taken(2)]
    }

    #[test]
    fn a_message_that_was_taken_and_never_came_is_lost() {
        assert_eq!(judged(&both_taken(), &[Happening::Life, FIRST]).lost, 1);
        assert_eq!(judged(&both_taken(), &[Happening::Life, FIRST, SECOND]).lost, 0);
    }

    #[test]
    fn a_message_whose_publish_was_cut_short_may_come_or_not_and_never_twice() {
        let steps = [Step::Begun(1)];
        let absent = judged(&steps, &[Happening::Life]);
        assert_eq!((absent.lost, absent.interrupted, absent.interrupted_and_stored), (0, 1, 0));
        let there = judged(&steps, &[Happening::Life, FIRST]);
        assert_eq!((there.doubled, there.foreign, there.interrupted_and_stored), (0, 0, 1));
        let twice = judged(&steps, &[Happening::Life, FIRST, message(2, 1)]);
        assert_eq!(twice.doubled, 1);
    }

    #[test]
    fn fault_54_the_same_offset_may_come_again_in_another_life_until_it_is_acknowledged_on_disk() {
        let again = [Happening::Life, FIRST, Happening::Life, FIRST, SECOND];
        let totals = judged(&both_taken(), &again);
        assert_eq!((totals.delivered, totals.delivered_again, totals.doubled), (2, 1, 0));
        let kept = [Happening::Life, FIRST, Happening::Kept(1), Happening::Life, FIRST, SECOND];
        assert_eq!(judged(&both_taken(), &kept).doubled, 1);
        let same_life = [Happening::Life, FIRST, FIRST, SECOND];
        assert_eq!(judged(&both_taken(), &same_life).doubled, 1);
    }

    #[test]
    fn the_same_offset_with_another_content_is_counted() {
        let changed = [Happening::Life, FIRST, Happening::Life, message(1, 2)];
        assert_eq!(judged(&both_taken(), &changed).foreign, 1);
    }

    #[test]
    fn a_later_message_before_an_earlier_one_is_out_of_order() {
        let totals = judged(&both_taken(), &[Happening::Life, message(1, 2), message(2, 1)]);
        assert_eq!((totals.reordered, totals.doubled, totals.lost), (1, 0, 0));
    }

    #[test]
    fn what_nobody_published_or_was_not_taken_is_counted() {
        assert_eq!(judged(&[], &[Happening::Life, FIRST]).foreign, 1);
        let refused = [Step::Begun(1), Step::Refused(1, "full".to_owned())];
        assert_eq!(judged(&refused, &[Happening::Life, FIRST]).foreign, 1);
        let stranger = Content { publisher: 9, number: 1 };
        let message = Happening::Message { epoch: 7, offset: 1, content: stranger };
        assert_eq!(judged(&[], &[Happening::Life, message]).foreign, 1);
    }

    #[test]
    fn a_gap_and_a_new_life_of_the_log_are_counted() {
        let gap = Happening::Odd("gap".to_owned());
        assert_eq!(judged(&both_taken(), &[Happening::Life, FIRST, gap]).odd, 1);
        let content = Content { publisher: 0, number: 2 };
        let other = Happening::Message { epoch: 8, offset: 2, content };
        assert_eq!(judged(&both_taken(), &[Happening::Life, FIRST, other]).odd, 1);
    }
}
