//! What answers by itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use everlink_server::Server;
use everlink_server::log::{LogOptions, MemoryLog, RedbLog, RedbOptions};
use everlink_server::responders::{Keywords, RespondOptions, ResponderFile, Webhook};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Site, site, soon};

/// A worker that answers what it is told to, and says what it was asked.
struct Worker {
    url: String,
    asked: mpsc::UnboundedReceiver<(Value, String)>,
}

#[derive(Clone)]
struct Desk {
    asked: mpsc::UnboundedSender<(Value, String)>,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
}

/// Starts a worker that gives these answers one after the other; the last one again and again.
async fn worker(answers: &[(u16, &'static str)]) -> Worker {
    let (sender, asked) = mpsc::unbounded_channel();
    let desk =
        Desk { asked: sender, answers: Arc::new(Mutex::new(answers.iter().copied().collect())) };
    let app = Router::new().route("/answer", post(work)).with_state(desk);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Worker { url: format!("http://{address}/answer"), asked }
}

async fn work(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let key = headers.get("idempotency-key").unwrap().to_str().unwrap().to_owned();
    desk.asked.send((serde_json::from_str(&body).unwrap(), key)).unwrap();
    let mut answers = desk.answers.lock().unwrap();
    let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
    let (status, body) = answer.unwrap();
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body)
}

async fn say(site: &Site, room: &str, text: &str) -> Value {
    let path = format!("/conversations/{room}/messages");
    site.post(&path, &json!({"sender_id": "ann", "plaintext": text})).await.json()
}

async fn texts(site: &Site, room: &str) -> Vec<String> {
    let page = site.get(&format!("/conversations/{room}/messages")).await.json();
    let messages = page["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["plaintext"].as_str().unwrap().to_owned()).collect()
}

fn table() -> Keywords {
    Keywords::new().rule(["price"], "The price is zero.").unwrap()
}

#[tokio::test]
async fn req_r04_keywords_are_answered_once_and_answers_are_answered_by_nobody() {
    let site = site(Server::builder()).await;
    let options = || RespondOptions::new("support", "support-*");
    let attached = site.server.respond(options(), table()).unwrap();
    let other = RespondOptions::new("second", "support-*");
    let second = site.server.respond(other, Keywords::new().rule(["zero"], "price price").unwrap());
    let mut chat = site.open("/ws/chat/support-chat/").await;
    let mut status = site.open("/ws/status/support-chat/").await;
    chat.until_pong().await;
    status.until_pong().await;
    let asked = say(&site, "support-chat", "What is the Price?").await;
    chat.next_of("chat_message").await;
    let reply = chat.next_of("chat_reply").await;
    assert_eq!(
        (&reply["message"], &reply["sender_id"]),
        (&json!("The price is zero."), &json!("support"))
    );
    assert_eq!((&reply["reply_to"], &reply["sequence_number"]), (&asked["id"], &json!(2)));
    assert_eq!(status.next_of("thinking_start").await["reply_to"], asked["id"]);
    assert_eq!(status.next_of("thinking_end").await["thinking"], false);
    say(&site, "support-chat", "nothing that is known").await;
    say(&site, "elsewhere", "price").await;
    assert_eq!(chat.next_of("chat_message").await["message"], "nothing that is known");
    say(&site, "support-chat", "price again").await;
    assert_eq!(chat.next_of("chat_reply").await["sequence_number"], 5);
    drop(attached);
    say(&site, "support-chat", "price once more").await;
    assert_eq!(chat.next_of("chat_message").await["sequence_number"], 6);
    assert!(chat.exactly(0).await.is_empty(), "nobody answers any more");
    assert_eq!(texts(&site, "elsewhere").await, ["price"]);
    assert!(second.is_ok());
}

#[tokio::test]
async fn a_worker_behind_a_webhook_is_asked_again_until_it_answers_and_its_events_are_told() {
    let answer = r#"{"reply":{"plaintext":"Hello Ann.","model":"m1"},"events":[
        {"type":"extraction_start"},{"type":"extraction_complete","summary_triggered":true}]}"#;
    let mut worker = worker(&[(503, ""), (200, answer)]).await;
    let site = site(Server::builder()).await;
    let webhook = Webhook::new(&worker.url).unwrap();
    let options = RespondOptions::new("assistant", "ai-assistant");
    let _attached = site.server.respond(options, webhook).unwrap();
    let mut chat = site.open("/ws/chat/ai-assistant/").await;
    let mut status = site.open("/ws/status/ai-assistant/").await;
    chat.until_pong().await;
    status.until_pong().await;
    let asked = say(&site, "ai-assistant", "Hello?").await;
    assert_eq!(status.next_of("thinking_start").await["responder"], "assistant");
    let (body, key) = soon(worker.asked.recv()).await.unwrap();
    assert_eq!(
        (&body["conversation_id"], &body["message"]["id"]),
        (&json!("ai-assistant"), &asked["id"])
    );
    assert_eq!(
        (&body["message"]["plaintext"], &body["responder"]),
        (&json!("Hello?"), &json!("assistant"))
    );
    let (_, again) = soon(worker.asked.recv()).await.unwrap();
    assert_eq!(key, again, "the same question");
    let reply = chat.next_of("chat_reply").await;
    assert_eq!((&reply["message"], &reply["model"]), (&json!("Hello Ann."), &json!("m1")));
    for kind in ["thinking_end", "extraction_start", "extraction_complete"] {
        let told = status.next().await;
        assert_eq!((&told["type"], &told["thinking"]), (&json!(kind), &json!(false)));
    }
    assert!(worker.asked.try_recv().is_err(), "its own answer is no question");
}

#[tokio::test]
async fn a_worker_that_refuses_or_stays_away_leaves_the_message_and_says_so() {
    let mut refuses = worker(&[(422, "")]).await;
    let site = site(Server::builder()).await;
    let webhook = Webhook::new(&refuses.url).unwrap();
    let _refused = site.server.respond(RespondOptions::new("a", "one"), webhook).unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let webhook = Webhook::new(&format!("http://{nobody}/")).unwrap().attempts_max(2).unwrap();
    let _away = site.server.respond(RespondOptions::new("b", "two"), webhook).unwrap();
    for (room, expected) in [("one", "422"), ("two", "tried 2 times")] {
        let mut status = site.open(&format!("/ws/status/{room}/")).await;
        say(&site, room, "Hello?").await;
        let told = status.next_of("thinking_end").await;
        assert!(told["failed"].as_str().unwrap().contains(expected), "{told}");
        assert_eq!(texts(&site, room).await, ["Hello?"]);
    }
    soon(refuses.asked.recv()).await.unwrap();
    assert!(refuses.asked.try_recv().is_err(), "what is refused is not asked again");
}

#[tokio::test]
async fn req_r04_after_a_crash_what_came_meanwhile_is_answered_and_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.redb");
    for start in 0..4 {
        let log = Arc::new(RedbLog::open(RedbOptions::new(&path)).unwrap());
        let site = site(Server::builder().log(Arc::clone(&log) as _)).await;
        if start == 0 {
            say(&site, "support-1", "price 1").await;
            say(&site, "support-2", "price 2").await;
        } else {
            let options = RespondOptions::new("support", "support-*");
            let attached = site.server.respond(options, table()).unwrap();
            for room in ["support-1", "support-2"] {
                let mut chat = site.open(&format!("/ws/chat/{room}/?after=0")).await;
                say(&site, room, "price again").await;
                // One for the first, and one for each start until now.
                for _ in 0..=start {
                    chat.next_of("chat_reply").await;
                }
                let answers = texts(&site, room).await;
                let count = answers.iter().filter(|text| text.contains("zero")).count();
                assert_eq!(count, start + 1, "{answers:?}");
            }
            drop(attached);
        }
        drop(site);
        soon(log.close()).await;
    }
}

#[tokio::test]
async fn two_nodes_with_the_same_responder_answer_each_message_once() {
    let log = Arc::new(MemoryLog::new(LogOptions::default()).unwrap());
    let one = site(Server::builder().log(Arc::clone(&log) as _)).await;
    let two = site(Server::builder().log(log)).await;
    let options = || RespondOptions::new("support", "support");
    let _first = one.server.respond(options(), table()).unwrap();
    let _second = two.server.respond(options(), table()).unwrap();
    let mut chat = one.open("/ws/chat/support/?after=0").await;
    for round in 1..=5 {
        say(&two, "support", "price").await;
        let reply = chat.next_of("chat_reply").await;
        assert_eq!(reply["sequence_number"], 2 * round);
    }
    // Both have had the last one by now, if the one after it is answered.
    say(&one, "support", "price").await;
    chat.next_of("chat_reply").await;
    assert_eq!(texts(&one, "support").await.len(), 12);
}

#[tokio::test]
async fn what_is_too_old_stays_unanswered() {
    let site = site(Server::builder()).await;
    say(&site, "support", "price").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let options = RespondOptions::new("support", "support").age_max(Duration::from_millis(1));
    let _attached = site.server.respond(options, table()).unwrap();
    let mut chat = site.open("/ws/chat/support/?after=0").await;
    chat.next_of("chat_message").await;
    assert!(chat.exactly(0).await.is_empty());
}

#[tokio::test]
async fn req_r04_responders_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("responders.toml");
    std::fs::write(
        &path,
        "[[responder]]\nname = \"bot\"\nchannels = \"*\"\nfallback = \"Hello.\"\n",
    )
    .unwrap();
    let site = site(Server::builder()).await;
    let attached = ResponderFile::load(&path).unwrap().attach(&site.server);
    assert_eq!(attached.len(), 1);
    let mut chat = site.open("/ws/chat/any/?after=0").await;
    say(&site, "any", "Hi!").await;
    assert_eq!(chat.next_of("chat_reply").await["message"], "Hello.");
    let error = ResponderFile::load(directory.path().join("none.toml")).unwrap_err();
    assert!(error.to_string().contains("none.toml"), "{error}");
    for name in ["", "a b", "a~b"] {
        assert!(site.server.respond(RespondOptions::new(name, "*"), table()).is_err(), "{name:?}");
    }
}
