//! The network between two namespaces works, breaks as told, and goes away.

use std::process::Command;
use std::time::Duration;

use everlink_e2e::{Network, Probe, Server, ServerKind, ServerOptions};

/// Asks the server through the cable.
fn ask(network: &Network, server: &Server, limit: Duration) -> anyhow::Result<Vec<String>> {
    Probe::new(server.url()).inside(network.client()).limit(limit).ask(&["hello"])
}

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(30);

fn server_in(network: &Network) -> Server {
    let side = network.server();
    let options = ServerOptions {
        host: side.address(),
        inside: Some(side.clone()),
        ..ServerOptions::default()
    };
    Server::start(ServerKind::PythonWebsockets, options).expect("the server starts")
}

#[test]
fn faults_of_the_network_stop_what_they_should_and_end() {
    let Some(mut network) = Network::new().unwrap() else {
        return;
    };
    let server = server_in(&network);
    assert_eq!(ask(&network, &server, LONG).unwrap(), ["hello"]);
    for fault in ["black-hole", "deaf", "mute", "no-syn", "cable-out"] {
        network.fault(fault).unwrap();
        assert!(ask(&network, &server, SHORT).is_err(), "{fault} lets everything pass");
        network.fault("off").unwrap();
        assert_eq!(ask(&network, &server, LONG).unwrap(), ["hello"], "after {fault}");
    }
}

#[test]
fn a_reset_is_felt_and_a_lossy_or_slow_or_moved_client_still_gets_through() {
    let Some(mut network) = Network::new().unwrap() else {
        return;
    };
    let server = server_in(&network);
    network.fault(&format!("reset {}", server.address().port())).unwrap();
    let error = ask(&network, &server, LONG).unwrap_err().to_string();
    assert!(error.contains("Refused") || error.contains("Reset"), "{error}");
    for fault in ["off", "loss 5", "rate 256kbit", "rebind 10.99.0.3"] {
        network.fault(fault).unwrap();
        assert_eq!(ask(&network, &server, LONG).unwrap(), ["hello"], "with {fault}");
    }
}

#[test]
fn an_unknown_fault_is_an_error_that_names_it() {
    let Some(mut network) = Network::new().unwrap() else {
        return;
    };
    let error = network.fault("boom").unwrap_err().to_string();
    assert!(error.contains("no such fault: boom"), "{error}");
}

#[test]
fn a_dropped_network_leaves_nothing_behind() {
    let Some(network) = Network::new().unwrap() else {
        return;
    };
    let inside = network.client().enter(&Command::new("true"));
    let name = inside.get_args().nth(2).unwrap().to_owned();
    let listed = || {
        let output = Command::new("ip").args(["netns", "list"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains(name.to_str().unwrap())
    };
    assert!(listed());
    drop(network);
    assert!(!listed());
}
