//! Frames of entries that follow each other, in one piece for all readers that stand at the same place.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use everlink_engine::Epoch;
use everlink_engine::server::ReadOrder;
use parking_lot::Mutex;

use super::shared::Shared;
use crate::speech::{Format, Name, Speech};

/// Whole WebSocket frames, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) frames: Bytes,
    /// Entries that they say.
    pub(crate) entries: usize,
}

/// The last run of each format: most readers of a room ask for the same one. Boxed, since most rooms have none.
#[derive(Debug, Default)]
pub(super) struct Runs([Mutex<Last>; Format::COUNT]);

type Last = Option<Box<(Place, Run)>>;

/// Which entries a run has. What stands there never changes within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    epoch: Epoch,
    after: u64,
    head: u64,
}

impl Runs {
    pub(super) fn find(&self, format: Format, order: &ReadOrder<Name>) -> Option<Run> {
        let last = self.0[format as usize].lock();
        let (place, run) = &**last.as_ref()?;
        (*place == Place::of(order)).then(|| run.clone())
    }

    /// Joins the frames of entries, and keeps a run that is not large.
    pub(super) fn join(
        &self,
        format: Format,
        order: &ReadOrder<Name>,
        entries: &[Arc<Shared>],
        speech: &mut dyn Speech,
    ) -> Option<Run> {
        let frames = match entries {
            [] => return None,
            [one] => one.frame(speech)?.clone(),
            several => {
                let mut frames = BytesMut::new();
                for shared in several {
                    frames.extend_from_slice(shared.frame(speech)?);
                }
                frames.freeze()
            }
        };
        let run = Run { frames, entries: entries.len() };
        if run.frames.len() <= KEPT_BYTES_MAX {
            *self.0[format as usize].lock() = Some(Box::new((Place::of(order), run.clone())));
        }
        Some(run)
    }

    pub(super) fn clear(&self) {
        self.0.iter().for_each(|last| *last.lock() = None);
    }
}

impl Place {
    const fn of(order: &ReadOrder<Name>) -> Self {
        Self { epoch: order.epoch, after: order.after, head: order.head }
    }
}

/// A larger run is made by each reader for itself: a room should not hold much for a moment's use.
const KEPT_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use everlink_wire::v1::Encoding;

    use super::*;
    use crate::log::Record;
    use crate::speech::V1;

    fn entry(offset: u64) -> Arc<Shared> {
        let record = Record {
            offset,
            producer: "p".into(),
            sequence: offset,
            id: None,
            user: None,
            at: 0,
            payload: "1".into(),
        };
        Arc::new(Shared::entry(&"room".into(), &record))
    }

    fn order(after: u64, head: u64) -> ReadOrder<Name> {
        ReadOrder { channel: "room".into(), epoch: Epoch(7), after, head }
    }

    #[test]
    fn a_run_is_the_frames_of_its_entries_and_is_found_by_its_place_alone() {
        let mut speech = V1::new(Encoding::Json);
        let entries = [entry(3), entry(4)];
        let runs = Runs::default();
        assert_eq!(runs.find(Format::V1Json, &order(2, 4)), None);
        let run = runs.join(Format::V1Json, &order(2, 4), &entries, &mut speech).unwrap();
        let frames = entries.each_ref().map(|entry| entry.frame(&mut speech).unwrap().to_vec());
        assert_eq!(run, Run { frames: frames.concat().into(), entries: 2 });
        assert_eq!(runs.find(Format::V1Json, &order(2, 4)), Some(run));
        for other in [order(2, 5), order(1, 4), ReadOrder { epoch: Epoch(8), ..order(2, 4) }] {
            assert_eq!(runs.find(Format::V1Json, &other), None, "{other:?}");
        }
        assert_eq!(runs.find(Format::V1Cbor, &order(2, 4)), None, "another format");
        runs.clear();
        assert_eq!(runs.find(Format::V1Json, &order(2, 4)), None);
    }

    #[test]
    fn a_single_entry_is_not_copied_and_none_is_no_run() {
        let mut speech = V1::new(Encoding::Json);
        let (runs, one) = (Runs::default(), entry(3));
        let run = runs.join(Format::V1Json, &order(2, 3), &[Arc::clone(&one)], &mut speech);
        let frame = one.frame(&mut speech).unwrap();
        assert_eq!(run.unwrap().frames.as_ptr(), frame.as_ptr());
        assert_eq!(runs.join(Format::V1Json, &order(3, 3), &[], &mut speech), None);
    }
}
