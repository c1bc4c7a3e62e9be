//! What the two Autobahn programs share: a minimal driver over TCP.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use everlink_wire::ws::{Decoder, DeflateConfig, DeflateConfigError, Encoder, Item};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection after the handshake.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) decoder: Decoder,
    pub(crate) encoder: Encoder,
}

impl Connection {
    /// Sends every message back until the connection ends; returns the last text that came.
    pub(crate) async fn echo(mut self) -> io::Result<String> {
        let mut out = BytesMut::new();
        let mut last_text = String::new();
        // The first round answers what came together with the handshake.
        while self.answer(&mut out, &mut last_text) {
            self.stream.write_all(&out).await?;
            out.clear();
            self.encoder.release();
            if self.stream.read_buf(self.decoder.read_buffer()).await? == 0 {
                break;
            }
        }
        self.stream.write_all(&out).await?;
        self.hang_up().await?;
        Ok(last_text)
    }

    /// Answers all that has come; `false` when nothing may follow.
    fn answer(&mut self, out: &mut BytesMut, last_text: &mut String) -> bool {
        loop {
            match self.decoder.next_item() {
                Ok(None) => return true,
                Ok(Some(Item::Text(text))) => {
                    text.as_str().clone_into(last_text);
                    self.encoder.text(out, text.as_str());
                }
                Ok(Some(Item::Binary(data))) => self.encoder.binary(out, &data),
                Ok(Some(Item::Ping(data))) => {
                    self.encoder.pong(out, &data).expect("a ping fits into a pong");
                }
                Ok(Some(Item::Pong(_))) => {}
                Ok(Some(Item::Close(close))) => {
                    let code = close.map(|close| (close.code, ""));
                    self.encoder.close(out, code).expect("a code that came may be sent");
                    return false;
                }
                Err(error) => {
                    self.encoder.close_for(out, &error);
                    return false;
                }
            }
        }
    }

    /// Closes our half and waits, not for ever, until the peer has read it and closes too.
    async fn hang_up(mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let mut sink = [0; 4096];
        let drain = async { while self.stream.read(&mut sink).await.is_ok_and(|n| n > 0) {} };
        // A peer that never closes is no failure of this side.
        let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
        Ok(())
    }
}

/// Reads an HTTP head and gives it with the bytes that came after it.
pub(crate) async fn read_head(stream: &mut TcpStream) -> io::Result<(String, BytesMut)> {
    let mut bytes = BytesMut::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = bytes.split_to(end + 4);
            let head = String::from_utf8(head.to_vec()).map_err(io::Error::other)?;
            return Ok((head, bytes));
        }
        if bytes.len() > HEAD_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::other("no HTTP head"));
        }
    }
}

/// Returns the values of a header, joined with commas.
pub(crate) fn header(head: &str, name: &str) -> String {
    let values: Vec<&str> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect();
    values.join(", ")
}

/// Compresses everything, however short, so that the suite tests it.
pub(crate) fn deflate_config() -> Result<DeflateConfig, DeflateConfigError> {
    DeflateConfig::builder().threshold(0).build()
}

const HEAD_MAX: usize = 16 * 1024;
