//! The engines of a page, by number, and the words that cross to it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use everlink_engine::{ChannelId, Engine, Input};

use crate::options::Options;
use crate::output::Deadline;
use crate::scratch::{Reader, Writer};
use crate::words::{Handle, Put, Take, deadline_millis, timestamp};

/// Most engines at once.
pub const ENGINES_MAX: usize = 4096;

/// Most words that one input can have: 8 MB.
pub const WORDS_MAX: u32 = 1 << 20;

/// What a call that gives no number answers, and why a call that does gave none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done.
    Done = 0,
    /// There is no engine of this number.
    NoEngine = -1,
    /// The words make no value of what was asked for.
    BadWords = -2,
    /// Refused; the scratch says why.
    Refused = -3,
    /// There are as many engines as there can be.
    Full = -4,
}

/// All engines, and the scratch.
#[derive(Debug)]
pub struct Desk {
    engines: Vec<Option<Box<Engine<Handle>>>>,
    scratch: Vec<f64>,
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    /// Makes one without engines.
    #[must_use]
    pub const fn new() -> Self {
        Self { engines: Vec::new(), scratch: Vec::new() }
    }

    /// Returns the scratch, after making room in it for so many words; without it if they are too many.
    pub fn scratch(&mut self, words: u32) -> Option<&mut [f64]> {
        if words > WORDS_MAX {
            return None;
        }
        if self.scratch.len() < words as usize {
            self.scratch.resize(words as usize, 0.0);
        }
        Some(&mut self.scratch)
    }

    /// Makes an engine from the options in the scratch; returns its number.
    ///
    /// # Errors
    ///
    /// [`Status::BadWords`], [`Status::Full`], or [`Status::Refused`]: the scratch holds the
    /// `ConfigError`.
    pub fn create(&mut self, words: u32) -> Result<u32, Status> {
        let options: Options = self.read(words)?;
        let seed = options.seed;
        let config = options.config().map_err(|error| self.refuse(&error))?;
        let free = self.engines.iter().position(Option::is_none).unwrap_or(self.engines.len());
        if free == ENGINES_MAX {
            return Err(Status::Full);
        }
        let engine = Some(Box::new(Engine::new(config, seed)));
        match self.engines.get_mut(free) {
            Some(place) => *place = engine,
            None => self.engines.push(engine),
        }
        Ok(free as u32)
    }

    /// Drops an engine.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn drop_engine(&mut self, number: u32) -> Result<(), Status> {
        let place = self.engines.get_mut(number as usize).ok_or(Status::NoEngine)?;
        place.take().map(drop).ok_or(Status::NoEngine)
    }

    /// Reports the input in the scratch.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`], [`Status::BadWords`], or [`Status::Refused`]: the scratch holds the
    /// `InputError`.
    pub fn input(&mut self, number: u32, now: f64, words: u32) -> Result<(), Status> {
        let now = timestamp(now).ok_or(Status::BadWords)?;
        let input: Input<Handle> = self.read(words)?;
        let engine = self.engine(number)?;
        engine.handle_input(now, input).map_err(|error| self.refuse(&error))
    }

    /// Writes the next output to the scratch; returns how many words it has, 0 if there is none.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn output(&mut self, number: u32) -> Result<u32, Status> {
        let output = self.engine(number)?.poll_output();
        Ok(output.map_or(0, |output| self.write(&output)))
    }

    /// Writes the next deadline, if there is one, as time and timer.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn timeout(&mut self, number: u32) -> Result<u32, Status> {
        let timeout = self.engine(number)?.poll_timeout();
        let Some((at, timer)) = timeout else { return Ok(0) };
        Ok(self.write(&Deadline { at: deadline_millis(at), timer }))
    }

    /// Writes what an engine tells about itself.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`], or [`Status::BadWords`] if `now` is no time.
    pub fn info(&mut self, number: u32, now: f64) -> Result<u32, Status> {
        let now = timestamp(now).ok_or(Status::BadWords)?;
        let info = self.engine(number)?.info(now);
        Ok(self.write(&info))
    }

    /// Writes the state.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn state(&mut self, number: u32) -> Result<u32, Status> {
        let state = self.engine(number)?.state();
        Ok(self.write(&state))
    }

    /// Writes how far a channel was read; an option.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn cursor(&mut self, number: u32, channel: u32) -> Result<u32, Status> {
        let cursor = self.engine(number)?.cursor(ChannelId(channel));
        Ok(self.write(&cursor))
    }

    /// Returns whether copies of one message may come on two transports now.
    ///
    /// # Errors
    ///
    /// [`Status::NoEngine`].
    pub fn overlaps(&mut self, number: u32) -> Result<u32, Status> {
        Ok(u32::from(self.engine(number)?.is_overlapping()))
    }

    fn engine(&mut self, number: u32) -> Result<&mut Engine<Handle>, Status> {
        let place = self.engines.get_mut(number as usize);
        place.and_then(Option::as_deref_mut).ok_or(Status::NoEngine)
    }

    fn read<T: Take>(&self, words: u32) -> Result<T, Status> {
        let words = self.scratch.get(..words as usize).ok_or(Status::BadWords)?;
        Reader::new(words).read().ok_or(Status::BadWords)
    }

    fn write(&mut self, value: &impl Put) -> u32 {
        let mut to = Writer::new(&mut self.scratch);
        value.put(&mut to);
        to.written()
    }

    fn refuse(&mut self, error: &impl Put) -> Status {
        self.write(error);
        Status::Refused
    }
}
