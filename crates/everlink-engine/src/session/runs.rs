//! Ranges of message numbers that name exactly the messages put in, and no other.

use alloc::vec::Vec;

use crate::frame::MessageId;

/// Collects rising message numbers into ranges without holes: a range with a hole would tell a fate
/// for messages of other channels that lie in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs(Vec<(MessageId, MessageId)>);

impl Runs {
    pub(crate) fn push(&mut self, id: MessageId) {
        match self.0.last_mut() {
            Some((_, last)) if last.0.checked_add(1) == Some(id.0) => *last = id,
            Some(_) | None => self.0.push((id, id)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Runs {
    type Item = (MessageId, MessageId);
    type IntoIter = alloc::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;
    use crate::frame::MessageId;
    use alloc::vec::Vec;

    #[test]
    fn a_range_never_covers_a_number_that_was_not_put_in() {
        let mut runs = Runs::default();
        for id in [1, 2, 4, 5, 6, 9, u64::MAX] {
            runs.push(MessageId(id));
        }
        let ranges: Vec<_> = runs.into_iter().map(|(first, last)| (first.0, last.0)).collect();
        assert_eq!(ranges, [(1, 2), (4, 6), (9, 9), (u64::MAX, u64::MAX)]);
    }
}
