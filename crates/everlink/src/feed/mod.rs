//! Market data from an exchange: many streams, restored, renewed and watched for holes (F).
//!
//! A [`Feed`] is a [`Pool`](crate::Pool) with what an exchange asks for: the dialect `exchange`, the profile
//! `market_feed`, streams spread over connections within its limits, one budget of dials for its address,
//! and an eye on the numbers of its events. See `docs/guide/market-feed.md`.
//!
//! ```
//! use everlink::feed::{Feed, Update};
//! # use everlink_testkit::server::{Script, ScriptedServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let trades = [4, 5, 8].map(|t| format!(r#"{{"stream":"btcusdt@trade","data":{{"t":{t}}}}}"#));
//! # let [one, two, three] = &trades;
//! # let script = Script::new().accept().expect_text_containing("SUBSCRIBE");
//! # let script = script.send_text(r#"{"result":null,"id":1}"#);
//! # let script = script.send_text(one).send_text(two).send_text(three).echo();
//! # let server = ScriptedServer::builder().otherwise(script).build().await?;
//! # let url = format!("ws://{}/stream", server.local_addr());
//! let feed = Feed::builder(url).build()?;
//! feed.subscribe("btcusdt@trade")?;
//! let mut seen = Vec::new();
//! while seen.len() < 4 {
//!     match feed.recv().await.expect("the feed is not closed") {
//!         Update::Message { message, .. } => seen.push(message.as_text().unwrap().to_owned()),
//!         Update::Hole(hole) => seen.push(format!("{} to {} are missing", hole.first, hole.last)),
//!         _ => {}
//!     }
//! }
//! assert_eq!(seen, [r#"{"t":4}"#, r#"{"t":5}"#, "6 to 7 are missing", r#"{"t":8}"#]);
//! feed.close().await;
//! # Ok(())
//! # }
//! ```

mod builder;
mod manager;
mod reconnection;
mod sequence;
mod updates;

pub use builder::{DIALS_MAX, DIALS_PERIOD, FeedBuilder, STREAMS_MAX};
pub use manager::{Feed, FeedStats};
pub use reconnection::{ReconnectionConfig, ReconnectionError};
pub use sequence::Hole;
pub use updates::Update;
