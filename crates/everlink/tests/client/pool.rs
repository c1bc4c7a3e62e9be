//! Many streams over several connections.

use everlink::engine::Dialect;
use everlink::{Pool, PoolError};

use crate::support::{Server, confirm, soon};

#[tokio::test]
async fn req_f08_streams_are_spread_within_the_limit_and_merged() {
    let server = Server::start().await;
    let pool = Pool::builder(server.client().dialect(Dialect::EXCHANGE).name("feed"))
        .channels_per_connection(2)
        .connections_max(2)
        .build()
        .unwrap();
    assert!(!server.has_visitor().await);
    for channel in ["a", "b", "c", "a"] {
        pool.subscribe(channel).unwrap();
    }
    let mut first = server.accept().await;
    assert_eq!(confirm(&mut first, "SUBSCRIBE").await, ["a", "b"]);
    let mut second = server.accept().await;
    assert_eq!(confirm(&mut second, "SUBSCRIBE").await, ["c"]);
    pool.subscribe("d").unwrap();
    assert_eq!(confirm(&mut second, "SUBSCRIBE").await, ["d"]);
    let full = pool.subscribe("e").unwrap_err();
    assert!(matches!(full, PoolError::Full { .. }), "{full}");

    for (peer, channel) in [(&mut first, "a"), (&mut second, "c")] {
        peer.send(&format!(r#"{{"stream":"{channel}","data":{{}}}}"#)).await;
        assert_eq!(&*soon(pool.recv()).await.unwrap().channel, channel);
    }
    for (peer, channel) in [(&mut first, "a"), (&mut second, "c")] {
        for number in 0..3 {
            peer.send(&format!(r#"{{"stream":"{channel}","data":{number}}}"#)).await;
        }
    }
    let mut batch = Vec::new();
    while batch.len() < 6 {
        let before = batch.len();
        let count = soon(pool.recv_many(&mut batch, 4)).await;
        assert!(count == batch.len() - before && (1..=4).contains(&count), "{count}");
    }
    for channel in ["a", "c"] {
        let of_one = batch.iter().filter(|update| &*update.channel == channel);
        let texts: Vec<_> = of_one.filter_map(|update| update.message.as_text()).collect();
        assert_eq!(texts, ["0", "1", "2"]);
    }
    // A connection without channels is closed, its place can be taken anew.
    pool.unsubscribe("a");
    assert_eq!(confirm(&mut first, "UNSUBSCRIBE").await, ["a"]);
    pool.unsubscribe("b");
    while first.item().await.is_some() {}
    assert_eq!(pool.infos().len(), 1);
    pool.subscribe("e").unwrap();
    let mut third = server.accept().await;
    assert_eq!(confirm(&mut third, "SUBSCRIBE").await, ["e"]);
    drop((second, third));
    soon(pool.close()).await;
    assert_eq!(soon(pool.recv()).await, None);
}

#[tokio::test]
async fn req_f08_a_connection_that_is_lost_holds_up_no_other() {
    let server = Server::start().await;
    let pool = Pool::builder(server.client().dialect(Dialect::EXCHANGE))
        .channels_per_connection(1)
        .build()
        .unwrap();
    pool.subscribe("a").unwrap();
    let mut first = server.accept().await;
    confirm(&mut first, "SUBSCRIBE").await;
    pool.subscribe("b").unwrap();
    let mut second = server.accept().await;
    confirm(&mut second, "SUBSCRIBE").await;
    drop(first);
    let waiting = server.request().await;
    second.send(r#"{"stream":"b","data":{}}"#).await;
    assert_eq!(&*soon(pool.recv()).await.unwrap().channel, "b");
    let mut first = waiting.accept().await;
    assert_eq!(confirm(&mut first, "SUBSCRIBE").await, ["a"]);
    first.send(r#"{"stream":"a","data":{}}"#).await;
    assert_eq!(&*soon(pool.recv()).await.unwrap().channel, "a");
    assert_eq!(pool.infos().iter().map(|info| info.reconnects).sum::<u32>(), 1);
}

#[tokio::test]
async fn a_pool_out_of_range_is_refused() {
    let server = Server::start().await;
    let error = Pool::builder(server.client()).channels_per_connection(0).build().unwrap_err();
    assert_eq!(error.to_string(), "`channels_per_connection` is 0; accepted: 1 to 65536");
}
