//! A rolling deploy with real clients: nodes over one log go one after the other.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use everlink::dial::Proxy;
use everlink::{Channel, ChannelEvent, Client, Dialect};
use everlink_server::Server;
use everlink_server::listen::Listener;
use everlink_server::log::{Log, LogOptions, MemoryLog};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const CLIENTS: usize = 20;

struct Deployed {
    server: Server,
    address: SocketAddr,
    task: JoinHandle<()>,
}

fn deploy(name: &str, log: &Arc<dyn Log>) -> Deployed {
    let builder = Server::builder().node(name).log(Arc::clone(log)).presence(false);
    let server = builder.build().unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(&[any]).unwrap();
    let address = listener.local_addrs()[0];
    let task = tokio::spawn(listener.serve(server.router(), std::future::pending()));
    Deployed { server, address, task }
}

/// What stands before the nodes: it hands new connections to the one that is ready.
async fn balance(listener: TcpListener, nodes: [SocketAddr; 2], ready: Arc<AtomicUsize>) {
    loop {
        let (mut outside, _) = listener.accept().await.unwrap();
        let node = nodes[ready.load(Ordering::Acquire)];
        tokio::spawn(async move {
            let mut inside = TcpStream::connect(node).await.unwrap();
            // However it ends, both ends are closed by it.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

fn client(url: &str) -> (Client, Channel) {
    let client = Client::builder(url)
        .dialect(Dialect::EVERLINK)
        .dial(|dial| dial.proxy(Proxy::none()))
        .build()
        .unwrap();
    let channel = client.channel("room").open().unwrap();
    (client, channel)
}

/// Reads messages up to the last, each exactly once and in order.
async fn read(mut channel: Channel, last: u64) {
    let mut offset = 0;
    while offset < last {
        match timeout(Duration::from_secs(30), channel.next()).await.expect("it stopped") {
            Some(ChannelEvent::Message(message)) => {
                assert!(offset == 0 || message.offset == offset + 1, "after {offset}: {message:?}");
                offset = message.offset;
            }
            Some(ChannelEvent::Gap { from, to, cause, .. }) => panic!("{from} to {to}: {cause:?}"),
            Some(_) => {}
            None => panic!("the channel ended"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_51_req_n04_in_a_rolling_deploy_each_client_moves_once_and_misses_nothing() {
    const MESSAGES: u64 = 200;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new(LogOptions::default()).unwrap());
    let (old, new) = (deploy("old", &log), deploy("new", &log));
    let balancer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", balancer.local_addr().unwrap());
    let ready = Arc::new(AtomicUsize::new(0));
    tokio::spawn(balance(balancer, [old.address, new.address], Arc::clone(&ready)));
    let mut clients = Vec::new();
    let mut readers = Vec::new();
    for _ in 0..CLIENTS {
        let (client, channel) = client(&url);
        timeout(Duration::from_secs(10), client.connect()).await.unwrap().unwrap();
        clients.push(client);
        readers.push(tokio::spawn(read(channel, MESSAGES)));
    }
    assert_eq!(old.server.status().connections, CLIENTS as u64);

    let began = Instant::now();
    let drained = {
        let server = old.server.clone();
        ready.store(1, Ordering::Release);
        tokio::spawn(async move { server.drain(Duration::from_millis(500)).await })
    };
    for number in 0..MESSAGES {
        new.server.publish("room", number.to_string()).await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    for reader in readers {
        timeout(Duration::from_secs(30), reader).await.unwrap().unwrap();
    }
    let drained = timeout(Duration::from_secs(30), drained).await.unwrap().unwrap();
    assert_eq!((drained.connections, drained.cut), (CLIENTS, 0));
    assert!(began.elapsed() < Duration::from_secs(8), "in their slots: {:?}", began.elapsed());
    let status = new.server.status();
    assert_eq!(status.connections, CLIENTS as u64, "all are here");
    assert_eq!(status.totals.accepted, CLIENTS as u64, "and each came once");
    old.task.abort();
    new.task.abort();
}
