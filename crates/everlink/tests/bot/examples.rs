//! The examples of the documentation, run as they stand.

#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../../examples/chat_bot.rs"]
mod chat_bot;
#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../../examples/health_monitor.rs"]
mod health_monitor;
#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../../examples/reconnection_script.rs"]
mod reconnection_script;

use everlink_testkit::chaos::{ChaosProxy, End};
use everlink_testkit::server::{Script, ScriptedServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{HELLO, Log, echo, soon};

#[tokio::test]
async fn req_b07_the_example_bot_answers() {
    let script = Script::new().accept().send_text(HELLO).expect_any_text().echo();
    let server = ScriptedServer::builder().otherwise(script).build().await.unwrap();
    let bot = soon(chat_bot::start(&server.url())).await.unwrap();
    let texts = server.connection(1).await.unwrap().texts(1).await.unwrap();
    assert_eq!(texts, [r#"MSG {"data":"hello, ana"}"#]);
    soon(bot.close()).await;
}

#[tokio::test]
async fn req_b08_the_script_forces_a_reconnect_and_watches_one_that_comes_by_itself() {
    let server = echo().await;
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).build().await.unwrap();
    let log = Log::default();
    let mut out = log.clone();
    let url = format!("ws://{}/", proxy.local_addr());
    let run = reconnection_script::run(&url, 1, &mut out);
    let cut = async {
        while !log.text().contains("forced") {
            tokio::task::yield_now().await;
        }
        proxy.cut(End::Reset);
    };
    soon(async { tokio::join!(run, cut) }).await.0.unwrap();
    let text = log.text();
    for line in ["connected: true", "forced", "reconnected after"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn req_b09_the_health_monitor_serves_the_metrics_of_the_client() {
    let server = echo().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = server.url();
    let monitor = tokio::spawn(async move {
        health_monitor::run(&url, listener).await.map_err(|error| error.to_string())
    });
    for path in ["/metrics", "/health"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        let wanted =
            if path == "/health" { "200 OK" } else { "everlink_connected{client=\"chat\"} 1" };
        assert!(answer.contains(wanted), "{wanted} is missing in\n{answer}");
    }
    monitor.abort();
}
