//! One room, four kinds of client, and everybody has everything in one order.

use std::time::Duration;

use everlink::dial::Proxy;
use everlink::{Channel, Client, Dialect, Start};
use everlink_e2e::{Library, OfficialClient, OfficialSocket, Store};
use everlink_testkit::chaos::End;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{Bed, ROOM, connect};

/// Messages of each kind of client.
const EACH: usize = 250;
const ALL: usize = 4 * EACH;
/// More of them in so short a time would make our own clients wait: a server on which connections die at once is
/// spared.
const CUTS: usize = 8;

/// Place and text of a message.
type Heard = Vec<(u64, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn req_r05_req_r06_fault_27_four_kinds_of_client_have_a_thousand_messages_once_in_one_order()
{
    let bed = Bed::new(Store::Disk, &[]).await;
    let (rust, mut heard) = in_rust(&bed).await;
    let others = [Library::JavaScript, Library::Python, Library::EverlinkWeb];
    let others = others.map(|library| started(library, &bed));
    let publishing = tokio::spawn(async move {
        for number in 1..=EACH {
            let payload = json!({ "text": format!("rust {number}") });
            rust.publish(ROOM, payload).await.unwrap().await.unwrap();
        }
        // It goes on listening.
        rust
    });
    for (author, socket) in &others {
        let numbers =
            json!({ "room": ROOM, "author": author, "from": 1, "to": EACH, "within_ms": 1000 });
        socket.tell("publish", numbers).unwrap();
    }
    for cut in 1..=CUTS {
        // Spread over the stream: each while there is still something to lose.
        let so_far = ALL / (CUTS + 1) * cut;
        within(heard.wait_for(|heard| heard.len() >= so_far)).await.unwrap();
        bed.proxy.cut(if cut % 2 == 0 { End::Close } else { End::Reset });
    }
    let _rust = within(publishing).await.unwrap();
    for (author, socket) in &others {
        socket.event(0, "published").unwrap_or_else(|error| panic!("{author}: {error:#}"));
    }
    let stored = places(&bed.server.history(ROOM).unwrap());
    check_each_once(&stored);
    within(heard.wait_for(|heard| heard.len() >= ALL)).await.unwrap();
    assert_eq!(*heard.borrow(), stored, "rust");
    for (author, socket) in &others {
        assert_eq!(places(&socket.hear("message", ALL).unwrap()), stored, "{author}");
        let losses = socket.count("disconnected");
        assert!(losses >= CUTS / 2, "{author}: only {losses} of {CUTS} cuts were seen");
    }
}

/// Our client, and what it hears.
async fn in_rust(bed: &Bed) -> (Client, watch::Receiver<Heard>) {
    let url = format!("ws://{}/ws?user_id=rust", bed.proxy.local_addr());
    let client = Client::builder(&url).dialect(Dialect::EVERLINK);
    let client = client.dial(|dial| dial.proxy(Proxy::none()));
    let client = client.settings(|settings| {
        settings
            .heartbeat_interval(Duration::from_millis(500))
            .heartbeat_timeout(Duration::from_millis(500))
            .return_window(Some(Duration::ZERO))
            .backoff_floor(Duration::ZERO)
            .backoff_min(Duration::from_millis(20))
            .backoff_max(Duration::from_millis(200))
            .stable_after(Duration::ZERO)
            .dials_per_minute(None)
    });
    let client = client.build().unwrap();
    let mut channel = client.channel(ROOM).from(Start::Beginning).open().unwrap();
    within(client.connect()).await.unwrap();
    let (tell, heard) = watch::channel(Heard::new());
    tokio::spawn(async move { while listen(&mut channel, &tell).await {} });
    (client, heard)
}

async fn listen(channel: &mut Channel, tell: &watch::Sender<Heard>) -> bool {
    let Some(message) = channel.next_message().await else { return false };
    let payload: Value = message.payload.decode().unwrap();
    let text = payload["text"].as_str().unwrap().to_owned();
    tell.send_modify(|heard| heard.push((message.offset, text)));
    true
}

/// A client of another kind, with its name, that stays in the room.
fn started(library: Library, bed: &Bed) -> (&'static str, OfficialSocket) {
    let client = OfficialClient::start(library).unwrap();
    let name = match library {
        Library::JavaScript => "javascript",
        Library::Python => "python",
        Library::EverlinkWeb => "web",
    };
    let socket = client.socket(name);
    if library == Library::EverlinkWeb {
        let url = format!("ws://{}/ws?user_id=web", bed.proxy.local_addr());
        socket.open(&url, json!({ "room": ROOM })).unwrap();
        socket.event(0, "connected").unwrap();
    } else {
        connect(&socket, &bed.broken(), name, &json!({}));
        socket.tell("follow", json!({ "room": ROOM })).unwrap();
    }
    (name, socket)
}

fn places(messages: &[Value]) -> Heard {
    let place = |message: &Value| {
        let text = message["text"].as_str().unwrap_or("?").to_owned();
        (message["sequence_number"].as_u64().unwrap_or_default(), text)
    };
    messages.iter().map(place).collect()
}

/// Each author's messages are there once, in the author's order, in places without holes.
fn check_each_once(stored: &Heard) {
    let numbers: Vec<u64> = stored.iter().map(|(place, _)| *place).collect();
    assert_eq!(numbers, (1..=ALL as u64).collect::<Vec<_>>());
    for author in ["rust", "javascript", "python", "web"] {
        let texts = stored.iter().map(|(_, text)| text.as_str());
        let said: Vec<&str> = texts.filter(|text| text.split(' ').next() == Some(author)).collect();
        let wanted: Vec<String> = (1..=EACH).map(|number| format!("{author} {number}")).collect();
        assert_eq!(said, wanted);
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("did not happen in time")
}

const LIMIT: Duration = Duration::from_secs(240);
