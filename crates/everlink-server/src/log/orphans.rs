//! Messages that failed, so that none of the same producer slips in behind them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The lowest number that failed, of each producer of each channel.
///
/// A producer that the log knows cannot leave a number out. One that it does not know may begin
/// anywhere: if its first message fails and its second one, in line behind, does not, then the first
/// one would count as stored when it comes again. So what failed is remembered until it comes again.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    lowest: HashMap<(Arc<str>, Arc<str>), u64>,
    last_failure: Option<Instant>,
    /// Some could not be remembered: no unknown producer may begin behind its first number.
    overflowed: bool,
}

impl Orphans {
    pub(super) fn failed(&mut self, channel: &Arc<str>, producer: &Arc<str>, sequence: u64) {
        self.last_failure = Some(Instant::now());
        let key = (Arc::clone(channel), Arc::clone(producer));
        if self.lowest.len() >= ORPHANS_MAX && !self.lowest.contains_key(&key) {
            self.overflowed = true;
            return;
        }
        let lowest = self.lowest.entry(key).or_insert(sequence);
        *lowest = sequence.min(*lowest);
    }

    /// Returns whether a message of an unknown producer would slip in behind one that failed.
    pub(super) fn forbid(&self, channel: &Arc<str>, producer: &Arc<str>, before: u64) -> bool {
        if self.lowest.is_empty() {
            return false;
        }
        let key = (Arc::clone(channel), Arc::clone(producer));
        self.lowest.get(&key).map_or(self.overflowed && before > 0, |lowest| before >= *lowest)
    }

    /// What failed has come again.
    pub(super) fn settled(&mut self, channel: &Arc<str>, producer: &Arc<str>) {
        if !self.lowest.is_empty() {
            self.lowest.remove(&(Arc::clone(channel), Arc::clone(producer)));
            self.overflowed &= !self.lowest.is_empty();
        }
    }

    /// Forgets all of them when nothing has failed for long: whoever was in line then is gone.
    pub(super) fn expire(&mut self) {
        if self.last_failure.is_some_and(|last| last.elapsed() >= ORPHANS_TTL) {
            *self = Self::default();
        }
    }
}

const ORPHANS_MAX: usize = 65_536;
const ORPHANS_TTL: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_slips_in_behind_a_failure_until_it_comes_again() {
        let (channel, ann, ben): (Arc<str>, Arc<str>, Arc<str>) =
            ("c".into(), "ann".into(), "ben".into());
        let mut orphans = Orphans::default();
        assert!(!orphans.forbid(&channel, &ann, 5));
        orphans.failed(&channel, &ann, 4);
        orphans.failed(&channel, &ann, 3);
        orphans.failed(&channel, &ann, 5);
        assert!(orphans.forbid(&channel, &ann, 3) && orphans.forbid(&channel, &ann, 9));
        assert!(!orphans.forbid(&channel, &ann, 2), "3 again, or something in its place");
        assert!(!orphans.forbid(&channel, &ben, 9), "nobody else");
        orphans.settled(&channel, &ann);
        assert!(!orphans.forbid(&channel, &ann, 9));
    }

    #[test]
    fn beyond_the_bound_an_unknown_producer_may_only_begin_at_its_beginning() {
        let channel: Arc<str> = "c".into();
        let mut orphans = Orphans::default();
        for number in 0..=ORPHANS_MAX {
            orphans.failed(&channel, &number.to_string().into(), 1);
        }
        assert_eq!(orphans.lowest.len(), ORPHANS_MAX);
        let other: Arc<str> = "other".into();
        assert!(orphans.forbid(&channel, &other, 1) && !orphans.forbid(&channel, &other, 0));
    }
}
