//! Publishing: once, in order, acknowledged after it is stored; refused where it must be.

use std::time::Duration;

use everlink_server::hooks::{Code, Decision, Refusal};
use everlink_server::{Publication, PublishError, Server, ValueError};
use serde_json::json;

use crate::support::{Raw, Served, serve, soon};

/// Takes acknowledgements until one reaches a number.
async fn acknowledged(raw: &mut Raw, sequence: u64) -> Vec<u64> {
    let mut acks = Vec::new();
    while acks.last() != Some(&sequence) {
        acks.push(raw.take("ack").await["s"].as_u64().unwrap());
    }
    acks
}

async fn payloads(served: &Served, channel: &str) -> Vec<String> {
    let page = served.server.history(channel, 0, 500).await.unwrap();
    let text = |payload: &everlink_wire::Message| payload.as_text().unwrap().to_owned();
    page.messages.iter().map(|record| text(&record.payload)).collect()
}

#[tokio::test]
async fn req_n01_messages_are_stored_once_and_in_order_and_acknowledged_then() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    for sequence in 1..=200 {
        raw.publish("room", sequence, json!(sequence)).await;
    }
    let acks = acknowledged(&mut raw, 200).await;
    assert!(acks.is_sorted(), "{acks:?}");
    let expected: Vec<_> = (1..=200).map(|number: u64| number.to_string()).collect();
    assert_eq!(payloads(&served, "room").await, expected);
}

#[tokio::test]
async fn fault_28_a_message_sent_again_is_acknowledged_again_and_stored_once() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    raw.publish("room", 1, json!("one")).await;
    acknowledged(&mut raw, 1).await;
    drop(raw);
    let mut raw = served.attach("a", &[]).await;
    raw.publish("room", 1, json!("one")).await;
    raw.publish("room", 2, json!("two")).await;
    acknowledged(&mut raw, 2).await;
    assert_eq!(payloads(&served, "room").await, [r#""one""#, r#""two""#]);
}

#[tokio::test]
async fn a_hole_in_the_numbers_ends_the_connection_and_stores_nothing() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    raw.publish("room", 1, json!(1)).await;
    acknowledged(&mut raw, 1).await;
    raw.publish("room", 3, json!(3)).await;
    assert_eq!(raw.take("err").await["code"], Code::Hole.number());
    assert_eq!(payloads(&served, "room").await, ["1"]);
}

#[tokio::test]
async fn a_hook_accepts_changes_or_refuses_each_message_in_order() {
    let served = serve(|builder| {
        builder.on_publish(|publishing| async move {
            // The first is the slowest: order must hold all the same.
            tokio::time::sleep(Duration::from_millis(5)).await;
            match publishing.payload.as_text() {
                Some("1") => Decision::Replace("\"changed\"".into()),
                Some("2") => Decision::Refuse(Refusal::new(Code::Forbidden, "not that one")),
                Some("4") => panic!("a hook that fails"),
                _ => Decision::Accept,
            }
        })
    })
    .await;
    let mut raw = served.attach("a", &[]).await;
    for sequence in 1..=5 {
        raw.publish("room", sequence, json!(sequence)).await;
    }
    let mut nacks = Vec::new();
    let mut acked = 0;
    while acked < 5 {
        let frame = raw.next().await;
        match frame["t"].as_str() {
            Some("ack") => acked = frame["s"].as_u64().unwrap(),
            Some("nack") => nacks.push((frame["s"].clone(), frame["code"].clone())),
            _ => panic!("{frame}"),
        }
    }
    let forbidden = json!(Code::Forbidden.number());
    assert_eq!(nacks, [(json!(2), forbidden), (json!(4), json!(Code::Internal.number()))]);
    assert_eq!(payloads(&served, "room").await, [r#""changed""#, "3", "5"]);
}

#[tokio::test]
async fn fault_47_a_channel_that_is_refused_leaves_the_rest_alone() {
    let served = serve(|builder| {
        builder.authorize(|permission| async move {
            if permission.channel.starts_with("secret") {
                return Err(Refusal::new(Code::Forbidden, "not for you"));
            }
            Ok(())
        })
    })
    .await;
    let mut raw = served.attach("a", &["room"]).await;
    raw.say(json!({"t": "sub", "subs": [{"c": "secret"}]})).await;
    let refused = raw.take("sub_err").await;
    assert_eq!((&refused["c"], &refused["why"]), (&json!("secret"), &json!("not for you")));
    raw.publish("secret", 1, json!(1)).await;
    assert_eq!(raw.take("nack").await["code"], Code::Forbidden.number());
    raw.say(json!({"t": "read", "n": 1, "c": "secret", "after": 0, "limit": 5})).await;
    assert_eq!(raw.take("read_err").await["code"], Code::Forbidden.number());
    raw.say(json!({"t": "vol", "c": "secret", "k": "typing", "d": 1})).await;
    assert_eq!(raw.take("err").await["fatal"], false);
    served.server.publish("room", "1").await.unwrap();
    assert_eq!(raw.take("msg").await["o"], 1);
    assert_eq!(payloads(&served, "secret").await, [""; 0]);
}

#[tokio::test]
async fn nobody_can_name_the_producer_of_another_user() {
    let served = serve(|builder| {
        builder.authenticate(|attempt| async move {
            let id = attempt.token.ok_or_else(|| Refusal::new(Code::Unauthorized, "no token"))?;
            Ok(everlink_server::hooks::User::new(id).unwrap())
        })
    })
    .await;
    for user in ["ann", "ben"] {
        let mut raw = served.open().await;
        raw.say(
            json!({"t": "hello", "v": 1, "client": "c", "producer": "p", "auth": user, "subs": []}),
        )
        .await;
        assert_eq!(raw.take("welcome").await["suffix"], format!("~{user}"));
        raw.publish("room", 1, json!(user)).await;
        acknowledged(&mut raw, 1).await;
    }
    assert_eq!(payloads(&served, "room").await, [r#""ann""#, r#""ben""#]);
    let mut raw = served.open().await;
    raw.say(json!({"t": "hello", "v": 1, "client": "c", "producer": "p~ann", "auth": "eve", "subs": []}))
        .await;
    assert_eq!(raw.take("err").await["fatal"], true);
}

#[tokio::test]
async fn code_publishes_reads_and_is_told_what_is_wrong() {
    let served = serve(|builder| builder).await;
    let server = &served.server;
    let published = server.publish("room", r#"{"a":1}"#).await.unwrap();
    assert_eq!(published.offset, 1);
    let again = Publication::new("room", "2").origin("job~1", 7, 0).id("m-1").user("ann");
    let first = server.publish_as(again.clone()).await.unwrap();
    let second = server.publish_as(again).await.unwrap();
    assert_eq!((first.offset, second.offset, second.at), (2, 2, None), "stored once");
    let error = server.publish("room", "{").await.unwrap_err();
    assert!(matches!(error, PublishError::Value(ValueError::Payload { .. })), "{error}");
    assert!(server.publish("", "1").await.is_err());
    let hole = Publication::new("room", "3").origin("job~1", 9, 8);
    assert!(matches!(server.publish_as(hole).await, Err(PublishError::Hole { last: 7, .. })));
    let page = server.history("room", 1, 10).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    assert_eq!(page.messages[0].id.as_deref(), Some("m-1"));
}

#[tokio::test]
async fn messages_of_many_tasks_are_numbered_without_a_hole() {
    let served = serve(|builder| builder).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let server: Server = served.server.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    server.publish("room", "1").await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
    let head = served.server.history("room", 0, 1).await.unwrap().head;
    assert_eq!(head.head, 400);
}

#[tokio::test]
async fn a_page_of_history_has_what_was_asked_for() {
    let served = serve(|builder| builder).await;
    for number in 1..=10 {
        served.server.publish("room", number.to_string()).await.unwrap();
    }
    let mut raw = served.attach("a", &[]).await;
    raw.say(json!({"t": "read", "n": 9, "c": "room", "after": 3, "limit": 2})).await;
    let page = raw.take("page").await;
    assert_eq!((&page["n"], &page["head"]), (&json!(9), &json!(10)));
    let offsets: Vec<_> = page["msgs"].as_array().unwrap().iter().map(|m| m["o"].clone()).collect();
    assert_eq!(offsets, [json!(4), json!(5)]);
}

#[tokio::test]
async fn what_no_client_could_be_told_is_not_stored() {
    let served = serve(|builder| builder).await;
    let nested = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let deep = served.server.publish("room", nested).await;
    assert!(matches!(deep, Err(PublishError::Value(ValueError::Payload { .. }))), "{deep:?}");
    for publication in [
        Publication::new("room", "1").id(""),
        Publication::new("room", "1").user("u".repeat(257)),
        Publication::new("room", "1").origin("", 1, 0),
    ] {
        let refused = served.server.publish_as(publication).await;
        assert!(
            matches!(refused, Err(PublishError::Value(ValueError::Name { .. }))),
            "{refused:?}"
        );
    }
    assert!(payloads(&served, "room").await.is_empty());
}

/// The answers to publishes, in order, up to so many.
async fn answers(raw: &mut Raw, count: usize) -> Vec<(String, u64, u64)> {
    let mut answers = Vec::new();
    while answers.len() < count {
        let frame = raw.next().await;
        let number = |key: &str| frame[key].as_u64().unwrap_or_default();
        match frame["t"].as_str() {
            Some("ack") => answers.push(("ack".to_owned(), number("s"), 0)),
            Some("nack") => answers.push(("nack".to_owned(), number("s"), number("code"))),
            _ => {}
        }
    }
    answers
}

/// Takes answers until a number is acknowledged.
async fn settled(raw: &mut Raw, sequence: u64) {
    while answers(raw, 1).await[0] != ("ack".to_owned(), sequence, 0) {}
}

async fn polite() -> Served {
    serve(|builder| {
        builder.on_publish(|publishing| {
            let rude = publishing.payload.as_text() == Some("\"rude\"");
            let refusal = Refusal::new(Code::UnknownChannel, "too rude");
            std::future::ready(if rude { Decision::Refuse(refusal) } else { Decision::Accept })
        })
    })
    .await
}

#[tokio::test]
async fn fault_28_a_message_whose_refusal_was_lost_is_refused_again_and_never_acknowledged() {
    let served = polite().await;
    let mut raw = served.attach("a", &[]).await;
    let words = ["fine", "rude", "fine", "rude", "fine"];
    for (sequence, word) in (1..).zip(words) {
        raw.publish("room", sequence, json!(word)).await;
    }
    settled(&mut raw, 5).await;
    drop(raw);
    // Nothing of the answers has arrived: all is sent again.
    let mut raw = served.attach("a", &[]).await;
    for (sequence, word) in (1..).zip(words) {
        raw.publish("room", sequence, json!(word)).await;
    }
    let mut refused = Vec::new();
    loop {
        match &answers(&mut raw, 1).await[0] {
            (kind, sequence, code) if kind == "nack" => refused.push((*sequence, *code)),
            (_, 5, _) => break,
            (_, sequence, _) => {
                let earlier = refused.iter().filter(|(refused, _)| refused <= sequence).count();
                let must = [2, 4].iter().filter(|must| *must <= sequence).count();
                assert_eq!(earlier, must, "{sequence} is acknowledged before {refused:?}");
            }
        }
    }
    let code = u64::from(Code::UnknownChannel.number());
    assert_eq!(refused, [(2, code), (4, code)]);
    assert_eq!(payloads(&served, "room").await.len(), 3);
}

#[tokio::test]
async fn fault_28_what_was_refused_before_its_producer_was_known_is_refused_again_as_well() {
    let served = polite().await;
    let mut raw = served.attach("a", &[]).await;
    raw.publish("room", 1, json!("rude")).await;
    raw.publish("room", 2, json!("rude")).await;
    raw.publish("room", 3, json!("fine")).await;
    settled(&mut raw, 3).await;
    // The log knows it by now: what follows is remembered there.
    raw.publish("room", 4, json!("rude")).await;
    raw.take("nack").await;
    drop(raw);
    let mut raw = served.attach("a", &[]).await;
    for sequence in [1, 2, 4] {
        raw.publish("room", sequence, json!("fine")).await;
        let code = u64::from(Code::UnknownChannel.number());
        assert_eq!(answers(&mut raw, 1).await, [("nack".to_owned(), sequence, code)]);
    }
    // Whoever begins behind them has their answers, and they are forgotten.
    drop(raw);
    let mut raw = served.attach("a", &[]).await;
    raw.publish("room", 5, json!("fine")).await;
    acknowledged(&mut raw, 5).await;
    raw.publish("room", 4, json!("fine")).await;
    assert_eq!(answers(&mut raw, 1).await[0].0, "ack");
    assert_eq!(payloads(&served, "room").await.len(), 2);
}

#[tokio::test]
async fn a_client_with_more_refusals_than_can_be_remembered_is_asked_to_come_back_and_goes_on() {
    let served = polite().await;
    let word = |sequence: u64| if sequence.is_multiple_of(2) { "rude" } else { "fine" };
    let (mut from, mut stored, mut rounds) = (1, 0, 0);
    while from <= 1_200 {
        rounds += 1;
        assert!(rounds < 10, "it comes further each time: {from}");
        let mut raw = served.attach("a", &[]).await;
        for sequence in from..=1_200.min(from + 900) {
            raw.publish("room", sequence, json!(word(sequence))).await;
        }
        // Up to the end of the connection, or of what was sent.
        let last = 1_200.min(from + 900);
        while from <= last || stored + 1 < last {
            let frame = raw.next().await;
            let sequence = frame["s"].as_u64().unwrap_or_default();
            match frame["t"].as_str() {
                Some("ack") => {
                    stored = sequence;
                    from = from.max(sequence + 1);
                }
                Some("nack") => {
                    assert_eq!(sequence % 2, 0, "{frame}");
                    from = from.max(sequence + 1);
                }
                Some("err") => {
                    assert_eq!(frame["code"], Code::Restart.number(), "{frame}");
                    break;
                }
                _ => panic!("{frame}"),
            }
        }
    }
    assert!(rounds > 2, "{rounds}");
    assert_eq!(stored, 1_199);
    assert_eq!(payloads(&served, "room").await.len(), 500, "the page's most");
    assert_eq!(served.server.history("room", 0, 1).await.unwrap().head.head, 600);
}
