//! One WebSocket, frame by frame: the doctor wants to see what a client would hide.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use everlink::dial::{Io, Opened};
use everlink::masking_keys;
use everlink_wire::ws::{Decoder, DeflateConfig, Encoder, Item, Limits, Role, WsError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// What a wait for the peer ended with.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message or a control frame.
    Item(Item),
    /// The peer ended the stream.
    End,
    /// Nothing in time.
    Silence,
    /// The peer broke the protocol.
    Broken(WsError),
    /// The connection broke.
    Lost(io::Error),
}

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct Probe {
    io: Io,
    decoder: Decoder,
    encoder: Encoder,
}

impl Probe {
    pub(super) fn new(opened: Opened) -> Self {
        let mut decoder = Decoder::new(Role::Client, Limits::default());
        let mut encoder = Encoder::client(masking_keys());
        if let Some(params) = &opened.deflate {
            decoder = decoder.with_deflate(params);
            encoder = encoder.with_deflate(&DeflateConfig::default(), params);
        }
        decoder.read_buffer().extend_from_slice(&opened.leftover);
        Self { io: opened.io, decoder, encoder }
    }

    /// Sends one frame that `encode` makes.
    pub(super) async fn send(
        &mut self,
        encode: impl FnOnce(&mut Encoder, &mut BytesMut),
    ) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        encode(&mut self.encoder, &mut bytes);
        while bytes.has_remaining() {
            self.io.write_buf(&mut bytes).await?;
        }
        self.io.flush().await
    }

    /// Waits for one item until `deadline`; answers no pings, since that is what may be asked.
    pub(super) async fn hear(&mut self, deadline: Instant) -> Heard {
        loop {
            match self.decoder.next_item() {
                Ok(Some(item)) => return Heard::Item(item),
                Ok(None) => {}
                Err(error) => return Heard::Broken(error),
            }
            let reading = self.io.read_buf(self.decoder.read_buffer());
            match timeout_at(deadline, reading).await {
                Ok(Ok(0)) => return Heard::End,
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Heard::Lost(error),
                Err(_elapsed) => return Heard::Silence,
            }
        }
    }

    /// As [`hear`](Self::hear), and answers pings as a client does.
    pub(super) async fn hear_and_answer(&mut self, deadline: Instant) -> Heard {
        let heard = self.hear(deadline).await;
        if let Heard::Item(Item::Ping(payload)) = &heard {
            let payload = payload.clone();
            let answer = |encoder: &mut Encoder, bytes: &mut BytesMut| {
                // A ping's payload always fits in a pong.
                let _fits = encoder.pong(bytes, &payload);
            };
            if let Err(error) = self.send(answer).await {
                return Heard::Lost(error);
            }
        }
        heard
    }

    /// Waits until `wanted` accepts an item; others are passed over.
    pub(super) async fn hear_until(
        &mut self,
        wait: Duration,
        wanted: impl Fn(&Item) -> bool,
    ) -> Heard {
        let deadline = Instant::now() + wait;
        loop {
            match self.hear_and_answer(deadline).await {
                Heard::Item(item) if wanted(&item) => return Heard::Item(item),
                Heard::Item(Item::Close(close)) => return Heard::Item(Item::Close(close)),
                Heard::Item(_) => {}
                end @ (Heard::End | Heard::Silence | Heard::Broken(_) | Heard::Lost(_)) => {
                    return end;
                }
            }
        }
    }
}
