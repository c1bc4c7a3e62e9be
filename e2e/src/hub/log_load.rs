//! Load on the log: publishers that each wait for their acknowledgement, and a client that reads all.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use everlink::wire::ws::Item;
use serde_json::Value;

use super::job::Speech;
use super::raw::{Dialer, Raw};
use super::speech::{greet, is_message};

/// Publishes from so many connections, each message after the acknowledgement of the one before. Returns the
/// times from publish to acknowledgement, in microseconds.
pub(super) async fn publish(
    addresses: &[String],
    publishers: u32,
    size: usize,
    millis: u64,
) -> Result<Vec<f64>> {
    let address = addresses.first().context("no address")?;
    // One thread would be slower than the server.
    let count = THREADS.min(publishers);
    let barrier = Arc::new(Barrier::new(count as usize));
    let threads: Vec<_> = (0..count)
        .map(|thread| {
            let (address, barrier) = (address.clone(), Arc::clone(&barrier));
            let numbers = (thread..publishers).step_by(count as usize);
            tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(publish_share(&address, numbers, size, millis, &barrier))
            })
        })
        .collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.await??);
    }
    Ok(times)
}

/// Publishes from the connections of one thread, beginning together with the others.
async fn publish_share(
    address: &str,
    numbers: impl Iterator<Item = u32>,
    size: usize,
    millis: u64,
    barrier: &Barrier,
) -> Result<Vec<f64>> {
    let opened = open_publishers(address, numbers).await;
    barrier.wait();
    let until = Instant::now() + Duration::from_millis(millis);
    let tasks: Vec<_> =
        opened?.into_iter().map(|raw| tokio::spawn(publish_from(raw, size, until))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    Ok(times)
}

async fn open_publishers(address: &str, numbers: impl Iterator<Item = u32>) -> Result<Vec<Raw>> {
    let mut raws = Vec::new();
    for number in numbers {
        let mut raw = Dialer::plain().open(address, Speech::Everlink.request(true)).await?;
        greet(&mut raw, &format!("publisher{number}"), "").await?;
        raws.push(raw);
    }
    Ok(raws)
}

async fn publish_from(mut raw: Raw, size: usize, until: Instant) -> Result<Vec<f64>> {
    let payload = "x".repeat(size);
    let mut times = Vec::new();
    for number in 1_u64.. {
        let began = Instant::now();
        if began >= until && number > 1 {
            break;
        }
        raw.queue(&Speech::Everlink.publication(number, &payload).into());
        acknowledged(&mut raw, number).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}

/// Publishes so many messages, many of them on their way.
pub(super) async fn fill(addresses: &[String], messages: u64, size: usize) -> Result<()> {
    let address = addresses.first().context("no address")?;
    let mut raw = Dialer::plain().open(address, Speech::Everlink.request(true)).await?;
    greet(&mut raw, "filler", "").await?;
    let payload = "x".repeat(size);
    let mut next = 1;
    while next <= messages {
        let last = (next + GROUP - 1).min(messages);
        for number in next..=last {
            raw.queue(&Speech::Everlink.publication(number, &payload).into());
        }
        acknowledged(&mut raw, last).await?;
        next = last + 1;
    }
    Ok(())
}

/// Reads the channel from its beginning.
pub(super) async fn replay(addresses: &[String], messages: u64, client: &str) -> Result<()> {
    let address = addresses.first().context("no address")?;
    let mut raw = Dialer::plain().open(address, Speech::Everlink.request(false)).await?;
    greet(&mut raw, client, "").await?;
    raw.queue(&r#"{"t":"sub","subs":[{"c":"room"}]}"#.to_owned().into());
    let confirmed = next_frame(&mut raw, "sub_ok").await?;
    let epoch = confirmed["ep"].as_u64().context("sub_ok without an epoch")?;
    raw.queue(&format!(r#"{{"t":"sub","subs":[{{"c":"room","ep":{epoch},"o":0}}]}}"#).into());
    let mut count = 0;
    while count < messages {
        match raw.recv().await? {
            Some(Item::Text(text)) if is_message(text.as_bytes()) => count += 1,
            Some(_) => {}
            None => bail!("the connection ended after {count} of {messages} messages"),
        }
    }
    Ok(())
}

/// The same from a server that only sends: the first text asks for all.
pub(super) async fn stream(addresses: &[String], messages: u64, size: usize) -> Result<()> {
    let address = addresses.first().context("no address")?;
    let path = format!("/stream?messages={messages}&size={size}");
    let mut raw = Dialer::plain().open(address, (&path, "")).await?;
    let mut count = 0;
    while count < messages {
        match raw.recv().await? {
            Some(Item::Text(_)) => count += 1,
            Some(_) => {}
            None => bail!("the connection ended after {count} of {messages} messages"),
        }
    }
    Ok(())
}

/// Waits until a number and all before it are stored.
async fn acknowledged(raw: &mut Raw, number: u64) -> Result<()> {
    loop {
        let through = next_ack(raw).await?;
        ensure!(through <= number, "{number} was the last, {through} was acknowledged");
        if through == number {
            return Ok(());
        }
    }
}

/// Returns the number of the next acknowledgement. Reads no more of it than that: the load has to be cheaper than
/// the server.
async fn next_ack(raw: &mut Raw) -> Result<u64> {
    #[derive(serde::Deserialize)]
    struct Ack {
        s: u64,
    }
    loop {
        let Some(item) = raw.recv().await? else { bail!("the connection ended before an ack") };
        let Item::Text(text) = item else { continue };
        if text.as_bytes().starts_with(br#"{"t":"ack""#) {
            return Ok(serde_json::from_slice::<Ack>(text.as_bytes())?.s);
        }
        refused(text.as_bytes())?;
    }
}

/// Fails if a frame says that something is refused.
fn refused(text: &[u8]) -> Result<()> {
    let words: [&[u8]; 3] = [br#"{"t":"nack""#, br#"{"t":"err""#, br#"{"t":"sub_err""#];
    let refuses = words.iter().any(|word| text.starts_with(word));
    ensure!(!refuses, "{}", String::from_utf8_lossy(text));
    Ok(())
}

async fn next_frame(raw: &mut Raw, kind: &str) -> Result<Value> {
    loop {
        let Some(item) = raw.recv().await? else { bail!("the connection ended before {kind}") };
        let Item::Text(text) = item else { continue };
        let frame: Value = serde_json::from_slice(text.as_bytes())?;
        match frame["t"].as_str() {
            Some(found) if found == kind => return Ok(frame),
            _ => refused(text.as_bytes())?,
        }
    }
}

/// Fewer than a connection may have on their way.
const GROUP: u64 = 512;

/// Threads that publish.
const THREADS: u32 = 2;
