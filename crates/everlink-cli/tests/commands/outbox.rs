//! `--outbox`: what was taken survives kill -9.

use everlink_testkit::server::ScriptedServer;

use crate::support::{SOON, complaints, connect};

#[tokio::test(flavor = "multi_thread")]
async fn req_m06_fault_59_lines_taken_while_down_arrive_from_the_next_process_after_kill_9() {
    let server = ScriptedServer::builder().build().await.unwrap();
    server.stop().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.redb");
    let arguments = [&*server.url(), "--outbox", file.to_str().unwrap()];
    let mut first = connect(&arguments);
    for line in ["one", "two", "three"] {
        first.say(line).unwrap();
    }
    first.wait(0, SOON, |line| line.json()["queued"] == 3).unwrap();
    first.kill().unwrap();
    server.start().await.unwrap();
    let _second = connect(&arguments);
    let connection = server.connection(1).await.unwrap();
    assert_eq!(connection.texts(3).await.unwrap(), ["one", "two", "three"]);
}

#[test]
fn fault_58_an_outbox_that_cannot_be_opened_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing").join("outbox.redb");
    let mut program = connect(&["ws://127.0.0.1:1/", "--outbox", file.to_str().unwrap()]);
    assert_ne!(program.ended(SOON).unwrap(), 0);
    let text = complaints(&program);
    assert!(text.contains("outbox.redb"), "{text}");
}
