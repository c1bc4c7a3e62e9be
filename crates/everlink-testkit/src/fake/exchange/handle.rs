//! The handle of a running exchange.

use super::builder::ExchangeBuilder;
use super::counters::ExchangeCounters;
use super::venue::Venue;
use crate::fake::error::FakeError;
use crate::fake::gate::{Cut, Server};
use crate::fake::limits::WAIT_MAX;
use std::net::SocketAddr;
use tokio::time::{Instant, timeout};

/// A running fake exchange. When it is dropped, every socket closes and every task ends.
///
/// Its market goes on whether or not anybody listens, also while the port is closed, and is the same for all
/// connections. It has five streams a symbol: `@trade` with dense ids `t`, `@aggTrade` with dense ids `a`,
/// `@depth` and `@depth@100ms` with dense `U` to `u`, and `@bookTicker`. Over HTTP there are
/// `/api/v3/depth`, `/trades`, `/historicalTrades`, `/aggTrades`, `/ping` and `/time`.
///
/// # Examples
///
/// A day in a second and a half, and the notice before its end:
///
/// ```
/// use everlink_testkit::fake::{Cut, Exchange};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let exchange = Exchange::builder().symbols(["btcusdt"]).seed(7).time_scale(57_600.0).build().await?;
/// println!("point the client at {}", exchange.stream_url());
///
/// let hole = exchange.skip("btcusdt@trade", 5)?;
/// println!("nobody is sent trades {} to {}", hole.first, hole.last);
/// exchange.silence();
/// exchange.resume();
/// exchange.cut(Cut::Reset)?;
/// assert_eq!(exchange.counters().connections, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Exchange {
    pub(super) server: Server<Venue>,
}

/// Ids that nobody is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hole {
    /// The first: a `t` of trades, an `a` of aggregate trades, a `U` of depth, a `u` of best prices.
    pub first: u64,
    /// The last, a `u` of depth.
    pub last: u64,
}

impl Exchange {
    /// Starts to configure an exchange.
    #[must_use]
    pub fn builder() -> ExchangeBuilder {
        ExchangeBuilder::default()
    }

    /// Returns the address that the exchange listens on, also while it is stopped.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns its address as `ws://127.0.0.1:PORT`, to which paths are added.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.local_addr())
    }

    /// Returns where events come as they are: `…/ws`.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}/ws", self.local_addr())
    }

    /// Returns where events come with the name of their stream: `…/stream`.
    #[must_use]
    pub fn stream_url(&self) -> String {
        format!("ws://{}/stream", self.local_addr())
    }

    /// Returns its address for requests and commands, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.local_addr())
    }

    /// Returns what it has seen and done so far.
    #[must_use]
    pub fn counters(&self) -> ExchangeCounters {
        self.server.host().counters.borrow().clone()
    }

    /// Waits until `wanted` holds, and returns the counters as they were then.
    ///
    /// # Errors
    ///
    /// When it did not hold within 10 s.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_for(
        &self,
        what: &str,
        wanted: impl Fn(&ExchangeCounters) -> bool,
    ) -> Result<ExchangeCounters, FakeError> {
        let mut counters = self.server.host().counters.subscribe();
        let waited = timeout(WAIT_MAX, counters.wait_for(|counters| wanted(counters))).await;
        if let Ok(Ok(counters)) = waited {
            return Ok(counters.clone());
        }
        Err(FakeError::NotSeen {
            what: what.to_owned(),
            waited: WAIT_MAX,
            found: format!("{:?}", self.counters()),
        })
    }

    /// Returns the id of a stream's newest event: `t`, `a` or `u`.
    ///
    /// # Errors
    ///
    /// When there is no such stream.
    pub fn newest(&self, stream: &str) -> Result<u64, FakeError> {
        let venue = self.server.host();
        let stream = venue.known(stream)?;
        let number = venue.market.newest(stream, venue.clock.market(Instant::now()));
        Ok(*venue.market.ids(stream, number..=number).end())
    }

    /// Refuses subscriptions to a stream from now on; those that stand are left alone.
    ///
    /// # Errors
    ///
    /// When there is no such stream.
    pub fn refuse(&self, stream: &str) -> Result<(), FakeError> {
        Ok(self.server.host().refuse(stream, true)?)
    }

    /// Allows subscriptions to a stream again.
    ///
    /// # Errors
    ///
    /// When there is no such stream.
    pub fn allow(&self, stream: &str) -> Result<(), FakeError> {
        Ok(self.server.host().refuse(stream, false)?)
    }

    /// Answers new WebSockets with a status of 400 to 599 until told otherwise with `None`.
    ///
    /// # Errors
    ///
    /// When the status is another.
    pub fn refuse_connections(&self, status: Option<u16>) -> Result<(), FakeError> {
        Ok(self.server.refuse(status)?)
    }

    /// Never sends the next `events` of a stream to anybody: a real hole. Over HTTP they can be had.
    ///
    /// # Errors
    ///
    /// When there is no such stream, `events` is not within 1 to 1,000,000, or there are 1,000 holes already.
    pub fn skip(&self, stream: &str, events: u64) -> Result<Hole, FakeError> {
        let ids = self.server.host().skip(stream, events)?;
        Ok(Hole { first: *ids.start(), last: *ids.end() })
    }

    /// Sends nothing but answers to pings and requests from now on; connections stay open.
    pub fn silence(&self) {
        self.server.order(|orders| orders.is_silent = true);
    }

    /// Ends a silence. What happened meanwhile is not sent.
    pub fn resume(&self) {
        self.server.order(|orders| orders.is_silent = false);
    }

    /// Ends every connection; new ones are welcome.
    ///
    /// # Errors
    ///
    /// When a close frame may not carry the code (RFC 6455, section 7.4).
    pub fn cut(&self, how: Cut) -> Result<(), FakeError> {
        Ok(self.server.cut(how)?)
    }

    /// Sends every connection a `serverShutdown` event, and ends it when the time of
    /// [`notice`](super::ExchangeRules::notice) is over.
    pub fn announce_shutdown(&self) {
        self.server.order(|orders| orders.notices += 1);
    }

    /// Resets every connection and closes the port.
    ///
    /// # Errors
    ///
    /// When the port was not closed within 10 s.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn stop(&self) -> Result<(), FakeError> {
        self.server.stop().await
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// When the port could not be had within 10 s.
    ///
    /// # Cancel safety
    ///
    /// The order stands once the future was polled.
    pub async fn start(&self) -> Result<(), FakeError> {
        self.server.start_again().await
    }

    /// Stops and starts again, on the same port.
    ///
    /// # Errors
    ///
    /// As [`Self::stop`] and [`Self::start`].
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, the exchange may stay stopped.
    pub async fn restart(&self) -> Result<(), FakeError> {
        self.stop().await?;
        self.start().await
    }
}
