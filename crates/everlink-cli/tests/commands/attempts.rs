//! A token command is run before each attempt.

use everlink_testkit::server::{Script, ScriptedServer};

use crate::support::{SOON, complaints, connect};

#[tokio::test(flavor = "multi_thread")]
async fn fault_10_a_refused_token_is_asked_for_anew_and_so_is_one_for_each_attempt() {
    let server = ScriptedServer::builder().script(Script::new().reject(401, &[]));
    let server = server.build().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("count");
    // A token that is a different one each time.
    let command = format!("echo x >> {0} && echo token-$(wc -l < {0})", file.display());
    let program = connect(&[&server.url(), "--token-command", &command]);
    program.event(0, SOON, "connected").unwrap();
    server.kill();
    program.event(0, SOON, "reconnected").unwrap();
    for number in 1..=3 {
        let request = server.connection(number).await.unwrap().request().await.unwrap();
        let expected = format!("Bearer token-{number}");
        assert_eq!(request.header("authorization"), Some(expected.as_str()));
    }
    let told = complaints(&program);
    assert!(!told.contains("token-"), "a token was told: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_46_a_token_command_that_fails_is_tried_again_and_no_socket_is_opened_without_it() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let command = format!("cat {}", file.display());
    let program = connect(&[&server.url(), "--token-command", &command]);
    let failed = program.event(0, SOON, "attempt_failed").unwrap().json();
    assert!(failed["error"].as_str().unwrap().contains("--token-command"), "{failed}");
    assert_eq!(server.connection_count(), 0);
    std::fs::write(&file, "late\n").unwrap();
    program.wait(0, SOON, |line| line.json()["state"] == "connected").unwrap();
    let request = server.connection(1).await.unwrap().request().await.unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer late"));
}
