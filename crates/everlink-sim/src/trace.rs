//! The trace of a run: a hash of all inputs and outputs, and its last lines when they are wanted.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use everlink_engine::{Input, Output};

/// Lines of text kept.
const LINES_MAX: usize = 4000;

/// FNV-1a over whole words: quick, and the same on every machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }
}

/// What went into an engine and came out of it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: Fnv,
    lines: Option<VecDeque<String>>,
}

impl Trace {
    /// Keeps lines of text from now on.
    pub(crate) fn record(&mut self) {
        self.lines = Some(VecDeque::new());
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// What follows is of this one of many engines.
    pub(crate) fn of(&mut self, engine: usize) {
        engine.hash(&mut self.hash);
        self.line(|| format!("engine {engine}"));
    }

    pub(crate) fn input(&mut self, now: u64, input: &Input<u64>) {
        now.hash(&mut self.hash);
        input.hash(&mut self.hash);
        self.line(|| format!("{}  in   {input:?}", clock(now)));
    }

    pub(crate) fn output(&mut self, now: u64, output: &Output<u64>) {
        output.hash(&mut self.hash);
        self.line(|| format!("{}   out {output:?}", clock(now)));
    }

    pub(crate) fn note(&mut self, now: u64, note: impl FnOnce() -> String) {
        self.line(|| format!("{}  --   {}", clock(now), note()));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().flatten().cloned().collect()
    }

    fn line(&mut self, text: impl FnOnce() -> String) {
        let Some(lines) = &mut self.lines else { return };
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(text());
    }
}

/// Writes a simulated time as days, hours, minutes, seconds.
pub(crate) fn clock(nanos: u64) -> String {
    let micros = nanos / 1000;
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let (days, hours) = (hours / 24, hours % 24);
    format!("day {days} {hours:02}:{minutes:02}:{seconds:02}.{micros:06}")
}
