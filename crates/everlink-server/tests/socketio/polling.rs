//! Where WebSockets are blocked, HTTP long-polling carries the same.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{Client, chat, soon};

/// One session that polls.
struct Polling {
    address: SocketAddr,
    sid: String,
    /// Packets that came and were not looked at.
    packets: Vec<String>,
}

impl Polling {
    async fn open(address: SocketAddr) -> Self {
        let (sid, packets) = (String::new(), Vec::new());
        let mut polling = Self { address, sid, packets };
        let open = polling.ask(Method::GET, String::new()).await;
        let handshake: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        polling.sid = format!("&sid={}", handshake["sid"].as_str().unwrap());
        polling
    }

    async fn send(&self, packet: String) {
        assert_eq!(self.ask(Method::POST, packet).await, "ok");
    }

    /// Returns the next message that begins like this, and skips others.
    async fn next(&mut self, begin: &str) -> String {
        loop {
            while !self.packets.is_empty() {
                let packet = self.packets.remove(0);
                if packet.starts_with(begin) {
                    return packet;
                }
            }
            let body = self.ask(Method::GET, String::new()).await;
            self.packets.extend(body.split('\u{1e}').map(str::to_owned));
        }
    }

    async fn ask(&self, method: Method, body: String) -> String {
        let asked = async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let (mut send, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let path = format!("/socket.io/?EIO=4&transport=polling{}", self.sid);
            let request = Request::builder().method(method).uri(path).header("host", "here");
            let request = request.body(Full::new(Bytes::from(body))).unwrap();
            let answer = send.send_request(request).await.unwrap();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(body.to_vec()).unwrap()
        };
        soon(asked).await
    }
}

/// Req: R09
#[tokio::test]
async fn req_r09_a_client_that_polls_is_in_the_same_rooms_and_is_recovered() {
    let site = chat().await;
    let mut client = Client::connect(site.address).await;
    client.ask("join", &json!({"room": "r"})).await;
    let mut polling = Polling::open(site.address).await;
    polling.send("40".to_owned()).await;
    let entered = polling.next("40").await;
    let entered: Value = serde_json::from_str(&entered[2..]).unwrap();
    polling.send(r#"421["join",{"room":"r"}]"#.to_owned()).await;
    polling.next("431[").await;
    for number in 0..40 {
        client.emit("message", &json!({"room": "r", "text": number})).await;
    }
    let mut last = Value::Null;
    for number in 0..20 {
        let packet = polling.next(r#"42["message""#).await;
        let list: Vec<Value> = serde_json::from_str(&packet[2..]).unwrap();
        assert_eq!(list[1]["text"], number);
        last = list[2].clone();
    }
    // It stops polling, and comes back by another way.
    let pid = entered["pid"].as_str().map(str::to_owned);
    let offset = last.as_str().map(str::to_owned);
    let mut back = Client::claim(site.address, pid, offset).await;
    assert_eq!(back.sid, entered["sid"]);
    for number in 20..40 {
        assert_eq!(back.event_of("message").await[0]["text"], number);
    }
}
