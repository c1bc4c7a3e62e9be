//! Sockets whose WebSocket is over, until the peer has read our close frame.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Instant;

use crate::dial::Io;

/// A socket that sends its last bytes and waits for the peer's end (RFC 6455, section 7.1.1: the
/// server closes first), for a bounded time.
struct Lingering {
    io: Io,
    out: BytesMut,
    until: Instant,
    shut: bool,
}

/// The lingering sockets of one client.
#[derive(Default)]
pub(crate) struct Linger(Vec<Lingering>);

impl Linger {
    /// Takes a socket; the oldest is dropped when there are too many.
    pub(crate) fn add(&mut self, io: Io, out: BytesMut, time: Duration) {
        if self.0.len() >= LINGERING_MAX {
            drop(self.0.remove(0));
        }
        self.0.push(Lingering { io, out, until: Instant::now() + time, shut: false });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns when the first of them is dropped.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|lingering| lingering.until).min()
    }

    /// Goes on with all of them, and drops those that are done.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        if self.0.is_empty() {
            return;
        }
        let now = Instant::now();
        self.0.retain_mut(|lingering| lingering.until > now && !lingering.poll(cx));
    }
}

impl Lingering {
    /// Returns whether it is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.out.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.out) {
                Poll::Ready(Ok(count)) if count > 0 => self.out.advance(count),
                Poll::Ready(_) => return true,
                Poll::Pending => return false,
            }
        }
        if !self.shut {
            match Pin::new(&mut self.io).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.shut = true,
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => return false,
            }
        }
        let mut scratch = [0; 512];
        for _ in 0..READS_MAX {
            match pin!(self.io.read(&mut scratch)).poll(cx) {
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => return true,
                Poll::Pending => return false,
            }
        }
        // A peer that goes on sending after its close frame is not waited for.
        true
    }
}

const LINGERING_MAX: usize = 4;

const READS_MAX: usize = 256;
