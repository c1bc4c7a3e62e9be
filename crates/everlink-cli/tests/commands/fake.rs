//! `everlink fake`: the address first, commands over HTTP, an end by signal.

use everlink_e2e::Program;
use serde_json::Value;

use crate::support::{SOON, complaints, connect, everlink};

/// Starts a fake server; returns it with what its first line says behind `listening on `.
fn start(arguments: &[&str]) -> (Program, String) {
    let program = Program::start(&mut everlink(arguments)).unwrap();
    let first = program.wait(0, SOON, |line| !line.is_error).unwrap();
    let url = first.text.strip_prefix("listening on ").unwrap().to_owned();
    (program, url)
}

fn post(url: &str, path: &str) -> Value {
    let host = url.trim_start_matches("ws://").split('/').next().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut answer = agent.post(format!("http://{host}{path}")).send_empty().unwrap();
    answer.body_mut().read_json().unwrap()
}

#[test]
fn req_n08_a_fake_exchange_is_reached_at_its_first_line_and_ends_by_ctrl_c_with_code_0() {
    let flags = ["fake", "exchange", "--symbols", "btcusdt", "--rate", "1000", "-v"];
    let (mut exchange, url) = start(&flags);
    let mut client = connect(&[&format!("{url}/ws/btcusdt@trade"), "--exit-after", "5"]);
    assert_eq!(client.ended(SOON).unwrap(), 0);
    let ids = client.output();
    let ids = ids.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["t"].as_u64());
    let ids: Vec<_> = ids.map(Option::unwrap).collect();
    assert!(ids.is_sorted_by(|id, next| id + 1 == *next), "{ids:?}");
    let hole = post(&url, "/control/skip?stream=btcusdt@trade&events=5");
    assert_eq!(hole["last"].as_u64(), hole["first"].as_u64().map(|first| first + 4));
    exchange.wait(0, SOON, |line| line.text.starts_with("connection 1 open")).unwrap();
    exchange.wait(0, SOON, |line| line.text == "command skip").unwrap();
    exchange.interrupt().unwrap();
    assert_eq!(exchange.ended(SOON).unwrap(), 0);
}

#[test]
fn req_n08_a_fake_chat_says_what_its_lines_and_commands_say() {
    let line = ["fake", "chat", "--bot", "secret=helper", "--line", "1ms alice: hello", "--repeat"];
    let (mut chat, url) = start(&line);
    let mut client = connect(&[&format!("{url}?token=secret"), "--exit-after", "4"]);
    assert_eq!(client.ended(SOON).unwrap(), 0);
    let lines = client.output();
    assert!(lines[0].starts_with("NAMES ") && lines[1].contains("helper"), "{lines:?}");
    assert!(lines[3].contains(r#""data":"hello""#), "{lines:?}");
    post(&url, "/control/say?nick=bob&text=hi");
    chat.interrupt().unwrap();
    assert_eq!(chat.ended(SOON).unwrap(), 0);
}

#[test]
fn req_n08_what_cannot_be_is_code_2_and_a_port_that_is_taken_is_code_1() {
    let (_exchange, url) = start(&["fake", "exchange"]);
    let taken = url.trim_start_matches("ws://");
    for (arguments, code, parts) in [
        (&["fake", "exchange", "--listen", taken][..], 1, ["cannot listen on", taken]),
        (&["fake", "exchange", "--time-scale", "0"], 2, ["time scale is \"0\"", "0.001 to 100000"]),
        (&["fake", "exchange", "--refuse", "nosuch@trade"], 2, ["nosuch@trade", "SYMBOL@KIND"]),
        (
            &["fake", "exchange", "--listen", "0.0.0.0:1"],
            2,
            ["listen is \"0.0.0.0:1\"", "127.0.0.1:0"],
        ),
        (
            &["fake", "chat", "--line", "0s alice: hello", "--repeat"],
            2,
            ["script is \"0ns\"", "when it is repeated"],
        ),
        (&["fake", "chat", "--script", "/nosuch"], 2, ["cannot read the script", "/nosuch"]),
    ] {
        let mut program = Program::start(&mut everlink(arguments)).unwrap();
        assert_eq!(program.ended(SOON).unwrap(), code, "{arguments:?}");
        let text = complaints(&program);
        assert!(parts.iter().all(|part| text.contains(part)), "{arguments:?}: {text}");
    }
}
