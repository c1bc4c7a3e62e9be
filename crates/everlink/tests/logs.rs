//! What is logged. Alone in its process, because tests that log elsewhere disturb what is captured.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

#[path = "client/support.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use everlink::{Client, ConnectionState, Credentials};
use tracing_subscriber::fmt::MakeWriter;

use support::{Server, soon};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn req_x11_each_step_of_a_life_is_logged_and_no_secret_or_payload_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start().await;
    let url = format!("{}?token=s3cret-query", server.url);
    let client = Client::builder(url)
        .dial(|dial| dial.proxy(everlink::dial::Proxy::none()))
        .settings(|settings| settings.return_window(Some(Duration::ZERO)))
        .credentials(|_| async { Ok::<_, String>(Credentials::bearer("s3cret-token")) })
        .build()
        .unwrap();
    client.start().unwrap();
    drop(server.accept().await);
    let mut peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    client.send("s3cret-payload").await.map(drop).unwrap();
    assert_eq!(peer.text().await, "s3cret-payload");
    tokio::join!(soon(client.close()), async {
        peer.item().await;
        drop(peer);
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for step in [
        " INFO everlink::driver::publish: connecting",
        " INFO everlink::driver::publish: connected",
        " WARN everlink::driver::publish: connection lost",
        " INFO everlink::driver::publish: reconnecting",
        " INFO everlink::driver::publish: connection restored",
        " INFO everlink::driver::publish: closed",
    ] {
        assert!(log.contains(step), "{step} is missing in\n{log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}
