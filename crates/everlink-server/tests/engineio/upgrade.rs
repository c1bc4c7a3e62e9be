//! From polling to a WebSocket.

use everlink_server::engineio::EngineIo;
use everlink_server::speech::Closed;

use crate::support::{Polling, Socket, echo, millis, soon};

async fn upgraded(polling: &Polling) -> Socket {
    let mut socket = polling.websocket().await;
    socket.say("2probe").await;
    assert_eq!(socket.hear().await, "3probe");
    socket.say("5").await;
    socket
}

#[tokio::test]
async fn a_session_goes_over_to_a_websocket_with_all_that_waits() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    polling.say("4count 3\u{1e}bAQI=").await;
    let mut socket = polling.websocket().await;
    // Whoever does not wait for the answers is understood as well.
    socket.say("2probe").await;
    socket.say("5").await;
    socket.say("4there").await;
    assert_eq!(socket.hear().await, "3probe");
    for number in 0..3 {
        assert_eq!(socket.hear().await, format!("4{number}"));
    }
    assert_eq!(socket.next().await.into_data().to_vec(), [1, 2]);
    assert_eq!(socket.hear().await, "4there");
}

#[tokio::test]
async fn a_poll_that_waits_is_ended_so_that_the_client_can_go_over() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let waits = tokio::spawn({
        let polling = polling.clone();
        async move { polling.hear().await }
    });
    let mut socket = polling.websocket().await;
    socket.say("2probe").await;
    assert_eq!(socket.hear().await, "3probe");
    assert_eq!(soon(waits).await.unwrap(), "6");
    // Those that come before it goes over are ended as well, and messages still go there.
    assert_eq!(polling.hear().await, "6");
    polling.say("4late").await;
    assert_eq!(polling.hear().await, "4late");
    socket.say("5").await;
    socket.say("4over").await;
    assert_eq!(socket.hear_message().await, "4over");
}

#[tokio::test]
async fn a_poll_right_behind_the_change_is_refused_however_early_it_is_looked_at() {
    let site = echo(EngineIo::new()).await;
    for _ in 0..20 {
        let polling = site.poll().await;
        let mut socket = polling.websocket().await;
        socket.say("2probe").await;
        socket.say("5").await;
        let answer = polling.get().await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &3.into()));
        assert_eq!(socket.hear().await, "3probe");
        socket.say("4x").await;
        assert_eq!(socket.hear_message().await, "4x");
    }
}

#[tokio::test]
async fn after_it_has_gone_over_nothing_else_is_taken_for_a_session() {
    let site = echo(EngineIo::new()).await;
    let polling = site.poll().await;
    let mut socket = upgraded(&polling).await;
    socket.say("4x").await;
    assert_eq!(socket.hear_message().await, "4x");
    assert_eq!(polling.get().await.json()["code"], 3);
    assert_eq!(polling.post("4x").await.json()["code"], 3);
    assert_eq!(polling.websocket().await.closed().await, 1008);
    socket.say("4y").await;
    assert_eq!(socket.hear_message().await, "4y");
}

#[tokio::test]
async fn a_websocket_that_does_not_go_over_is_closed_and_polling_goes_on() {
    let settings = EngineIo::new().upgrade_timeout(millis(200));
    let mut site = echo(settings).await;
    let polling = site.poll().await;
    let mut silent = polling.websocket().await;
    let mut second = polling.websocket().await;
    assert_eq!(second.closed().await, 1008, "one at a time");
    assert_ne!(silent.closed().await, 1008);
    for words in [&["5"][..], &["2"], &["4x"], &["2probe", "2probe"], &["abc"]] {
        let mut wrong = polling.websocket().await;
        for word in words {
            wrong.say(word).await;
        }
        wrong.closed().await;
        polling.say("4here").await;
        assert_eq!(polling.hear_packets(1).await, ["4here"], "{words:?}");
    }
    let mut probed = polling.websocket().await;
    probed.say("2probe").await;
    assert_eq!(probed.hear().await, "3probe");
    drop(probed);
    polling.say("4still").await;
    assert_eq!(polling.hear_packets(1).await, ["4still"]);
    // And one that is in order is taken at last.
    let mut socket = loop {
        let mut socket = polling.websocket().await;
        socket.say("2probe").await;
        // The one before may not have been noticed to be gone.
        if let tokio_tungstenite::tungstenite::Message::Text(text) = socket.next().await {
            assert_eq!(text.as_str(), "3probe");
            break socket;
        }
    };
    socket.say("5").await;
    socket.say("1").await;
    assert_eq!(site.closed().await, Closed::ByClient);
}

#[tokio::test]
async fn messages_that_flow_both_ways_while_a_session_goes_over_keep_their_order() {
    let site = echo(EngineIo::new()).await;
    for round in 0..20 {
        let polling = site.poll().await;
        let mut heard = Vec::new();
        polling.say("4count 100").await;
        for number in 0..round {
            polling.say(&format!("4before {number}")).await;
        }
        if round % 2 == 0 {
            heard.extend(polling.hear_packets(1).await);
        }
        let mut socket = polling.websocket().await;
        socket.say("2probe").await;
        assert_eq!(socket.hear().await, "3probe");
        for number in round..30 {
            polling.say(&format!("4before {number}")).await;
        }
        if round % 3 == 0 {
            heard.extend(polling.hear_packets(1).await);
        }
        socket.say("5").await;
        for number in 30..60 {
            socket.say(&format!("4before {number}")).await;
        }
        while heard.len() < 160 {
            heard.push(socket.hear_message().await);
        }
        let counted = (0..100).map(|number| format!("4{number}"));
        let said = (0..60).map(|number| format!("4before {number}"));
        assert!(heard.iter().eq(counted.chain(said).collect::<Vec<_>>().iter()), "{round}");
    }
}
