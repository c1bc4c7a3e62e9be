//! A set of numbers from 1 on, one bit each.

/// Which numbers were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    words: Vec<u64>,
    pub(super) highest: u64,
    pub(super) count: u64,
}

impl Numbers {
    /// Adds a number; returns whether it is new.
    pub(super) fn add(&mut self, number: u64) -> bool {
        let Some((word, bit)) = place(number) else { return false };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.highest = self.highest.max(number);
        self.count += u64::from(is_new);
        is_new
    }

    /// How many numbers of mine another has not.
    pub(super) fn missing_in(&self, other: &Self) -> u64 {
        let theirs = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words
            .iter()
            .zip(theirs)
            .map(|(ours, theirs)| u64::from((ours & !theirs).count_ones()))
            .sum()
    }

    /// How many numbers both have.
    pub(super) fn shared_with(&self, other: &Self) -> u64 {
        self.count - self.missing_in(other)
    }

    /// The first number of mine that another has not.
    pub(super) fn first_missing_in(&self, other: &Self) -> Option<u64> {
        let theirs = other.words.iter().copied().chain(std::iter::repeat(0));
        let mut words = self.words.iter().zip(theirs).enumerate();
        words.find_map(|(at, (ours, theirs))| {
            let missing = ours & !theirs;
            (missing != 0).then(|| at as u64 * 64 + u64::from(missing.trailing_zeros()) + 1)
        })
    }
}

/// `None` for what no run can reach.
fn place(number: u64) -> Option<(usize, u64)> {
    let at = number.checked_sub(1).filter(|at| *at < NUMBERS_MAX)?;
    Some((usize::try_from(at / 64).ok()?, 1 << (at % 64)))
}

/// A day at the highest rate, several times over.
const NUMBERS_MAX: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_has_not_is_counted_and_the_first_of_it_found() {
        let (mut ours, mut theirs) = (Numbers::default(), Numbers::default());
        assert!([1, 64, 65, 200].map(|number| ours.add(number)).iter().all(|new| *new));
        assert!([1, 65].map(|number| theirs.add(number)).iter().all(|new| *new));
        assert_eq!((ours.missing_in(&theirs), ours.first_missing_in(&theirs)), (2, Some(64)));
        assert_eq!((ours.shared_with(&theirs), theirs.first_missing_in(&ours)), (2, None));
        assert!(!ours.add(200) && !ours.add(0) && !ours.add(u64::MAX));
    }
}
