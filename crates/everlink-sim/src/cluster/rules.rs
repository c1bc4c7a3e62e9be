//! Rules about single connections and about presence.

use everlink_engine::Cursor;
use everlink_engine::server::{Code, Place, Reply, Request, Stored};

use super::name::Name;
use super::wire::{End, Said, Wire, WireId};
use super::{Cluster, SECOND};
use crate::model::{Check, broken};

/// How long after a newer connection of the same client stands an older one may count.
const TAKE_OVER_MAX: u64 = SECOND;

impl Cluster {
    /// A client's wish for channels is about to be heard.
    pub(super) fn note_wish(&mut self, id: WireId, frame: &Request<Name, u64>) {
        let places = match frame {
            Request::Hello(hello) => &hello.channels,
            Request::Subscribe { channels } => channels,
            Request::Unsubscribe { channels, .. } => {
                if let Some(wire) = self.wires.get_mut(&id) {
                    let given_up = |said: &Said| channels.contains(&Name::Number(said.channel));
                    wire.said.retain(|said| !given_up(said));
                }
                return;
            }
            Request::Publish(_)
            | Request::Volatile { .. }
            | Request::Read { .. }
            | Request::Auth { .. }
            | Request::Ping { .. }
            | Request::Pong { .. }
            | Request::Bye => return,
        };
        if let Some(wire) = self.wires.get_mut(&id) {
            places.iter().for_each(|place| wire.wishes(place));
        }
    }

    /// A session says something: entries come in order, without overlap or hole between replay and live.
    pub(super) fn judge_reply(&mut self, id: WireId, reply: &Reply<Name, u64>) {
        let check = match self.wires.get_mut(&id) {
            Some(wire) => wire.judge(id, reply),
            None => Ok(()),
        };
        self.note(check);
    }

    /// A session ends by itself: a client of ours never gives it a reason to break off.
    pub(super) fn judge_close(&mut self, id: WireId, code: Code) {
        if matches!(code, Code::Protocol | Code::Internal | Code::TooFast | Code::Hole) {
            let check = broken("no session breaks off", format!("wire {id}: {code:?}"));
            self.note(check);
        }
    }

    /// Presence shows no ghosts: neither older connections of a client, nor clients that are gone.
    pub(super) fn judge_presence(&mut self) {
        let mut check = Ok(());
        // Heartbeat, its deadline, the server's own ping, and what was on its way.
        let ghost_max = self.config.heartbeat_interval + 2 * self.config.heartbeat_timeout;
        let ghost_max = ghost_max.as_nanos() as u64 + SECOND;
        for (id, wire) in &self.wires {
            let Some((server, since)) =
                wire.server.as_ref().and_then(|server| Some((server, server.counted?)))
            else {
                continue;
            };
            if wire.end == End::Gone && self.now - wire.left > ghost_max {
                check = broken("no ghosts", format!("wire {id} counts, its client is gone"));
            }
            let newer = self.wires.values().filter_map(|other| other.server.as_ref());
            let newer = newer.filter(|other| other.client == server.client);
            let newer = newer.filter_map(|other| other.counted).max().unwrap_or(since);
            if newer > since && self.now - newer > TAKE_OVER_MAX {
                check = broken("no ghosts", format!("wire {id} counts beside a newer one"));
            }
        }
        self.note(check);
    }

    /// Takes note of a rule that was broken.
    pub(super) fn note(&mut self, check: Check) {
        if let Err(wrong) = check
            && self.violation.is_none()
        {
            let (rule, detail) = (wrong.rule, wrong.detail);
            self.violation = Some(crate::model::Violation { at: self.now, rule, detail });
        }
    }
}

impl Wire {
    fn wishes(&mut self, place: &Place<Name>) {
        let from = place.from.map(|Cursor { epoch, offset }| (epoch.0, offset));
        let channel = place.channel.number();
        match self.said.iter_mut().find(|said| said.channel == channel) {
            Some(said) => said.wish = Some(from),
            None => {
                self.said.push(Said { channel, epoch: 0, offset: 0, wish: Some(from) });
            }
        }
    }

    fn judge(&mut self, id: WireId, reply: &Reply<Name, u64>) -> Check {
        let rule = "replay, then live, without a seam";
        match reply {
            Reply::SubscribeOk { channel, epoch, head, .. } => {
                if let Some(said) = self.said(*channel)
                    && let Some(from) = said.wish.take()
                {
                    (said.epoch, said.offset) = from.unwrap_or((epoch.0, *head));
                }
                Ok(())
            }
            Reply::Gap { channel, from, to, epoch, .. } => {
                let Some(said) = self.said(*channel) else {
                    return broken(rule, format!("wire {id}: a gap in a channel not asked for"));
                };
                if let Some(epoch) = epoch {
                    said.epoch = epoch.0;
                } else if *from != said.offset + 1 {
                    return broken(rule, format!("wire {id}: gap {from}..{to} after {said:?}"));
                }
                said.offset = *to;
                Ok(())
            }
            Reply::Message(Stored { channel, offset, .. }) => match self.said(*channel) {
                Some(said) if said.wish.is_none() && *offset == said.offset + 1 => {
                    said.offset = *offset;
                    Ok(())
                }
                said => broken(rule, format!("wire {id}: {offset} after {said:?}")),
            },
            Reply::Welcome(_)
            | Reply::Ack { .. }
            | Reply::Nack { .. }
            | Reply::SubscribeErr { .. }
            | Reply::UnsubscribeOk { .. }
            | Reply::Volatile { .. }
            | Reply::Retained { .. }
            | Reply::Page { .. }
            | Reply::ReadErr { .. }
            | Reply::AuthOk { .. }
            | Reply::Ping { .. }
            | Reply::Pong { .. }
            | Reply::Away { .. }
            | Reply::Err { .. }
            | Reply::Bye => Ok(()),
        }
    }

    fn said(&mut self, channel: Name) -> Option<&mut Said> {
        self.said.iter_mut().find(|said| said.channel == channel.number())
    }
}
