//! The codec with a plain loop around it: write what is queued, read what has come.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::{Buf as _, BytesMut};
use everlink::wire::ws::{Decoder, Encoder, Item, Text};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

/// One WebSocket, of a client or of a server.
pub(crate) struct Socket<T> {
    io: T,
    decoder: Decoder,
    encoder: Encoder,
    out: BytesMut,
    ended: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket<T> {
    pub(crate) fn new(io: T, decoder: Decoder, encoder: Encoder) -> Self {
        Self { io, decoder, encoder, out: BytesMut::new(), ended: false }
    }

    /// Queues a text; whoever queues much calls [`Self::flush`] now and then.
    pub(crate) fn queue(&mut self, text: &Text) {
        self.encoder.checked_text(&mut self.out, text);
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.out.len()
    }

    /// Returns the next message that is here already; control frames are answered on the way.
    pub(crate) fn take(&mut self) -> Result<Option<Item>> {
        loop {
            match self.decoder.next_item()? {
                Some(Item::Ping(payload)) => self.encoder.pong(&mut self.out, &payload)?,
                Some(Item::Pong(_)) => {}
                Some(Item::Close(close)) => {
                    let code = close.map(|close| (close.code, ""));
                    self.encoder.close(&mut self.out, code)?;
                    self.ended = true;
                    return Ok(None);
                }
                item => return Ok(item),
            }
        }
    }

    /// Returns the next message, having written what is queued before it waits; `None` at the end.
    pub(crate) async fn recv(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.take()? {
                return Ok(Some(item));
            }
            if !self.turn().await? {
                return Ok(None);
            }
        }
    }

    /// Writes all that is queued. What comes meanwhile is kept.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        poll_fn(|cx| self.poll_write(cx)).await?;
        self.rest();
        Ok(())
    }

    /// Writes what is queued and waits until something has come; returns whether more may come.
    pub(crate) async fn turn(&mut self) -> Result<bool> {
        if self.ended {
            self.flush().await?;
            return Ok(false);
        }
        let more = poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                return Poll::Ready(Err(error));
            }
            let read = pin!(self.io.read_buf(self.decoder.read_buffer())).poll(cx);
            read.map(|count| Ok(count? > 0))
        });
        let more = more.await?;
        self.ended |= !more;
        self.rest();
        Ok(more)
    }

    /// Is ready when all is written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.out.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.out) {
                Poll::Ready(Ok(count)) if count > 0 => self.out.advance(count),
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(anyhow::anyhow!("nothing is taken"))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return Poll::Pending,
            }
        }
        // TLS may hold something back.
        Pin::new(&mut self.io).poll_flush(cx).map_err(Into::into)
    }

    /// Gives a large buffer back that is not needed now.
    fn rest(&mut self) {
        if self.out.is_empty() && self.out.capacity() > OUT_KEPT_BYTES {
            self.out = BytesMut::new();
        }
    }
}

const OUT_KEPT_BYTES: usize = 16 * 1024;
