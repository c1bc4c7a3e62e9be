//! The example of the documentation, run as it stands.

#[expect(dead_code, unreachable_pub, reason = "its `main` is for people")]
#[path = "../../../../examples/market_feed.rs"]
mod market_feed;

use std::time::Duration;

use everlink::dial::Proxy;
use everlink_testkit::chaos::{ChaosProxy, End};
use tokio::time::timeout;

use crate::exchange::{Exchange, Rules};
use crate::minutes;

const RULES: Rules =
    Rules { scale: 288, life: minutes(1440), notice: minutes(10), lag_max: Duration::ZERO };

/// Runs the example in one way; returns its result and what it printed.
async fn run(how: &str, url: &str, enough: usize) -> (Result<(), String>, String) {
    let feed = market_feed::describe(how, url).unwrap();
    let feed = feed.client(|client| client.dial(|dial| dial.proxy(Proxy::none()))).build().unwrap();
    let symbols = ["a", "nosuch"].map(str::to_owned);
    let mut output = Vec::new();
    let watching = market_feed::watch(&feed, &symbols, enough, &mut output);
    let result = timeout(Duration::from_secs(20), watching).await.expect("not in time");
    (result.map_err(|error| error.to_string()), String::from_utf8(output).unwrap())
}

#[tokio::test]
async fn req_f07_the_example_shows_trades_in_every_way() {
    let exchange = Exchange::start(RULES).await;
    let url = format!("ws://{}/stream", exchange.address);
    for how in ["basic", "custom", "unattended", "cautious", "once"] {
        let (result, printed) = run(how, &url, 500).await;
        assert_eq!(result, Ok(()), "{how}");
        let trades = printed.lines().filter(|line| line.starts_with("a@trade {\"e\":\"trade\""));
        assert_eq!(trades.count(), 500, "{printed}");
        assert!(printed.contains("feed-0 is Connected"), "{printed}");
        assert_eq!(printed.matches("no nosuch@trade there").count(), 1, "{printed}");
    }
    assert!(market_feed::describe("wrong", &url).unwrap_err().contains("wrong"));
}

/// F04, F06: the example says that it comes back and what is missing, or that it does not come back.
#[tokio::test]
async fn req_f07_the_example_tells_of_a_cut() {
    let exchange = Exchange::start(RULES).await;
    let proxy = ChaosProxy::builder().upstream(&exchange.address).seed(3).build().await.unwrap();
    let url = format!("ws://{}/stream", proxy.local_addr());
    let cut = async {
        let limit = Duration::from_secs(10);
        proxy.wait_until(limit, |seen| seen.bytes_down > 10_000).await.unwrap();
        proxy.cut(End::Reset);
    };
    let ((result, printed), ()) = tokio::join!(run("basic", &url, 1_000), cut);
    assert_eq!(result, Ok(()));
    assert!(printed.contains("feed-0 is Reconnecting"), "{printed}");
    assert_eq!(printed.matches("trades are missing").count(), 1, "{printed}");
}

#[tokio::test]
async fn req_f04_a_feed_that_shall_not_come_back_says_why_it_ended() {
    let exchange = Exchange::start(RULES).await;
    let proxy = ChaosProxy::builder().upstream(&exchange.address).seed(3).build().await.unwrap();
    let url = format!("ws://{}/stream", proxy.local_addr());
    let cut = async {
        let limit = Duration::from_secs(10);
        proxy.wait_until(limit, |seen| seen.bytes_down > 10_000).await.unwrap();
        proxy.cut(End::Reset);
    };
    let ((result, printed), ()) = tokio::join!(run("once", &url, usize::MAX), cut);
    assert!(result.is_err(), "{printed}");
    assert!(!printed.contains("Reconnecting"), "{printed}");
}
