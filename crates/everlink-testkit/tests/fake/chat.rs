//! A chat: its lines, its limits, its bad days.

use crate::client::{Client, Lost, ask, bounded, upgrade};
use everlink_testkit::fake::{Chat, ChatBuilder, ChatRules, Cut, ScriptLine};
use everlink_wire::ws::Item;
use serde_json::{Value, json};
use std::time::Duration;

async fn chat(change: impl FnOnce(ChatBuilder) -> ChatBuilder) -> Chat {
    change(Chat::builder()).build().await.unwrap()
}

async fn enter(chat: &Chat, token: &str) -> Client {
    let cookie = format!("Cookie: x=y; authtoken={token}\r\n");
    let mut client = Client::open_with(chat.local_addr(), "/ws", &cookie).await;
    let names = client.next_text().await.unwrap();
    assert!(names.starts_with("NAMES {"), "{names}");
    let join = client.next_text().await.unwrap();
    assert!(join.starts_with("JOIN {"), "{join}");
    client
}

/// Reads a line that has this name and JSON behind it.
async fn line(client: &mut Client, name: &str) -> Value {
    let line = client.next_text().await.unwrap();
    let (found, json) = line.split_once(' ').unwrap();
    assert_eq!(found, name, "{line}");
    serde_json::from_str(json).unwrap()
}

fn message(text: &str) -> String {
    format!("MSG {}", json!({ "data": text }))
}

#[tokio::test]
async fn req_n08_a_message_reaches_all_its_sender_included() {
    let chat = chat(|chat| chat).await;
    let mut alice = enter(&chat, "alice").await;
    let mut bob = enter(&chat, "bob").await;
    assert_eq!(line(&mut alice, "JOIN").await["nick"], "bob");
    alice.text(&message("  hello ")).await;
    for client in [&mut alice, &mut bob] {
        let told = line(client, "MSG").await;
        assert_eq!((&told["nick"], &told["data"]), (&json!("alice"), &json!("hello")));
        assert!(told["timestamp"].as_u64().unwrap() > 1_600_000_000_000, "{told}");
        assert_eq!(told["features"], json!([]));
    }
    drop(bob);
    assert_eq!(line(&mut alice, "QUIT").await["nick"], "bob");
    let counters = chat.counters();
    assert_eq!((counters.connections, counters.messages, counters.errors), (2, 1, 0));
}

#[tokio::test]
async fn req_n08_newcomers_are_told_who_is_there() {
    let chat = chat(|chat| chat.user("t1", "alice").bot("t2", "helper")).await;
    let _alice = enter(&chat, "t1").await;
    let _helper = enter(&chat, "t2").await;
    let mut anonymous = Client::open(chat.local_addr(), "/ws").await;
    let names = line(&mut anonymous, "NAMES").await;
    let users = json!([
        { "nick": "alice", "features": [] },
        { "nick": "helper", "features": ["bot"] },
    ]);
    assert_eq!(names, json!({ "connectioncount": 3, "users": users }));
}

#[tokio::test]
async fn req_n08_a_token_comes_as_cookie_header_or_parameter() {
    let chat = chat(|chat| chat.user("t1", "alice")).await;
    for (path, headers) in [
        ("/ws", "Cookie: jwt=t1\r\n"),
        ("/ws", "Authorization: Bearer t1\r\n"),
        ("/ws?token=t1", ""),
        ("/", "Cookie: sid=t1\r\n"),
    ] {
        let mut client = Client::open_with(chat.local_addr(), path, headers).await;
        line(&mut client, "NAMES").await;
        assert_eq!(line(&mut client, "JOIN").await["nick"], "alice", "{path} {headers}");
        chat.cut(Cut::Reset).unwrap();
        client.lost().await;
        chat.wait_for("none", |counters| counters.connections_open == 0).await.unwrap();
    }
}

#[tokio::test]
async fn req_n08_who_is_not_known_may_read_and_not_write() {
    let chat = chat(|chat| chat.user("t1", "alice")).await;
    let mut stranger = Client::open(chat.local_addr(), "/ws?token=wrong").await;
    line(&mut stranger, "NAMES").await;
    stranger.text(&message("hello")).await;
    assert_eq!(line(&mut stranger, "ERR").await, "needlogin");
    chat.say("bob", "welcome").unwrap();
    assert_eq!(line(&mut stranger, "MSG").await["data"], "welcome");
    assert_eq!(chat.counters().anonymous_open, 1);
}

#[tokio::test]
async fn req_n08_every_limit_of_a_message_has_its_word() {
    let rules = ChatRules { delay: Duration::from_secs(600), ..ChatRules::default() };
    let chat = chat(|chat| chat.rules(rules)).await;
    let mut alice = enter(&chat, "alice").await;
    for (line_sent, word) in [
        (message(&"x".repeat(513)), "msgtoolong"),
        (message("  "), "msgempty"),
        ("MSG nonsense".to_owned(), "protocolerror"),
        (r#"MSG {"text":"a"}"#.to_owned(), "protocolerror"),
    ] {
        alice.text(&line_sent).await;
        assert_eq!(line(&mut alice, "ERR").await, word, "{line_sent}");
    }
    alice.text(&message("first")).await;
    line(&mut alice, "MSG").await;
    alice.text(&message("second")).await;
    assert_eq!(line(&mut alice, "ERR").await, "throttled");
    assert_eq!(chat.counters().errors, 5);
}

#[tokio::test]
async fn req_n08_the_same_message_twice_is_a_duplicate_unless_a_bot_says_it() {
    let rules = ChatRules { delay: Duration::ZERO, ..ChatRules::default() };
    let chat = chat(|chat| chat.rules(rules).user("t1", "alice").bot("t2", "helper")).await;
    let mut helper = enter(&chat, "t2").await;
    for _ in 0..2 {
        helper.text(&message("again")).await;
        line(&mut helper, "MSG").await;
    }
    drop(helper);
    let mut alice = enter(&chat, "t1").await;
    let mut words = Vec::new();
    for _ in 0..2 {
        alice.text(&message("again")).await;
        loop {
            let line = alice.next_text().await.unwrap();
            if !line.starts_with("QUIT") {
                words.push(line);
                break;
            }
        }
    }
    assert!(words[0].starts_with("MSG"), "{words:?}");
    assert_eq!(words[1], r#"ERR "duplicate""#);
}

#[tokio::test]
async fn req_n08_a_frame_beyond_its_limit_ends_the_connection() {
    let chat = chat(|chat| chat).await;
    let mut alice = enter(&chat, "alice").await;
    alice.text(&"x".repeat(6_145)).await;
    assert_eq!(alice.lost().await, Lost::Closed(Some(1009)));
}

#[tokio::test]
async fn req_n08_a_nick_has_five_connections() {
    let chat = chat(|chat| chat).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(enter(&chat, "alice").await);
    }
    let mut sixth = Client::open(chat.local_addr(), "/ws?token=alice").await;
    assert_eq!(line(&mut sixth, "ERR").await, "toomanyconnections");
    assert_eq!(sixth.lost().await, Lost::Eof);
}

#[tokio::test]
async fn req_n08_pings_as_lines_and_as_frames_are_answered_in_order() {
    let chat = chat(|chat| chat).await;
    let mut alice = enter(&chat, "alice").await;
    alice.text(r#"PING {"data":7}"#).await;
    assert_eq!(alice.next_text().await.unwrap(), r#"PONG {"data":7}"#);
    alice.text("NOSUCH {}").await;
    chat.say("bob", "before").unwrap();
    alice.ping("p").await;
    assert!(matches!(alice.next().await.unwrap(), Item::Text(_)), "what was said comes first");
    assert!(matches!(alice.next().await.unwrap(), Item::Pong(_)));
}

#[tokio::test]
async fn req_n08_who_says_nothing_and_answers_no_ping_is_ended() {
    let rules = ChatRules {
        ping_every: Duration::from_millis(20),
        quiet_max: Duration::from_millis(200),
        ..ChatRules::default()
    };
    let chat = chat(|chat| chat.rules(rules)).await;
    let mut alice = enter(&chat, "alice").await;
    alice.answers_pings = false;
    assert_eq!(alice.lost().await, Lost::Closed(Some(1001)));
    assert_eq!(chat.counters().ended_quiet, 1);
}

#[tokio::test]
async fn req_n08_a_silent_chat_answers_pings_and_says_nothing() {
    let chat = chat(|chat| chat).await;
    let mut alice = enter(&chat, "alice").await;
    chat.silence();
    chat.say("bob", "lost").unwrap();
    alice.ping("1").await;
    assert!(matches!(alice.next().await.unwrap(), Item::Pong(_)));
    chat.resume();
    alice.ping("2").await;
    assert!(matches!(alice.next().await.unwrap(), Item::Pong(_)));
    chat.say("bob", "heard").unwrap();
    assert_eq!(line(&mut alice, "MSG").await["data"], "heard");
}

#[tokio::test]
async fn req_n08_a_script_is_said_in_its_order_over_and_over() {
    let script = ["0s alice: one", "1ms SUBONLY {\"data\":\"on\"}", "1ms bob: two"];
    let script: Vec<ScriptLine> = script.iter().map(|line| line.parse().unwrap()).collect();
    let chat = chat(|chat| chat.script(script).repeat(true)).await;
    let mut client = Client::open(chat.local_addr(), "/ws").await;
    let mut lines = Vec::new();
    for _ in 0..12 {
        let line = client.next_text().await.unwrap();
        lines.push(line.split_once(' ').unwrap().0.to_owned());
    }
    assert!(lines.join(" ").contains("MSG SUBONLY MSG MSG SUBONLY MSG"), "{lines:?}");
}

#[tokio::test]
async fn req_n08_a_chat_is_cut_refuses_and_comes_back_on_its_port() {
    let chat = chat(|chat| chat).await;
    for (cut, expected) in [
        (Cut::Close(1012), Lost::Closed(Some(1012))),
        (Cut::Fin, Lost::Eof),
        (Cut::Reset, Lost::Reset),
    ] {
        let mut alice = enter(&chat, "alice").await;
        chat.cut(cut).unwrap();
        assert_eq!(alice.lost().await, expected, "{cut:?}");
    }
    chat.refuse_connections(Some(503)).unwrap();
    assert_eq!(ask(chat.local_addr(), &upgrade("/ws", "")).await.0, 503);
    chat.refuse_connections(None).unwrap();
    let mut alice = enter(&chat, "alice").await;
    chat.restart().await.unwrap();
    assert_eq!(alice.lost().await, Lost::Reset);
    enter(&chat, "alice").await;
}

#[tokio::test]
async fn req_n08_a_reader_that_is_too_slow_is_disconnected() {
    let rules = ChatRules { lines_max: 4, ..ChatRules::default() };
    let chat = chat(|chat| chat.rules(rules)).await;
    let client = Client::open(chat.local_addr(), "/ws").await;
    chat.wait_for("it", |counters| counters.connections_open == 1).await.unwrap();
    let long = "x".repeat(100_000);
    let flood = async {
        while chat.counters().ended_slow == 0 {
            chat.say("bob", &long).unwrap();
            tokio::task::yield_now().await;
        }
    };
    bounded(flood).await;
    drop(client);
}

#[tokio::test]
async fn req_n08_settings_of_a_chat_are_checked() {
    let rules = |rules| Chat::builder().rules(rules);
    let default = ChatRules::default;
    let line = ScriptLine::line(Duration::ZERO, "X {}");
    for (builder, parts) in [
        (rules(ChatRules { lines_max: 0, ..default() }), ["lines_max is \"0\"", "4 to 1,000,000"]),
        (
            rules(ChatRules { quiet_max: Duration::ZERO, ..default() }),
            ["quiet_max is", "more than 0 s"],
        ),
        (rules(ChatRules { delay: Duration::MAX, ..default() }), ["delay is", "at most 30 days"]),
        (Chat::builder().user("t", "a b"), ["nick is \"a b\"", "without space or colon"]),
        (Chat::builder().script([line]).repeat(true), ["script is \"0ns\"", "when it is repeated"]),
    ] {
        let error = builder.build().await.unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}
