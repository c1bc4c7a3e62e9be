//! The network carries: what is due reaches the engine or the peer.

use everlink_engine::{Cause, Failure, Input, News, TransportId};

use super::World;
use crate::agenda::Due;
use crate::network::{Down, End, Met, Up};

impl World {
    pub(super) fn happens(&mut self, due: Due) {
        if let Some(until) = self.asleep_until
            && due != Due::Wake
            && is_of_client(due)
        {
            return self.core.agenda.enter(until, due);
        }
        match due {
            Due::Up(transport) => self.reaches_peer(transport),
            Due::Down(transport) => self.reaches_client(transport),
            Due::Answered(transport) => self.answered(transport),
            Due::PeerLost(transport) => {
                if self.core.peer_holds(transport) {
                    self.peer.lost(transport);
                    self.core.peer_leaves(transport, Down::End);
                }
            }
            Due::Write(transport) => self.write(transport),
            Due::Flap(transport) => {
                self.peer.lost(transport);
                self.core.peer_leaves(transport, Down::End);
            }
            Due::Peer(tag) => self.peer.due(&mut self.core, tag),
            Due::App => self.act(),
            Due::Weather => self.weather(),
            Due::Heal => self.heals(),
            Due::ReadOn(transport) => self.reads_on(transport),
            Due::Wake => self.wakes(),
        }
    }

    fn reaches_peer(&mut self, transport: TransportId) {
        while let Some(conn) = self.core.conns.get_mut(transport) {
            let holds = conn.peer == End::Open;
            let Some(frame) = conn.up.arrived(self.core.now) else {
                conn.up.announced = conn.up.next_at().is_some();
                if let Some(at) = conn.up.next_at() {
                    self.core.agenda.enter(at, Due::Up(transport));
                }
                return;
            };
            match frame {
                _ if !holds => {}
                Up::Frame(frame) => self.peer.received(&mut self.core, transport, frame),
                Up::Close(code) => {
                    self.peer.lost(transport);
                    self.core.peer_leaves(transport, Down::Close(code));
                }
                Up::End => {
                    self.peer.lost(transport);
                    self.core.peer_leaves(transport, Down::End);
                }
            }
        }
    }

    fn reaches_client(&mut self, transport: TransportId) {
        let mut fed = false;
        while let Some(conn) = self.core.conns.get_mut(transport) {
            if conn.paused {
                conn.down.announced = false;
                break;
            }
            let Some(frame) = conn.down.arrived(self.core.now) else {
                conn.down.announced = conn.down.next_at().is_some();
                if let Some(at) = conn.down.next_at() {
                    self.core.agenda.enter(at, Due::Down(transport));
                }
                break;
            };
            if conn.client != End::Open {
                continue;
            }
            fed = true;
            let lost = |cause| News::Lost { failure: Failure::new(cause), verdict: None };
            let news = match frame {
                Down::Frame(frame) => News::Frame(frame),
                Down::Part => News::Heard { data: true },
                Down::Control => News::Heard { data: false },
                Down::Close(code) => lost(Cause::Closed(code)),
                Down::End => lost(Cause::EndedAbruptly),
            };
            if matches!(news, News::Lost { .. }) {
                self.core.client_leaves(transport);
            }
            self.input(Input::Transport(transport, news));
        }
        if fed {
            self.peer.drained(&mut self.core, transport);
        }
    }

    /// A dial is answered.
    fn answered(&mut self, transport: TransportId) {
        let Some(conn) = self.core.conns.get_mut(transport) else {
            return;
        };
        if conn.client != End::Dialing {
            return;
        }
        let failure = match conn.met {
            Met::Fail(cause) => Some(Failure::new(cause)),
            Met::FailUntil(cause, after) => Some(Failure::new(cause).with_retry_after(after)),
            Met::Stall => return,
            Met::Accept | Met::AcceptAfter(_) | Met::Flap(_) | Met::Mute => None,
        };
        if let Some(failure) = failure {
            self.core.figures.faults[17] += 1;
            self.core.client_leaves(transport);
            let news = News::Failed { failure, verdict: None };
            return self.input(Input::Transport(transport, news));
        }
        conn.client = End::Open;
        self.core.figures.connects += 1;
        if conn.met == Met::Mute {
            (conn.peer, conn.up.silent) = (End::Gone, true);
        } else {
            conn.peer = End::Open;
            if let Met::Flap(after) = conn.met {
                self.core.later(after.as_nanos() as u64, Due::Flap(transport));
            }
            self.peer.opened(&mut self.core, transport);
        }
        self.input(Input::Transport(transport, News::Opened));
    }

    fn reads_on(&mut self, transport: TransportId) {
        let Some(conn) = self.core.conns.get_mut(transport).filter(|conn| conn.paused) else {
            return;
        };
        conn.paused = false;
        let announce = !conn.down.announced && !conn.down.is_empty();
        conn.down.announced |= announce;
        if announce {
            self.core.later(0, Due::Down(transport));
        }
        self.input(Input::Transport(transport, News::ReadResumed));
    }

    fn wakes(&mut self) {
        self.asleep_until = None;
        self.core.judge.woke(self.core.now);
        if self.says_woke {
            self.input(Input::Woke);
        }
        // What came meanwhile is queued for this moment, before the timer.
        self.wake = self.wake.map(|wake| wake.max(self.core.now));
    }
}

/// Whether something can only happen while the client is awake.
fn is_of_client(due: Due) -> bool {
    match due {
        Due::Down(_) | Due::Answered(_) | Due::Write(_) | Due::App | Due::ReadOn(_) => true,
        Due::Up(_)
        | Due::PeerLost(_)
        | Due::Flap(_)
        | Due::Peer(_)
        | Due::Weather
        | Due::Heal
        | Due::Wake => false,
    }
}
