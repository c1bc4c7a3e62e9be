//! The bare transport: the codec over a dialed stream, with a plain loop.

use anyhow::{Context as _, Result, bail};
use everlink::dial::{DialOptions, Endpoint, HeaderMap, Io, Opened, Proxy, dial};
use everlink::masking_keys;
use everlink::wire::ws::{Decoder, Encoder, Item, Limits, Role, Text};
use std::sync::OnceLock;

use super::Peer;
use crate::bench::socket::Socket;

pub(in crate::bench) struct Bare(Socket<Io>);

impl Peer for Bare {
    type Text = Plain;

    fn text(text: &str) -> Plain {
        Plain(text.to_owned().into())
    }

    async fn connect(url: &str) -> Result<Self> {
        let endpoint = Endpoint::parse(url)?;
        let opened = dial(&endpoint, options()?, &HeaderMap::new()).await?;
        let Opened { io, leftover, .. } = opened;
        let mut decoder = Decoder::new(Role::Client, Limits::default());
        decoder.read_buffer().extend_from_slice(&leftover);
        Ok(Self(Socket::new(io, decoder, Encoder::client(masking_keys()))))
    }

    async fn send(&mut self, text: &Plain) -> Result<()> {
        self.0.queue(&text.0);
        if self.0.queued_bytes() >= BATCH {
            self.0.flush().await?;
        }
        Ok(())
    }

    async fn recv(&mut self) -> Result<Plain> {
        let item = self.0.recv().await?.context("the connection ended")?;
        let Item::Text(text) = item else { bail!("not a text: {item:?}") };
        Ok(Plain(text))
    }

    async fn restored(mut self, url: &str) -> Result<Self> {
        // An error of the stream is an end too.
        while let Ok(Some(_)) = self.0.recv().await {}
        drop(self);
        Self::connect(url).await
    }
}

impl Bare {
    pub(in crate::bench) async fn flush(&mut self) -> Result<()> {
        self.0.flush().await
    }
}

/// A text, as bytes too.
pub(in crate::bench) struct Plain(pub(super) Text);

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Made once, as a program would.
fn options() -> Result<&'static DialOptions> {
    static OPTIONS: OnceLock<DialOptions> = OnceLock::new();
    if let Some(options) = OPTIONS.get() {
        return Ok(options);
    }
    let options = DialOptions::builder().proxy(Proxy::none()).build()?;
    Ok(OPTIONS.get_or_init(|| options))
}

const BATCH: usize = 64 * 1024;
