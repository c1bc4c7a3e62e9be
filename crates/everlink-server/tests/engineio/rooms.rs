//! A speech above Engine.IO: sessions in the rooms of the server.

use std::sync::Arc;

use everlink_engine::server::{Hello, Place, Publish, Reply, Request};
use everlink_server::engineio::EngineIo;
use everlink_server::speech::{Closed, Format, Incoming, Name, Payload, Speech, SpeechError};
use everlink_server::{Server, json};
use everlink_wire::Message;
use tokio::sync::mpsc;

use crate::support::{Polling, Socket, millis, serve, soon};

/// Reads one room from its beginning, and publishes what it hears there.
#[derive(Debug)]
struct Reader {
    shares: bool,
    sequence: u64,
    closed: mpsc::UnboundedSender<Closed>,
}

impl Speech for Reader {
    fn greeting(&mut self) -> Option<Hello<Name>> {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = Name::from(format!("reader-{number}"));
        Some(Hello {
            version: 1,
            client: Arc::clone(&name),
            producer: name,
            auth: None,
            channels: vec![Place { channel: "room".into(), from: None }],
            frame_max: None,
            last: None,
        })
    }

    fn decode(
        &mut self,
        incoming: Incoming,
    ) -> Result<Option<Request<Name, Message>>, SpeechError> {
        let payload = match incoming {
            Incoming::Text(text) => Message::from(format!("{:?}", text.as_str())),
            Incoming::Binary(bytes) => Message::from(bytes),
            Incoming::Pong(_) => panic!("the heartbeat is not to be seen"),
        };
        self.sequence += 1;
        let (channel, sequence) = ("room".into(), self.sequence);
        Ok(Some(Request::Publish(Publish {
            channel,
            producer: None,
            sequence,
            before: None,
            payload,
        })))
    }

    fn encode(&mut self, reply: &Reply<Name, Message>) -> Payload {
        if let Reply::Message(stored) = reply {
            let text = stored.payload.as_text().unwrap();
            return Payload::Text(format!("{} {text}", stored.offset));
        }
        if let Reply::Ping { nonce } = reply {
            return Payload::Ping(*nonce);
        }
        Payload::Nothing
    }

    fn format(&self) -> Option<Format> {
        self.shares.then_some(Format::SocketIo)
    }

    fn closed(&mut self, closed: Closed) {
        // Not every test asks.
        let _ = self.closed.send(closed);
    }
}

struct Rooms {
    server: Server,
    address: std::net::SocketAddr,
    closed: mpsc::UnboundedReceiver<Closed>,
}

async fn rooms(settings: EngineIo, shares: bool) -> Rooms {
    let server = Server::builder().presence(false).build().unwrap();
    let (sender, closed) = mpsc::unbounded_channel();
    let speech = move |_: &axum::http::request::Parts| {
        let reader = Reader { shares, sequence: 0, closed: sender.clone() };
        Ok(Box::new(reader) as Box<dyn Speech>)
    };
    let router = server.engine_io("/engine.io/", &settings, speech).unwrap();
    let address = serve(router).await;
    Rooms { server, address, closed }
}

async fn publish(server: &Server, number: u64) {
    server.publish("room", json(&number).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_session_is_in_the_rooms_of_all_others_by_either_carrier() {
    for shares in [false, true] {
        let mut site = rooms(EngineIo::new(), shares).await;
        let polling = Polling::open(site.address).await;
        let (mut socket, _) = Socket::begin(site.address).await;
        until_read(&site.server, 2).await;
        publish(&site.server, 7).await;
        assert_eq!(socket.hear_message().await, "41 7");
        assert_eq!(polling.hear().await, "41 7");
        polling.say("4by poll").await;
        socket.say("4by socket").await;
        let heard = [socket.hear_message().await, socket.hear_message().await];
        assert_eq!(polling.hear_packets(2).await, heard);
        polling.say("1").await;
        assert_eq!(soon(site.closed.recv()).await, Some(Closed::ByClient));
    }
}

#[tokio::test]
async fn what_is_published_while_a_session_goes_over_comes_once_and_in_order() {
    for shares in [false, true] {
        let site = rooms(EngineIo::new(), shares).await;
        let polling = Polling::open(site.address).await;
        until_read(&site.server, 1).await;
        let server = site.server.clone();
        let publishing = tokio::spawn(async move {
            for number in 1..=400 {
                publish(&server, number).await;
                tokio::task::yield_now().await;
            }
        });
        let mut heard = polling.hear_packets(20).await;
        let mut socket = polling.websocket().await;
        socket.say("2probe").await;
        assert_eq!(socket.hear().await, "3probe");
        heard.extend(polling.hear_packets(1).await);
        socket.say("5").await;
        while heard.len() < 400 {
            heard.push(socket.hear_message().await);
        }
        publishing.await.unwrap();
        for (number, packet) in (1..=400).zip(&heard) {
            assert_eq!(*packet, format!("4{number} {number}"));
        }
    }
}

#[tokio::test]
async fn a_client_that_polls_late_gets_all_of_it_and_holds_little_meanwhile() {
    let site = rooms(EngineIo::new(), true).await;
    let polling = Polling::open(site.address).await;
    until_read(&site.server, 1).await;
    let text = "x".repeat(1000);
    for _ in 0..300 {
        site.server.publish("room", json(&text).unwrap()).await.unwrap();
    }
    let first = polling.hear().await;
    assert!(first.len() < 20 * 1024, "python takes no more than 16 packets: {}", first.len());
    let mut count = first.split('\u{1e}').count();
    while count < 300 {
        let more = polling.hear().await.split('\u{1e}').count();
        assert!((1..=16).contains(&more), "{more}");
        count += more;
    }
    assert_eq!(count, 300);
}

#[tokio::test]
async fn fault_20_the_speech_is_told_how_it_ended_and_sees_nothing_of_the_heartbeat() {
    let settings = EngineIo::new().ping_interval(millis(200)).ping_timeout(millis(150));
    let mut site = rooms(settings, false).await;
    let (mut socket, _) = Socket::begin(site.address).await;
    for _ in 0..4 {
        assert_eq!(socket.hear().await, "2");
        socket.say("3").await;
    }
    assert_eq!(socket.hear().await, "2");
    assert_eq!(soon(site.closed.recv()).await, Some(Closed::Silent));
    assert_eq!(socket.closed().await, 4304);
    let (mut socket, _) = Socket::begin(site.address).await;
    socket.say("what").await;
    assert_eq!(soon(site.closed.recv()).await, Some(Closed::Broken));
    let (socket, _) = Socket::begin(site.address).await;
    drop(socket);
    assert_eq!(soon(site.closed.recv()).await, Some(Closed::Lost));
    let polling = Polling::open(site.address).await;
    assert_eq!(polling.post("x").await.status, 400);
    assert_eq!(soon(site.closed.recv()).await, Some(Closed::Broken));
}

/// Waits until so many connections read the room.
async fn until_read(server: &Server, count: u64) {
    let wait = async {
        while server.status().totals.accepted < count {
            tokio::time::sleep(millis(2)).await;
        }
    };
    soon(wait).await;
}
