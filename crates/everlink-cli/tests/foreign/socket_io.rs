//! `everlink connect` in a room of npm's `socket.io`.

use everlink_e2e::{Program, Server, ServerKind, ServerOptions};
use serde_json::{Value, json};

use crate::{SOON, everlink};

fn connected(server: &Server, arguments: &[&str]) -> Program {
    let url = format!("http://{}", server.address());
    let quick = ["--return-window", "0s", "--backoff-min", "50ms", "--backoff-max", "200ms"];
    let stable = ["--stable-after", "0s", "--dials-per-minute", "none"];
    let program =
        everlink(&[&["connect", &url, "--json"][..], &quick, &stable, arguments].concat());
    program.event(0, SOON, "connected").unwrap();
    program
}

fn printed(program: &Program, from: usize, wanted: &Value) {
    let is_it = |line: &everlink_e2e::Line| !line.is_error && line.json() == *wanted;
    program.wait(from, SOON, is_it).unwrap();
}

#[test]
fn req_r06_what_is_said_in_a_room_is_printed_across_a_restart_of_the_server() {
    let mut server = Server::start(ServerKind::SocketIo, ServerOptions::default()).unwrap();
    let reader = connected(&server, &["--join", r#"["join","lobby"]"#, "--envelope"]);
    reader.event(0, SOON, "subscribed").unwrap();
    let mut writer = connected(&server, &["--dialect", "socketio", "--ack"]);
    writer.say(r#"["say","lobby",{"n":1}]"#).unwrap();
    printed(&writer, 0, &json!({ "answer": [{ "n": 1 }] }));
    let first = |line: &everlink_e2e::Line| {
        !line.is_error && line.json()["event"] == "said" && line.json()["args"][0]["n"] == 1
    };
    reader.wait(0, SOON, first).unwrap();
    let from = reader.count();
    server.kill().unwrap();
    writer.event(0, SOON, "attempt_failed").unwrap();
    writer.say(r#"["say","lobby",{"n":2}]"#).unwrap();
    server.restart().unwrap();
    printed(&writer, 0, &json!({ "answer": [{ "n": 2 }] }));
    let resumed = reader.event(from, SOON, "resumed").unwrap();
    assert_eq!(resumed.json()["recovered"], false);
    writer.end_input();
}

#[test]
fn a_line_becomes_the_argument_of_an_event_and_a_bad_one_is_told() {
    let server = Server::start(ServerKind::SocketIo, ServerOptions::default()).unwrap();
    let arguments = ["--emit", "tell", "--exit-on-eof", "--namespace", "/chat"];
    let mut program = connected(&server, &arguments);
    program.say(r#"a "text""#).unwrap();
    let told = |events: &[everlink_e2e::Event]| {
        events.iter().find_map(|event| match &event.kind {
            everlink_e2e::EventKind::Message { text, .. } => text.clone(),
            _ => None,
        })
    };
    assert_eq!(server.wait(SOON, told).unwrap(), r#"["tell","a \"text\""]"#);
    // Not before: npm's server forgets events that come in one piece with the farewell.
    program.end_input();
    assert_eq!(program.ended(SOON).unwrap(), 0);
    let mut program = connected(&server, &["--dialect", "socketio", "--exit-on-eof"]);
    program.say("no list").unwrap();
    program.end_input();
    assert_eq!(program.ended(SOON).unwrap(), 1);
    let complains = |line: &everlink_e2e::Line| line.text.contains("a line was not sent: not JSON");
    program.wait(0, SOON, complains).unwrap();
}
