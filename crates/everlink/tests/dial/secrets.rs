//! Nothing secret is logged, at any level.

use std::io;
use std::sync::{Arc, Mutex};

use everlink::dial::{Endpoint, HeaderMap, HeaderValue, Proxy, dial};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{header, listen, options, read_head, serve_websocket};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
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
async fn req_x11_each_phase_is_logged_and_no_secret_is() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    // For all threads: tracing remembers which lines nobody wants, and another test's thread,
    // without a subscriber, would answer for this one.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let proxy = listen(|mut stream| async move {
        let request = read_head(&mut stream).await;
        assert!(header(&request, "proxy-authorization").is_some());
        let answer = b"HTTP/1.1 200 OK\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        serve_websocket(stream, "", b"").await;
    })
    .await;
    let options = options()
        .proxy(Proxy::url(&format!("http://ann:pr0xy@{proxy}")).unwrap())
        .header("X-Api-Key", "k3y")
        .build()
        .unwrap();
    let endpoint = Endpoint::parse("ws://bob:passw0rd@secrets.test/ws?token=qu3ry").unwrap();
    let mut extra = HeaderMap::new();
    extra.insert("authorization", HeaderValue::from_static("Bearer b3arer"));
    let opened = dial(&endpoint, &options, &extra).await.unwrap();

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for step in ["connecting", "tunnel stands", "upgrade answered", "opened"] {
        let mut lines = logged.lines().filter(|line| line.contains("endpoint=ws://secrets.test/"));
        assert!(lines.any(|line| line.contains(step)), "{step} is missing in {logged}");
    }
    let shown = format!("{logged}{options:?}{endpoint:?}{opened:?}");
    for secret in ["pr0xy", "k3y", "passw0rd", "qu3ry", "b3arer", "cHIweHk"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}

#[tokio::test]
async fn headers_of_the_attempt_replace_those_of_the_options_and_of_the_url() {
    let (send, request) = tokio::sync::oneshot::channel();
    let (address, _after) = crate::support::scripted_server(move |request| {
        send.send(request.to_owned()).unwrap();
        crate::support::switching(request, "")
    })
    .await;
    let url = format!("ws://bob:passw0rd@{address}/");
    let options = options().header("Authorization", "Bearer old").header("X-Kept", "1");
    let options = options.build().unwrap();
    let mut extra = HeaderMap::new();
    extra.insert("authorization", HeaderValue::from_static("Bearer fresh"));
    dial(&Endpoint::parse(&url).unwrap(), &options, &extra).await.unwrap();
    let request = request.await.unwrap();
    assert_eq!(request.to_lowercase().matches("authorization:").count(), 1);
    assert_eq!(header(&request, "authorization"), Some("Bearer fresh"));
    assert_eq!(header(&request, "x-kept"), Some("1"));
}

#[tokio::test]
async fn a_header_of_the_hand_shake_cannot_be_smuggled_into_an_attempt() {
    let mut extra = HeaderMap::new();
    extra.insert("sec-websocket-key", HeaderValue::from_static("mine"));
    let endpoint = Endpoint::parse("ws://127.0.0.1:9/").unwrap();
    let error = dial(&endpoint, &options().build().unwrap(), &extra).await.unwrap_err();
    assert_eq!(error.failure.cause, everlink_engine::Cause::Local);
    assert!(error.detail.contains("sec-websocket-key"), "{error}");
}
