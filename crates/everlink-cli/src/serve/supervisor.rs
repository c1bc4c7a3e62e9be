//! The program that started this one, as far as standard input tells of it.

use std::future::pending;
use std::io::{self, Read as _};

use tokio::sync::oneshot;

/// Whoever holds the other end of standard input, if anybody is said to.
#[derive(Debug)]
pub(super) struct Supervisor {
    gone: Option<oneshot::Receiver<()>>,
}

impl Supervisor {
    /// Watches from now on; without a supervisor there is nothing to watch.
    pub(super) fn watch(is_there: bool) -> io::Result<Self> {
        if !is_there {
            return Ok(Self { gone: None });
        }
        let (tell, gone) = oneshot::channel();
        // A thread of its own: a read cannot be interrupted, and must not hold the runtime.
        std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
            wait_for_end();
            // An error says that the server has ended by itself.
            let _told = tell.send(());
        })?;
        Ok(Self { gone: Some(gone) })
    }

    /// Waits until the supervisor is gone, however it ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future.
    pub(super) async fn gone(&mut self) {
        match &mut self.gone {
            // An error says that the thread is gone: nobody watches any more.
            Some(gone) => drop(gone.await),
            None => pending().await,
        }
    }
}

/// Reads and forgets until there is nothing more to read.
fn wait_for_end() {
    let mut bytes = [0; 64];
    loop {
        match io::stdin().lock().read(&mut bytes) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            Ok(_) | Err(_) => {}
        }
    }
}
