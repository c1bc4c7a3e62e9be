//! The thread that does the network, one for the process, and what a fork does to it.

use std::cell::Cell;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle};

use crate::error;

static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);

thread_local! {
    static NETWORK: Cell<bool> = const { Cell::new(false) };
}

/// How many forks lie between this process and the one that loaded us.
static LIFE: AtomicU32 = AtomicU32::new(0);

/// Starts the thread, unless it runs.
#[pyfunction]
pub(crate) fn start() -> PyResult<()> {
    handle().map(drop)
}

/// Called in the child after a fork: the threads of the parent are not here.
#[pyfunction]
pub(crate) fn forked() {
    LIFE.fetch_add(1, Ordering::Relaxed);
    // Python forks under its lock, and only under that lock is this one taken.
    let parents = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner).take();
    std::mem::forget(parents);
    crate::log::forked();
}

/// Returns the handle of the runtime, which is started if need be.
pub(crate) fn handle() -> PyResult<Handle> {
    let mut kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*kept {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().thread_name("everlink-io").build()?;
    let handle = runtime.handle().clone();
    let run = move || {
        NETWORK.set(true);
        runtime.block_on(pending::<()>());
    };
    std::thread::Builder::new().name("everlink".to_owned()).spawn(run)?;
    *kept = Some(handle.clone());
    Ok(handle)
}

/// Returns whether this is the network's thread.
pub(crate) fn is_network() -> bool {
    NETWORK.get()
}

/// Something that lives and dies with the process that made it.
///
/// In a child after a fork it can be neither used nor dropped: locks in it may be held by threads that are
/// not here.
#[derive(Debug)]
pub(crate) struct Own<T> {
    kept: Option<T>,
    life: u32,
}

impl<T> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { kept: Some(value), life: LIFE.load(Ordering::Relaxed) }
    }

    pub(crate) fn get(&self) -> PyResult<&T> {
        match &self.kept {
            Some(value) if self.life == LIFE.load(Ordering::Relaxed) => Ok(value),
            Some(_) | None => Err(error::raise("WrongLoop", (BEFORE_FORK,))),
        }
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if self.life != LIFE.load(Ordering::Relaxed) {
            std::mem::forget(self.kept.take());
        }
    }
}

const BEFORE_FORK: &str =
    "this was made before a fork; accepted: a client that this process has made itself";
