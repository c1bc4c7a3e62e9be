//! Clients that do nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::job::Outcome;
use super::peer::{Bare, Peer};
use super::usage::resident_bytes;

/// Holds so many clients, each waiting for a message in a task of its own, and looks at the memory.
pub(super) async fn hold<P: Peer>(
    urls: &[String],
    burst_url: &str,
    clients: u32,
    settle: Duration,
) -> Result<Outcome> {
    ensure!(!urls.is_empty(), "no URLs");
    // What the process needs once, such as the trust anchors, is there before we count.
    drop(P::connect(&urls[0]).await?);
    let mut control = Bare::connect(burst_url).await?;
    let before = resident_bytes()?;
    let (told, mut news) = mpsc::channel(64);
    let turns = Arc::new(Semaphore::new(DIALS_MAX));
    for number in 0..clients as usize {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let (url, told) = (urls[number % urls.len()].clone(), told.clone());
        tokio::spawn(async move {
            let opened = Box::pin(P::connect(&url)).await;
            drop((turn, url));
            wait(opened, told).await
        });
    }
    drop(told);
    counted(&mut news, clients).await?;
    sleep(settle).await;
    let idle = resident_bytes()?;
    control.send(&Bare::text(&BURST_BYTES.to_string())).await?;
    control.flush().await?;
    counted(&mut news, clients).await?;
    sleep(settle).await;
    Ok(Outcome::Memory { before, idle, after_burst: resident_bytes()? })
}

/// Tells when it is open, and of each message.
async fn wait<P: Peer>(opened: Result<P>, told: mpsc::Sender<Result<()>>) {
    let mut peer = match opened {
        Ok(peer) => peer,
        Err(error) => return drop(told.send(Err(error)).await),
    };
    let mut news = Ok(());
    while told.send(news).await.is_ok() {
        news = peer.recv().await.map(drop);
    }
}

async fn counted(news: &mut mpsc::Receiver<Result<()>>, clients: u32) -> Result<()> {
    for _ in 0..clients {
        news.recv().await.context("a client is gone")??;
    }
    Ok(())
}

/// Dials at the same time: what they need for a moment is not to be counted.
const DIALS_MAX: usize = 16;

const BURST_BYTES: usize = 64 * 1024;
