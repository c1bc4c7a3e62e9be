//! Frames that break rules and bounds.

use crate::client::{Client, Lost, serve};
use everlink_testkit::server::{BadFrame, Ending, Script};
use everlink_wire::ws::WsError;

#[tokio::test]
async fn req_n08_fault_39_every_bad_frame_is_one_that_a_strict_client_rejects() {
    for kind in BadFrame::ALL {
        let server = serve(Script::new().bad_frame(kind)).await;
        let lost = Client::open(&server).await.next().await;
        assert!(matches!(lost, Err(Lost::Wrong(_))), "{kind:?}: {lost:?}");
    }
    let server = serve(Script::new().bad_utf8()).await;
    assert_eq!(Client::open(&server).await.next().await, Err(Lost::Wrong(WsError::TextInvalid)));
}

#[tokio::test]
async fn req_n08_fault_38_a_huge_frame_exceeds_a_clients_bound() {
    let server = serve(Script::new().huge_frame(u64::from(u32::MAX))).await;
    let mut client = Client::open(&server).await;
    let lost = client.next().await;
    assert!(matches!(&lost, Err(Lost::Wrong(error)) if error.close_code() == 1009), "{lost:?}");
    drop(client);
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    assert_eq!(record.ending, Some(Ending::ClientReset));
}

#[tokio::test]
async fn req_n08_fault_38_a_flood_of_fragments_never_makes_a_message() {
    let server = serve(Script::new().fragments_flood(20_000_000)).await;
    let mut client = Client::open(&server).await;
    let lost = client.next().await;
    assert!(matches!(&lost, Err(Lost::Wrong(error)) if error.close_code() == 1009), "{lost:?}");
}

#[tokio::test]
async fn req_n08_a_close_frame_may_carry_any_code() {
    let server = serve(Script::new().close(1006, "")).await;
    let lost = Client::open(&server).await.next().await;
    assert!(matches!(&lost, Err(Lost::Wrong(error)) if error.close_code() == 1002), "{lost:?}");
}

#[tokio::test]
async fn req_n08_raw_bytes_arrive_as_they_are() {
    let server = serve(Script::new().accept().send_raw(&b"\x81\x02ok"[..])).await;
    Client::open(&server).await.expect_text("ok").await;
    let server = serve(Script::new().accept().close_without_frame()).await;
    assert_eq!(Client::open(&server).await.next().await, Err(Lost::Eof));
}

#[tokio::test]
async fn req_n08_fault_38_a_client_that_breaks_the_protocol_is_named() {
    use tokio::io::AsyncWriteExt;
    let server = serve(Script::echoing()).await;
    let mut client = Client::open(&server).await;
    client.stream.write_all(b"\x81\x02hi").await.unwrap();
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    let expected = Ending::ClientBroken(WsError::MaskMissing.to_string());
    assert_eq!(record.ending, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn req_n08_a_close_without_frame_is_felt_at_once() {
    let server = serve(Script::new().accept().close_without_frame()).await;
    let mut client = Client::open(&server).await;
    let start = tokio::time::Instant::now();
    assert_eq!(client.next().await, Err(Lost::Eof));
    assert!(start.elapsed().as_secs() < 1, "{:?}", start.elapsed());
}
