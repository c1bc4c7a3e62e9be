//! When the server pings, and how long it waits for an answer.

use std::time::Duration;

use everlink_engine::Timestamp;

/// The heartbeat of one session.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    ping_at: Timestamp,
    /// A ping is not answered yet.
    pong_by: Option<Timestamp>,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// Nobody answers.
    Silence,
}

impl Heartbeat {
    pub(super) fn new(now: Timestamp, interval: Duration, timeout: Duration) -> Self {
        Self { interval, timeout, ping_at: now.after(interval), pong_by: None }
    }

    /// Returns what is due. Nobody is silent while nothing is read.
    pub(super) fn tick(&mut self, now: Timestamp, reads: bool) -> Due {
        if self.pong_by.is_some_and(|pong_by| pong_by <= now) {
            if reads {
                return Due::Silence;
            }
            self.pong_by = Some(now.after(self.timeout));
        }
        if self.ping_at > now {
            return Due::Nothing;
        }
        // Clients count on the interval, so that a late turn must not shift those that follow. After a longer
        // pause of the process, it begins anew.
        let due = self.ping_at;
        self.ping_at = due.after(self.interval);
        if self.ping_at <= now {
            self.ping_at = now.after(self.interval);
        }
        // A moment that a timer is late is not the client's, but one that leaves him little time is.
        let sent = if now.since(due) < self.timeout / 8 { due } else { now };
        self.pong_by.get_or_insert(sent.after(self.timeout));
        Due::Ping
    }

    /// Returns from when on the client is silent.
    pub(super) const fn deadline(&self) -> Option<Timestamp> {
        self.pong_by
    }

    /// The client has answered.
    pub(super) const fn answered(&mut self) {
        self.pong_by = None;
    }

    /// Something has come: what is still on its way may hold the answer up.
    pub(super) fn heard(&mut self, now: Timestamp) {
        if let Some(pong_by) = &mut self.pong_by {
            *pong_by = now.after(self.timeout);
        }
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        self.pong_by.map_or(self.ping_at, |pong_by| pong_by.min(self.ping_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(tenths: u32) -> Timestamp {
        Timestamp::ZERO.after(SECOND / 10 * tenths)
    }

    #[test]
    fn pings_come_each_interval_however_late_a_turn_is() {
        let mut heartbeat = Heartbeat::new(at(0), SECOND, SECOND / 2);
        for (tenths, next) in [(10, 20), (23, 30), (30, 40), (75, 85)] {
            assert_eq!(heartbeat.tick(at(tenths), true), Due::Ping, "{tenths}");
            assert_eq!(heartbeat.tick(at(tenths), true), Due::Nothing, "once");
            heartbeat.answered();
            assert_eq!(heartbeat.poll_timeout(), at(next), "{tenths}");
        }
    }

    #[test]
    fn a_late_ping_leaves_its_client_time_to_answer() {
        for (tenths, deadline) in [(10, 18), (11, 19), (16, 24)] {
            let mut heartbeat = Heartbeat::new(at(0), SECOND, SECOND * 8 / 10);
            assert_eq!(heartbeat.tick(at(tenths), true), Due::Ping);
            assert_eq!(heartbeat.deadline(), Some(at(deadline)), "{tenths}");
        }
        let mut heartbeat = Heartbeat::new(at(0), SECOND, SECOND);
        assert_eq!(heartbeat.tick(at(11), true), Due::Ping);
        assert_eq!(heartbeat.deadline(), Some(at(20)), "as the timer's delay");
    }

    #[test]
    fn fault_20_a_ping_that_is_not_answered_is_silence_unless_something_comes_or_nothing_is_read() {
        let mut heartbeat = Heartbeat::new(at(0), SECOND, SECOND / 2);
        assert_eq!(heartbeat.tick(at(10), true), Due::Ping);
        assert_eq!(heartbeat.poll_timeout(), at(15));
        assert_eq!(heartbeat.tick(at(14), true), Due::Nothing);
        heartbeat.heard(at(14));
        assert_eq!(heartbeat.tick(at(18), true), Due::Nothing);
        assert_eq!(heartbeat.tick(at(19), false), Due::Nothing, "nothing is read");
        assert_eq!(heartbeat.tick(at(20), true), Due::Ping);
        assert_eq!(heartbeat.tick(at(24), true), Due::Silence, "not from the second ping on");
    }
}
