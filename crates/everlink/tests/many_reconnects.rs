//! Alone in its process, because it counts what the process holds.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

#[path = "client/support.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use everlink::{ConnectionState, Message};

use support::{Server, soon};

/// Counts what a process holds.
#[derive(Debug)]
struct Held {
    sockets: usize,
    threads: usize,
    tasks: usize,
    resident_kib: u64,
}

impl Held {
    fn now() -> Self {
        let entries = |path| std::fs::read_dir(path).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        let resident = resident.split_whitespace().nth(1).unwrap().parse().unwrap();
        Self {
            sockets: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            resident_kib: resident,
        }
    }
}

#[tokio::test]
async fn fault_56_ten_thousand_reconnects_leave_tasks_sockets_and_memory_flat() {
    const ROUNDS: u32 = 10_000;
    let server = Server::start().await;
    let client = server.restless_client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let watching = tokio::spawn(async move { while events.next().await.is_some() {} });
    let mut before = None;
    for round in 0..ROUNDS {
        let mut peer = server.accept().await;
        peer.send("hello").await;
        assert_eq!(soon(client.recv()).await, Some(Message::from("hello")));
        if round == 1_000 {
            before = Some(Held::now());
        }
        drop(peer);
    }
    let _peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
    let (before, after) = (before.unwrap(), Held::now());
    assert_eq!(client.info().reconnects, ROUNDS);
    assert!(after.sockets <= before.sockets + 2, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 1, "{before:?} {after:?}");
    assert!(after.tasks <= before.tasks, "{before:?} {after:?}");
    assert!(after.resident_kib <= before.resident_kib + 4 * 1024, "{before:?} {after:?}");
    drop(client);
    soon(watching).await.unwrap();
}
