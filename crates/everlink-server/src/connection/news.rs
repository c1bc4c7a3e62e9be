//! What others have told.

use std::sync::Arc;
use std::task::Context;

use everlink_engine::server::{Bounds, SessionInput};

use super::{ABRUPT, Connection, Stage};
use crate::log::Head;
use crate::node::{Mail, Reader, Shared, take_volatile};

impl Connection {
    /// Takes in what others have left.
    pub(super) fn take_mails(&mut self, cx: &Context<'_>) {
        if self.stage != Stage::Open {
            return;
        }
        self.mailbox.take(cx, &mut self.mails);
        while let Some(mail) = self.mails.pop_front() {
            self.news(mail);
        }
    }

    fn news(&mut self, mail: Mail) {
        match mail {
            Mail::Advanced(reader) => {
                reader.heard_advanced();
                self.look(&reader);
            }
            Mail::Retained(reader) => {
                reader.heard_retained();
                self.tell_retained(&reader);
            }
            Mail::Volatile(shared) => self.send_volatile(&shared),
            Mail::Stored(ticket, outcome) => self.stored(ticket, outcome),
            Mail::Away { reason, slot, url } => {
                self.input(SessionInput::GoAway { reason, slot, url });
            }
            Mail::TakenOver => self.input(SessionInput::TakenOver),
            Mail::Cut { code } => {
                self.input(SessionInput::End { code, why: code.why().into() });
            }
            Mail::Sever => self.end(ABRUPT),
        }
        self.carry_out();
    }

    fn send_volatile(&mut self, shared: &Shared) {
        // Thinned while the socket takes no more: it is worth nothing later.
        if !self.congested {
            self.node.counters.messages_out.add(1);
            self.send(shared);
        }
    }

    /// Looks where a channel ends now.
    pub(super) fn look(&mut self, reader: &Arc<Reader>) {
        let Some(head) = self.attachments.of(reader).and_then(|attachment| attachment.room.head())
        else {
            return;
        };
        let channel = Arc::clone(&reader.channel);
        self.input(SessionInput::Advanced { channel, bounds: bounds(head) });
    }

    /// Sends the retained values that are new to this connection.
    pub(super) fn tell_retained(&mut self, reader: &Arc<Reader>) {
        let Some(attachment) = self.attachments.of(reader) else {
            return;
        };
        let (values, version) = attachment.room.retained_after(attachment.retained);
        attachment.retained = version;
        if !values.is_empty() {
            // What was sent before a value was set, such as the events that it follows from, comes before it.
            let mut before = Vec::new();
            take_volatile(&mut self.mails, &mut before);
            self.mailbox.take_volatile(&mut before);
            before.iter().for_each(|shared| self.send_volatile(shared));
        }
        for shared in values {
            self.send(&shared);
        }
    }
}

pub(super) const fn bounds(head: Head) -> Bounds {
    Bounds { epoch: head.epoch, first: head.first, head: head.head }
}
