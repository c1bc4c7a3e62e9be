//! tokio-tungstenite, fed in batches and flushed before it waits.

use std::marker::PhantomData;

use anyhow::{Context as _, Result, bail};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::Peer;

/// With the buffers it comes with.
pub(in crate::bench) type Tungstenite = Tuned<Default>;

/// With buffers of 8 KiB.
pub(in crate::bench) type TungsteniteSmall = Tuned<Small>;

pub(in crate::bench) trait Tuning: Send + Sync + 'static {
    fn config() -> WebSocketConfig;
}

pub(in crate::bench) struct Default;

impl Tuning for Default {
    fn config() -> WebSocketConfig {
        WebSocketConfig::default()
    }
}

pub(in crate::bench) struct Small;

impl Tuning for Small {
    fn config() -> WebSocketConfig {
        WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(8 * 1024)
    }
}

pub(in crate::bench) struct Tuned<T> {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    tuning: PhantomData<T>,
}

impl<T: Tuning> Peer for Tuned<T> {
    type Text = Utf8Bytes;

    fn text(text: &str) -> Utf8Bytes {
        text.into()
    }

    async fn connect(url: &str) -> Result<Self> {
        let (socket, _) = connect_async_with_config(url, Some(T::config()), true).await?;
        Ok(Self { socket, tuning: PhantomData })
    }

    async fn send(&mut self, text: &Utf8Bytes) -> Result<()> {
        Ok(self.socket.feed(Message::Text(text.clone())).await?)
    }

    async fn recv(&mut self) -> Result<Utf8Bytes> {
        let ready = self.socket.next().now_or_never();
        let next = match ready {
            Some(next) => next,
            None => {
                self.socket.flush().await?;
                self.socket.next().await
            }
        };
        let message = next.context("the connection ended")??;
        let Message::Text(text) = message else { bail!("not a text: {message:?}") };
        Ok(text)
    }

    async fn restored(mut self, url: &str) -> Result<Self> {
        self.socket.flush().await?;
        while let Some(Ok(_)) = self.socket.next().await {}
        drop(self);
        Self::connect(url).await
    }
}
