//! Bytes and messages of one connection.

use super::limits::REQUEST_BYTES_MAX;
use super::record::{Ending, Log, ScriptFailure, Seen};
use super::request::UpgradeRequest;
use super::script::Habit;
use bytes::{Buf, BytesMut};
use everlink_wire::ws::{Decoder, Encoder, Item, Limits, Role};
use serde_json::Value;
use std::io;
use tokio::net::TcpStream;

/// Why a connection goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is over; FIN follows, if it has not come already.
    Ended(Ending),
    /// It is to be reset.
    Reset(Ending),
    /// Its script failed; it is closed so that the client does not wait for ever.
    Failed(ScriptFailure),
}

/// One connection, as bytes and as messages.
pub(crate) struct Talk<'a> {
    stream: &'a TcpStream,
    pub(crate) log: &'a Log,
    decoder: Decoder,
    encoder: Encoder,
    head: BytesMut,
    /// What is to be written. It sits here and not in a future, so that no wait loses any of it.
    out: BytesMut,
    habits: Habits,
    is_close_sent: bool,
    is_close_seen: bool,
}

#[derive(Debug)]
struct Habits {
    echo: bool,
    answer_pings: bool,
    answer_app_pings: bool,
    echo_close: bool,
}

impl<'a> Talk<'a> {
    pub(crate) fn new(stream: &'a TcpStream, log: &'a Log) -> Self {
        Self {
            stream,
            log,
            decoder: Decoder::new(Role::Server, Limits::default()),
            encoder: Encoder::server(),
            head: BytesMut::new(),
            out: BytesMut::new(),
            habits: Habits {
                echo: false,
                answer_pings: true,
                answer_app_pings: true,
                echo_close: true,
            },
            is_close_sent: false,
            is_close_seen: false,
        }
    }

    pub(crate) fn set_habit(&mut self, habit: Habit, on: bool) {
        match habit {
            Habit::Echo => self.habits.echo = on,
            Habit::AnswerPings => self.habits.answer_pings = on,
            Habit::AnswerAppPings => self.habits.answer_app_pings = on,
            Habit::EchoClose => self.habits.echo_close = on,
        }
    }

    /// Reads the request; cancel safe.
    pub(crate) async fn request(&mut self) -> Result<UpgradeRequest, Stop> {
        loop {
            let parsed = UpgradeRequest::parse(&self.head).map_err(broken)?;
            if let Some((request, len)) = parsed {
                self.head.advance(len);
                // Messages may have come together with the request.
                self.decoder.read_buffer().extend_from_slice(&self.head.split());
                self.log.change(|record| record.request = Some(request.clone()));
                return Ok(request);
            }
            if self.head.len() > REQUEST_BYTES_MAX {
                return Err(broken("the head of the request is too long"));
            }
            read_some(self.stream, &mut self.head).await?;
        }
    }

    /// Waits for the next message, and follows the habits meanwhile; cancel safe.
    pub(crate) async fn message(&mut self) -> Result<Item, Stop> {
        loop {
            self.flush().await?;
            if self.is_close_sent && self.is_close_seen {
                return Err(Stop::Ended(Ending::CloseHandshake));
            }
            match self.decoder.next_item() {
                Ok(Some(item)) => {
                    if let Some(message) = self.take(item) {
                        return Ok(message);
                    }
                }
                Ok(None) => read_some(self.stream, self.decoder.read_buffer()).await?,
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Remembers an item and does what habit says; gives back what a script may wait for.
    fn take(&mut self, item: Item) -> Option<Item> {
        self.log.saw(seen(&item));
        match &item {
            Item::Text(text) => {
                let pong = self.habits.answer_app_pings.then(|| app_pong(text.as_str())).flatten();
                if let Some(pong) = pong {
                    self.encoder.text(&mut self.out, &pong);
                    return None;
                }
                if self.habits.echo {
                    self.encoder.text(&mut self.out, text.as_str());
                }
                Some(item)
            }
            Item::Binary(bytes) => {
                if self.habits.echo {
                    self.encoder.binary(&mut self.out, bytes);
                }
                Some(item)
            }
            Item::Ping(bytes) => {
                if self.habits.answer_pings {
                    let fits = self.encoder.pong(&mut self.out, bytes);
                    fits.expect("the decoder lets no longer ping through than fits into a pong");
                }
                None
            }
            Item::Close(close) => {
                let code = close.as_ref().map(|close| close.code);
                self.take_close(code);
                None
            }
            Item::Pong(_) => None,
        }
    }

    fn take_close(&mut self, code: Option<u16>) {
        self.is_close_seen = true;
        if self.habits.echo_close && !self.is_close_sent {
            let echo = self.encoder.close(&mut self.out, code.map(|code| (code, "")));
            echo.expect("the decoder lets no other code through than may be sent");
            self.is_close_sent = true;
        }
    }

    pub(crate) fn put_text(&mut self, text: &str) {
        self.encoder.text(&mut self.out, text);
    }

    pub(crate) fn put_binary(&mut self, bytes: &[u8]) {
        self.encoder.binary(&mut self.out, bytes);
    }

    pub(crate) fn put_ping(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let ping = self.encoder.ping(&mut self.out, bytes);
        ping.map_err(|error| Stop::Failed(ScriptFailure::Impossible(error.to_string())))
    }

    pub(crate) fn put_close(&mut self, frame: &[u8]) {
        self.put_raw(frame);
        self.is_close_sent = true;
    }

    pub(crate) fn put_raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes what is to be written; cancel safe.
    pub(crate) async fn flush(&mut self) -> Result<(), Stop> {
        while !self.out.is_empty() {
            self.stream.writable().await.map_err(|_| gone())?;
            match self.stream.try_write(&self.out) {
                Ok(count) => self.out.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(gone()),
            }
        }
        Ok(())
    }
}

/// Reads at least one byte; cancel safe.
async fn read_some(stream: &TcpStream, buffer: &mut BytesMut) -> Result<(), Stop> {
    buffer.reserve(1024);
    loop {
        stream.readable().await.map_err(|_| gone())?;
        match stream.try_read_buf(buffer) {
            Ok(0) => return Err(Stop::Ended(Ending::ClientClosed)),
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(gone()),
        }
    }
}

fn seen(item: &Item) -> Seen {
    match item {
        Item::Text(text) => Seen::Text(text.as_str().to_owned()),
        Item::Binary(bytes) => Seen::Binary(bytes.clone()),
        Item::Ping(bytes) => Seen::Ping(bytes.clone()),
        Item::Pong(bytes) => Seen::Pong(bytes.clone()),
        Item::Close(close) => {
            let close = close.as_ref();
            Seen::Close(close.map(|close| (close.code, close.reason.as_str().to_owned())))
        }
    }
}

/// Returns the answer to `{"type":"ping", ..}`.
fn app_pong(text: &str) -> Option<String> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    let kind = message.get_mut("type")?;
    if kind != "ping" {
        return None;
    }
    *kind = "pong".into();
    Some(message.to_string())
}

fn broken(error: impl ToString) -> Stop {
    Stop::Ended(Ending::ClientBroken(error.to_string()))
}

fn gone() -> Stop {
    Stop::Ended(Ending::ClientReset)
}
