//! The client of `ezsockets`, which reconnects too.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use ezsockets::{Client, ClientConfig, ClientExt, Error, MessageSignal, MessageStatus, Utf8Bytes};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Peer;

pub(in crate::bench) struct Ezsockets {
    client: Client<Callbacks>,
    news: UnboundedReceiver<News>,
    last: Option<MessageSignal>,
    unwritten: usize,
}

impl Peer for Ezsockets {
    type Text = Utf8Bytes;

    fn text(text: &str) -> Utf8Bytes {
        text.into()
    }

    async fn connect(url: &str) -> Result<Self> {
        let config = ClientConfig::new(url).reconnect_interval(Duration::ZERO);
        let (told, news) = unbounded_channel();
        let (client, future) = ezsockets::connect(|_| Callbacks(told), config).await;
        tokio::spawn(future);
        let mut peer = Self { client, news, last: None, unwritten: 0 };
        peer.connected().await?;
        Ok(peer)
    }

    /// Its queue has no bound, so that a sender in a loop must look for itself whether it is written.
    async fn send(&mut self, text: &Utf8Bytes) -> Result<()> {
        self.last = Some(self.client.text(text.clone())?);
        self.unwritten += 1;
        if self.unwritten == UNWRITTEN_MAX {
            while self.last.as_ref().is_some_and(|last| last.status() == MessageStatus::Sending) {
                tokio::task::yield_now().await;
            }
            self.unwritten = 0;
        }
        Ok(())
    }

    async fn recv(&mut self) -> Result<Utf8Bytes> {
        self.unwritten = 0;
        loop {
            match self.news.recv().await.context("the client ended")? {
                News::Text(text) => return Ok(text),
                News::Connected => {}
            }
        }
    }

    async fn restored(mut self, _url: &str) -> Result<Self> {
        self.connected().await?;
        Ok(self)
    }
}

impl Ezsockets {
    async fn connected(&mut self) -> Result<()> {
        while !matches!(self.news.recv().await.context("the client ended")?, News::Connected) {}
        Ok(())
    }
}

enum News {
    Connected,
    Text(Utf8Bytes),
}

struct Callbacks(UnboundedSender<News>);

#[async_trait]
impl ClientExt for Callbacks {
    type Call = ();

    async fn on_connect(&mut self) -> Result<(), Error> {
        Ok(self.0.send(News::Connected)?)
    }

    async fn on_text(&mut self, text: Utf8Bytes) -> Result<(), Error> {
        Ok(self.0.send(News::Text(text))?)
    }

    async fn on_binary(&mut self, _bytes: ezsockets::Bytes) -> Result<(), Error> {
        Ok(())
    }

    async fn on_call(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }
}

const UNWRITTEN_MAX: usize = 256;
