//! Who may come in, and what the application is told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use everlink_server::hooks::{Code, Grant, Operations, Refusal, User};
use serde_json::{Value, json};

use crate::support::{Raw, Served, serve, until};

fn hello(token: Option<&str>) -> Value {
    let mut hello = json!({"t": "hello", "v": 1, "client": "a", "producer": "a", "subs": []});
    if let Some(token) = token {
        hello["auth"] = json!(token);
    }
    hello
}

async fn greet(served: &Served, token: Option<&str>) -> Raw {
    let mut raw = served.open().await;
    raw.say(hello(token)).await;
    raw
}

async fn with_tokens() -> Served {
    serve(|builder| {
        builder.authenticate(|attempt| async move {
            match attempt.token.as_deref() {
                Some("reader") => Ok(User::new("ann")
                    .unwrap()
                    .with_grants([Grant::new("room:*", Operations::READ)])),
                Some("brief") => Ok(User::new("ann")
                    .unwrap()
                    .with_expiry(SystemTime::now() + Duration::from_millis(300))),
                Some("full") => Ok(User::new("ann").unwrap()),
                Some("other") => Ok(User::new("ben").unwrap()),
                Some("panic") => panic!("a hook that fails"),
                _ => Err(Refusal::new(Code::Unauthorized, "bring a token")),
            }
        })
    })
    .await
}

#[tokio::test]
async fn fault_49_a_greeting_without_valid_credentials_is_useless() {
    let served = with_tokens().await;
    for token in [None, Some("wrong"), Some("panic")] {
        let mut raw = greet(&served, token).await;
        let refused = raw.take("err").await;
        assert_eq!(refused["fatal"], true, "{token:?}");
        let code = if token == Some("panic") { Code::Internal } else { Code::Unauthorized };
        assert_eq!(raw.close_code().await, code.close(), "{token:?}");
    }
    assert_eq!(served.server.status().totals.refused, 3);
}

#[tokio::test]
async fn grants_say_what_a_user_may_do() {
    let served = with_tokens().await;
    let mut raw = greet(&served, Some("reader")).await;
    raw.take("welcome").await;
    raw.say(json!({"t": "sub", "subs": [{"c": "room:1"}]})).await;
    raw.take("sub_ok").await;
    raw.say(json!({"t": "sub", "subs": [{"c": "hall"}]})).await;
    assert_eq!(raw.take("sub_err").await["code"], Code::Forbidden.number());
    raw.publish("room:1", 1, json!(1)).await;
    assert_eq!(raw.take("nack").await["code"], Code::Forbidden.number());
}

#[tokio::test]
async fn credentials_that_end_end_the_connection_unless_fresh_ones_come() {
    let served = with_tokens().await;
    let mut ends = greet(&served, Some("brief")).await;
    ends.take("welcome").await;
    assert_eq!(ends.close_code().await, Code::CredentialsExpired.close());
    let mut stays = greet(&served, Some("brief")).await;
    stays.take("welcome").await;
    stays.say(json!({"t": "auth", "token": "full"})).await;
    stays.take("auth_ok").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    stays.silent().await;
}

#[tokio::test]
async fn fault_47_fresh_credentials_of_another_user_or_with_less_end_the_connection() {
    let served = with_tokens().await;
    let mut raw = greet(&served, Some("full")).await;
    raw.take("welcome").await;
    raw.say(json!({"t": "auth", "token": "other"})).await;
    assert_eq!(raw.close_code().await, Code::Unauthorized.close());
    let mut raw = greet(&served, Some("full")).await;
    raw.take("welcome").await;
    raw.say(json!({"t": "sub", "subs": [{"c": "hall"}]})).await;
    raw.take("sub_ok").await;
    raw.say(json!({"t": "auth", "token": "reader"})).await;
    assert_eq!(raw.close_code().await, Code::Unauthorized.close());
}

#[tokio::test]
async fn fault_47_a_revoked_user_is_disconnected_everywhere() {
    let served = with_tokens().await;
    let mut ann = greet(&served, Some("full")).await;
    ann.take("welcome").await;
    let mut ben = greet(&served, Some("other")).await;
    ben.take("welcome").await;
    assert_eq!(served.server.disconnect("ann"), 1);
    assert_eq!(ann.close_code().await, Code::Unauthorized.close());
    ben.silent().await;
}

#[tokio::test]
async fn a_severed_user_finds_its_socket_gone_without_a_close_frame_and_may_come_back() {
    let served = with_tokens().await;
    let mut ann = greet(&served, Some("full")).await;
    ann.take("welcome").await;
    let mut ben = greet(&served, Some("other")).await;
    ben.take("welcome").await;
    assert_eq!(served.server.sever("ann"), 1);
    while let Some(item) = ann.item().await {
        assert!(!matches!(item, everlink_wire::ws::Item::Close(_)), "it was closed: {item:?}");
    }
    ben.silent().await;
    let mut again = greet(&served, Some("full")).await;
    again.take("welcome").await;
    assert_eq!(served.server.sever("nobody"), 0);
}

#[tokio::test]
async fn the_application_is_told_who_reads_what() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (on, off) = (Arc::clone(&told), Arc::clone(&told));
    let served = serve(|builder| {
        builder
            .on_attach(move |a| on.lock().unwrap().push(format!("+{} {}", a.client, a.channel)))
            .on_detach(move |a| off.lock().unwrap().push(format!("-{} {}", a.client, a.channel)))
    })
    .await;
    let raw = served.attach("c", &["room"]).await;
    drop(raw);
    until("it is gone", || told.lock().unwrap().len() == 2).await;
    assert_eq!(*told.lock().unwrap(), ["+c room", "-c room"]);
}

#[tokio::test]
async fn a_hook_sees_headers_address_and_target_of_the_request() {
    let seen = Arc::new(Mutex::new(None));
    let see = Arc::clone(&seen);
    let served = serve(|builder| {
        builder.authenticate(move |attempt| {
            *see.lock().unwrap() = Some(attempt);
            async { Ok(User::anonymous()) }
        })
    })
    .await;
    served.attach("c", &[]).await;
    let attempt = seen.lock().unwrap().take().unwrap();
    assert!(attempt.peer.unwrap().ip().is_loopback());
    assert!(attempt.headers.contains_key("host"));
    assert_eq!((&*attempt.target, &*attempt.client), ("/ws", "c"));
}
