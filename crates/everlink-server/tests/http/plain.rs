//! Endpoints of plain JSON.

use everlink_server::Server;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::support::{Site, everlink, site};

const MESSENGER: &str = "/ws?conversation_id=room&user_id=bob";

async fn post(site: &Site, count: u64) {
    for n in 0..count {
        let body = json!({"sender_id": "ann", "plaintext": n.to_string()});
        site.post("/conversations/room/messages", &body).await;
    }
}

fn numbers(values: &[Value]) -> Vec<u64> {
    let messages = values.iter().filter(|value| value["type"] == "message");
    messages.filter_map(|message| message["sequence_number"].as_u64()).collect()
}

#[tokio::test]
async fn req_c02_req_c09_a_ping_is_answered_with_a_pong_at_every_plain_endpoint() {
    let site = site(Server::builder()).await;
    for path in [MESSENGER, "/ws/chat/room/", "/ws/status/room/", "/ws/chat/room"] {
        let mut socket = site.open(path).await;
        socket.say(&json!({"type": "ping", "timestamp": 1})).await;
        assert_eq!(socket.next().await, json!({"type": "pong"}), "{path}");
    }
}

#[tokio::test]
async fn req_m08_a_messenger_that_comes_back_gets_what_was_stored_meanwhile_without_asking() {
    let site = site(Server::builder()).await;
    let mut socket = site.open(MESSENGER).await;
    post(&site, 1).await;
    socket.next_of("message").await;
    drop(socket);
    post(&site, 3).await;
    let mut back = site.open(MESSENGER).await;
    assert_eq!(numbers(&back.exactly(4).await), [1, 2, 3, 4], "known ones are dropped by number");
    let mut exact = site.open(&format!("{MESSENGER}&after=2")).await;
    assert_eq!(numbers(&exact.exactly(2).await), [3, 4]);
    let mut fresh = site.open(&format!("{MESSENGER}&replay=0")).await;
    assert_eq!(numbers(&fresh.exactly(0).await), [0; 0]);
    post(&site, 1).await;
    assert_eq!(fresh.next_of("message").await["sequence_number"], 5, "and then what comes");
}

#[tokio::test]
async fn req_m08_what_history_has_lost_is_told_as_a_gap() {
    let site = site(Server::builder()).await;
    post(&site, 5).await;
    let trimmed = site.server.log().trim("room", 4).await;
    assert!(trimmed.is_ok(), "{trimmed:?}");
    let mut socket = site.open(&format!("{MESSENGER}&after=1")).await;
    let told = socket.until_pong().await;
    assert_eq!(
        (&told[0]["type"], &told[0]["from"], &told[0]["to"]),
        (&json!("gap"), &json!(2), &json!(3))
    );
    assert_eq!(numbers(&told), [4, 5]);
}

#[tokio::test]
async fn fault_33_a_place_in_an_earlier_life_of_the_log_is_answered_from_its_beginning() {
    let site = site(Server::builder()).await;
    post(&site, 2).await;
    let epoch = site.get("/conversations/room/messages").await.json()["epoch"].clone();
    let other = epoch.as_u64().unwrap_or_default() ^ 1;
    let path = format!("{MESSENGER}&after=2&epoch={other}&events=ready");
    let mut socket = site.open(&path).await;
    let ready = socket.next_of("ready").await;
    assert_eq!((&ready["epoch"], &ready["sequence_number"]), (&epoch, &json!(2)));
    assert_eq!(numbers(&socket.exactly(2).await), [1, 2]);
    let mut same = site.open(&format!("{MESSENGER}&after=2&epoch={epoch}&events=ready")).await;
    same.next_of("ready").await;
    assert_eq!(numbers(&same.exactly(0).await), [0; 0]);
    let mut ahead = site.open(&format!("{MESSENGER}&after=9")).await;
    assert_eq!(numbers(&ahead.exactly(2).await), [1, 2], "an end that was lost");
}

#[tokio::test]
async fn req_c09_messages_and_replies_of_the_chat_page_reach_the_room() {
    let site = site(Server::builder()).await;
    let mut chat = site.open("/ws/chat/room/?user_id=ann").await;
    let mut messenger = site.open(MESSENGER).await;
    let mut native = everlink(&site, "room", None).await;
    messenger.until_pong().await;
    native.next_of("sub_ok").await;
    chat.say(&json!({"type": "message", "message": "Hello, AI!"})).await;
    let echoed = chat.next_of("chat_message").await;
    assert_eq!((&echoed["message"], &echoed["sender_id"]), (&json!("Hello, AI!"), &json!("ann")));
    let told = messenger.next_of("message").await;
    assert_eq!((&told["plaintext"], &told["id"]), (&json!("Hello, AI!"), &echoed["id"]));
    let native = native.next_of("msg").await;
    assert_eq!((&native["o"], &native["d"]["plaintext"]), (&json!(1), &json!("Hello, AI!")));

    let reply = json!({"sender_id": "ai", "role": "assistant", "plaintext": "Hello, human."});
    site.post("/conversations/room/messages", &reply).await;
    let told = chat.next_of("chat_reply").await;
    assert_eq!((&told["message"], &told["sequence_number"]), (&json!("Hello, human."), &json!(2)));
}

#[tokio::test]
async fn what_a_plain_client_says_wrong_is_answered_and_ends_the_connection_at_last() {
    let site = site(Server::builder()).await;
    let mut socket = site.open("/ws/chat/room/").await;
    for text in ["no json", "[]", r#"{"type":"wave"}"#, r#"{"type":"message"}"#] {
        socket.say_text(text).await;
        assert_eq!(socket.next().await["type"], "error", "{text}");
    }
    for _ in 0..13 {
        socket.say_text("no json").await;
    }
    assert_eq!(socket.closed().await, 4400);
    let mut socket = site.open(MESSENGER).await;
    socket.say_binary().await;
    assert_eq!(socket.closed().await, 1003);
    for text in [r#"{"type":"status","payload":1}"#, r#"{"type":"presence"}"#] {
        let mut socket = site.open(MESSENGER).await;
        socket.say_text(text).await;
        assert_eq!(socket.next().await["type"], "error", "{text}");
    }
}

#[tokio::test]
async fn a_request_that_names_no_conversation_or_nonsense_is_refused_before_the_upgrade() {
    let site = site(Server::builder()).await;
    for path in [
        "/ws",
        "/ws?conversation_id=",
        "/ws?conversation_id=room&after=x",
        "/ws?conversation_id=room&replay=1001",
        "/ws?conversation_id=room&events=weather",
        "/ws?conversation_id=room&auth=url",
        "/ws?conversation_id=room&token=secret",
        "/ws?conversation_id=room&access_token=secret",
        "/ws/chat/%20%ff/",
    ] {
        let refused = site.dial(path, &[]).await.err();
        assert_eq!(refused, Some(StatusCode::BAD_REQUEST), "{path}");
    }
    let answer = site.get("/ws?conversation_id=room").await;
    assert_eq!(answer.status, StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn req_r07_the_path_of_the_sockets_is_configurable() {
    let site = site(Server::builder().path("/api/socket")).await;
    site.open("/api/socket?conversation_id=room").await.until_pong().await;
    site.open("/api/socket/status/room/").await.until_pong().await;
    assert_eq!(site.dial("/ws?conversation_id=room", &[]).await.err(), Some(StatusCode::NOT_FOUND));
    for wrong in ["", "ws", "/ws/", "/{x}", "//ws", "/w s"] {
        assert!(Server::builder().path(wrong).build().is_err(), "{wrong:?}");
    }
}
