//! What a client must not send.

use everlink_server::hooks::Code;
use everlink_wire::ws::Limits;
use serde_json::json;

use crate::support::{serve, until};

#[tokio::test]
async fn fault_39_frames_that_make_no_sense_close_with_the_code_that_says_why() {
    let served = serve(|builder| builder).await;
    for (text, code) in [
        ("{", 1007),
        (r#"{"t":"no_such_frame"}"#, 4400),
        (r#"{"t":"pub","c":"room"}"#, 4400),
        (r#"{"t":"hello","v":1,"client":"a","producer":"a","subs":[]}"#, 1002),
    ] {
        let mut raw = served.attach("a", &[]).await;
        raw.text(text).await;
        assert_eq!(raw.close_code().await, code, "{text}");
    }
    let mut raw = served.open().await;
    raw.say(json!({"t": "ping", "n": 1})).await;
    let code = raw.close_code().await;
    assert!(code == 1002 || code == Code::HelloMissing.close(), "{code}");
    let mut raw = served.open().await;
    raw.binary(&[1, 2, 3]).await;
    assert_eq!(raw.close_code().await, 1003);
    until("none of them is left", || served.server.status().connections == 0).await;
}

#[tokio::test]
async fn fault_39_text_that_is_not_utf8_closes_with_1007() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    raw.bytes(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]).await;
    assert_eq!(raw.close_code().await, 1007);
}

#[tokio::test]
async fn fault_38_a_frame_above_the_limit_closes_with_1009_before_it_is_read() {
    let served = serve(|builder| builder.frame_max(4096)).await;
    let mut raw = served.attach("a", &[]).await;
    // Only the header of a frame of 1 GiB.
    raw.bytes(&[0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;
    assert_eq!(raw.close_code().await, 1009);
}

#[tokio::test]
async fn fault_38_a_flood_of_empty_fragments_closes_with_1002() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    let mut flood = vec![0x01, 0x80, 0, 0, 0, 0];
    for _ in 0..=Limits::default().empty_fragments_max {
        flood.extend_from_slice(&[0x00, 0x80, 0, 0, 0, 0]);
    }
    raw.bytes(&flood).await;
    assert_eq!(raw.close_code().await, 1002);
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_and_the_stream_ends() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    raw.close(4242).await;
    assert_eq!(raw.close_code().await, 4242);
    assert!(raw.item().await.is_none());
}

#[tokio::test]
async fn fault_19_a_client_that_never_answers_a_close_is_let_go_after_a_second() {
    let served = serve(|builder| builder).await;
    let mut raw = served.attach("a", &[]).await;
    raw.text("{").await;
    assert_eq!(raw.close_code().await, 1007);
    until("it is let go", || served.server.status().connections == 0).await;
}

#[tokio::test]
async fn channels_beyond_the_limit_are_refused_one_by_one() {
    let served = serve(|builder| builder.channels_max(2)).await;
    let mut raw = served.attach("a", &["one", "two"]).await;
    raw.say(json!({"t": "sub", "subs": [{"c": "three"}]})).await;
    assert_eq!(raw.take("sub_err").await["code"], Code::TooManyChannels.number());
    served.server.publish("one", "1").await.unwrap();
    assert_eq!(raw.take("msg").await["c"], "one");
}

#[tokio::test]
async fn a_client_that_is_not_known_yet_can_send_no_more_than_a_greeting() {
    let served = serve(|builder| builder).await;
    let mut raw = served.open().await;
    // Only the header of a frame of 9 KiB: nothing of it is waited for.
    raw.bytes(&[0x81, 0xfe, 0x24, 0x00, 0, 0, 0, 0]).await;
    assert_eq!(raw.close_code().await, 1009);
}
