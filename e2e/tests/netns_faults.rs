//! Faults that nobody is told of, on real sockets between two network namespaces: each is noticed within one
//! heartbeat interval and its deadline.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use std::time::{Duration, Instant};

use everlink_e2e::{Environment, Line, Network, Program, Server, ServerKind, ServerOptions};

const INTERVAL: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(1);

/// For what is not the client's doing: a busy machine, and pipes between the fault, the client and us.
const MARGIN: Duration = Duration::from_millis(500);

/// Longest wait for what should happen.
const LONG: Duration = Duration::from_secs(30);

/// A server at one end of a cable, and `everlink connect` at the other.
struct Link {
    network: Network,
    server: Server,
    client: Program,
}

impl Link {
    /// Connects; `None` where the machine has no network namespaces.
    fn connected() -> Option<Self> {
        let network = Network::new().unwrap()?;
        let side = network.server();
        let options = ServerOptions {
            host: side.address(),
            inside: Some(side.clone()),
            ..ServerOptions::default()
        };
        let server = Server::start(ServerKind::PythonWebsockets, options).unwrap();
        let mut connect = Environment::set_up().unwrap().everlink().unwrap();
        connect.args(["connect", &server.url(), "--json", "--proxy", "none"]);
        connect.args(SETTINGS.split_whitespace());
        let client = Program::start(&mut network.client().enter(&connect)).unwrap();
        client.event(0, LONG, "connected").unwrap();
        Some(Self { network, server, client })
    }

    /// Lets something happen, waits until the client has noticed, and says how long that took.
    fn noticed(&mut self, happen: impl FnOnce(&mut Network, &Server)) -> Duration {
        let from = self.client.count();
        let began = Instant::now();
        happen(&mut self.network, &self.server);
        let told = self.client.wait(from, LONG, is_notice).unwrap();
        told.at.duration_since(began)
    }

    /// Ends what happened, and waits until the client is back.
    fn back(&mut self, end: impl FnOnce(&mut Network, &Server)) {
        let from = self.client.count();
        end(&mut self.network, &self.server);
        let back = |line: &Line| line.json()["state"] == "connected";
        self.client.wait(from, LONG, back).unwrap();
        // A round trip proves it, so that the next fault meets a connection at rest.
        self.client.event(self.client.count(), LONG, "health_check").unwrap();
    }
}

/// Dead or replaced: in both cases the application knows.
fn is_notice(line: &Line) -> bool {
    line.is_event("disconnected") || line.is_event("moved")
}

const SETTINGS: &str = "--heartbeat-interval 1s --heartbeat-timeout 1s --return-window 0s \
                        --backoff-min 50ms --backoff-max 500ms --backoff-floor 0s --stable-after 0s \
                        --connect-timeout 2s --dials-per-minute none";

#[test]
fn req_x03_fault_20_silent_faults_of_the_network_are_noticed_within_heartbeat_and_deadline() {
    let Some(mut line) = Link::connected() else { return };
    for fault in ["black-hole", "deaf", "mute", "cable-out"] {
        let took = line.noticed(|network, _| network.fault(fault).unwrap());
        eprintln!("{fault}: noticed after {took:.2?}, at most {:.2?}", INTERVAL + TIMEOUT);
        assert!(took <= INTERVAL + TIMEOUT + MARGIN, "{fault}: noticed only after {took:?}");
        line.back(|network, _| network.fault("off").unwrap());
    }
}

#[test]
fn req_x03_fault_20_a_frozen_peer_is_noticed_within_heartbeat_and_deadline() {
    let Some(mut line) = Link::connected() else { return };
    let took = line.noticed(|_, server| server.freeze().unwrap());
    eprintln!("frozen: noticed after {took:.2?}, at most {:.2?}", INTERVAL + TIMEOUT);
    assert!(took <= INTERVAL + TIMEOUT + MARGIN, "noticed only after {took:?}");
    line.back(|_, server| server.thaw().unwrap());
}

#[test]
fn fault_44_a_change_of_address_is_noticed_and_survived_without_anybody_telling_the_client() {
    let Some(mut line) = Link::connected() else { return };
    let from = line.client.count();
    let took = line.noticed(|network, _| network.fault("rebind 10.99.0.3").unwrap());
    eprintln!("rebind: noticed after {took:.2?}, at most {:.2?}", INTERVAL + TIMEOUT);
    assert!(took <= INTERVAL + TIMEOUT + MARGIN, "noticed only after {took:?}");
    let back = |line: &Line| is_notice(line) && line.json()["state"] == "connected";
    line.client.wait(from, LONG, |line| line.is_event("reconnected") || back(line)).unwrap();
    line.client.say("from another address").unwrap();
    line.client.wait(from, LONG, |line| line.text == "from another address").unwrap();
}

/// Only shown: how long the client of Python's `websockets` needs with the same interval and deadline.
#[test]
fn a_client_of_others_in_the_same_black_hole_is_timed_beside_ours() {
    let Some(mut line) = Link::connected() else { return };
    let mut watch = Environment::set_up().unwrap().python("probe.py");
    let times = [INTERVAL, TIMEOUT].map(|time| time.as_secs().to_string());
    watch.args([&*line.server.url(), "60", "--watch"]).args(&times);
    let other = Program::start(&mut line.network.client().enter(&watch)).unwrap();
    other.wait(0, LONG, |line| line.text == "open").unwrap();
    let began = Instant::now();
    let ours = line.noticed(|network, _| network.fault("black-hole").unwrap());
    let theirs = other.wait(0, LONG, |line| line.text.starts_with("closed")).unwrap();
    let theirs = theirs.at.duration_since(began);
    eprintln!("black hole: everlink {ours:.2?}, Python websockets {theirs:.2?}");
    assert!(ours <= INTERVAL + TIMEOUT + MARGIN, "noticed only after {ours:?}");
}
