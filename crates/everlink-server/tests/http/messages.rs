//! Messages by REST.

use everlink_server::Server;
use hyper::{Method, StatusCode};
use serde_json::json;

use crate::support::{everlink, site};

const ROOM: &str = "/conversations/room/messages";

#[tokio::test]
async fn req_m07_a_message_is_stored_and_then_told_to_every_endpoint_with_the_same_id_and_number() {
    let site = site(Server::builder()).await;
    let mut messenger = site.open("/ws?conversation_id=room&user_id=bob").await;
    let mut chat = site.open("/ws/chat/room/").await;
    let mut native = everlink(&site, "room", None).await;
    messenger.until_pong().await;
    chat.until_pong().await;
    native.next_of("sub_ok").await;

    let body = json!({"sender_id": "ann", "plaintext": "hello", "mood": "good"});
    let answer = site.post(ROOM, &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let sent = answer.json();
    assert_eq!(sent["sequence_number"], 1);
    assert_eq!(sent["conversation_id"], "room");
    assert_eq!(sent["duplicate"], false);

    let told = messenger.next_of("message").await;
    assert_eq!(told["id"], sent["id"]);
    assert_eq!(told["sequence_number"], 1);
    assert_eq!(told["created_at"], sent["created_at"]);
    assert_eq!((&told["sender_id"], &told["plaintext"]), (&json!("ann"), &json!("hello")));
    assert_eq!(told["mood"], "good");
    let told = chat.next_of("chat_message").await;
    assert_eq!((&told["id"], &told["sequence_number"]), (&sent["id"], &json!(1)));
    assert_eq!(told["message"], "hello");
    let told = native.next_of("msg").await;
    assert_eq!((&told["id"], &told["o"]), (&sent["id"], &json!(1)));
    assert_eq!(told["d"]["plaintext"], "hello");
}

#[tokio::test]
async fn req_m07_posting_a_message_again_under_its_id_stores_it_once() {
    let site = site(Server::builder()).await;
    let body = json!({"id": "m-1", "sender_id": "ann", "plaintext": "hello"});
    let first = site.post(ROOM, &body).await;
    let again = site.post(ROOM, &body).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(again.json()["duplicate"], true);
    for field in ["id", "sequence_number", "created_at"] {
        assert_eq!(first.json()[field], again.json()[field], "{field}");
    }
    let headers = [("idempotency-key", "m-1")];
    let plain = json!({"sender_id": "ann", "plaintext": "hello"}).to_string();
    let by_header = site.ask(Method::POST, ROOM, &headers, &plain).await;
    assert_eq!(
        (by_header.status, &by_header.json()["sequence_number"]),
        (StatusCode::OK, &json!(1))
    );

    let other = json!({"id": "m-1", "sender_id": "ann", "plaintext": "something else"});
    let taken = site.post(ROOM, &other).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.body);
    let mut socket = site.open("/ws?conversation_id=room&user_id=ann").await;
    socket.say(&json!({"type": "message", "id": "m-1", "plaintext": "hello"})).await;
    let ack = socket.next_of("ack").await;
    assert_eq!(
        (&ack["id"], &ack["sequence_number"]),
        (&json!("m-1"), &json!(1)),
        "by a socket too"
    );
    assert_eq!(site.get(ROOM).await.json()["last"], 1);
}

#[tokio::test]
async fn req_m08_history_is_read_in_pages_and_says_what_it_has_lost() {
    let site = site(Server::builder()).await;
    let empty = site.get(ROOM).await.json();
    assert_eq!(
        (&empty["messages"], &empty["last"], &empty["epoch"]),
        (&json!([]), &json!(0), &json!(0))
    );
    for n in 1..=7 {
        site.post(ROOM, &json!({"sender_id": "ann", "plaintext": n.to_string()})).await;
    }
    let numbers = |page: &serde_json::Value| -> Vec<u64> {
        let messages = page["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|message| message["sequence_number"].as_u64()).collect()
    };
    let page = site.get(&format!("{ROOM}?after=2&limit=3")).await.json();
    assert_eq!(numbers(&page), [3, 4, 5]);
    assert_eq!((&page["next_after"], &page["missing"]), (&json!(5), &json!(null)));
    let page = site.get(&format!("{ROOM}?after=5")).await.json();
    assert_eq!(numbers(&page), [6, 7]);
    assert_eq!(page["next_after"], json!(null));
    assert_eq!(numbers(&site.get(&format!("{ROOM}?before=4&limit=2")).await.json()), [2, 3]);
    assert_eq!(numbers(&site.get(&format!("{ROOM}?before=2&limit=9")).await.json()), [1]);

    let trimmed = site.server.log().trim("room", 4).await;
    assert!(trimmed.is_ok(), "{trimmed:?}");
    let page = site.get(&format!("{ROOM}?after=1")).await.json();
    assert_eq!(page["missing"], json!({"from": 2, "to": 3}));
    assert_eq!(numbers(&page), [4, 5, 6, 7]);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_with_where_and_what_is_accepted() {
    let site = site(Server::builder().frame_max(1024)).await;
    let long = format!("/conversations/{}/messages", "x".repeat(257));
    let large = json!({"plaintext": "x".repeat(2000)}).to_string();
    for (path, body, status, place) in [
        (ROOM, "no", 400, "body"),
        (ROOM, "[]", 400, "body"),
        (ROOM, "{}", 400, "body"),
        (ROOM, r#"{"sender_id":"ann"}"#, 400, "body"),
        (ROOM, r#"{"id":"a~b","plaintext":"x"}"#, 400, "body: id"),
        (ROOM, r#"{"id":"","plaintext":"x"}"#, 400, "body: id"),
        (ROOM, r#"{"sender_id":"","plaintext":"x"}"#, 400, "body: sender_id"),
        (long.as_str(), r#"{"plaintext":"x"}"#, 400, "path: conversation"),
        ("/conversations/%ff/messages", r#"{"plaintext":"x"}"#, 400, "path: conversation"),
        (ROOM, large.as_str(), 413, "body"),
    ] {
        let answer = site.ask(Method::POST, path, &[], body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{body}: {problem}");
        assert_eq!(answer.header("content-type"), "application/problem+json; charset=utf-8");
        assert_eq!(problem["where"], place, "{body}: {problem}");
        assert_eq!(problem["status"], status);
        assert!(!problem["accepted"].as_str().unwrap_or_default().is_empty(), "{problem}");
    }
    for (query, place) in [
        ("limit=0", "query: limit"),
        ("limit=501", "query: limit"),
        ("after=x", "query"),
        ("after=1&before=5", "query: before"),
        ("after=-1", "query"),
    ] {
        let answer = site.get(&format!("{ROOM}?{query}")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["where"]),
            (400, &json!(place)),
            "{query}"
        );
    }
    let wrong = site.ask(Method::DELETE, ROOM, &[], "").await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "POST,GET,HEAD"));
    assert_eq!(site.get(ROOM).await.json()["last"], 0, "nothing of it was stored");
}

#[tokio::test]
async fn a_sender_who_is_too_fast_is_told_when_to_come_back() {
    use everlink_server::{Limits, Quotas};
    let by_address =
        Quotas { messages_a_second: std::num::NonZeroU32::new(2), ..Quotas::default() };
    let limits = Limits { by_address, ..Limits::default() };
    let site = site(Server::builder().limits(limits)).await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = site.post(ROOM, &json!({"plaintext": "x"})).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap_or_else(|| panic!("nobody was slowed down"));
    assert_eq!(refused.header("retry-after"), refused.json()["retry_after_s"].to_string());
}
