//! Status events of an AI worker.

use everlink_server::{Server, StatusEvent, StatusKind};
use serde_json::json;

use crate::support::{everlink, site};

const STATUS: &str = "/conversations/room/status";

#[tokio::test]
async fn req_c05_req_c09_status_events_that_are_posted_reach_the_status_socket_each_once_and_at_once()
 {
    let site = site(Server::builder()).await;
    assert_eq!(site.get(STATUS).await.status, 404);
    let mut socket = site.open("/ws/status/room/").await;
    let mut chat = site.open("/ws/chat/room/").await;
    socket.until_pong().await;
    // Told once it has joined: everything later is.
    site.post(STATUS, &json!({"type": "thinking_start"})).await;
    socket.next_of("thinking_start").await;
    for event in [
        json!({"type": "thinking_end", "tokens": 7}),
        json!({"type": "extraction_start"}),
        json!({"type": "extraction_complete", "summary_triggered": true}),
        json!({"type": "summary_complete"}),
        json!({"type": "thinking_start"}),
    ] {
        let answer = site.post(STATUS, &event).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = socket.next().await;
        assert_eq!(told["type"], event["type"]);
        assert_eq!(told["summary_triggered"], event["summary_triggered"]);
        assert_eq!(told["tokens"], event["tokens"]);
        assert_eq!(told["conversation_id"], "room");
        let generating = event["summary_triggered"] == true;
        assert_eq!(told["summary_generating"], generating, "{told}");
    }
    assert_eq!(socket.exactly(0).await.len(), 0);
    assert_eq!(chat.exactly(0).await.len(), 0, "the chat socket is for messages");

    let mut later = site.open("/ws/status/room/").await;
    let told = later.next().await;
    assert_eq!((&told["type"], &told["thinking"]), (&json!("thinking_start"), &json!(true)));
    assert_eq!(site.get(STATUS).await.json()["version"], told["version"]);
}

#[tokio::test]
async fn req_c05_a_native_client_gets_the_event_and_the_state() {
    let site = site(Server::builder()).await;
    let mut native = everlink(&site, "room", None).await;
    native.next_of("sub_ok").await;
    let event = StatusEvent::new(StatusKind::ExtractionStart);
    let status = site.server.set_status("room", event);
    let version = status.map(|status| status.version).unwrap_or_default();
    for t in ["vol", "ret"] {
        loop {
            let told = native.next_of(t).await;
            if told["k"] == "status" {
                assert_eq!(
                    (&told["d"]["extracting"], &told["d"]["version"]),
                    (&json!(true), &json!(version))
                );
                break;
            }
        }
    }
    let mut messenger = site.open("/ws?conversation_id=room&events=status").await;
    assert_eq!(messenger.next_of("status").await["status"]["type"], "extraction_start");
}

#[tokio::test]
async fn a_status_that_is_none_is_refused() {
    let site = site(Server::builder()).await;
    for body in
        ["no", "{}", r#"{"type":"dancing"}"#, r#"{"type":"thinking_end","summary_triggered":"x"}"#]
    {
        let answer = site.ask(hyper::Method::POST, STATUS, &[], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["where"], "body");
    }
    let large = json!({"type": "thinking_start", "x": "x".repeat(20_000)});
    assert_eq!(site.post(STATUS, &large).await.status, 413);
    let faked =
        site.post(STATUS, &json!({"type": "thinking_end", "version": 1, "thinking": true})).await;
    assert_eq!(faked.json()["thinking"], false);
    assert_ne!(faked.json()["version"], 1);
}
