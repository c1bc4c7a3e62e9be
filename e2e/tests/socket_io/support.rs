//! A server, a proxy before it, and sockets that are in a room.

use everlink_e2e::{EverlinkServer, Library, OfficialClient, OfficialSocket, Store};
use everlink_testkit::chaos::{ChaosProxy, End, Fault, Refusal};
use serde_json::{Value, json};

pub(crate) const ROOM: &str = "lobby";

/// Both official clients.
pub(crate) const LIBRARIES: [Library; 2] = [Library::JavaScript, Library::Python];

/// Silence is noticed within a second.
const QUICK: [[&str; 2]; 2] =
    [["--socket-io-ping-interval", "500ms"], ["--socket-io-ping-timeout", "500ms"]];

/// A server, and a way to it that can be broken.
pub(crate) struct Bed {
    pub(crate) server: EverlinkServer,
    pub(crate) proxy: ChaosProxy,
}

impl Bed {
    pub(crate) async fn new(store: Store, arguments: &[&str]) -> Self {
        let quick = QUICK.iter().filter(|[flag, _]| !arguments.contains(flag)).flatten();
        let arguments: Vec<&str> = quick.chain(arguments).copied().collect();
        let server = EverlinkServer::start(store, &arguments).unwrap();
        let proxy = ChaosProxy::builder().upstream(server.address()).build().await.unwrap();
        Self { server, proxy }
    }

    /// Where the server is.
    pub(crate) fn direct(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Where the proxy before it is.
    pub(crate) fn broken(&self) -> String {
        format!("http://{}", self.proxy.local_addr())
    }

    /// Ends every connection through the proxy, and lets none come back until [`ChaosProxy::clear`].
    pub(crate) fn part(&self) {
        self.proxy.set(Fault::Refuse { how: Refusal::Closed }).unwrap();
        self.proxy.cut(End::Reset);
    }

    /// The text of each message of the room, as its history has them.
    pub(crate) fn history(&self) -> Vec<String> {
        texts(&self.server.history(ROOM).unwrap())
    }
}

/// Starts a client and opens its only socket.
pub(crate) fn opened(library: Library, url: &str, user: &str, options: &Value) -> OfficialSocket {
    let socket = OfficialClient::start(library).unwrap().socket(user);
    connect(&socket, url, user, options);
    socket
}

/// Opens a socket, and waits until it is connected. Returns what it says then.
pub(crate) fn connect(socket: &OfficialSocket, url: &str, user: &str, options: &Value) -> Value {
    let mut options = options.clone();
    options["auth"] = json!({ "user_id": user });
    socket.open(url, options).unwrap();
    socket.event(0, "connected").unwrap()
}

/// A client whose socket is in the room, as the library comes.
pub(crate) fn joined(library: Library, url: &str, user: &str) -> OfficialSocket {
    joined_by(library, url, user, &json!({}))
}

pub(crate) fn joined_by(
    library: Library,
    url: &str,
    user: &str,
    options: &Value,
) -> OfficialSocket {
    let socket = opened(library, url, user, options);
    join(&socket, json!({ "room": ROOM }));
    socket
}

/// Joins a room, and returns what the server says of it.
pub(crate) fn join(socket: &OfficialSocket, request: Value) -> Value {
    socket.ask("join", json!([request])).unwrap().swap_remove(0)
}

/// Says something to the room, and returns its place there.
pub(crate) fn say(socket: &OfficialSocket, text: &str) -> u64 {
    let answer = socket.ask("message", json!([{ "room": ROOM, "text": text }])).unwrap();
    answer[0]["sequence_number"].as_u64().unwrap_or_else(|| panic!("{answer:?}"))
}

/// Says numbered texts, each after the one before is acknowledged.
pub(crate) fn say_all(socket: &OfficialSocket, texts: &[String]) {
    texts.iter().for_each(|text| {
        say(socket, text);
    });
}

pub(crate) fn numbered(word: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{word} {number}")).collect()
}

/// Waits for so many messages; returns their texts, in the order in which they came.
pub(crate) fn hear(socket: &OfficialSocket, count: usize) -> Vec<String> {
    texts(&socket.hear("message", count).unwrap())
}

pub(crate) fn texts(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| message["text"].as_str().unwrap_or("?").to_owned()).collect()
}
