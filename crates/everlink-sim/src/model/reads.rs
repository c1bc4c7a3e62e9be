//! Questions for pages of history: one answer each, true, and in time.

use everlink_engine::{ChannelId, ConnectionState, InputError, Page, limits};

use super::{Check, Truth, broken};

#[derive(Clone, Copy, Debug)]
struct Asked {
    request: u32,
    channel: ChannelId,
    after: u64,
    by: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Reads {
    open: Vec<Asked>,
    /// How long an answer may take.
    patience: u64,
}

impl Reads {
    pub(crate) fn new(patience: u64) -> Self {
        Self { open: Vec::new(), patience }
    }

    pub(crate) fn asked(
        &mut self,
        now: u64,
        (request, channel, after): (u32, ChannelId, u64),
        answer: Result<(), InputError>,
        told: ConnectionState,
    ) -> Check {
        let rule = "a read fails only for its reason";
        match answer {
            Ok(()) if told == ConnectionState::Connected => {
                let by = now + self.patience;
                self.open.push(Asked { request, channel, after, by });
                Ok(())
            }
            Ok(()) => broken(rule, format!("taken in {told:?}")),
            Err(InputError::NotConnected) if told == ConnectionState::Connected => {
                broken(rule, "not connected while connected")
            }
            Err(InputError::TooManyReads { .. }) if self.open.len() < limits::READS_MAX => {
                broken(rule, format!("{} are open", self.open.len()))
            }
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn failed(&mut self, request: u32) -> Check {
        self.take(request).map(|_| ())
    }

    pub(crate) fn page(&mut self, request: u32, page: &Page<u64>, truth: &impl Truth) -> Check {
        let Asked { channel, after, .. } = self.take(request)?;
        let mut last = after;
        for message in &page.messages {
            let stored = truth.record(channel, page.epoch, message.offset);
            let right = stored.is_none_or(|stored| stored == (message.origin, message.payload));
            if message.offset <= last || !right {
                let detail = format!("{message:?} of {channel:?} after {last}, stored {stored:?}");
                return broken("a page says what is stored", detail);
            }
            last = message.offset;
        }
        Ok(())
    }

    fn take(&mut self, request: u32) -> Result<Asked, Box<super::Broken>> {
        match self.open.iter().position(|asked| asked.request == request) {
            Some(at) => Ok(self.open.remove(at)),
            None => Err(Box::new(super::Broken {
                rule: "one answer for each read",
                detail: format!("{request} is not open"),
            })),
        }
    }

    /// The client slept: it could not notice.
    pub(crate) fn overslept(&mut self, now: u64) {
        for asked in &mut self.open {
            asked.by = asked.by.max(now);
        }
    }

    pub(crate) fn at_rest(&self, now: u64, told: ConnectionState) -> Check {
        let rule = "no read waits for ever";
        if let Some(asked) = self.open.iter().find(|asked| now > asked.by + super::LATE) {
            return broken(rule, format!("{asked:?}"));
        }
        if told != ConnectionState::Connected && !self.open.is_empty() {
            return broken(rule, format!("{} are open in {told:?}", self.open.len()));
        }
        Ok(())
    }
}
