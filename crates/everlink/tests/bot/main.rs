//! The chat bot against real sockets.
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

mod examples;
mod fake;

use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use everlink::bot::{BotConfig, ChatBot, ChatClient, ChatClientBuilder, ResponseFilter};
use everlink::dial::Proxy;
use everlink_testkit::chaos::{ChaosProxy, End};
use everlink_testkit::server::{Script, ScriptedServer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const HELLO: &str = r#"MSG {"nick":"ana","data":"bot, hello","features":["vip"],"timestamp":7}"#;

/// Waits, but not for ever.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("did not happen in time")
}

fn quick(builder: ChatClientBuilder) -> ChatClientBuilder {
    builder
        .reconnect_delay(Duration::from_millis(20))
        .client(|client| client.dial(|dial| dial.proxy(Proxy::none())))
}

fn telling(builder: ChatClientBuilder, to: &UnboundedSender<String>) -> ChatClientBuilder {
    let [a, b, c, d] = [(); 4].map(|()| to.clone());
    builder
        .on_disconnect(|_| panic!("a handler that panics"))
        .on_disconnect(move |_| a.send("lost".into()).unwrap_or_default())
        .on_reconnecting(move |n, _| b.send(format!("attempt {n}")).unwrap_or_default())
        .on_reconnected(move |n, _| c.send(format!("back after {n}")).unwrap_or_default())
        .on_reconnect_failed(move |n, _| d.send(format!("failed after {n}")).unwrap_or_default())
}

async fn hear(from: &mut UnboundedReceiver<String>, wanted: &[&str]) {
    for wanted in wanted {
        assert_eq!(soon(from.recv()).await.as_deref(), Some(*wanted));
    }
}

async fn echo() -> ScriptedServer {
    ScriptedServer::builder().otherwise(Script::echoing()).build().await.unwrap()
}

#[tokio::test]
async fn req_b04_a_forced_reconnect_makes_a_new_connection_and_the_status_tells() {
    let server = echo().await;
    let chat = quick(ChatClient::builder(server.url())).build().unwrap();
    assert!(!chat.is_connected() && !chat.is_reconnecting());
    soon(chat.connect()).await.unwrap();
    assert!(chat.is_connected());
    soon(chat.force_reconnect()).await.unwrap();
    soon(server.connection(2)).await.unwrap();
    let info = chat.connection_info();
    assert!(info.connected && !info.reconnecting, "{info:?}");
    soon(chat.close()).await;
    assert!(!chat.is_connected());
}

#[tokio::test]
async fn req_b04_the_status_says_why_a_connection_was_lost() {
    let server = echo().await;
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).build().await.unwrap();
    let (to, mut from) = unbounded_channel();
    let url = format!("ws://{}/", proxy.local_addr());
    let chat = telling(quick(ChatClient::builder(url)), &to);
    let chat = chat.reconnect_delay(Duration::from_secs(60)).build().unwrap();
    soon(chat.connect()).await.unwrap();
    proxy.cut(End::Reset);
    hear(&mut from, &["lost", "attempt 1"]).await;
    let info = chat.connection_info();
    assert!(!info.connected && info.reconnecting, "{info:?}");
    assert_eq!(info.connection_attempts, 1);
    assert!(info.last_error.unwrap().contains("reset"));
    soon(chat.close()).await;
}

#[tokio::test]
async fn req_b05_handlers_are_told_each_step_although_one_of_them_panics() {
    let server = echo().await;
    let proxy = ChaosProxy::builder().upstream(server.local_addr()).build().await.unwrap();
    let (to, mut from) = unbounded_channel();
    let url = format!("ws://{}/", proxy.local_addr());
    let chat = telling(quick(ChatClient::builder(url)), &to).reconnect_attempts(1);
    let chat = chat.build().unwrap();
    soon(chat.connect()).await.unwrap();
    proxy.cut(End::Reset);
    hear(&mut from, &["lost", "attempt 1", "back after 1"]).await;
    soon(server.stop()).await.unwrap();
    drop(proxy);
    let mut last = String::new();
    while !last.starts_with("failed after") {
        last = soon(from.recv()).await.unwrap();
    }
    let stats = chat.stats();
    assert!(stats.panics >= 1 && stats.reconnections == 1, "{stats:?}");
    assert_eq!(stats.reconnect_failures, 1);
}

#[tokio::test]
async fn req_b07_a_bot_answers_what_its_filters_let_through_and_counts() {
    let script = Script::new()
        .accept()
        .send_text("JOIN ana")
        .send_text(r#"MSG {"nick":"bot","data":"bot, hello"}"#)
        .send_text(r#"MSG {"nick":"ana","data":"something else"}"#)
        .send_text(r#"MSG {"nick":"ana"}"#)
        .send_text(HELLO)
        .expect_any_text()
        .echo();
    let server = ScriptedServer::builder().otherwise(script).build().await.unwrap();
    let (to, mut heard) = unbounded_channel();
    let lines = to.clone();
    let bot = ChatBot::builder(server.url())
        .response_filters([ResponseFilter::not_from("BOT"), ResponseFilter::containing("hello")])
        .respond(|message| Some(format!("hello, {}", message.nick)))
        .chat(|chat| {
            quick(chat)
                .on_message(move |message| to.send(format!("{message:?}")).unwrap_or_default())
        })
        .chat(|chat| chat.on_line(move |line| lines.send(line.to_owned()).unwrap_or_default()))
        .build()
        .unwrap();
    soon(bot.connect()).await.unwrap();
    let texts = server.connection(1).await.unwrap().texts(1).await.unwrap();
    assert_eq!(texts, [r#"MSG {"data":"hello, ana"}"#]);
    hear(&mut heard, &["JOIN ana"]).await;
    for _ in 0..2 {
        soon(heard.recv()).await.unwrap();
    }
    hear(
        &mut heard,
        &[r#"ChatMessage { nick: "ana", data: "bot, hello", features: ["vip"], timestamp: Some(7) }"#],
    )
    .await;
    let stats = bot.stats();
    assert_eq!((stats.messages, stats.lines, stats.malformed), (3, 1, 1));
    assert_eq!((stats.filtered, stats.reconnections), (2, 0));
    soon(bot.close()).await;
}

#[tokio::test]
async fn req_b09_quality_comes_from_pings_and_delays_can_adapt() {
    let server = echo().await;
    let (to, mut from) = unbounded_channel();
    let chat = quick(ChatClient::builder(server.url())).adaptive_delay(true);
    let chat = chat
        .client(|client| client.settings(|s| s.heartbeat_interval(Duration::from_millis(100))))
        .on_event(move |event| {
            if let everlink::Event::HealthCheck { quality, .. } = event {
                let _gone = to.send(*quality);
            }
        })
        .build()
        .unwrap();
    soon(chat.connect()).await.unwrap();
    soon(from.recv()).await.unwrap();
    let info = chat.connection_info();
    assert!(info.latency.is_some() && info.quality != everlink::engine::Quality::Unusable);
    soon(chat.close()).await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Req: B01. The second level starts anew what the first gave up, and forces what is stale.
#[tokio::test]
async fn req_b06_each_step_is_logged_while_the_second_level_brings_the_bot_back() {
    let log = Log::default();
    let writer = log.clone();
    let logs = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(logs.finish()).unwrap();
    let server = echo().await;
    let bot = ChatBot::builder(server.url())
        .check_interval(Duration::from_millis(50))
        .stale_after(Some(Duration::from_secs(1)))
        .max_reconnect_attempts(10)
        .chat(|chat| quick(chat).reconnect_attempts(1))
        .build()
        .unwrap();
    soon(bot.connect()).await.unwrap();
    // Nothing is said: the second level forces a connection.
    soon(server.connection(2)).await.unwrap();
    soon(server.stop()).await.unwrap();
    soon(async {
        while bot.stats().forced_surrender == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(server.start()).await.unwrap();
    soon(bot.client().wait_until(everlink::ConnectionState::Connected)).await;
    assert!(bot.stats().forced_stale >= 1);
    soon(bot.close()).await;
    let log = log.text();
    for line in [
        " INFO everlink::bot::builder: chat reconnection configured",
        "attempts=1 first_delay=20ms",
        " WARN everlink::bot::listener: chat connection lost",
        " INFO everlink::bot::listener: chat reconnection attempt in progress",
        " INFO everlink::bot::listener: chat reconnection successful",
        " WARN everlink::bot::listener: no chat activity for 1 s, forcing reconnection",
    ] {
        assert!(log.contains(line), "{line} is missing in\n{log}");
    }
}

#[test]
fn req_b03_the_configuration_has_the_defaults_and_names_what_is_wrong() {
    let none: [(&str, &str); 0] = [];
    let config = BotConfig::from_variables(none).unwrap();
    assert!(config.auto_reconnect() && config.reconnect_backoff());
    assert_eq!(config.reconnect_attempts(), Some(5));
    assert_eq!(config.reconnect_delay(), Duration::from_secs(2));
    assert_eq!(config.connection_check_interval(), Duration::from_secs(10));
    assert_eq!(config.max_reconnect_attempts(), 10);
    let given = [("WSGGPY_RECONNECT_ATTEMPTS", "7"), ("WSGGPY_RECONNECT_BACKOFF", "false")];
    let config = BotConfig::from_variables(given).unwrap();
    assert_eq!(config.reconnect_attempts(), Some(7));
    assert!(!config.reconnect_backoff());
    let error = BotConfig::from_variables([("WSGGPY_RECONNECT_DELAY", "soon")]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("WSGGPY_RECONNECT_DELAY") && text.contains("soon"), "{text}");
}
