//! Cables between clients and a server: one for each client, so that each is cut on its own.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::returner::now_ms;
use crate::bench::{end_with_parent, raise_open_files};

/// What the process of the cables is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum CableJob {
    /// Lays so many to a server. Answered with their addresses.
    Lay { server: String, cables: u32 },
    /// Cuts each of them for `gone_ms` in every `every_ms`, evenly spread, until `millis` have passed. Answered at
    /// once.
    Cut { every_ms: u64, gone_ms: u64, millis: u64 },
    /// Answered with a [`Comeback`] for each cut after which a client came again.
    Tell,
}

/// A client that was cut off and has dialled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comeback {
    pub(super) cable: usize,
    /// When the cable was whole again, and when the client's first connection after that was accepted; in
    /// milliseconds since 1970.
    pub(super) whole_ms: u64,
    pub(super) dialled_ms: u64,
}

struct Cable {
    is_cut: watch::Sender<bool>,
    /// Since when it is whole after a cut that nobody has come back from; 0 if there is none.
    whole_ms: AtomicU64,
}

/// Does the jobs that come on standard input.
pub(super) fn run() -> Result<()> {
    end_with_parent()?;
    raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (lines, jobs) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    runtime.block_on(answer(jobs))
}

async fn answer(mut jobs: mpsc::Receiver<String>) -> Result<()> {
    let mut cables = Vec::new();
    let comebacks = Arc::new(Mutex::new(Vec::new()));
    while let Some(line) = jobs.recv().await {
        let answer = match serde_json::from_str(&line)? {
            CableJob::Lay { server, cables: count } => {
                let mut addresses = Vec::new();
                for number in 0..count as usize {
                    let listener = TcpListener::bind("127.0.0.1:0").await?;
                    addresses.push(listener.local_addr()?.to_string());
                    let (is_cut, whole_ms) = (watch::Sender::new(false), AtomicU64::new(0));
                    let cable = Arc::new(Cable { is_cut, whole_ms });
                    cables.push(Arc::clone(&cable));
                    let comebacks = Arc::clone(&comebacks);
                    tokio::spawn(carry(listener, server.clone(), number, cable, comebacks));
                }
                serde_json::to_string(&addresses)?
            }
            CableJob::Cut { every_ms, gone_ms, millis } => {
                for (number, cable) in cables.iter().enumerate() {
                    let first_ms = every_ms * (number as u64 + 1) / cables.len() as u64;
                    tokio::spawn(cut(Arc::clone(cable), first_ms, every_ms, gone_ms, millis));
                }
                "null".to_owned()
            }
            CableJob::Tell => serde_json::to_string(&*comebacks.lock())?,
        };
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{answer}")?;
        stdout.flush().context("nobody listens")?;
    }
    Ok(())
}

/// Cuts one cable again and again; the last cut ends in time.
async fn cut(cable: Arc<Cable>, first_ms: u64, every_ms: u64, gone_ms: u64, millis: u64) {
    let mut at_ms = 0;
    let mut next_ms = first_ms;
    while next_ms + gone_ms < millis {
        tokio::time::sleep(Duration::from_millis(next_ms - at_ms)).await;
        cable.whole_ms.store(0, Ordering::Relaxed);
        cable.is_cut.send_replace(true);
        tokio::time::sleep(Duration::from_millis(gone_ms)).await;
        cable.whole_ms.store(now_ms(), Ordering::Relaxed);
        cable.is_cut.send_replace(false);
        at_ms = next_ms + gone_ms;
        next_ms += every_ms;
    }
}

/// Accepts what comes by one cable.
async fn carry(
    listener: TcpListener,
    server: String,
    number: usize,
    cable: Arc<Cable>,
    comebacks: Arc<Mutex<Vec<Comeback>>>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        if *cable.is_cut.borrow() {
            continue;
        }
        let whole_ms = cable.whole_ms.swap(0, Ordering::Relaxed);
        if whole_ms > 0 {
            comebacks.lock().push(Comeback { cable: number, whole_ms, dialled_ms: now_ms() });
        }
        tokio::spawn(join(stream, server.clone(), cable.is_cut.subscribe()));
    }
}

/// Joins a client and the server until one of them ends, or the cable is cut.
async fn join(mut client: TcpStream, server: String, mut is_cut: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    tokio::select! {
        // Both ways of an end look alike to both sides.
        _ended = copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER) => {}
        _cut = is_cut.wait_for(|is_cut| *is_cut) => {}
    }
}

const BUFFER: usize = 4 * 1024;
