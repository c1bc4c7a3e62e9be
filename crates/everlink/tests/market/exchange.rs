//! A small exchange on the loopback, with the limits that the real one documents ("Websocket Limits" and
//! "General WSS information" of Binance's streams). Its market is a function of time, so that whatever a
//! client missed can be told by number.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use everlink::wire::ws::{Decoder, Encoder, Item, Limits, Role, accept_key};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

/// How the exchange behaves; all times are those of its market.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// How many seconds of the market pass in one of ours.
    pub(crate) scale: u32,
    /// How long a connection may stand; every other one half as long again.
    pub(crate) life: Duration,
    /// How long before its end it is told.
    pub(crate) notice: Duration,
    /// Most by which a connection's node lags behind the market, in our time: each lags by its own.
    pub(crate) lag_max: Duration,
}

/// What the exchange saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicU32,
    /// Connections that were ended because they said more than they may.
    pub(crate) too_fast: AtomicU32,
    /// Connections that were ended at their age.
    pub(crate) too_old: AtomicU32,
    pub(crate) notices: AtomicU32,
    /// Requests for a stream that does not exist, by its name.
    pub(crate) refused: Mutex<Vec<String>>,
}

pub(crate) struct Exchange {
    pub(crate) address: String,
    pub(crate) seen: Arc<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exchange {
    pub(crate) async fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (seen, opened) = (Arc::new(Seen::default()), Instant::now());
        let told = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let number = told.connections.fetch_add(1, Ordering::Relaxed);
                // Some lead, some lag, and no two neighbours alike.
                let lag = rules.lag_max * (number * 7 % 10) / 10;
                let rules = Rules { life: rules.life + rules.life / 2 * (number % 2), ..rules };
                let session = Session::new(rules, opened + lag, Arc::clone(&told));
                tokio::spawn(session.run(stream));
            }
        });
        Self { address, seen, task }
    }
}

/// One connection.
struct Session {
    rules: Rules,
    /// When the market began, as the connection's node sees it.
    opened: Instant,
    since: Instant,
    seen: Arc<Seen>,
    decoder: Decoder,
    encoder: Encoder,
    out: BytesMut,
    /// The streams, and the last number of each that was sent.
    streams: BTreeMap<String, u64>,
    /// When the last messages came.
    said: Vec<Instant>,
    pinged: Instant,
    ponged: Instant,
    warned: bool,
}

/// The connection is to be ended.
struct End;

impl Session {
    fn new(rules: Rules, opened: Instant, seen: Arc<Seen>) -> Self {
        let now = Instant::now();
        Self {
            rules,
            opened,
            since: now,
            seen,
            decoder: Decoder::new(Role::Server, Limits::default()),
            encoder: Encoder::server(),
            out: BytesMut::new(),
            streams: BTreeMap::new(),
            said: Vec::new(),
            pinged: now,
            ponged: now,
            warned: false,
        }
    }

    async fn run(mut self, mut stream: TcpStream) {
        if upgrade(&mut stream).await.is_none() {
            return;
        }
        let mut tick = interval(Duration::from_millis(5));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                read = stream.read_buf(self.decoder.read_buffer()) => {
                    if read.is_ok_and(|count| count == 0) || self.hear().is_err() {
                        break;
                    }
                }
                _ = tick.tick() => {
                    if self.speak().is_err() {
                        break;
                    }
                }
            }
            if stream.write_all_buf(&mut self.out).await.is_err() {
                return;
            }
        }
        let _gone = self.encoder.close(&mut self.out, Some((1008, "")));
        let _gone = stream.write_all_buf(&mut self.out).await;
    }

    /// Takes what came; each message, ping and pong counts.
    fn hear(&mut self) -> Result<(), End> {
        while let Some(item) = self.decoder.next_item().map_err(|_| End)? {
            let now = Instant::now();
            self.said.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
            self.said.push(now);
            if self.said.len() > 5 {
                self.seen.too_fast.fetch_add(1, Ordering::Relaxed);
                return Err(End);
            }
            match item {
                Item::Text(text) => self.answer(text.as_str()),
                Item::Ping(payload) => {
                    // Answered after what happened before it.
                    self.trade();
                    self.encoder.pong(&mut self.out, &payload).map_err(|_| End)?;
                }
                Item::Pong(_) => self.ponged = now,
                Item::Close(_) => return Err(End),
                Item::Binary(_) => {}
            }
        }
        Ok(())
    }

    fn answer(&mut self, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let names = request["params"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<String> = names.map(str::to_owned).collect();
        let unknown = names.iter().find(|name| name.starts_with("nosuch"));
        if let Some(unknown) = unknown {
            self.seen.refused.lock().unwrap().push(unknown.clone());
            let error = json!({ "code": 2, "msg": "Invalid request: unknown symbol" });
            return self.say(&json!({ "error": error, "id": request["id"] }));
        }
        for name in names {
            match request["method"].as_str() {
                Some("SUBSCRIBE") if self.streams.len() < 1024 => {
                    let newest = self.newest(&name);
                    self.streams.entry(name).or_insert(newest);
                }
                _ => {
                    self.streams.remove(&name);
                }
            }
        }
        self.say(&json!({ "result": null, "id": request["id"] }));
    }

    /// Sends what is due: events, pings, notices; or ends the connection.
    fn speak(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now - self.pinged > Duration::from_secs(1) {
            self.pinged = now;
            self.encoder.ping(&mut self.out, b"1770123456789").map_err(|_| End)?;
        }
        if now - self.ponged > Duration::from_secs(6) {
            return Err(End);
        }
        let age = (now - self.since) * self.rules.scale;
        if age > self.rules.life {
            self.seen.too_old.fetch_add(1, Ordering::Relaxed);
            return Err(End);
        }
        if age + self.rules.notice > self.rules.life && !self.warned {
            self.warned = true;
            self.seen.notices.fetch_add(1, Ordering::Relaxed);
            self.say(&json!({ "e": "serverShutdown", "E": 1 }));
        }
        self.trade();
        Ok(())
    }

    /// Sends what happened in the market since the last time.
    fn trade(&mut self) {
        let mut streams = std::mem::take(&mut self.streams);
        for (name, last) in &mut streams {
            for number in *last + 1..=self.newest(name) {
                *last = number;
                let event = match name.contains("depth") {
                    true => format!(r#"{{"U":{},"u":{}}}"#, number * 3 - 2, number * 3),
                    false => format!(r#"{{"e":"trade","t":{number}}}"#),
                };
                let text = format!(r#"{{"stream":"{name}","data":{event}}}"#);
                self.encoder.text(&mut self.out, &text);
            }
        }
        self.streams = streams;
    }

    /// Returns the number of a stream's newest event: one a second for the first letter of the alphabet,
    /// and ever less for those behind it.
    fn newest(&self, stream: &str) -> u64 {
        let market = self.opened.elapsed() * self.rules.scale;
        let letter = u64::from(stream.as_bytes()[0] - b'a');
        market.as_secs() / (1 + letter * letter * 20)
    }

    fn say(&mut self, message: &Value) {
        self.encoder.text(&mut self.out, &message.to_string());
    }
}

async fn upgrade(stream: &mut TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    assert!(head.starts_with("GET /stream HTTP/1.1"), "{head}");
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let accept = accept_key(key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.ok()
}
