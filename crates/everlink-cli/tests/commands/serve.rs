//! `everlink serve` as a process: where it listens, how it ends, and what it refuses.

use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use everlink::dial::{DialOptionsBuilder, Proxy};
use everlink::{ChannelEvent, Client, ConnectionState, Dialect, Event, Start};
use everlink_e2e::Program;
use rustix::process::Signal;
use serde_json::Value;
use tokio::time::timeout;

use crate::support::{SOON, complaints, everlink};

/// Starts a server on a free port, where the arguments say nothing else.
pub(crate) fn serve(arguments: &[&str]) -> Program {
    let mut command = everlink(&["serve", "--json"]);
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    Program::start(command.args(arguments)).unwrap()
}

/// Waits until it serves; returns what it says about that.
pub(crate) fn ready(program: &Program) -> Value {
    program
        .wait(0, SOON, |line| !line.is_error && line.text.contains("\"serving\""))
        .unwrap()
        .json()
}

pub(crate) fn url(serving: &Value) -> String {
    serving["urls"][0].as_str().unwrap().to_owned()
}

fn client(url: &str) -> Client {
    let client = Client::builder(url)
        .dialect(Dialect::EVERLINK)
        .dial(|dial: DialOptionsBuilder| dial.proxy(Proxy::none()))
        .settings(|settings| {
            settings
                .backoff_floor(Duration::from_millis(10))
                .backoff_min(Duration::from_millis(20))
                .backoff_max(Duration::from_millis(200))
                .dials_per_minute(None)
        })
        .build()
        .unwrap();
    client.start().unwrap();
    client
}

async fn connected(client: &Client) {
    timeout(SOON, client.wait_until(ConnectionState::Connected)).await.unwrap();
}

/// Asserts that a server does not start, with this code and these words.
fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let mut program = serve(arguments);
    assert_eq!(program.ended(SOON).unwrap(), code, "{}", complaints(&program));
    let text = complaints(&program);
    assert!(words.iter().all(|word| text.contains(word)), "{words:?} not all in: {text}");
    assert!(program.output().is_empty(), "it said that it serves: {:?}", program.output());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn port_0_takes_a_free_port_and_the_address_is_told() {
    let program = serve(&["--memory", "--node", "here"]);
    let serving = ready(&program);
    assert_eq!(serving["node"], "here");
    let address = serving["addresses"][0].as_str().unwrap();
    assert!(!address.ends_with(":0"), "{serving}");
    assert_eq!(url(&serving), format!("ws://{address}/ws"));
    connected(&client(&url(&serving))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_51_sigterm_asks_clients_to_go_ends_with_code_0_and_the_next_server_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", text(folder.path()), "--drain-window", "500ms"];
    let mut first = serve(&data);
    let serving = ready(&first);
    let client = client(&url(&serving));
    let mut events = client.events();
    connected(&client).await;
    timeout(SOON, client.publish("room", "before")).await.unwrap().unwrap().await.unwrap();
    first.signal(Signal::TERM).unwrap();
    let away = async {
        loop {
            if matches!(events.next().await, Some(Event::Away { .. }) | None) {
                return;
            }
        }
    };
    timeout(SOON, away).await.unwrap();
    assert_eq!(first.ended(SOON).unwrap(), 0, "{}", complaints(&first));
    let last: Value = serde_json::from_str(first.output().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["cut"]), (&"ended".into(), &0.into()), "{last}");
    // The same address again, as a deploy would.
    let address = serving["addresses"][0].as_str().unwrap();
    let second = serve(&[&data[..], &["--listen", address]].concat());
    ready(&second);
    connected(&client).await;
    timeout(SOON, client.publish("room", "after")).await.unwrap().unwrap().await.unwrap();
    let mut channel = client.channel("room").from(Start::Beginning).open().unwrap();
    for expected in ["before", "after"] {
        let event = timeout(SOON, channel.next()).await.unwrap().unwrap();
        let ChannelEvent::Message(message) = event else { panic!("{event:?}") };
        assert_eq!(message.payload.decode::<String>().unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_without_clients_ends_with_code_0_and_frees_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut program = serve(&["--data", text(folder.path())]);
        ready(&program);
        program.interrupt().unwrap();
        assert_eq!(program.ended(SOON).unwrap(), 0, "{}", complaints(&program));
    }
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", text(folder.path())];
    let first = serve(&data);
    ready(&first);
    refused(&data, 1, &["is in use", "messages.redb"]);
}

#[test]
fn an_address_that_others_reach_is_refused_unless_that_is_wished_for() {
    let address = ["--memory", "--listen", "0.0.0.0:0"];
    refused(&address, 2, &["0.0.0.0:0", "--open"]);
    let program = serve(&[&address[..], &["--open"]].concat());
    ready(&program);
}

/// Req: R07
#[test]
fn req_r07_values_for_socket_io_that_cannot_be_used_are_refused_with_the_option() {
    for (option, value, accepted) in [
        ("--socket-io-ping-interval", "0s", "accepted: 100ms"),
        ("--socket-io-ping-timeout", "2days", "accepted: 100ms"),
        ("--socket-io-recovery-window", "10ms", "accepted: 1s"),
        ("--socket-io-ping-interval", "soon", "soon"),
        ("--socket-io-path", "no slash", "accepted are `/`"),
        ("--socket-io-path", "/ws", "another path"),
    ] {
        refused(&["--memory", option, value], 2, &[option, accepted]);
    }
    for also in [["--socket-io-path", "/chat"], ["--socket-io-ping-timeout", "5s"]] {
        refused(
            &[&["--memory", "--no-socket-io"][..], &also].concat(),
            2,
            &["--no-socket-io", also[0]],
        );
    }
}

#[test]
fn an_address_that_is_taken_is_refused_with_its_name() {
    let first = serve(&["--memory"]);
    let serving = ready(&first);
    let address = serving["addresses"][0].as_str().unwrap();
    refused(&["--memory", "--listen", address], 1, &["cannot listen on", address]);
}

#[test]
fn files_for_tls_that_cannot_be_used_are_refused_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let pair = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let ((certificate, key), (_, other_key)) = (pair(), pair());
    let certificate = file("chain.pem", &certificate);
    let (key, other_key) = (file("key.pem", &key), file("other.pem", &other_key));
    let (rubbish, missing) = (file("rubbish.pem", "no PEM"), folder.path().join("missing.pem"));
    let tls = |certificate: &Path, key: &Path| {
        ["--memory", "--tls-cert", text(certificate), "--tls-key", text(key)].map(str::to_owned)
    };
    for (certificate, key, words) in [
        (&missing, &key, ["missing.pem", "cannot be read"]),
        (&rubbish, &key, ["rubbish.pem", "PEM"]),
        (&certificate, &rubbish, ["rubbish.pem", "PEM"]),
        (&certificate, &other_key, ["other.pem", "cannot be used"]),
    ] {
        let arguments = tls(certificate, key);
        refused(&arguments.each_ref().map(String::as_str), 1, &words);
    }
    refused(&["--memory", "--tls-cert", text(&certificate)], 2, &["--tls-key"]);
    let arguments = tls(&certificate, &key);
    let program = serve(&arguments.each_ref().map(String::as_str));
    assert!(url(&ready(&program)).starts_with("wss://"));
}

#[test]
fn fault_58_a_directory_that_cannot_be_made_or_written_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let below = file.join("data");
    refused(&["--data", text(&below)], 1, &["cannot make the directory", text(&below)]);
    // Nobody can make files in there, root included.
    refused(&["--data", "/proc/self"], 1, &["/proc/self/messages.redb", "cannot be opened"]);
}

#[test]
fn fault_59_a_store_that_is_none_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("messages.redb"), "no store").unwrap();
    refused(&["--data", text(folder.path())], 1, &["messages.redb", "move it away"]);
}

/// A file system of one mebibyte of this test's own, where the system allows one.
fn small_disk(program: &str) -> Option<std::process::Command> {
    let allowed = std::process::Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = std::process::Command::new("unshare");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && shift && exec \"$@\"";
    command.args(["-rm", "sh", "-c", script, program]);
    Some(command)
}

#[test]
fn fault_58_a_directory_on_a_disk_that_is_full_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = small_disk("sh") else {
        eprintln!("skipped: this system allows no mounts of one's own");
        return;
    };
    let fill = "head -c 2000000 /dev/zero > \"$1/fill\" 2> /dev/null; shift; exec \"$@\"";
    command.arg(folder.path()).args(["sh", "-c", fill, "sh"]).arg(folder.path());
    let serve = everlink(&["serve", "--json", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(serve.get_program()).args(serve.get_args()).arg(folder.path());
    let mut program = Program::start(&mut command).unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 1, "{}", complaints(&program));
    let told = complaints(&program);
    assert!(told.contains("messages.redb") && told.contains("No space left"), "{told}");
}

#[test]
fn a_demonstration_accounts_for_every_message() {
    let mut command = everlink(&["demo", "--for", "3s", "--json", "--seed", "7"]);
    let mut demo = Program::start(&mut command).unwrap();
    assert_eq!(demo.ended(Duration::from_secs(60)).unwrap(), 0, "{:#?}", demo.lines());
    let report: Value = serde_json::from_str(demo.output().last().unwrap()).unwrap();
    let figure = |name: &str| report[name].as_u64().unwrap();
    assert!(figure("sent") > 0, "{report:#}");
    assert_eq!(figure("sent"), figure("acked"), "{report:#}");
    assert_eq!(["lost", "doubled", "reordered"].map(figure), [0, 0, 0], "{report:#}");
    assert_eq!(figure("delivered"), figure("sent") * 4, "{report:#}");
}

#[test]
fn a_supervised_server_ends_with_its_supervisor_and_any_other_goes_on() {
    let mut supervised = serve(&["--memory", "--supervised"]);
    ready(&supervised);
    supervised.end_input();
    assert_eq!(supervised.ended(SOON).unwrap(), 0);
    let mut other = serve(&["--memory"]);
    ready(&other);
    other.end_input();
    other.interrupt().unwrap();
    assert_eq!(other.ended(SOON).unwrap(), 0);
    assert!(other.output().iter().any(|line| line.contains("\"draining\"")), "it did not go on");
}

#[test]
fn a_demonstration_that_is_killed_takes_its_server_along() {
    let mut command = everlink(&["demo", "--for", "60s", "--no-browser"]);
    let mut demo = Program::start(&mut command).unwrap();
    let line = demo.wait(0, SOON, |line| line.text.contains("server on ")).unwrap().text;
    let (_, rest) = line.split_once("server on ").unwrap();
    let address: SocketAddr = rest.split(',').next().unwrap().parse().unwrap();
    let mut link = TcpStream::connect(address).unwrap();
    link.set_read_timeout(Some(SOON)).unwrap();
    demo.kill().unwrap();
    let ended = link.read(&mut [0]).map_err(|error| error.kind());
    assert!(matches!(ended, Ok(0) | Err(ErrorKind::ConnectionReset)), "it serves on: {ended:?}");
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
