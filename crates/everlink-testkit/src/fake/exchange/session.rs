//! One connection, without its socket: what it is sent and when, what it may say, and when it ends.

use super::clock::far;
use super::subscriptions::Subscriptions;
use super::traffic::{Pings, Window};
use super::venue::{Holes, Venue};
use crate::fake::gate::{Ending, Frames, Orders};
use crate::fake::limits::EVENTS_A_TURN_MAX;
use crate::fake::market::Stream;
use everlink_wire::ws::Item;
use tokio::time::Instant;

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) subscriptions: Subscriptions,
    /// Whether events come with the name of their stream.
    pub(super) is_combined: bool,
    messages: Window,
    pings: Pings,
    ends_at: Instant,
    /// When to tell of the end; `None` once it was told.
    notice_at: Option<Instant>,
    notices: u64,
    /// Whether events that are due already had to wait.
    has_more: bool,
    /// Until when nothing is sent, while it is silent and for what happened until its end was noticed.
    silent_until: u64,
    text: String,
}

impl Session {
    pub(crate) fn new(venue: &Venue, is_combined: bool, orders: &Orders, now: Instant) -> Self {
        let (rules, clock) = (&venue.rules, &venue.clock);
        let ends_at = far(now, clock.life(rules.life));
        let told_at = far(now, clock.life(rules.life - rules.notice));
        Self {
            subscriptions: Subscriptions::default(),
            is_combined,
            messages: Window::new(rules.messages_max, clock.traffic(rules.messages_window)),
            pings: Pings::new(rules, clock, now),
            ends_at,
            notice_at: (!rules.notice.is_zero()).then_some(told_at),
            notices: orders.notices,
            has_more: false,
            silent_until: 0,
            text: String::new(),
        }
    }

    /// Subscribes to the streams of the path.
    pub(crate) fn open(&mut self, venue: &Venue, streams: &[Stream], now: Instant) {
        let within = self.subscribe(venue, streams, now);
        within.expect("a path with too many streams was refused");
    }

    /// Does what is due: events, notice, ping, end.
    pub(crate) fn turn(
        &mut self,
        venue: &Venue,
        orders: &Orders,
        now: Instant,
        frames: &mut Frames,
    ) -> Result<(), Ending> {
        // Before all else: who is ended late was told before nevertheless.
        self.notify(venue, orders, now, frames);
        if now >= self.ends_at {
            venue.count(|counters| counters.ended_by_age += 1);
            return Err(Ending::Close(GOING_AWAY, "disconnected"));
        }
        if self.pings.is_late(now) {
            venue.count(|counters| counters.ended_without_pong += 1);
            return Err(Ending::Close(POLICY_VIOLATION, "Pong timeout"));
        }
        let market_now = venue.clock.market(now);
        if let Some(payload) = self.pings.due(now, venue.market.unix_ms(market_now)) {
            frames.ping(payload.to_string().as_bytes());
        }
        if orders.is_silent {
            self.silent_until = u64::MAX;
        } else if self.silent_until == u64::MAX {
            self.silent_until = market_now;
        }
        // After the time was read, so that a hole that begins later holds nothing that is due now.
        self.send_due(venue, market_now, &venue.holes(), frames);
        if frames.len() > venue.rules.queue_bytes_max {
            venue.count(|counters| counters.ended_slow += 1);
            return Err(Ending::Close(POLICY_VIOLATION, "Too slow"));
        }
        Ok(())
    }

    fn notify(&mut self, venue: &Venue, orders: &Orders, now: Instant, frames: &mut Frames) {
        let is_ordered = orders.notices > self.notices;
        self.notices = orders.notices;
        if is_ordered {
            self.ends_at = self.ends_at.min(far(now, venue.clock.life(venue.rules.notice)));
        }
        if is_ordered || self.notice_at.is_some_and(|at| at <= now) {
            self.notice_at = None;
            let time = venue.market.unix_ms(venue.clock.market(now));
            frames.text(&format!(r#"{{"e":"serverShutdown","E":{time}}}"#));
            venue.count(|counters| counters.notices += 1);
        }
    }

    fn send_due(&mut self, venue: &Venue, market_now: u64, holes: &Holes, frames: &mut Frames) {
        let (mut left, mut sent) = (EVENTS_A_TURN_MAX, 0);
        while left > 0
            && let Some(next) = self.subscriptions.take(&venue.market, market_now)
        {
            left -= 1;
            if next.due > self.silent_until && !holes.contain(next.stream, next.number) {
                sent += u64::from(self.send(venue, next.stream, next.number, frames));
            }
        }
        self.has_more = left == 0;
        if sent > 0 {
            venue.count(|counters| counters.events_out += sent);
        }
    }

    fn send(&mut self, venue: &Venue, stream: Stream, number: u64, frames: &mut Frames) -> bool {
        self.text.clear();
        if self.is_combined {
            let name = venue.market.name(stream);
            self.text.push_str(&format!(r#"{{"stream":"{name}","data":"#));
        }
        if !venue.market.write(stream, number, &mut self.text) {
            return false;
        }
        if self.is_combined {
            self.text.push('}');
        }
        frames.text(&self.text);
        true
    }

    /// Takes a frame of the client.
    pub(crate) fn hear(
        &mut self,
        venue: &Venue,
        orders: &Orders,
        item: Item,
        now: Instant,
        frames: &mut Frames,
    ) -> Result<(), Ending> {
        if let Item::Close(close) = item {
            frames.close_echo(close.map(|close| close.code));
            return Err(Ending::Answered);
        }
        venue.count(|counters| counters.messages_in += 1);
        if self.messages.count(now).is_err() {
            venue.count(|counters| counters.ended_over_limit += 1);
            return Err(Ending::Close(POLICY_VIOLATION, "Too many requests"));
        }
        match item {
            Item::Text(text) => {
                let (answer, is_refusal) = self.answer(venue, text.as_str(), now);
                if is_refusal {
                    venue.count(|counters| counters.requests_refused += 1);
                }
                frames.text(&answer);
            }
            Item::Ping(payload) => {
                self.catch_up(venue, orders, now, frames)?;
                frames.pong(&payload);
            }
            Item::Pong(payload) => self.pings.pong(&payload),
            Item::Binary(_) => return Err(Ending::Close(UNSUPPORTED_DATA, "text is expected")),
            Item::Close(_) => {}
        }
        Ok(())
    }

    /// Sends all that has happened, so that a pong tells that everything before it was sent.
    fn catch_up(
        &mut self,
        venue: &Venue,
        orders: &Orders,
        now: Instant,
        frames: &mut Frames,
    ) -> Result<(), Ending> {
        loop {
            // Bounded by the queue, which ends a connection that falls behind.
            self.turn(venue, orders, now, frames)?;
            if !self.has_more {
                return Ok(());
            }
        }
    }

    /// Returns when to come back if nothing happens before.
    pub(crate) fn wake(&self, venue: &Venue, now: Instant) -> Instant {
        if self.has_more {
            return now;
        }
        let event = self.subscriptions.due().map(|due| venue.clock.instant(due));
        let others = [event, self.notice_at, Some(self.pings.wake())];
        others.into_iter().flatten().fold(self.ends_at, Instant::min)
    }
}

/// Close codes (RFC 6455, section 7.4.1). The real exchange is seen to close with 1008 those who ask too
/// much or do not answer; it documents no code.
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED_DATA: u16 = 1003;
const POLICY_VIOLATION: u16 = 1008;

#[cfg(test)]
mod tests {
    use super::super::clock::{Clock, Scale};
    use super::super::rules::ExchangeRules;
    use super::*;
    use crate::fake::gate::Observer;
    use crate::fake::market::Market;
    use std::time::Duration;
    use tokio::sync::watch;

    /// An exchange without sockets, at its documented limits and at real time.
    struct Bed {
        venue: Venue,
        orders: Orders,
        session: Session,
        start: Instant,
        frames: Frames,
    }

    impl Bed {
        fn new() -> Self {
            let (orders, start) = (Orders::new(), Instant::now());
            let market = Market::new(1, &["btcusdt".to_owned()], 1.0, 0);
            let clock = Clock::new(start, Scale::REAL, Scale::REAL);
            let sender = watch::Sender::new(orders);
            let rules = ExchangeRules::default();
            let venue = Venue::new(market, clock, rules, sender, Observer::default());
            let session = Session::new(&venue, false, &orders, start);
            Self { venue, orders, session, start, frames: Frames::new() }
        }

        /// Lets the time of the next deadline come, again and again, until `seconds` have passed.
        fn run(&mut self, seconds: u64, answers: bool) -> Result<Vec<(u64, Item)>, (u64, Ending)> {
            let end = self.start + Duration::from_secs(seconds);
            let (mut seen, mut now) = (Vec::new(), self.start);
            loop {
                now = now.max(self.session.wake(&self.venue, now));
                if now > end {
                    return Ok(seen);
                }
                let at = now.duration_since(self.start).as_secs();
                let Self { venue, orders, session, frames, .. } = self;
                session.turn(venue, orders, now, frames).map_err(|ending| (at, ending))?;
                for item in frames.take() {
                    if let (Item::Ping(payload), true) = (&item, answers) {
                        let pong = Item::Pong(payload.clone());
                        session.hear(venue, orders, pong, now, frames).unwrap();
                    }
                    seen.push((at, item));
                }
            }
        }
    }

    #[test]
    fn req_n08_a_ping_comes_every_20_seconds() {
        let seen = Bed::new().run(100, true).unwrap();
        assert!(seen.iter().all(|(_, item)| matches!(item, Item::Ping(_))), "{seen:?}");
        assert_eq!(seen.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [20, 40, 60, 80, 100]);
    }

    #[test]
    fn req_n08_without_a_pong_the_end_comes_a_minute_after_the_first_ping() {
        let (at, ending) = Bed::new().run(1_000, false).unwrap_err();
        assert_eq!((at, ending), (80, Ending::Close(1008, "Pong timeout")));
    }

    #[test]
    fn req_n08_the_end_comes_after_24_hours_and_its_notice_10_minutes_before() {
        let mut bed = Bed::new();
        let day = 24 * 60 * 60;
        let seen = bed.run(day - 1, true).unwrap();
        let texts = seen.iter().filter(|(_, item)| matches!(item, Item::Text(_)));
        let notices: Vec<_> = texts.map(|(at, item)| (*at, format!("{item:?}"))).collect();
        let [(at, notice)] = &notices[..] else { panic!("{notices:?}") };
        assert!(*at == day - 600 && notice.contains("serverShutdown"), "{notices:?}");
        let (at, ending) = Bed::new().run(day, true).unwrap_err();
        assert_eq!((at, ending), (day, Ending::Close(1001, "disconnected")));
    }

    #[test]
    fn req_n08_five_messages_fit_into_any_second_and_a_sixth_does_not() {
        let mut bed = Bed::new();
        let mut say = |millis: u64| {
            let now = bed.start + Duration::from_millis(millis);
            let pong = Item::Pong("".into());
            bed.session.hear(&bed.venue, &bed.orders, pong, now, &mut bed.frames)
        };
        for millis in [0, 100, 200, 300, 999, 1_000, 1_100, 1_200, 1_300] {
            assert_eq!(say(millis), Ok(()), "{millis} ms");
        }
        assert_eq!(say(1_998), Err(Ending::Close(1008, "Too many requests")));
    }
}
