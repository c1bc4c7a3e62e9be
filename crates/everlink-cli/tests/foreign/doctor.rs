//! `everlink doctor` finds out what these servers do.

use everlink_e2e::{Nginx, Server, ServerKind, ServerOptions};
use serde_json::Value;

use crate::{SOON, everlink};

fn examine(url: &str, idle: &str) -> (i32, Value) {
    let mut doctor = everlink(&["doctor", url, "--json", "--idle", idle]);
    let code = doctor.ended(SOON).unwrap();
    (code, serde_json::from_str(&doctor.output()[0]).unwrap())
}

/// Returns a figure that some finding of this step has.
fn figure(report: &Value, step: &str, key: &str) -> Option<f64> {
    let mut findings = report["findings"].as_array()?.iter();
    findings.find_map(|finding| {
        (finding["step"] == step).then(|| finding["data"][key].as_f64()).flatten()
    })
}

fn setting<'a>(report: &'a Value, key: &str) -> Option<&'a str> {
    let mut settings = report["settings"].as_array()?.iter();
    settings.find(|advice| advice["setting"] == key)?["value"].as_str()
}

#[test]
fn req_n06_every_server_of_others_is_examined_from_name_to_farewell() {
    for kind in ServerKind::ALL {
        let server = Server::start(kind, ServerOptions::default()).unwrap();
        let (code, report) = examine(&server.url(), "0s");
        assert_eq!(code, 0, "{kind:?}: {report:#}");
        for (step, key) in [
            ("dns", "ms"),
            ("upgrade", "upgrade_ms"),
            ("ping", "protocol_ping_ms"),
            ("ping", "application_ping_ms"),
            ("close", "ms"),
        ] {
            assert!(figure(&report, step, key).is_some(), "{kind:?}, {key}: {report:#}");
        }
        assert_eq!(figure(&report, "close", "close_echo"), Some(1000.0), "{kind:?}");
        assert_eq!(setting(&report, "dialect"), Some("json"), "{kind:?}");
    }
}

#[test]
fn req_n06_fault_57_the_idle_timeout_of_nginx_is_found_and_a_heartbeat_that_fits_is_advised() {
    let server = Server::start(ServerKind::PythonWebsockets, ServerOptions::default()).unwrap();
    let nginx = Nginx::in_front_of(server.address()).unwrap();
    let (code, report) = examine(&nginx.url(), "12s");
    assert_eq!(code, 0, "{report:#}");
    let found = figure(&report, "idle", "idle_timeout_s").unwrap();
    let limit = Nginx::IDLE_MAX.as_secs_f64();
    // nginx counts in milliseconds, from a clock that it reads once a turn.
    assert!((limit - 0.01..limit * 2.0).contains(&found), "{found}");
    let advised = setting(&report, "heartbeat_interval").unwrap();
    let advised: f64 = advised.trim_end_matches('s').parse().unwrap();
    assert!((1.0..limit / 2.0).contains(&advised), "{advised}");
}

#[test]
fn req_n06_an_endpoint_that_is_not_there_is_bad() {
    let mut server = Server::start(ServerKind::NodeWs, ServerOptions::default()).unwrap();
    server.kill().unwrap();
    let (code, report) = examine(&server.url(), "0s");
    assert_eq!(code, 1, "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["level"] == "bad"), "{report:#}");
}
