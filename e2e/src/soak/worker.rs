//! What every client process has in common.

use std::process::ExitCode;

use anyhow::Result;
use tokio::sync::watch;

use crate::bench::end_with_parent;

/// Becomes true when the process is to end in order: its standard input has ended.
pub(super) type Stop = watch::Receiver<bool>;

/// Runs a client until it has ended in order.
pub(super) fn run<F: Future<Output = Result<()>>>(
    client: impl FnOnce(Stop) -> F,
) -> Result<ExitCode> {
    end_with_parent()?;
    let (ended, stop) = watch::channel(false);
    std::thread::spawn(move || {
        // Nothing is said there: only its end matters, an error as well.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        ended.send_replace(true);
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(client(stop))?;
    Ok(ExitCode::SUCCESS)
}

/// Waits until the process is to end.
pub(super) async fn asked_to_end(stop: &mut Stop) {
    // An error says that the watcher has ended, which it does after saying so only.
    let _ = stop.wait_for(|stopped| *stopped).await;
}
