//! Killing, stopping, restarting and freezing the server.

use crate::client::{Client, Lost, bounded, serve};
use everlink_testkit::server::{Ending, Script, ScriptedServer};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

#[tokio::test]
async fn req_n08_each_connection_plays_its_own_script_and_the_rest_the_default() {
    let server = ScriptedServer::builder()
        .script(Script::new().send_text("first"))
        .script(Script::new().send_text("second"))
        .otherwise(Script::new().send_text("later"))
        .build()
        .await
        .unwrap();
    for expected in ["first", "second", "later", "later"] {
        Client::open(&server).await.expect_text(expected).await;
    }
    assert_eq!(server.connections().len(), 4);
}

#[tokio::test]
async fn req_n08_a_kill_resets_the_live_and_the_server_goes_on() {
    let server = serve(Script::new()).await;
    let mut client = Client::open(&server).await;
    server.kill();
    assert_eq!(client.next().await, Err(Lost::Reset));
    let record = server.connection(1).await.unwrap().ended().await.unwrap();
    assert_eq!(record.ending, Some(Ending::Killed));
    let mut client = Client::open(&server).await;
    client.text("again").await;
    client.expect_text("again").await;
}

#[tokio::test]
async fn req_n08_fault_32_a_restart_comes_back_on_the_same_port() {
    let server = serve(Script::new()).await;
    let mut client = Client::open(&server).await;
    server.stop().await.unwrap();
    assert_eq!(client.next().await, Err(Lost::Reset));
    let refused = bounded(TcpStream::connect(server.local_addr())).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    server.start().await.unwrap();
    Client::open(&server).await;
    for _ in 0..20 {
        server.restart().await.unwrap();
        Client::open(&server).await;
    }
    assert_eq!(server.connection_count(), 22);
}

#[tokio::test]
async fn req_n08_a_restart_lifts_a_server_that_never_accepts() {
    let server = serve(Script::new().never_accept()).await;
    let _stuck = Client::ask(server.local_addr(), "").await;
    server.connection(1).await.unwrap();
    server.restart().await.unwrap();
    Client::open(&server).await;
}

#[tokio::test(start_paused = true)]
async fn req_n08_a_freeze_is_silence_and_a_thaw_goes_on() {
    let server = serve(Script::echoing()).await;
    let mut client = Client::open(&server).await;
    server.freeze();
    client.text("held").await;
    let silence = timeout(Duration::from_secs(60), client.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    let mut late = Client::ask(server.local_addr(), "").await;
    let silence = timeout(Duration::from_secs(60), late.next()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(server.connection_count(), 1);
    server.thaw();
    client.expect_text("held").await;
    late.head().await;
}

#[tokio::test]
async fn req_n08_dropping_the_server_ends_every_socket_and_task() {
    let tasks_before = Handle::current().metrics().num_alive_tasks();
    let server = serve(Script::new()).await;
    let mut idle = Client::open(&server).await;
    let mut frozen = Client::open(&server).await;
    server.freeze();
    drop(server);
    for client in [&mut idle, &mut frozen] {
        assert!(matches!(client.next().await, Err(Lost::Eof | Lost::Reset)));
    }
    bounded(async {
        while Handle::current().metrics().num_alive_tasks() > tasks_before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn req_n08_an_address_in_use_is_named() {
    let server = serve(Script::new()).await;
    let address = server.local_addr();
    let error = ScriptedServer::builder().listen(address).build().await.unwrap_err().to_string();
    assert_eq!(error, format!("cannot listen on {address}"));
}
