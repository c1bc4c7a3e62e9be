//! A herd: every client of a server loses it at the same moment, and all want it back.
//!
//! Each client is an engine of its own, told by its server beforehand over which time to return, or
//! not. The server comes back after a while and accepts so many connections a second, in the order in
//! which they came; who waits longer than his dial may take has wasted an attempt, and leaves the queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use everlink_engine::server::ReturnWindow;
use everlink_engine::{
    Cause, Config, Engine, Failure, Input, Kept, News, Output, PingLevel, Received, Timestamp,
    Transmit, TransportId,
};

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct Herd {
    /// How many clients there are.
    pub clients: u32,
    /// How many connections the server accepts in a second.
    pub accepts_per_second: u32,
    /// How long the server is down.
    pub outage: Duration,
    /// What the server had told its clients.
    pub told: Told,
    /// The clients' configuration, of a dialect that greets.
    pub config: Config,
    /// Where the clients' seeds begin.
    pub seed: u32,
}

/// What a server tells its clients of how to return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Nothing: each client goes by its own settings.
    Nothing,
    /// The same to all of them: a window, and the longest back-off.
    All(Duration, Option<Duration>),
    /// What our server tells each of them: the clients came one after the other, over so long, and the
    /// server was lost `after` that. Each knows what followed from how many there were at its welcome, or
    /// at its last heartbeat since.
    Gathering {
        /// How long it took until all were there.
        over: Duration,
        /// How long all were there before the loss.
        after: Duration,
    },
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Returned {
    /// How many are back.
    pub back: u32,
    /// After how long half of them were back, if they were.
    pub half: Option<Duration>,
    /// The same for 99 of 100.
    pub most: Option<Duration>,
    /// The same for all.
    pub all: Option<Duration>,
    /// Attempts that came to nothing, for each client.
    pub wasted: f64,
    /// Most attempts in one second.
    pub peak_per_second: u32,
}

impl Herd {
    /// Returns the window and the longest back-off that a client knows of when it loses its server.
    fn tells(&self, number: u32) -> (Option<Duration>, Option<Duration>) {
        let (over, after) = match self.told {
            Told::Nothing => return (None, None),
            Told::All(window, cap) => return (Some(window), cap),
            Told::Gathering { over, after } => (over, after),
        };
        let clients = f64::from(self.clients);
        let came = over.as_secs_f64() * f64::from(number) / clients;
        let age = over.as_secs_f64() + after.as_secs_f64() - came;
        let beat = HEARTBEAT.as_secs_f64();
        let told_at = |time: f64| ((time / over.as_secs_f64()).min(1.0) * clients) as u32;
        let session = |clients: u32| ReturnWindow::new(self.accepts_per_second).window(clients);
        let welcomed = session(number + 1);
        let window = session(told_at(came + (age / beat).floor() * beat).max(number + 1));
        (Some(window), Some(ReturnWindow::backoff_max(welcomed)))
    }

    /// Lets them all come back, for `LONGEST` at most.
    ///
    /// The same herd gives the same result.
    #[must_use]
    pub fn run(&self, mut progress: impl FnMut(u32)) -> Returned {
        let mut field = Field::new(self);
        let mut told = 0;
        while field.step() {
            if field.back - told >= self.clients / 100 {
                told = field.back;
                progress(told);
            }
        }
        field.returned()
    }
}

/// One client, and where its attempt stands.
struct Client {
    engine: Engine<()>,
    dialing: Option<TransportId>,
    /// It is connected again, and no longer looked at.
    back: bool,
}

/// Time in nanoseconds, as everywhere in the simulator.
struct Field<'a> {
    herd: &'a Herd,
    clients: Vec<Client>,
    /// When a client has a deadline of its own; an entry that is no longer true is harmless.
    agenda: BinaryHeap<Reverse<(u64, u32)>>,
    /// Who waits to be accepted, and by which attempt.
    queue: VecDeque<(u32, TransportId)>,
    /// When the server is up, and has accepted everyone before.
    accepts_at: u64,
    wasted: u64,
    back: u32,
    half: Option<u64>,
    most: Option<u64>,
    all: Option<u64>,
    second: u64,
    in_second: u32,
    peak: u32,
}

impl<'a> Field<'a> {
    fn new(herd: &'a Herd) -> Self {
        let mut field = Self {
            herd,
            clients: Vec::new(),
            agenda: BinaryHeap::new(),
            queue: VecDeque::new(),
            accepts_at: CUT + nanos(herd.outage),
            wasted: 0,
            back: 0,
            half: None,
            most: None,
            all: None,
            second: 0,
            in_second: 0,
            peak: 0,
        };
        for number in 0..herd.clients {
            let engine = settled(herd, number);
            field.clients.push(Client { engine, dialing: None, back: false });
            field.carry_out(CUT, number);
        }
        field
    }

    /// Does what is due next; returns whether anything is.
    fn step(&mut self) -> bool {
        let accept = (!self.queue.is_empty()).then_some(self.accepts_at);
        let due = self.agenda.peek().map(|Reverse((at, _))| *at);
        match (accept, due) {
            (Some(at), due) if due.is_none_or(|due| at <= due) => self.accept(at),
            (_, Some(at)) if at <= CUT + nanos(LONGEST) => {
                if let Some(Reverse((_, number))) = self.agenda.pop() {
                    self.time_out(at, number);
                }
            }
            (_, Some(_) | None) => return false,
        }
        true
    }

    fn time_out(&mut self, at: u64, number: u32) {
        let client = &mut self.clients[number as usize];
        let due = client.engine.poll_timeout().filter(|_| !client.back);
        if due.is_some_and(|(deadline, _)| deadline <= Timestamp::from_nanos(at)) {
            tell(&mut client.engine, at, Input::Timeout);
            self.carry_out(at, number);
        }
    }

    /// The server takes the next in its queue; to find that one has gone costs it nothing.
    fn accept(&mut self, at: u64) {
        while let Some((number, transport)) = self.queue.pop_front() {
            let client = &mut self.clients[number as usize];
            if client.dialing == Some(transport) {
                client.back = true;
                self.back += 1;
                self.accepts_at = at + 1_000_000_000 / u64::from(self.herd.accepts_per_second);
                return self.count(at);
            }
        }
    }

    fn count(&mut self, at: u64) {
        let (back, clients) = (u64::from(self.back), u64::from(self.herd.clients));
        let reached = |mark: &mut Option<u64>, percent: u64| {
            if back * 100 >= clients * percent {
                mark.get_or_insert(at - CUT);
            }
        };
        reached(&mut self.half, 50);
        reached(&mut self.most, 99);
        reached(&mut self.all, 100);
    }

    fn carry_out(&mut self, now: u64, number: u32) {
        loop {
            let client = &mut self.clients[number as usize];
            match client.engine.poll_output() {
                None => break,
                Some(Output::Dial(dial)) => {
                    client.dialing = Some(dial.transport);
                    self.dialed(now, number, dial.transport);
                }
                Some(Output::HangUp { transport, .. }) => {
                    if client.dialing == Some(transport) {
                        client.dialing = None;
                        self.wasted += 1;
                    }
                }
                Some(Output::Transmit { .. } | Output::Event(_)) => {}
            }
        }
        if let Some((deadline, _)) = self.clients[number as usize].engine.poll_timeout() {
            self.agenda.push(Reverse((deadline.as_nanos(), number)));
        }
    }

    fn dialed(&mut self, now: u64, number: u32, transport: TransportId) {
        let second = now / 1_000_000_000;
        self.in_second = if second == self.second { self.in_second + 1 } else { 1 };
        self.second = second;
        self.peak = self.peak.max(self.in_second);
        if now >= CUT + nanos(self.herd.outage) {
            self.accepts_at = self.accepts_at.max(now);
            self.queue.push_back((number, transport));
            return;
        }
        self.wasted += 1;
        let client = &mut self.clients[number as usize];
        client.dialing = None;
        let (failure, verdict) = (Failure::new(Cause::Refused), None);
        let news = News::Failed { failure, verdict };
        tell(&mut client.engine, now, Input::Transport(transport, news));
    }

    fn returned(&self) -> Returned {
        Returned {
            back: self.back,
            half: self.half.map(Duration::from_nanos),
            most: self.most.map(Duration::from_nanos),
            all: self.all.map(Duration::from_nanos),
            wasted: self.wasted as f64 / f64::from(self.herd.clients),
            peak_per_second: self.peak,
        }
    }
}

/// A client that was connected for long, with its heartbeat in step, and has just lost its server.
fn settled(herd: &Herd, number: u32) -> Engine<()> {
    let mut engine = Engine::new(herd.config.clone(), herd.seed.wrapping_add(number));
    let mut last = TransportId(0);
    tell(&mut engine, 0, Input::Connect);
    let mut now = 0;
    while now < CUT {
        while let Some(output) = engine.poll_output() {
            if let Output::Transmit { transport, .. } = &output {
                let written = News::Written { frames: 1 };
                tell(&mut engine, now, Input::Transport(*transport, written));
            }
            if let Some((transport, news)) = answer(herd, number, output) {
                last = transport;
                tell(&mut engine, now, Input::Transport(transport, news));
            }
        }
        now = engine.poll_timeout().map_or(CUT, |(at, _)| at.as_nanos().max(now));
        tell(&mut engine, now.min(CUT), Input::Timeout);
    }
    let (failure, verdict) = (Failure::new(Cause::EndedAbruptly), None);
    tell(&mut engine, CUT, Input::Transport(last, News::Lost { failure, verdict }));
    engine
}

/// What a healthy server does at once.
fn answer(herd: &Herd, number: u32, output: Output<()>) -> Option<(TransportId, News<()>)> {
    let (return_window, backoff_max) = herd.tells(number);
    let (heartbeat, origin_ttl, kept) = (None, None, Kept::Disk);
    let welcome =
        Received::Welcome { heartbeat, return_window, backoff_max, origin_ttl, kept, rate: None };
    match output {
        Output::Dial(dial) => Some((dial.transport, News::Opened)),
        Output::Transmit { transport, frame: Transmit::Hello { .. } } => {
            Some((transport, News::Frame(welcome)))
        }
        Output::Transmit { transport, frame: Transmit::Ping { nonce, .. } } => {
            let level = PingLevel::Application;
            Some((
                transport,
                News::Frame(Received::Pong { level, nonce: Some(nonce), window: None }),
            ))
        }
        Output::Transmit { .. } | Output::HangUp { .. } | Output::Event(_) => None,
    }
}

fn tell(engine: &mut Engine<()>, at: u64, input: Input<()>) {
    let told = engine.handle_input(Timestamp::from_nanos(at), input);
    debug_assert!(told.is_ok(), "only sends and subscriptions can fail");
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// When the server is lost: every client has proved itself stable by then.
const CUT: u64 = 120 * 1_000_000_000;

/// How often a client's heartbeat tells it of another window.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How long the herd is watched.
const LONGEST: Duration = Duration::from_secs(1800);

#[cfg(test)]
mod tests {
    use everlink_engine::{Dialect, Profile};

    use super::*;

    fn herd(told: Told) -> Returned {
        let outage = Duration::from_secs(2);
        run(20_000, 200, outage, told)
    }

    fn run(clients: u32, accepts_per_second: u32, outage: Duration, told: Told) -> Returned {
        let config = Config::builder(Profile::Standard).dialect(Dialect::EVERLINK).build().unwrap();
        Herd { clients, accepts_per_second, outage, told, config, seed: 1 }.run(|_| {})
    }

    #[test]
    fn req_n04_a_window_named_beforehand_spares_the_herd_its_wasted_attempts() {
        let guided = herd(Told::All(Duration::from_secs(150), None));
        assert_eq!(guided.back, 20_000, "{guided:?}");
        assert!(guided.wasted <= 0.05, "{guided:?}");
        assert!(guided.peak_per_second <= 240, "{guided:?}");
        let alone = herd(Told::Nothing);
        assert!(alone.wasted > 10.0 * guided.wasted, "{alone:?}");
    }

    /// 5,000 clients, as fast as a server of two cores takes them, lost while they had just gathered.
    #[test]
    fn fault_50_after_a_long_outage_all_are_back_soon_and_no_second_brings_them_all() {
        let outage = Duration::from_secs(10);
        let gathering = |after| Told::Gathering { over: Duration::from_secs(5), after };
        for after in [Duration::from_secs(2), Duration::from_secs(60)] {
            let returned = run(5_000, 2_000, outage, gathering(after));
            assert_eq!(returned.back, 5_000, "{returned:?}");
            assert!(returned.all <= Some(outage + Duration::from_secs(9)), "{returned:?}");
            assert!(returned.peak_per_second <= 4_000, "{returned:?}");
        }
        // Who was told nothing but how few there were comes back with all others, and then late.
        let as_before = run(5_000, 2_000, outage, Told::All(Duration::ZERO, None));
        assert!(as_before.all > Some(outage + Duration::from_secs(20)), "{as_before:?}");
        assert!(as_before.peak_per_second > 4_700, "{as_before:?}");
    }

    /// The part of the window over which failed attempts return grows with the outage.
    #[test]
    fn fault_50_a_herd_that_failed_for_minutes_does_not_overrun_the_server_that_comes_back() {
        let told = Told::All(Duration::from_secs(100), None);
        let returned = run(20_000, 300, Duration::from_secs(300), told);
        assert_eq!(returned.back, 20_000, "{returned:?}");
        assert!(returned.peak_per_second <= 2_000, "{returned:?}");
        let took = returned.all.map(|all| all - Duration::from_secs(300));
        assert!(took <= Some(Duration::from_secs(140)), "{returned:?}");
    }
}
