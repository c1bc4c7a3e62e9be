//! What becomes of the command when whoever reads its standard output or standard error goes away.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};

use everlink_testkit::server::ScriptedServer;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{SOON, everlink};

/// Waits for its end, and returns its code.
fn ended(mut child: Child) -> Option<i32> {
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait().unwrap().code()));
    told.recv_timeout(SOON).unwrap_or_else(|_| {
        kill_process(pid, Signal::KILL).unwrap();
        panic!("it still runs");
    })
}

fn first_line(stream: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

/// Returns the command's code when nobody reads it from the start, and what it says on standard error.
fn unread(mut command: Command) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (ended(child), said)
}

#[test]
fn what_only_prints_ends_quietly_when_nobody_reads_it() {
    for arguments in [
        &["reference", "settings"][..],
        &["reference", "commands"],
        &["completions", "bash"],
        &["man"],
        &["sim", "--seeds", "1", "--years", "0.0001"],
        &["doctor", "ws://127.0.0.1:1/", "--idle", "0s"],
        &["doctor", "ws://127.0.0.1:1/", "--idle", "0s", "--json"],
        &["serve", "--memory", "--listen", "127.0.0.1:0", "--json"],
    ] {
        assert_eq!(unread(everlink(arguments)), (Some(141), String::new()), "{arguments:?}");
    }
    let (code, said) = unread(everlink(&["--help"]));
    assert!(code == Some(0) && said.is_empty(), "{code:?}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_when_nobody_reads_its_messages_or_its_news() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = everlink(&["connect", &server.url()]);
    command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    assert!(first_line(reader).contains("everlink: "), "nothing was told");
    // What comes back of it finds no reader.
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hello\n").unwrap();
    assert_eq!(ended(child), Some(141));
}

#[test]
fn a_server_goes_on_when_nobody_reads_its_log_and_is_drained_in_the_end() {
    let mut command = everlink(&["serve", "--memory", "--listen", "127.0.0.1:0", "--no-page"]);
    command.env("RUST_LOG", "debug").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let serving = lines.find_map(|line| {
        let line = line.unwrap();
        line.strip_prefix("serving ").map(str::to_owned)
    });
    drop(lines);
    let address = serving.unwrap().split(' ').next().unwrap().replace("ws://", "http://");
    let address = address.replace("/ws", "/health");
    for _ in 0..3 {
        let answer = ureq::get(&address).call().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(ended(child), Some(0));
}
