//! A process that plays one client.

use std::io::{BufRead as _, Write as _};
use std::time::Duration;

use anyhow::Result;

use super::job::{ClientKind, Job, Outcome};
use super::peer::{Bare, Everlink, Ezsockets, Peer, Tungstenite, TungsteniteSmall};
use super::{idle, measure};

/// Does the jobs that come on standard input, until it ends.
pub(super) fn run(kind: ClientKind) -> Result<()> {
    super::child::end_with_parent()?;
    super::usage::raise_open_files()?;
    let mut stdout = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let job = serde_json::from_str(&line?)?;
        let outcome = match kind {
            ClientKind::Bare => start::<Bare>(job),
            ClientKind::Everlink => start::<Everlink>(job),
            ClientKind::Tungstenite => start::<Tungstenite>(job),
            ClientKind::TungsteniteSmall => start::<TungsteniteSmall>(job),
            ClientKind::Ezsockets => start::<Ezsockets>(job),
            ClientKind::Python => anyhow::bail!("that client is not a part of this program"),
        };
        let outcome =
            outcome.unwrap_or_else(|error| Outcome::Failed { error: format!("{error:#}") });
        writeln!(stdout, "{}", serde_json::to_string(&outcome)?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// Runs a job on a runtime of its own, and one thread: what a message costs is then its CPU time.
fn start<P: Peer>(job: Job) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async { tokio::time::timeout(JOB_MAX, work::<P>(job)).await });
    runtime.shutdown_background();
    outcome?
}

async fn work<P: Peer>(job: Job) -> Result<Outcome> {
    match job {
        Job::Echo { url, size, in_flight, millis } => {
            measure::echo::<P>(&url, size, in_flight, Duration::from_millis(millis)).await
        }
        Job::Up { url, size, millis } => {
            measure::up::<P>(&url, size, Duration::from_millis(millis)).await
        }
        Job::Down { url, .. } => measure::down::<P>(&url).await,
        Job::Dial { url, times } => measure::dial::<P>(&url, times).await,
        Job::Restore { url, times } => measure::restore::<P>(&url, times).await,
        Job::Idle { urls, burst_url, clients, settle_ms } => {
            let settle = Duration::from_millis(settle_ms);
            idle::hold::<P>(&urls, &burst_url, clients, settle).await
        }
    }
}

/// Longest time for one job, a burst to thousands of clients included.
pub(super) const JOB_MAX: Duration = Duration::from_secs(60);
