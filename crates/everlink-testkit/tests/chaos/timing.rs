//! Faults that are about time.

use crate::bed::{Bed, bounded, expect, expect_fin, read, send};
use everlink_testkit::chaos::{Direction, Fault};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

fn latency(direction: Direction, delay_ms: u64, jitter_ms: u64) -> Fault {
    Fault::Latency {
        direction,
        delay: Duration::from_millis(delay_ms),
        jitter: Duration::from_millis(jitter_ms),
    }
}

#[tokio::test(start_paused = true)]
async fn req_n07_latency_delays_one_way_and_its_fin_by_exactly_that_long() {
    let bed = Bed::new().await;
    bed.proxy.set(latency(Direction::Up, 5_000, 0)).unwrap();
    let (mut client, mut server) = bed.pair().await;
    let start = Instant::now();
    send(&mut client, "late").await;
    client.shutdown().await.unwrap();
    send(&mut server, "prompt").await;
    expect(&mut client, "prompt").await;
    assert!(start.elapsed() < Duration::from_millis(10), "down took {:?}", start.elapsed());
    expect(&mut server, "late").await;
    expect_fin(&mut server).await;
    assert_eq!(start.elapsed().as_millis() / 10, 500, "up took {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn req_n07_jitter_varies_the_delay_and_keeps_the_order() {
    let bed = Bed::with(|builder| builder.seed(11)).await;
    bed.proxy.set(latency(Direction::Both, 100, 400)).unwrap();
    let (mut client, mut server) = bed.pair().await;
    let mut delays = Vec::new();
    for number in 0..20_u8 {
        let start = Instant::now();
        send(&mut client, [number]).await;
        expect(&mut server, [number]).await;
        delays.push(start.elapsed().as_millis());
    }
    let (least, most) = (*delays.iter().min().unwrap(), *delays.iter().max().unwrap());
    assert!(least >= 100 && most <= 502 && most - least > 200, "{delays:?}");

    let sent: Vec<u8> = (0..200).collect();
    for byte in &sent {
        send(&mut client, [*byte]).await;
        tokio::time::advance(Duration::from_millis(7)).await;
    }
    expect(&mut server, &sent).await;
}

#[tokio::test(start_paused = true)]
async fn req_n07_clearing_latency_lets_go_of_what_it_held() {
    let bed = Bed::new().await;
    bed.proxy.set(latency(Direction::Up, 15_000, 0)).unwrap();
    let (mut client, mut server) = bed.pair().await;
    let start = Instant::now();
    send(&mut client, "held").await;
    timeout(Duration::from_secs(1), server.peek(&mut [0])).await.unwrap_err();
    bed.proxy.clear();
    expect(&mut server, "held").await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_bandwidth_limit_spreads_bytes_over_time() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Bandwidth { direction: Direction::Up, bytes_per_second: 1_000 }).unwrap();
    let start = Instant::now();
    send(&mut client, vec![7; 10_000]).await;
    assert_eq!(read(&mut server, 10_000).await, vec![7; 10_000]);
    let seconds = start.elapsed().as_secs_f64();
    assert!((9.5..10.5).contains(&seconds), "{seconds} s");
    send(&mut server, vec![8; 10_000]).await;
    read(&mut client, 10_000).await;
    assert!(start.elapsed().as_secs_f64() - seconds < 0.1, "down is not limited");
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_slow_reader_makes_the_senders_writes_pile_up() {
    let bed = Bed::with(|builder| builder.receive_buffer_bytes(4096)).await;
    let (mut client, mut server) = bed.pair().await;
    let slow = Fault::SlowReader { direction: Direction::Up, bytes_per_second: 1_000 };
    bed.proxy.set(slow).unwrap();
    let start = Instant::now();
    let huge = vec![1; 32 * 1024 * 1024];
    timeout(Duration::from_secs(10), client.write_all(&huge)).await.unwrap_err();
    let through = bed.proxy.counters().bytes_up;
    assert!((9_000..11_000).contains(&through), "{through} bytes in 10 s");
    assert_eq!(read(&mut server, 9_000).await, vec![1; 9_000]);
    assert!(start.elapsed() < Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn req_n07_fault_22_a_receiver_that_reads_nothing_is_felt_by_the_sender() {
    let bed = Bed::with(|builder| builder.receive_buffer_bytes(4096)).await;
    let (mut client, _server) = bed.pair().await;
    // The server of this test reads nothing, so that the proxy's bounded buffer fills.
    let huge = vec![1; 64 * 1024 * 1024];
    timeout(Duration::from_secs(10), client.write_all(&huge)).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_freeze_stops_everything_and_a_thaw_goes_on_without_loss() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(Fault::Freeze).unwrap();
    send(&mut client, "up").await;
    send(&mut server, "down").await;
    client.shutdown().await.unwrap();
    timeout(Duration::from_secs(10), server.peek(&mut [0])).await.unwrap_err();
    timeout(Duration::from_secs(10), client.peek(&mut [0])).await.unwrap_err();
    assert_eq!(bed.proxy.counters().bytes_up, 0);
    bed.proxy.clear();
    expect(&mut server, "up").await;
    expect_fin(&mut server).await;
    expect(&mut client, "down").await;
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_stall_accepts_and_forwards_only_when_it_ends() {
    let bed = Bed::with(|builder| builder.fault(Fault::Stall)).await;
    let mut client = bed.client().await;
    send(&mut client, "hello").await;
    timeout(Duration::from_secs(10), bed.upstream.accept()).await.unwrap_err();
    timeout(Duration::from_secs(10), client.peek(&mut [0])).await.unwrap_err();
    bed.proxy.clear();
    let mut server = bed.server().await;
    expect(&mut server, "hello").await;
}

#[tokio::test]
async fn req_n07_a_stalled_connection_that_gives_up_is_let_go() {
    let bed = Bed::with(|builder| builder.fault(Fault::Stall)).await;
    let client = bed.client().await;
    bed.until(|counters| counters.connections_open == 1).await;
    drop(client);
    bed.until(|counters| counters.connections_open == 0).await;
}

#[tokio::test(start_paused = true)]
async fn req_n07_a_fault_with_a_length_ends_by_itself_and_what_lay_below_returns() {
    let bed = Bed::new().await;
    let (mut client, mut server) = bed.pair().await;
    bed.proxy.set(latency(Direction::Up, 1_000, 0)).unwrap();
    let length = Duration::from_secs(10);
    bed.proxy.set_for(length, Default::default(), latency(Direction::Up, 3_000, 0)).unwrap();
    for expected in [3, 3, 3, 1, 1] {
        let start = Instant::now();
        send(&mut client, "x").await;
        expect(&mut server, "x").await;
        // The fourth is sent at 9 s and would be due at 12 s; at 10 s the shorter delay holds.
        assert_eq!(start.elapsed().as_millis().div_ceil(10) / 100, expected);
    }
    assert_eq!(bounded(async { bed.proxy.in_force().len() }).await, 1);
}
