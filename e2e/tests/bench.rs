//! The benchmarks run, and their reports are whole. What they measure is not judged here.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_quick_run_reports_every_measurement_of_every_client() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench_client"))
        .args(["--quick", "--json", "--idle", "20", "--round-ms", "10"])
        .args(["--clients", "everlink,tungstenite,tungstenite-small,ezsockets"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    // Nine echoes, and both ways for each of three sizes.
    rows(&report, "messages", 15 * 5, &["messages_per_second", "cpu_us_per_message", "cpu_ratio"]);
    rows(&report, "restore", 2 * 5, &["median_us", "p99_us", "ratio"]);
    rows(&report, "memory", 5, &["bytes_idle", "bytes_after_burst", "ratio"]);
    rows(&report, "targets", 15 + 1 + 1, &["value", "limit"]);
    assert!(report["machine"]["cpus"].as_u64() > Some(0), "{report}");
    assert_eq!(report["quick"], true);
}

#[test]
fn a_quick_run_reports_appends_and_replay_of_every_store() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench_store"))
        .args(["--quick", "--json", "--round-ms", "20", "--messages", "1000"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    rows(&report, "appends", 3 * 3, &["p50_us", "p99_us", "rate", "cpu_us"]);
    rows(&report, "replay", 3, &["rate", "cpu_us"]);
    assert_eq!(report["messages_read"], 1000);
}

#[test]
fn a_quick_run_reports_what_a_delivery_and_a_connection_cost_beside_socket_io() {
    let report = server(&[
        "--part=delivery,memory",
        "--servers=everlink,everlink-socket-io,axum-batched,socketioxide,socket-io",
        "--subscribers=20",
        "--idle=20",
        "--settle-ms=100",
    ]);
    rows(&report, "deliveries", 2 * 5, &["in_flight", "per_second"]);
    // Two of them with TLS as well.
    rows(&report, "memory", 5 + 2, &["idle_kib", "after_down_kib", "after_both_kib"]);
    let spoken = report["memory"].as_array().unwrap().iter().filter(|row| row["tls"] == true);
    assert_eq!(spoken.count(), 2);
}

#[test]
fn a_quick_run_reports_what_the_start_of_a_client_of_socket_io_costs() {
    let report = server(&["--part=start", "--servers=everlink-socket-io,socket-io"]);
    rows(&report, "starts", 2 * 2, &["starts", "tcp_each"]);
    let each = |at: usize| report["starts"][at]["tcp_each"].as_f64();
    assert_eq!(each(1), Some(1.0), "a WebSocket is one connection: {report}");
    assert!(each(0) > Some(1.0), "polling comes first: {report}");
}

#[test]
fn a_quick_run_reports_that_nothing_is_lost_under_cuts() {
    let report = server(&["--part=cuts", "--subscribers=10"]);
    rows(&report, "cuts", 2, &["cuts", "delivered", "back_p99_ms", "level_p99_ms"]);
    let row = &report["cuts"][0];
    assert_eq!((&row["client"], &row["delivered"]), (&"everlink".into(), &1.0.into()), "{row}");
    assert!(row["cuts"].as_u64() >= Some(10), "each was cut: {row}");
    assert_eq!(row["never_level"], 0);
}

#[test]
fn a_quick_run_reports_how_clients_on_node_return() {
    check_return("socket-io,partysocket", 2);
}

#[test]
fn a_quick_run_reports_how_clients_on_python_return() {
    check_return("websockets", 1);
}

fn check_return(clients: &str, count: usize) {
    let report = server(&["--part=outage", "--herd=10", &format!("--clients={clients}")]);
    rows(&report, "outages", count, &["clients"]);
    for row in report["outages"].as_array().expect("rows") {
        let returned = &row["returned"];
        assert_eq!(returned["back"], 10, "{row}");
        assert!(returned["attempts_each"].as_f64() >= Some(1.0), "{row}");
        let delivered = returned["delivered"].as_f64().expect("a share");
        assert!(delivered > 0.0 && delivered <= 1.0, "{row}");
    }
}

/// Runs the server's benchmark in short.
fn server(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_bench_server"))
        .args(["--quick", "--json"])
        .args(arguments)
        .output()
        .expect("the benchmark starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("a report")
}

/// Looks whether a part has so many rows, and these numbers in each.
fn rows(report: &Value, part: &str, count: usize, numbers: &[&str]) {
    let rows = report[part].as_array().expect("rows");
    assert_eq!(rows.len(), count, "{part}: {report:#}");
    for (row, number) in rows.iter().flat_map(|row| numbers.iter().map(move |name| (row, *name))) {
        assert!(row[number].is_number(), "{part}: {number} is missing in {row:#}");
    }
}
