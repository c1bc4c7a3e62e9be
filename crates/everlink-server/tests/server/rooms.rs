//! Rooms: presence, retained and volatile values, slow readers, a feed that stalls.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Kept;
use everlink_server::hooks::User;
use everlink_server::log::{
    Append, Done, Follower, Head, Log, LogError, LogOptions, LogStatus, MemoryLog, Page, PageLimit,
};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::support::{serve, soon, until};

#[tokio::test]
async fn presence_counts_users_once_and_names_no_client() {
    let served = serve(|builder| {
        builder.authenticate(|attempt| async move {
            Ok(attempt.token.map_or(User::anonymous(), |id| User::new(id).unwrap()))
        })
    })
    .await;
    let mut connections = Vec::new();
    for (client, user) in [("1", Some("ann")), ("2", Some("ann")), ("3", Some("ben")), ("4", None)]
    {
        let mut raw = served.open().await;
        let subs = json!([{"c": "room"}]);
        let hello = json!({"t": "hello", "v": 1, "client": client, "producer": "p", "subs": subs, "auth": user});
        let mut hello = hello;
        if user.is_none() {
            hello.as_object_mut().unwrap().remove("auth");
        }
        raw.say(hello).await;
        raw.take("welcome").await;
        raw.take("sub_ok").await;
        connections.push(raw);
    }
    until("four connections, three people", || served.server.presence("room").count == 3).await;
    let names: Vec<_> =
        served.server.presence("room").members.iter().map(|m| m.to_string()).collect();
    assert_eq!(names, ["ann", "ben"]);
    let told = loop {
        let told = connections[0].next().await;
        assert_eq!((&told["t"], &told["k"]), (&json!("ret"), &json!("presence")));
        if told["d"]["count"] == 3 {
            break told;
        }
    };
    assert_eq!(told["d"]["members"], json!(["ann", "ben"]));
    connections.truncate(1);
    until("the others are gone", || served.server.presence("room").count == 1).await;
    while connections[0].next().await["d"]["count"] != 1 {}
}

#[tokio::test]
async fn the_last_value_of_each_kind_comes_at_each_attach_and_its_version_never_goes_back() {
    let served = serve(|builder| builder.presence(false)).await;
    let server = &served.server;
    server.retain("room", "status", r#""thinking""#).unwrap();
    let mut raw = served.attach("a", &["room"]).await;
    let first = raw.take("ret").await;
    assert_eq!((&first["k"], &first["d"]), (&json!("status"), &json!("thinking")));
    server.retain("room", "status", r#""done""#).unwrap();
    server.retain("room", "other", "1").unwrap();
    let second = raw.take("ret").await;
    assert!(second["v"].as_u64() > first["v"].as_u64());
    raw.take("ret").await;
    let mut late = served.attach("b", &["room"]).await;
    let values = [late.take("ret").await["k"].clone(), late.take("ret").await["k"].clone()];
    assert_eq!(values, [json!("status"), json!("other")]);
    late.silent().await;
    assert!(server.retain("room", "presence", "1").is_err(), "that one is the server's");
}

#[tokio::test]
async fn a_volatile_value_reaches_everyone_else_and_is_not_kept() {
    let served = serve(|builder| builder.presence(false)).await;
    let mut sender = served.attach("a", &["room"]).await;
    let mut reader = served.attach("b", &["room"]).await;
    sender.say(json!({"t": "vol", "c": "room", "k": "typing", "d": true})).await;
    let told = reader.take("vol").await;
    assert_eq!((&told["k"], &told["d"]), (&json!("typing"), &json!(true)));
    sender.silent().await;
    served.server.volatile("room", "note", "7").unwrap();
    assert_eq!(reader.take("vol").await["d"], 7);
    assert_eq!(sender.take("vol").await["d"], 7);
    let mut late = served.attach("c", &["room"]).await;
    late.silent().await;
}

#[tokio::test]
async fn fault_52_a_slow_reader_costs_no_memory_and_misses_nothing() {
    let served = serve(|builder| builder.tail(16, 64 * 1024)).await;
    let mut slow = served.attach("slow", &["room"]).await;
    let mut quick = served.attach("quick", &["room"]).await;
    let payload = format!("\"{}\"", "x".repeat(16 * 1024));
    for _ in 0..1000 {
        served.server.publish("room", payload.as_str()).await.unwrap();
    }
    for offset in 1..=1000 {
        assert_eq!(quick.take("msg").await["o"], offset);
    }
    // 16 MB are in the log by now, of which the slow one has read nothing.
    for offset in 1..=1000 {
        assert_eq!(slow.take("msg").await["o"], offset);
    }
    assert!(served.server.status().totals.replayed > 0, "read from the log");
}

#[tokio::test]
async fn fault_52_a_reader_that_fell_too_far_behind_is_told_of_a_gap_if_that_is_wanted() {
    let served = serve(|builder| builder.lag_max(Some(100))).await;
    let mut slow = served.attach("slow", &["room"]).await;
    let payload = format!("\"{}\"", "x".repeat(64 * 1024));
    for _ in 0..400 {
        served.server.publish("room", payload.as_str()).await.unwrap();
    }
    let (mut next, mut gaps) = (1, 0);
    while next <= 400 {
        let frame = slow.next().await;
        match frame["t"].as_str() {
            Some("gap") => {
                assert_eq!((&frame["why"], &frame["from"]), (&json!("slow"), &json!(next)));
                next = frame["to"].as_u64().unwrap() + 1;
                gaps += 1;
            }
            Some("msg") => {
                assert_eq!(frame["o"], next);
                next += 1;
            }
            _ => assert_eq!(frame["k"], "presence"),
        }
    }
    assert!(gaps >= 1);
    assert_eq!(served.server.status().quality.gaps, gaps);
}

#[tokio::test]
async fn fault_22_a_client_that_takes_nothing_is_cut_after_the_write_timeout() {
    let served = serve(|builder| builder.write_timeout(Duration::from_millis(300))).await;
    let _stuck = served.attach("stuck", &["room"]).await;
    let payload = format!("\"{}\"", "x".repeat(512 * 1024));
    for _ in 0..40 {
        served.server.publish("room", payload.as_str()).await.unwrap();
    }
    until("it is cut", || served.server.status().connections == 0).await;
}

/// A log whose followers are told of nothing.
#[derive(Debug)]
struct Mute(MemoryLog);

impl Log for Mute {
    fn append(&self, append: Append, done: Done) {
        self.0.append(append, done);
    }

    fn read<'a>(
        &'a self,
        channel: &'a str,
        after: u64,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, LogError>> {
        self.0.read(channel, after, limit)
    }

    fn head<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Head, LogError>> {
        self.0.head(channel)
    }

    fn trim<'a>(&'a self, channel: &'a str, before: u64) -> BoxFuture<'a, Result<Head, LogError>> {
        self.0.trim(channel, before)
    }

    fn follow(&self, _follower: std::sync::Weak<dyn Follower>) {}

    fn kept(&self) -> Kept {
        self.0.kept()
    }

    fn origin_ttl(&self) -> Duration {
        self.0.origin_ttl()
    }

    fn status(&self) -> LogStatus {
        self.0.status()
    }
}

#[tokio::test]
async fn fault_23_a_feed_that_stalls_is_noticed_by_comparing_it_with_the_log() {
    let log = Arc::new(Mute(MemoryLog::new(LogOptions::default()).unwrap()));
    let served = serve(|builder| builder.log(log).feed_check(Duration::from_millis(100))).await;
    let mut raw = served.attach("a", &["room"]).await;
    served.server.publish("room", "1").await.unwrap();
    assert_eq!(raw.take("msg").await["o"], 1);
    assert_eq!(served.server.status().quality.feed_holes, 1);
}

#[tokio::test]
async fn code_reads_channels_by_pattern_without_missing_anything() {
    let served = serve(|builder| builder).await;
    let mut messages = served.server.messages("room:*");
    for number in 0..300 {
        served.server.publish("room:1", number.to_string()).await.unwrap();
        served.server.publish("other", "0").await.unwrap();
    }
    for number in 0..300 {
        let message = soon(messages.next()).await.unwrap();
        assert_eq!(message.payload().as_text(), Some(number.to_string().as_str()));
        assert_eq!(&**message.channel(), "room:1");
    }
    drop(served.server);
}

#[tokio::test]
async fn a_busy_channel_does_not_hold_up_another() {
    let served = serve(|builder| builder).await;
    let mut messages = served.server.messages("*");
    for number in 0..1000 {
        served.server.publish("a", number.to_string()).await.unwrap();
    }
    served.server.publish("b", "0").await.unwrap();
    let mut before = 0;
    while &**soon(messages.next()).await.unwrap().channel() != "b" {
        before += 1;
    }
    assert!(before <= 128, "{before} of the other channel came first");
}

#[tokio::test]
async fn fault_53_a_handler_that_panics_harms_nothing_and_the_next_message_is_handled() {
    let served = serve(|builder| builder).await;
    served.server.on_message("ask", |context, question: String| async move {
        assert_ne!(question, "boom", "a handler that fails");
        let answer = format!("\"{question}, indeed\"");
        context.server.publish("answers", answer).await.unwrap();
    });
    let mut raw = served.attach("a", &["answers"]).await;
    for question in [json!("one"), json!("boom"), json!(2), json!("three")] {
        served.server.publish("ask", question.to_string()).await.unwrap();
    }
    assert_eq!(raw.take("msg").await["d"], "one, indeed");
    assert_eq!(raw.take("msg").await["d"], "three, indeed");
}
