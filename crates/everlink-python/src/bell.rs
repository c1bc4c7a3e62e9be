//! Wakes an event loop: one byte for everything that became ready since it looked.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use pyo3::prelude::*;
use tokio::sync::Notify;

use crate::credentials::{Asked, Question};
use crate::runtime::{self, Own};

/// The end that an event loop listens to.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Bell(Own<Listening>);

#[derive(Debug)]
struct Listening {
    ears: UnixStream,
    rope: Arc<Rope>,
}

/// The end that is pulled, from any thread.
#[derive(Debug)]
pub(crate) struct Rope {
    hand: UnixStream,
    /// Whether a byte lies there that was not heard yet.
    is_rung: AtomicBool,
    news: Mutex<News>,
    /// Wakes the task that rings for the network's thread.
    later: Notify,
}

#[derive(Debug, Default)]
struct News {
    ready: Vec<u64>,
    asked: Vec<Question>,
    is_gone: bool,
}

#[pymethods]
impl Bell {
    #[new]
    fn new() -> PyResult<Self> {
        let (hand, ears) = UnixStream::pair()?;
        hand.set_nonblocking(true)?;
        ears.set_nonblocking(true)?;
        let rope = Rope {
            hand,
            is_rung: AtomicBool::new(false),
            news: Mutex::default(),
            later: Notify::new(),
        };
        let rope = Arc::new(rope);
        runtime::handle()?.spawn(Arc::clone(&rope).ring_later());
        Ok(Self(Own::new(Listening { ears, rope })))
    }

    fn fileno(&self) -> PyResult<i32> {
        Ok(self.0.get()?.ears.as_raw_fd())
    }

    /// Returns the tokens that became ready, and the questions for credentials.
    fn take(&self) -> PyResult<(Vec<u64>, Vec<Asked>)> {
        let Listening { ears, rope } = self.0.get()?;
        let mut heard = [0; 16];
        // There is one byte or none; what else a read may say, the news are to be had.
        let _bytes = (&*ears).read(&mut heard);
        // What comes from here on rings again.
        rope.is_rung.store(false, Ordering::SeqCst);
        let mut news = rope.news();
        let ready = std::mem::take(&mut news.ready);
        let asked = std::mem::take(&mut news.asked);
        drop(news);
        Ok((ready, asked.into_iter().map(Asked::new).collect()))
    }
}

impl Bell {
    pub(crate) fn rope(&self) -> PyResult<Arc<Rope>> {
        Ok(Arc::clone(&self.0.get()?.rope))
    }
}

impl Drop for Listening {
    /// The event loop is gone: nobody answers any more.
    fn drop(&mut self) {
        let mut news = self.rope.news();
        news.is_gone = true;
        news.asked.clear();
        drop(news);
        self.rope.later.notify_one();
    }
}

impl Rope {
    /// Asks the event loop for credentials; false if it is gone.
    pub(crate) fn ask(&self, question: Question) -> bool {
        let mut news = self.news();
        if news.is_gone {
            return false;
        }
        // A loop that stands still answers nothing: what is not waited for any more is let go.
        news.asked.retain(|asked| !asked.is_given_up());
        news.asked.push(question);
        drop(news);
        self.ring();
        true
    }

    fn ready(&self, token: u64) {
        let mut news = self.news();
        if news.is_gone {
            return;
        }
        if news.ready.last() != Some(&token) {
            news.ready.push(token);
        }
        drop(news);
        // What the network's thread has just begun to hand out goes on: it rings when that is done, so
        // that Python finds all of it, and not the first message alone.
        if runtime::is_network() {
            self.later.notify_one();
        } else {
            self.ring();
        }
    }

    async fn ring_later(self: Arc<Self>) {
        loop {
            self.later.notified().await;
            if self.news().is_gone {
                return;
            }
            self.ring();
        }
    }

    fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::SeqCst) {
            // It fails when the loop is gone, or has not heard many bytes: neither needs this one.
            let _rung = (&self.hand).write(&[1]);
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name by which an event loop knows something that is polled, and its waker.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) number: u64,
    pub(crate) waker: Waker,
}

impl Token {
    pub(crate) fn new(rope: &Arc<Rope>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let waker = Waker::from(Arc::new(Signal { rope: Arc::clone(rope), number }));
        Self { number, waker }
    }
}

struct Signal {
    rope: Arc<Rope>,
    number: u64,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.rope.ready(self.number);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rope.ready(self.number);
    }
}
