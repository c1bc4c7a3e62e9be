//! `everlink connect` with a server of ours: lines become messages of a log, and come back in order.

use everlink_e2e::Program;
use everlink_testkit::chaos::{ChaosProxy, End};
use serde_json::Value;

use crate::serve::{ready, serve, url};
use crate::support::{SOON, complaints, connect, everlink};

/// `everlink connect` without `--json`, which says nothing but errors beside the messages.
fn quiet(arguments: &[&str]) -> Program {
    Program::start(everlink(&["connect", "--quiet"]).args(arguments)).unwrap()
}

/// Publishes lines and waits until they are stored.
fn publish(url: &str, channel: &str, lines: &[&str]) {
    let mut publisher = quiet(&[url, "--publish-to", channel, "--exit-on-eof"]);
    lines.iter().for_each(|line| publisher.say(line).unwrap());
    publisher.end_input();
    assert_eq!(publisher.ended(SOON).unwrap(), 0, "{}", complaints(&publisher));
}

fn objects(program: &Program) -> Vec<Value> {
    program.output().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn lines_are_stored_and_come_with_offset_and_origin() {
    let server = serve(&["--memory"]);
    let url = url(&ready(&server));
    publish(&url, "room/1", &["one", "zwei ö", "a \"third\""]);
    let mut reader = quiet(&[&url, "--channel", "room/1", "--from", "begin", "--exit-after", "3"]);
    assert_eq!(reader.ended(SOON).unwrap(), 0, "{}", complaints(&reader));
    let lines = reader.output();
    let fields: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let producer = fields[0][1].strip_suffix("/1").unwrap();
    for (number, (fields, text)) in (1..).zip(fields.iter().zip(["one", "zwei ö", "a \"third\""]))
    {
        assert_eq!(*fields, [&number.to_string(), &format!("{producer}/{number}"), text]);
    }
}

#[test]
fn reading_begins_at_an_offset_and_every_channel_is_named_where_there_are_several() {
    let server = serve(&["--memory"]);
    let url = url(&ready(&server));
    publish(&url, "a", &["1", "2", "3", "4"]);
    publish(&url, "b", &["5", "6", "7", "8"]);
    let channels = ["--channel", "a", "--channel", "b", "--from", "3", "--exit-after", "4"];
    let mut reader = quiet(&[&[url.as_str()][..], &channels].concat());
    assert_eq!(reader.ended(SOON).unwrap(), 0, "{}", complaints(&reader));
    let mut came: Vec<String> = reader
        .output()
        .iter()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            format!("{} {} {}", fields[0], fields[1], fields[3])
        })
        .collect();
    came.sort_unstable();
    assert_eq!(came, ["a 3 3", "a 4 4", "b 3 7", "b 4 8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_n01_what_is_said_across_cuts_is_stored_once_in_order_and_comes_once_in_order() {
    let server = serve(&["--memory"]);
    let address: std::net::SocketAddr =
        ready(&server)["addresses"][0].as_str().unwrap().parse().unwrap();
    let proxy = ChaosProxy::builder().upstream(address).build().await.unwrap();
    let url = format!("ws://{}/ws", proxy.local_addr());
    let mut program =
        connect(&[&url, "--channel", "room/1", "--from", "begin", "--exit-after", "60"]);
    let mut seen = 0;
    for round in 0..3 {
        for number in 0..20 {
            program.say(&format!("line {}", round * 20 + number)).unwrap();
        }
        let last = format!("line {}", round * 20 + 4);
        program.wait(seen, SOON, |line| line.json()["json"] == last.as_str()).unwrap();
        seen = program.count();
        if round < 2 {
            proxy.cut(End::Reset);
        }
    }
    assert_eq!(program.ended(SOON).unwrap(), 0, "{}", complaints(&program));
    let came = objects(&program);
    assert_eq!(came.len(), 60);
    for (number, object) in (0u64..).zip(&came) {
        assert_eq!(object["json"], format!("line {number}"), "{object}");
        assert_eq!(
            (&object["offset"], &object["sequence"]),
            (&(number + 1).into(), &(number + 1).into())
        );
        assert_eq!(object["channel"], "room/1");
    }
    assert!(complaints(&program).contains("\"reconnected\""));
}

#[test]
fn json_lines_are_values_and_a_gap_stands_where_it_is() {
    let mut server = serve(&["--memory"]);
    let serving = ready(&server);
    let url = url(&serving);
    let mut program = connect(&[&url, "--channel", "room", "--json-lines"]);
    program.event(0, SOON, "connected").unwrap();
    program.say(r#"{"n": 1}"#).unwrap();
    program.wait(0, SOON, |line| line.json()["json"]["n"] == 1).unwrap();
    program.say("no json").unwrap();
    program.wait(0, SOON, |line| line.text.contains("a line was not sent")).unwrap();
    // A log in memory is gone with its server: the next one begins a new life.
    server.kill().unwrap();
    let address = serving["addresses"][0].as_str().unwrap();
    let second = serve(&["--memory", "--listen", address]);
    ready(&second);
    program.event(0, SOON, "reconnected").unwrap();
    program.say("[2]").unwrap();
    program.wait(0, SOON, |line| line.json()["json"] == serde_json::json!([2])).unwrap();
    program.interrupt().unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 130);
    let came: Vec<Value> =
        objects(&program).into_iter().filter(|object| object["retained"].is_null()).collect();
    assert_eq!(came.len(), 3, "{came:#?}");
    assert_eq!(came[1]["gap"]["why"], "epoch", "{came:#?}");
    assert_ne!(came[0]["epoch"], came[2]["epoch"]);
}

#[test]
fn a_line_for_nobody_and_an_offset_that_is_not_there_yet_are_told_with_what_to_say_instead() {
    let server = serve(&["--memory"]);
    let url = url(&ready(&server));
    publish(&url, "a", &["1"]);
    let mut several = quiet(&[&url, "--channel", "a", "--channel", "b", "--exit-on-eof"]);
    several.say("for whom?").unwrap();
    several.end_input();
    assert_eq!(several.ended(SOON).unwrap(), 1);
    assert!(complaints(&several).contains("--publish-to"), "{}", complaints(&several));

    let mut beyond = quiet(&[&url, "--channel", "a", "--from", "9"]);
    assert_eq!(beyond.ended(SOON).unwrap(), 1);
    let told = complaints(&beyond);
    assert!(told.contains("the log of a ends at 1") && told.contains("accepted: 1 to 2"), "{told}");
}

#[test]
fn wrong_usage_ends_with_code_2_and_says_what_is_accepted() {
    let url = "ws://127.0.0.1:9/ws";
    for (arguments, words) in [
        (&["--channel", "a", "--from", "0"][..], "now, begin, or an offset from 1"),
        (&["--from", "begin"], "--channel"),
        (&["--channel", "a", "--subscribe", "b"], "cannot be used with"),
        (&["--channel", "a", "--dialect", "plain"], "everlink"),
        (&["--channel", "a", "--channel", "a"], "a"),
    ] {
        let mut program = quiet(&[&[url][..], arguments].concat());
        assert_eq!(program.ended(SOON).unwrap(), 2, "{arguments:?}: {}", complaints(&program));
        assert!(complaints(&program).contains(words), "{arguments:?}: {}", complaints(&program));
    }
}
