//! Every exit code that `everlink connect` has.

use everlink_testkit::server::{Ending, Script, ScriptedServer, Seen};

use crate::support::{SOON, complaints, connect};

#[tokio::test(flavor = "multi_thread")]
async fn code_0_after_the_messages_that_were_wanted() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let mut program = connect(&[&server.url(), "--exit-after", "2"]);
    program.say("one").unwrap();
    program.say("two").unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 0);
    assert_eq!(program.output(), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_0_at_the_end_of_the_input_once_all_of_it_was_sent() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let mut program = connect(&[&server.url(), "--exit-on-eof"]);
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    for line in &lines {
        program.say(line).unwrap();
    }
    program.end_input();
    assert_eq!(program.ended(SOON).unwrap(), 0);
    let seen = server.connection(1).await.unwrap().ended().await.unwrap();
    assert_eq!(seen.texts(), lines);
    assert_eq!(seen.ending, Some(Ending::CloseHandshake));
}

#[test]
fn code_2_for_wrong_usage_and_the_text_says_what_is_accepted() {
    for (arguments, parts) in [
        (&["http://127.0.0.1/"][..], &["urls", "http://127.0.0.1/", "wss://host/path"][..]),
        (&[], &["url"]),
        (&["ws://127.0.0.1:1/", "--backoff-max", "20m"], &["--backoff-max", "20m", "15m"]),
        (&["ws://127.0.0.1:1/", "--profile", "nice"], &["profile", "nice", "standard"]),
        (&["ws://127.0.0.1:1/", "--emit", "connect"], &["--emit", "`connect`", "newListener"]),
        (&["ws://127.0.0.1:1/", "--join", r#"["disconnect"]"#], &["--join", "`disconnect`"]),
        (&["ws://127.0.0.1:1/", "--dialect", "json", "--emit", "a"], &["--emit", "`json`"]),
        (&["ws://127.0.0.1:1/", "--dialect", "plain", "--ack"], &["--ack", "`plain`", "socketio"]),
        (&["ws://127.0.0.1:1/", "--dialect", "json", "--join", "[]"], &["--join", "`json`"]),
        (&["ws://127.0.0.1:1/", "--namespace", "/chat"], &["--namespace", "`plain`", "socketio"]),
        (&["ws://127.0.0.1:1/", "--subscribe", "a"], &["plain", "subscriptions"]),
    ] {
        let mut program = connect(arguments);
        assert_eq!(program.ended(SOON).unwrap(), 2, "{arguments:?}");
        let text = complaints(&program);
        assert!(parts.iter().all(|part| text.contains(part)), "{arguments:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x08_code_3_when_all_attempts_are_spent() {
    let server = ScriptedServer::builder().build().await.unwrap();
    server.stop().await.unwrap();
    let mut program = connect(&[&server.url(), "--attempts-max", "2"]);
    assert_eq!(program.ended(SOON).unwrap(), 3);
    let last = program.event(0, SOON, "reconnect_failed").unwrap().json();
    assert_eq!((&last["attempts"], &last["state"]), (&2.into(), &"error".into()), "{last}");
    let text = complaints(&program);
    assert!(text.contains("gave up after 2 attempts"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_10_code_4_when_the_server_refuses_us_and_there_is_no_other_token() {
    let server = ScriptedServer::builder().otherwise(Script::new().reject(401, &[]));
    let server = server.build().await.unwrap();
    let mut program = connect(&[&server.url()]);
    assert_eq!(program.ended(SOON).unwrap(), 4);
    assert!(complaints(&program).contains("401"));
    assert_eq!(server.connection_count(), 1, "without a source of tokens asking again is futile");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_5_when_the_time_is_up() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let mut program = connect(&[&server.url(), "--timeout", "300ms"]);
    assert_eq!(program.ended(SOON).unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x05_code_130_at_ctrl_c_after_an_orderly_farewell() {
    let server = ScriptedServer::builder().build().await.unwrap();
    let mut program = connect(&[&server.url()]);
    program.event(0, SOON, "connected").unwrap();
    program.interrupt().unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 130);
    let seen = server.connection(1).await.unwrap().ended().await.unwrap();
    let farewell = |seen: &Seen| matches!(seen, Seen::Close(Some((1000, _))));
    assert!(seen.seen.iter().any(farewell), "{seen:?}");
    assert_eq!(server.connection_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn req_x05_ctrl_c_ends_an_attempt_that_hangs() {
    let server = ScriptedServer::builder().otherwise(Script::new().stall_forever());
    let server = server.build().await.unwrap();
    let mut program = connect(&[&server.url()]);
    server.connection(1).await.unwrap();
    program.interrupt().unwrap();
    assert_eq!(program.ended(SOON).unwrap(), 130);
}
