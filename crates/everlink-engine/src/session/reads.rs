//! Questions for pages of a channel's history: each is answered, or failed with its reason.

use alloc::vec::Vec;

use crate::engine::Engine;
use crate::frame::{ChannelId, Page, Transmit, TransportId};
use crate::input::InputError;
use crate::limits::READS_MAX;
use crate::link::Phase;
use crate::output::{Event, Output, ReadFailure};
use crate::time::Timestamp;
use crate::timer::{Deadline, Timer};

/// A question on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    request: u32,
    transport: TransportId,
    deadline: Timestamp,
}

/// The questions that are open, in the order of their deadlines; at most [`READS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reads(Vec<Asked>);

impl Reads {
    fn take(&mut self, transport: TransportId, request: u32) -> Option<Asked> {
        let same = |asked: &Asked| asked.request == request && asked.transport == transport;
        let at = self.0.iter().position(same)?;
        Some(self.0.remove(at))
    }

    pub(crate) fn deadline(&self, earliest: &mut Deadline) {
        if let Some(first) = self.0.first() {
            earliest.at(first.deadline, Timer::Read);
        }
    }
}

impl<P: Clone> Engine<P> {
    /// [`Input::Read`](crate::Input::Read).
    pub(crate) fn read(
        &mut self,
        now: Timestamp,
        request: u32,
        channel: ChannelId,
        after: u64,
        limit: u32,
    ) -> Result<(), InputError> {
        if !self.config.dialect.resumes {
            return Err(InputError::NoHistory { dialect: self.config.dialect.name });
        }
        let Phase::Up(up) = &mut self.link.phase else {
            return Err(InputError::NotConnected);
        };
        if self.session.reads.0.len() >= READS_MAX {
            return Err(InputError::TooManyReads { reads_max: READS_MAX });
        }
        let transport = up.attachment.transport;
        up.attachment.transmitted(now, 0, None);
        let deadline = now.plus(self.config.settings.greeting_timeout);
        self.session.reads.0.push(Asked { request, transport, deadline });
        let frame = Transmit::Read { request, channel, after, limit };
        self.outputs.push_back(Output::Transmit { transport, frame });
        Ok(())
    }

    pub(crate) fn page(
        &mut self,
        transport: TransportId,
        request: u32,
        channel: ChannelId,
        page: Page<P>,
    ) {
        if self.session.reads.take(transport, request).is_some() {
            self.tell(Event::Page { request, channel, page });
        }
    }

    pub(crate) fn read_refused(&mut self, transport: TransportId, request: u32, code: u32) {
        if self.session.reads.take(transport, request).is_some() {
            self.tell(Event::ReadFailed { request, why: ReadFailure::Refused { code } });
        }
    }

    /// The transport that the questions were asked on is left.
    pub(crate) fn fail_reads(&mut self) {
        for Asked { request, .. } in core::mem::take(&mut self.session.reads.0) {
            self.tell(Event::ReadFailed { request, why: ReadFailure::Lost });
        }
    }

    pub(crate) fn read_timeout(&mut self, now: Timestamp) {
        while let Some(first) = self.session.reads.0.first().filter(|asked| asked.deadline <= now) {
            let request = first.request;
            self.session.reads.0.remove(0);
            self.tell(Event::ReadFailed { request, why: ReadFailure::TimedOut });
        }
    }
}
