//! The scratch as it is written and read, word by word.

use alloc::vec::Vec;

use crate::words::Take;

/// Writes words from the beginning of the scratch, which grows as needed.
#[derive(Debug)]
pub struct Writer<'a> {
    scratch: &'a mut Vec<f64>,
    at: usize,
}

impl<'a> Writer<'a> {
    /// Begins to write.
    pub fn new(scratch: &'a mut Vec<f64>) -> Self {
        Self { scratch, at: 0 }
    }

    /// Writes one word.
    #[inline(never)]
    pub fn word(&mut self, word: f64) {
        match self.scratch.get_mut(self.at) {
            Some(place) => *place = word,
            None => self.scratch.push(word),
        }
        self.at += 1;
    }

    /// Writes a whole number.
    #[inline(never)]
    pub fn small(&mut self, number: u32) {
        self.word(f64::from(number));
    }

    /// Returns how many words were written.
    #[must_use]
    pub fn written(&self) -> u32 {
        self.at as u32
    }
}

/// Reads words one after the other.
///
/// What cannot be read is remembered, and reads as zero: the one place that asks for it at the end is smaller than a
/// way out after every word.
#[derive(Debug)]
pub struct Reader<'a> {
    words: core::slice::Iter<'a, f64>,
    bad: bool,
}

impl<'a> Reader<'a> {
    /// Begins to read.
    #[must_use]
    pub fn new(words: &'a [f64]) -> Self {
        Self { words: words.iter(), bad: false }
    }

    /// Reads one value of all words; `None` if they make none, or more than one.
    #[must_use]
    pub fn read<T: Take>(mut self) -> Option<T> {
        let value = T::take(&mut self);
        (!self.bad && self.words.len() == 0).then_some(value)
    }

    /// Returns whether something could not be read.
    pub(crate) fn is_bad(&self) -> bool {
        self.bad
    }

    /// Takes note that the words make no value.
    pub fn refuse(&mut self) {
        self.bad = true;
    }

    /// Reads one word.
    #[inline(never)]
    pub fn word(&mut self) -> f64 {
        let Some(word) = self.words.next() else {
            self.refuse();
            return 0.0;
        };
        *word
    }

    /// Reads a whole number from 0 on.
    #[inline(never)]
    pub fn whole(&mut self) -> u64 {
        let word = self.word();
        let whole = word as u64;
        self.bad |= whole as f64 != word;
        whole
    }

    /// Reads a whole number from 0 to `max`.
    #[inline(never)]
    pub fn small(&mut self, max: u32) -> u32 {
        let whole = self.whole();
        if whole > u64::from(max) {
            self.refuse();
            return 0;
        }
        whole as u32
    }
}
